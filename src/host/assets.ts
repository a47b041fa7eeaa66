// What travels inside the executable, by name. From source it is read from embed/ beside src; the compiled executable
// has it in `embedded.ts`, which selectHost loads there only.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { HostError } from "./host.ts";

const embedded = new Map<string, string>();
let pythonPlace: string | null = null;

/** Makes texts known under their names; called by the loader of the compiled executable. */
export function registerAssets(texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) embedded.set(name, text);
}

/** Makes the folder known in which the compiled executable has the files of Python. */
export function registerPython(folder: string): void {
  pythonPlace = folder;
}

/** Host.pythonFolder: where the files of Python lie, with a slash behind. */
export function pythonFolder(): string {
  return pythonPlace ?? fileURLToPath(new URL("../../node_modules/pyodide/", import.meta.url));
}

/** Host.asset: the bytes of an asset; throws HostError "ENOENT" when there is none of that name. */
export function asset(name: string): Uint8Array {
  const text = embedded.get(name);
  if (text !== undefined) return new TextEncoder().encode(text);
  try {
    return new Uint8Array(readFileSync(new URL(`../../embed/${name}`, import.meta.url)));
  } catch {
    throw new HostError("ENOENT", `nothing embedded under the name ${name}`);
  }
}
