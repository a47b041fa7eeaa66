// Where TLS is meant to differ from Kamailio's, and why.

const NULL_LINES = "Kamailio 5.6.3 gives null for the subject and issuer lines, which its documentation promises";
const FILES = "Kamailio shows its own defaults, and nothing of certificates and their expiry";

const REASONS: Readonly<Record<string, string>> = {
  "names: asks for B.EXAMPLE": "the runtime gives server names in lower case",
  "ciphers: one: ECDHE-ECDSA-AES128-GCM-SHA256": NULL_LINES,
  "ciphers: high: ECDHE-ECDSA-AES256-GCM-SHA384": NULL_LINES,
  "ciphers: high: ECDHE-ECDSA-CHACHA20-POLY1305": NULL_LINES,
  "variables: no certificate of the client's": NULL_LINES,
  "variables: with one": NULL_LINES,
  "variables: TLS 1.3": NULL_LINES,
  "parameters without a file: options": FILES,
  "parameters without a file: reload": "files that parameters name are read again too",
  "commands: tls.info": "failed handshakes and the next expiry are told too",
  "commands: tls.options": FILES,
  "commands: tls.kill of none": "Kamailio 5.6.3 has no tls.kill",
  "commands: tls.kill of its own": "Kamailio 5.6.3 has no tls.kill",
};

/** Why a case differs; null when it must not. */
export const reasonOf = (name: string): string | null => REASONS[name] ?? null;

/** Reasons without a case. */
export const unusedReasons = (names: readonly string[]): string[] =>
  Object.keys(REASONS).filter((name) => !names.includes(name));
