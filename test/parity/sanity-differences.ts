// Where module sanity meant to differ from Kamailio, and why: nearly always the core has refused the message before the script sees it.

import type { SanitySeen } from "./sanity-cases.ts";

export interface Difference {
  readonly why: string;
  /** What is seen here. */
  readonly seen: SanitySeen;
}

const refused = (reason: string): SanitySeen => ({ log: [], replies: [`SIP/2.0 400 Bad Request (${reason})`] });
const DROPPED: SanitySeen = { log: [], replies: [] };

const ROWS: readonly (readonly [string, SanitySeen, readonly string[]])[] = [
  ["a version other than 2.0 is dropped by the core", DROPPED, ["version 2.00 [1]"]],
  [
    "the core answers requests without a header that must be there; Kamailio drops them",
    refused("To missing or broken"),
    ["no To [4]", "no To [none]", "no To [1024,4]"],
  ],
  ["the same", refused("Call-ID missing"), ["no Call-ID [4]"]],
  [
    "the core answers a CSeq of another method",
    refused("CSeq names another method"),
    [
      "CSeq of another method [32]",
      "CSeq of another method [none]",
      "CSeq of an unknown method [32]",
      "CSeq method in lower case [32]",
      "scheme and CSeq [none]",
    ],
  ],
  ["the core drops an ACK with the CSeq of another method", DROPPED, ["ACK of another CSeq [32]"]],
  [
    "the core answers a CSeq that is no number below 2^31 (RFC 3261 8.1.1.5) and a method",
    refused("CSeq missing or broken"),
    [
      "CSeq without a number [64]",
      "CSeq with letters [64]",
      "CSeq negative [64]",
      "CSeq of 20 digits [none]",
      ...["2147483648", "4294967295", "4294967296", "9999999999", "4294967297", "99999999999", "+5", "5.5", "0x10"].map(
        (n) => `CSeq ${n} [64]`,
      ),
    ],
  ],
  [
    "the core answers a Content-Length that is no number or beyond the datagram (RFC 3261 18.3)",
    refused("Content-Length broken or larger than the body"),
    [
      "Content-Length larger than the body [128]",
      "Content-Length larger than the body [none]",
      "Expires and Content-Length [384]",
      "Content-Length negative [128]",
      "Content-Length with letters [128]",
    ],
  ],
  [
    "the core answers a From that is no address",
    refused("From missing or broken"),
    [
      "From without scheme [1024]",
      "From without bracket [1024,2]",
      "tags: one without value [4096]",
      "tags: one empty [4096]",
    ],
  ],
  [
    "the version in Via is not looked at by the core",
    { log: ["looked at", "rc 1"], replies: [] },
    ["Via of version 3.0 [8]"],
  ],
  ["the core drops such replies", DROPPED, ["reply: Content-Length broken [128]", "reply: CSeq of 20 digits [64]"]],
];

export const DIFFERENCES: Readonly<Record<string, Difference>> = Object.fromEntries(
  ROWS.flatMap(([why, seen, names]) => names.map((name) => [name, { why, seen }] as const)),
);
