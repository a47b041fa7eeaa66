// Whether SCTP is turned on, and what a configuration that listens for it asks of a system without.

import type { Diagnostics } from "./diagnostics.ts";
import type { Globals, Listen } from "./globals.ts";
import type { Place } from "./source.ts";

/** AUTO: where the system has it. */
export const SctpMode = { OFF: 0, ON: 1, AUTO: 2 } as const;
export type SctpMode = (typeof SctpMode)[keyof typeof SctpMode];

/** What enable_sctp and disable_sctp say; whoever turns it off has the last word. */
export function sctpMode(globals: Globals): SctpMode {
  const asked = globals.int("enable_sctp");
  if (asked === 0 || (globals.has("disable_sctp") && globals.bool("disable_sctp"))) return SctpMode.OFF;
  return asked !== 2 || globals.has("disable_sctp") ? SctpMode.ON : SctpMode.AUTO;
}

/** Why there is no SCTP, and what to do; `code` is the system's when it refused a socket, "" where only the configuration turns it off. */
export function withoutSctp(code: string): { readonly why: string; readonly hint: string } {
  switch (code) {
    case "":
      return { why: "SCTP is turned off", hint: "take out enable_sctp=0 or disable_sctp=yes, or the listen" };
    case "ENOSYS":
      return { why: "SCTP needs native calls, which this system does not offer", hint: "remove the listen" };
    case "EACCES":
    case "EPERM":
      return {
        why: `the system does not permit SCTP (socket: ${code})`,
        hint: "let the container or security policy allow sockets of protocol 132, or remove the listen",
      };
    default:
      return {
        why: `the kernel has no SCTP (socket: ${code})`,
        hint: "load the module sctp (modprobe sctp), or remove the listen",
      };
  }
}

/** An address of SCTP as the configuration writes it. */
export function sctpAddress({ host, port }: Pick<Listen, "host" | "port">): string {
  const text = host.includes(":") ? `[${host}]` : host;
  return port === null ? `sctp:${text}` : `sctp:${text}:${port}`;
}

/** Warns of each address of SCTP that will be left out since the configuration turns it off. */
export function checkSctp(globals: Globals, to: Diagnostics): void {
  if (sctpMode(globals) !== SctpMode.OFF) return;
  const { why, hint } = withoutSctp("");
  for (const listen of globals.listen)
    if (listen.proto === "sctp")
      to.warning("no-sctp", listen.at, `listen=${sctpAddress(listen)} is left out: ${why}`, hint);
}

/**
 * Reports what the configuration asks of a system without SCTP, where `code` is why: as errors when it insists. `enabledAt` is where it
 * turns SCTP on, if it does.
 */
export function checkNoSctp(globals: Globals, code: string, enabledAt: Place | null, to: Diagnostics): void {
  const mode = sctpMode(globals);
  if (mode === SctpMode.OFF) return;
  const { why, hint } = withoutSctp(code);
  for (const listen of globals.listen) {
    if (listen.proto !== "sctp") continue;
    const address = sctpAddress(listen);
    if (mode === SctpMode.ON) to.error("no-sctp", listen.at, `cannot listen on ${address}: ${why}`, hint);
    else to.warning("no-sctp", listen.at, `listen=${address} is left out: ${why}`, hint);
  }
  if (mode === SctpMode.ON && enabledAt !== null)
    to.error(
      "no-sctp",
      enabledAt,
      `SCTP is turned on, but ${why}`,
      hint.replace("remove the listen", "write enable_sctp=2"),
    );
}
