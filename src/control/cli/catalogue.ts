// `portico catalogue`: what the program declares, as JSON for tools, or as stubs for editors.

import { parseArgs } from "@std/cli/parse-args";
import type { Host } from "../../host/host.ts";
import { stubFiles } from "../../languages/stubs/index.ts";
import { modules } from "../../modules/index.ts";
import { VERSION } from "../../util/version.ts";
import { wholeCatalogue } from "../catalogue.ts";
import { UsageError } from "./options.ts";

/** Runs it with the arguments after "catalogue". Returns the exit code. Throws UsageError, and HostError when a file cannot be written. */
export function runCatalogue(host: Host, args: readonly string[]): number {
  const given = parseArgs(args, {
    boolean: ["json"],
    string: ["stubs"],
    unknown: (arg, key) => {
      throw new UsageError(key === undefined ? `unexpected argument: ${arg}` : `unknown option: ${arg}`);
    },
  });
  const { stubs } = given;
  if (stubs === undefined) host.process.write(1, `${JSON.stringify(wholeCatalogue(), null, 2)}\n`);
  else if (typeof stubs !== "string" || stubs === "") throw new UsageError("option --stubs needs a directory");
  else host.process.write(1, writeStubs(host, stubs));
  return 0;
}

function writeStubs(host: Host, directory: string): string {
  host.files.makeDirectory(directory);
  let said = "";
  for (const [name, text] of stubFiles([...modules.values()], `portico ${VERSION}`)) {
    const path = `${directory.replace(/\/+$/, "")}/${name}`;
    host.files.write(path, new TextEncoder().encode(text));
    said += `${path}\n`;
  }
  return said;
}
