// The host of the runtime that runs us.
import type { Host } from "./host.ts";

let chosen: Promise<Host> | null = null;

/** The Host of this runtime; always the same one. */
export function selectHost(): Promise<Host> {
  chosen ??= load();
  return chosen;
}

async function load(): Promise<Host> {
  if (import.meta.url.includes("$bunfs") || import.meta.url.includes("~BUN")) {
    const [{ registerAssets, registerPython }, { texts }, { pythonFile }] = await Promise.all([
      import("./assets.ts"),
      import("./embedded.ts"),
      import("./embedded-python.ts"),
    ]);
    registerAssets(texts);
    registerPython(pythonFile.slice(0, pythonFile.lastIndexOf("/") + 1));
  }
  const { createHost } = "Deno" in globalThis ? await import("./deno.ts") : await import("./bun.ts");
  return createHost();
}
