// Finding the credentials of a realm among the Authorization headers of a request.

import type { RouteContext } from "../../proxy/context.ts";
import {
  Algorithm,
  checkCredentials,
  DigestParam,
  DigestRange,
  digestText,
  hasDigestParam,
  nonceCount,
  parseDigest,
} from "../../sip/digest.ts";
import type { SipMessage } from "../../sip/message.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { setProved } from "../core/index.ts";

/** The longest values that are looked at; longer ones are no credentials of ours. */
const MAX_VALUE = 512;

/** Digest credentials as a request carries them; byte strings, escapes resolved. */
export interface DigestCredentials {
  /** Number of the header in the message's index, for consume_credentials(). */
  readonly header: number;
  /** As given ("bob" or "bob@example.com"): $aU. */
  readonly username: string;
  /** Without a domain: $au. */
  readonly user: string;
  /** After the "@" of the user name, "" none: $ad. */
  readonly domain: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  /** An `Algorithm` number; NONE when not said. */
  readonly algorithm: number;
  readonly qop: string;
  readonly nc: string;
  /** `nc` as a number, -1 without one. */
  readonly count: number;
  readonly cnonce: string;
}

/** Why there are none: no header of that realm, or one that cannot be used. */
export const NoCredentials = { MISSING: -5, BROKEN: -1 } as const;

const range = new DigestRange();

/** The credentials for a realm in headers of that id, or a `NoCredentials`. */
export function findCredentials(msg: SipMessage, header: number, realm: string): DigestCredentials | number {
  for (let h = msg.find(header); h >= 0; h = msg.find(header, h + 1)) {
    const { buf, index } = msg;
    if (parseDigest(buf, index[h * STRIDE + VALUE_START]!, index[h * STRIDE + VALUE_END]!, range) !== 0)
      return NoCredentials.BROKEN;
    if (range.isDigest === 0 || digestText(buf, range, DigestParam.REALM) !== realm) continue;
    if (checkCredentials(range) !== 0 || range.algorithm === Algorithm.OTHER) return NoCredentials.BROKEN;
    return read(buf, h);
  }
  return NoCredentials.MISSING;
}

function read(buf: Uint8Array, header: number): DigestCredentials | number {
  for (let p = 0; p <= DigestParam.NC; p++)
    if (range.end[p]! - range.start[p]! > MAX_VALUE) return NoCredentials.BROKEN;
  const withQop = hasDigestParam(range, DigestParam.QOP);
  const count = withQop ? nonceCount(buf, range) : -1;
  if (withQop && count < 0) return NoCredentials.BROKEN;
  const username = digestText(buf, range, DigestParam.USERNAME);
  const at = username.indexOf("@");
  return {
    header,
    username,
    user: at < 0 ? username : username.slice(0, at),
    domain: at < 0 ? "" : username.slice(at + 1),
    realm: digestText(buf, range, DigestParam.REALM),
    nonce: digestText(buf, range, DigestParam.NONCE),
    uri: digestText(buf, range, DigestParam.URI),
    response: digestText(buf, range, DigestParam.RESPONSE).toLowerCase(),
    algorithm: range.algorithm,
    qop: digestText(buf, range, DigestParam.QOP),
    nc: digestText(buf, range, DigestParam.NC),
    count,
    cnonce: digestText(buf, range, DigestParam.CNONCE),
  };
}

/** What the last check of this run came to. */
export interface AuthOutcome {
  readonly code: number;
  /** Those that were right; null when none were. */
  readonly credentials: DigestCredentials | null;
}

const outcomeKey: object = {};

/** Keeps what a check came to for the rest of the run. */
export function setOutcome(ctx: RouteContext, outcome: AuthOutcome): void {
  ctx.attach(outcomeKey, outcome);
  const { credentials } = outcome;
  setProved(ctx, credentials === null ? null : { user: credentials.user, realm: credentials.realm });
}

/** What the last check came to; undefined when there was none worth keeping. */
export function outcomeOf(ctx: RouteContext): AuthOutcome | undefined {
  return ctx.attachment<AuthOutcome>(outcomeKey);
}

/** The credentials that were found right in this run of the script, for $au and its like; null when none were. */
export function authorizedCredentials(ctx: RouteContext): DigestCredentials | null {
  return outcomeOf(ctx)?.credentials ?? null;
}
