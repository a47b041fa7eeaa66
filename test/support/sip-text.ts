// SIP messages as plain text, for tests: deliberately naive and apart from src/sip, so that one cannot hide the other's
// mistakes. Complete header names, one value a line is all it needs to understand.

import { createHash } from "node:crypto";

/** A received message, taken apart. */
export interface SipText {
  readonly raw: string;
  readonly startLine: string;
  /** Of a request; "" for a reply. */
  readonly method: string;
  /** Of a request; "" for a reply. */
  readonly uri: string;
  /** Of a reply; 0 for a request. */
  readonly status: number;
  readonly body: string;
  /** All values of a header, in order, lines with several Via, Route, Record-Route or Contact values split at commas. */
  readonly all: (name: string) => string[];
  /** The first value of a header, or "". */
  readonly first: (name: string) => string;
}

const SPLIT = new Set(["via", "route", "record-route", "contact"]);

/** Takes a message apart. Throws when it has no start line or no end of head: whoever sent that must not. */
export function readSip(raw: string): SipText {
  const end = raw.indexOf("\r\n\r\n");
  if (end < 0) throw new Error(`no end of head in: ${JSON.stringify(raw.slice(0, 200))}`);
  const [startLine = "", ...lines] = raw.slice(0, end).split("\r\n");
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`not a header: ${JSON.stringify(line)}`);
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const values = headers.get(name) ?? [];
    values.push(...(SPLIT.has(name) ? value.split(/,\s*(?=<|SIP\/|")/) : [value]));
    headers.set(name, values);
  }
  const reply = /^SIP\/2\.0 (\d{3}) /.exec(startLine);
  const request = /^(\S+) (\S+) SIP\/2\.0$/.exec(startLine);
  if (!reply && !request) throw new Error(`not a start line: ${JSON.stringify(startLine)}`);
  const all = (name: string) => headers.get(name.toLowerCase()) ?? [];
  return {
    raw,
    startLine,
    method: request?.[1] ?? "",
    uri: request?.[2] ?? "",
    status: Number(reply?.[1] ?? 0),
    body: raw.slice(end + 4),
    all,
    first: (name) => all(name)[0] ?? "",
  };
}

/** Lines to a message: CRLF, Content-Length, empty line, body. */
export function writeSip(lines: readonly string[], body = ""): string {
  return [...lines, `Content-Length: ${Buffer.byteLength(body, "latin1")}`, "", body].join("\r\n");
}

/** The value of a parameter such as `tag` or `branch` in a header value, or null. */
export function param(value: string, name: string): string | null {
  const match = new RegExp(`;\\s*${name}(?:=([^;,\\s>]*))?(?=[;,\\s>]|$)`, "i").exec(value);
  return match ? (match[1] ?? "") : null;
}

/** The URI between angle brackets, or the value up to its first semicolon. */
export function uriOf(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value.split(";")[0]!.trim();
}

/** Names and hash functions of RFC 8760. */
const ALGORITHMS: Record<string, string> = { md5: "md5", "sha-256": "sha256", "sha-512-256": "sha512-256" };

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** The answer to a challenge (value of WWW-Authenticate or Proxy-Authenticate), RFC 2617 and RFC 8760. */
export function answerChallenge(challenge: string, login: Login, method: string, uri: string, count = 1): string {
  const field = (name: string) => new RegExp(`[ ,]${name}="?([^",]*)"?`, "i").exec(challenge)?.[1] ?? "";
  const realm = field("realm");
  const nonce = field("nonce");
  const algorithm = field("algorithm") || "MD5";
  const hash = (text: string) =>
    createHash(ALGORITHMS[algorithm.toLowerCase()] ?? "md5")
      .update(text, "latin1")
      .digest("hex");
  const ha1 = hash(`${login.user}:${realm}:${login.password}`);
  const ha2 = hash(`${method}:${uri}`);
  const given = `username="${login.user}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=${algorithm}`;
  if (!/qop="?[^"]*auth/i.test(challenge)) return `Digest ${given}, response="${hash(`${ha1}:${nonce}:${ha2}`)}"`;
  const nc = count.toString(16).padStart(8, "0");
  const response = hash(`${ha1}:${nonce}:${nc}:c0ffee:auth:${ha2}`);
  return `Digest ${given}, qop=auth, nc=${nc}, cnonce="c0ffee", response="${response}"`;
}
