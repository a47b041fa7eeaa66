// Where ours is meant to differ from Kamailio 5.6.3 on the stock configuration, and why.

const UNREADABLE =
  "what a message lacks or has broken is answered before the script runs, with its own words (docs/semantics.md); Kamailio is silent or leaves it to sanity_check()";
const SECOND =
  "the second answer, which the script asks for by sl_reply_error(), has the phrase of RFC 3261, and headers of the first one are not repeated";

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^registration: (all removed, without Expires 0|an older CSeq|a contact that is none)/, SECOND],
  [/^registration: no To$/, UNREADABLE],
  [/^refusals: (no To|CSeq of another method|CSeq too large|Content-Length too large|a bad URI)$/, UNREADABLE],
  [/^calls: INVITE sent again$/, "RFC 6026 7.1: the phone called repeats its 2xx, the transaction absorbs the INVITE"],
  [
    /^calls: forked, one declines for all$/,
    "the record names the phone that declined, whose tag stands in it; Kamailio another one's address",
  ],
  [
    /^auth: credentials that are broken$/,
    "a nonce that is not ours may be one from before a restart: the phone may try again without asking for the password",
  ],
  [
    /^calls: a contact that nobody listens at$/,
    "477 is no code of an RFC: the record has the phrase of its class, Kamailio's one of its own",
  ],
  [/^nat, pinged: /, "requests have Max-Forwards (RFC 3261 8.1.1)"],
  [/^jsonrpc: a setting$/, "every parameter that can be changed can be read"],
  [
    /^presence: what is not understood$/,
    "RFC 3903 6: 412 for every entity tag that is not known; Kamailio answers 500 to one it did not make",
  ],
  [
    /^jsonrpc: no such command, no command, no JSON$/,
    "JSON-RPC 2.0: what is no request is answered by an error; whoever sends no JSON hears 404 instead of nothing",
  ],
];

/** Why a case differs; null when it must not. */
export function reasonOf(name: string): string | null {
  return REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Reasons that fit no case. */
export function unusedReasons(names: readonly string[]): string[] {
  return REASONS.filter(([pattern]) => !names.some((n) => pattern.test(n))).map(([pattern]) => String(pattern));
}
