// How URIs are read in this process, beyond the grammar: what the configuration says of all of them at once.

import { C, CLASS } from "./tokens.ts";

/** The rules in force. */
export const uriRules = {
  /** Whether a SIP URI with user=phone counts as a telephone number, whose user part ends before its parameters (phone2tel). */
  phone2tel: true,
  /** Grows when what is a URI changes, for those who remember. */
  edition: 0,
};

/** What no rule can make part of a host: it ends one in some place where hosts stand. */
const DELIMITERS = ' \t\r\n:;,?@<>"[]/';
let extra: readonly number[] = [];

/** Lets host names hold those characters too (uri_host_extra_chars), in place of those given before; delimiters stay what they are. */
export function allowInHosts(chars: string): void {
  for (const c of extra) CLASS[c]! &= ~C.HOST;
  extra = [...chars]
    .filter((c) => !DELIMITERS.includes(c))
    .map((c) => c.charCodeAt(0))
    .filter((c) => c < CLASS.length && (CLASS[c]! & C.HOST) === 0);
  for (const c of extra) CLASS[c]! |= C.HOST;
  uriRules.edition++;
}
