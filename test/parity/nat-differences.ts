// Where ours is meant to differ from Kamailio 5.6.3 in nat.test.ts, and why.

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^nathelper: nat_uac_test: SDP in media$/, "the connection addresses of media count for 256, as its README says"],
  [/^nathelper: is_rfc1918: "10\.1"$/, "an address has four parts"],
  [/set_contact_alias(\(1\))?: "Al"/, "the parameter stands before the URI's headers, where parameters belong"],
  [
    /handle_ruri_alias\("1"\) .*;alias=[^;]*~[^;]*~\d(\?h=1)?$/,
    "the last alias is found also where it is the last parameter; Kamailio's R-URI is damaged instead",
  ],
  [/handle_ruri_alias\("1"\) .*alias=[^;~]*~\d+~[9x]$/, "a broken alias leaves the R-URI as it was"],
  [/handle_ruri_alias\(("0")?\) .*alias=[^;~]*~\d+(~[9x])?$/, "a broken alias leaves the R-URI as it was"],
  [/handle_ruri_alias\(.*alias=$/, "a URI with a parameter whose value is empty is refused"],
  [/fix_nated_sdp: with no address/, "what is no address is not written into a session description"],
  [/fix_nated_sdp: (with IPv6|IPv6)$/, "the address type follows the address"],
  [/fix_nated_sdp: twice/, "an address that was replaced is not replaced again"],
  [/: received leads, else the contact$/, "wording of a missing argument"],
  [
    /^(SIP pings|who is silent goes)/,
    "requests have Max-Forwards (RFC 3261 8.1.1); a binding whose phone is silent goes, as keepalive_timeout's documentation says, which Kamailio's stays",
  ],
  [/^registrar for one request: socket$/, "the setting socket counts, as the README says; Kamailio ignores it"],
  [
    /^commands: ul\.\*$/,
    "answers are compared in the form of each side's own tool; a missing contact of a missing user is told as a missing user",
  ],
  [/^keepalives of usrloc: /, "requests have Max-Forwards (RFC 3261 8.1.1), and another CSeq"],
  [
    /^bindings: append_branches 0: /,
    "lookup_to_dset() is asked for all contacts; with append_branches 0 Kamailio's adds none and says 1",
  ],
  [
    /^bindings: keepalives with their settings: /,
    "requests have Max-Forwards (RFC 3261 8.1.1), and another CSeq; a binding that is silent for ka_timeout goes, as the README says",
  ],
  [/^settings: sl: codes$/, "a code that is no number sends nothing; the checker tells of one that is written so"],
  [
    /^settings: auth_checks_no_dlg: /,
    "a nonce that was bound to more is good for requests of a kind that asks for less",
  ],
  [/^auth: return codes$/, "a count that is no count is refused even where counts do not matter"],
  [/^auth: auth-int$/, "the hash over the body is that of RFC 7616 3.4.3, with which Kamailio does not agree"],
  [
    /^auth, (nonce_count: counts grow|one_time_nonce: without qop|nonce_expire: stale)$/,
    "a challenge after a nonce that was good once says stale by itself, so that nobody is asked for his password",
  ],
  [/^auth, one_time_nonce: a wrong password first$/, "who only guesses uses no nonce up"],
  [/^leftovers: (ka_logmsg|keepalives from)/, "requests have Max-Forwards (RFC 3261 8.1.1), and another CSeq"],
  [
    /^leftovers: db_(update_as_insert|check_update): /,
    "a row that is there is changed, one that is not is made, whatever is asked for",
  ],
  [/^leftovers: pings from the database, by SIP/, "requests have Max-Forwards (RFC 3261 8.1.1)"],
  [/^leftovers: (functions: save$|a table that has gone)/, "wording of P-Registrar-Error"],
  [
    /^leftovers: pings, SIP: path/,
    "requests have Max-Forwards (RFC 3261 8.1.1), and go to the first hop that their Route names",
  ],
];

/** Why a case differs; null when it must not. */
export function reasonOf(name: string): string | null {
  return REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Reasons that fit no case. */
export function unusedReasons(names: readonly string[]): string[] {
  return REASONS.filter(([pattern]) => !names.some((n) => pattern.test(n))).map(([, reason]) => reason);
}
