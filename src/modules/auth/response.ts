// The arithmetic of digest authentication: HA1 and the response for each algorithm (RFC 2617, RFC 7616, RFC 8760).

import type { Hashing } from "../../host/host.ts";
import { Algorithm } from "../../sip/digest.ts";

/** Length of a response in hexadecimal digits by algorithm; 0 for those that are not offered here. */
export function responseLength(algorithm: number): number {
  if (algorithm === Algorithm.MD5) return 32;
  return algorithm === Algorithm.SHA256 || algorithm === Algorithm.SHA512_256 ? 64 : 0;
}

/** The hash an algorithm stands for, as lower-case hex. */
export function digestHash(hashing: Hashing, algorithm: number, text: string): string {
  if (algorithm === Algorithm.SHA256) return hashing.sha256(text);
  return algorithm === Algorithm.SHA512_256 ? hashing.sha512_256(text) : hashing.md5(text);
}

/** HA1: what stands for the password. */
export function ha1Of(hashing: Hashing, algorithm: number, username: string, realm: string, password: string): string {
  return digestHash(hashing, algorithm, `${username}:${realm}:${password}`);
}

/** What goes into a response. All are byte strings as in the credentials; `qop` "" for none. */
export interface ResponseInput {
  readonly algorithm: number;
  readonly ha1: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly qop: string;
  /** Empty for the server's own proof in Authentication-Info. */
  readonly method: string;
  readonly uri: string;
  /** The body, for qop auth-int. */
  readonly body: string;
}

/** The response as lower-case hex. */
export function digestResponse(hashing: Hashing, i: ResponseInput): string {
  const hash = (text: string): string => digestHash(hashing, i.algorithm, text);
  const ha2 = hash(
    i.qop.toLowerCase() === "auth-int" ? `${i.method}:${i.uri}:${hash(i.body)}` : `${i.method}:${i.uri}`,
  );
  return hash(i.qop === "" ? `${i.ha1}:${i.nonce}:${ha2}` : `${i.ha1}:${i.nonce}:${i.nc}:${i.cnonce}:${i.qop}:${ha2}`);
}
