// What save() answers: the Contact list and the other headers, in Kamailio's form and order.

import { type AorRecord, aorHash, type Contact } from "../usrloc/index.ts";
import type { RegistrarSettings } from "./settings.ts";

/** A prepared answer. `headers` is whole lines. */
export interface RegisterReply {
  readonly code: number;
  readonly reason: string;
  readonly headers: string;
}

/** Reasons for a refusal: status, reason phrase, text of P-Registrar-Error. */
export const Refusal = {
  CONTACT_PARSE: { code: 400, reason: "Bad Request", text: "Contact parse error" },
  TOO_MANY_HEADERS: { code: 400, reason: "Bad Request", text: "Too many contacts in one request" },
  STAR_EXPIRES: { code: 400, reason: "Bad Request", text: "* used in contact and expires is not zero" },
  STAR_MIXED: { code: 400, reason: "Bad Request", text: "* used in contact and more than 1 contact" },
  TOO_LONG: { code: 400, reason: "Bad Request", text: "Contact/received too long" },
  BAD_AOR: { code: 400, reason: "Bad Request", text: "No valid address of record" },
  BAD_HEADERS: { code: 400, reason: "Bad Request", text: "Call-ID or CSeq missing or malformed" },
  BAD_Q: { code: 400, reason: "Bad Request", text: "Invalid q param in contact" },
  BAD_CSEQ: { code: 400, reason: "Bad Request", text: "Invalid CSeq number" },
  BRIEF: { code: 423, reason: "Interval Too Brief", text: "Interval too brief" },
  TOO_MANY: { code: 503, reason: "Service Unavailable", text: "Too many registered contacts" },
  NO_PATH: { code: 420, reason: "Bad Extension", text: "No support for found Path indicated" },
  OUTBOUND_HERE: { code: 420, reason: "Bad Extension", text: "No support for Outbound on server" },
  OUTBOUND_THERE: { code: 421, reason: "Extension Required", text: "No support for Outbound indicated" },
  OUTBOUND_BETWEEN: {
    code: 439,
    reason: "First Hop Lacks Outbound Support",
    text: "No support for Outbound on edge proxy",
  },
  STORE: { code: 500, reason: "Server Internal Error", text: "The location database failed" },
} as const;

export type RefusalRow = (typeof Refusal)[keyof typeof Refusal];

/**
 * The Contact line of a record's valid bindings; "" when there are none. `gruuHost` is the host of the address of record in GRUUs, null
 * to leave GRUUs out (the user agent does not support them).
 */
export function contactLine(
  record: AorRecord | undefined,
  now: number,
  receivedParam: string,
  gruuUri: GruuParts | null,
): string {
  if (record === undefined) return "";
  let line = "";
  for (const contact of record.contacts) {
    if (!contact.isValid(now)) continue;
    line += line === "" ? "Contact: <" : ", <";
    line += contact.contact;
    line += contact.q < 0 ? ">;expires=" : `>;q=${qText(contact.q)};expires=`;
    line += contact.expires === 0 ? 0 : contact.expires - now;
    if (contact.received !== "" && receivedParam !== "") line += `;${receivedParam}="${contact.received}"`;
    if (contact.instance !== "") line += instanceParams(contact, gruuUri);
  }
  return line === "" ? "" : `${line}\r\n`;
}

/** What GRUUs are made of: the user and host of the address of record as the request wrote them. */
export interface GruuParts {
  readonly user: string;
  readonly host: string;
}

function instanceParams(contact: Contact, gruu: GruuParts | null): string {
  let text = "";
  if (gruu !== null) {
    // RFC 5627 4.2: the public one carries the instance, the temporary one only says something to us
    text += `;pub-gruu="sip:${gruu.user}@${gruu.host};gr=${bare(contact.instance)}"`;
    text += `;temp-gruu="sip:${contact.ruid}-${aorHash(contact.aor).toString(16)}@${gruu.host};gr"`;
  }
  text += `;+sip.instance="${contact.instance}"`;
  return contact.regId > 0 ? `${text};reg-id=${contact.regId}` : text;
}

/** An instance without `<` and `>`. */
export function bare(instance: string): string {
  return instance.startsWith("<") && instance.endsWith(">") ? instance.slice(1, -1) : instance;
}

/** q as Kamailio writes it: no trailing zeros. */
export function qText(q: number): string {
  if (q <= 0) return "0";
  if (q >= 1000) return "1";
  let end = 3;
  const digits = String(q).padStart(3, "0");
  while (digits.charCodeAt(end - 1) === 48) end--;
  return `0.${digits.slice(0, end)}`;
}

/** The answer for a refusal. `contacts` is the Contact line of what is bound; `more` goes before P-Registrar-Error. */
export function refusal(row: RefusalRow, contacts: string, more: string, s: RegistrarSettings): RegisterReply {
  let headers = `${contacts}${more}P-Registrar-Error: ${row.text}\r\n`;
  if (row.code >= 500 && s.retryAfter > 0) headers += `Retry-After: ${s.retryAfter}\r\n`;
  return { code: row.code, reason: row.reason, headers };
}

/** Headers of outbound (RFC 5626) in a 200. `supported`: the user agent named it. */
export function outboundLines(s: RegistrarSettings, supported: boolean): string {
  if (s.outboundMode === 0) return "";
  if (s.outboundMode === 1 && !supported) return "Supported: outbound\r\n";
  const lines =
    s.outboundMode === 1
      ? "Supported: outbound\r\nRequire: outbound\r\n"
      : "Require: outbound\r\nSupported: outbound\r\n";
  return s.flowTimer > 0 ? `${lines}Flow-Timer: ${s.flowTimer}\r\n` : lines;
}
