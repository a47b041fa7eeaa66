// Whether TLS is turned on, and what a configuration that listens for it lacks.

import type { Diagnostics } from "./diagnostics.ts";
import type { Globals } from "./globals.ts";

/** Whether TLS is turned on; whoever turns it off has the last word. */
export function wantsTls(globals: Globals): boolean {
  const off = globals.has("disable_tls") && globals.bool("disable_tls");
  return !off && (globals.bool("enable_tls") || globals.has("disable_tls"));
}

/** Warns of each address of TLS that will be left out. */
export function checkTls(globals: Globals, hasModule: boolean, diagnostics: Diagnostics): void {
  for (const { proto, host, at } of globals.listen) {
    if (proto !== "tls") continue;
    const left = `listen=tls:${host} is left out`;
    if (globals.bool("disable_tcp")) diagnostics.warning("no-tls", at, `${left}, since disable_tcp is set`);
    else if (!wantsTls(globals)) diagnostics.warning("no-tls", at, `${left}: TLS is off`, "add enable_tls=yes");
    else if (!hasModule) diagnostics.warning("no-tls", at, `${left}: module tls is missing`, 'add loadmodule "tls.so"');
  }
}
