// ONE table of the headers the proxy knows: id, full name, compact form. Names are found in a message by bytes, without strings.

/** Header ids. `OTHER` is any header that is not in the table. */
export const H = {
  OTHER: 0,
  VIA: 1,
  FROM: 2,
  TO: 3,
  CALL_ID: 4,
  CSEQ: 5,
  CONTACT: 6,
  MAX_FORWARDS: 7,
  ROUTE: 8,
  RECORD_ROUTE: 9,
  CONTENT_LENGTH: 10,
  CONTENT_TYPE: 11,
  EXPIRES: 12,
  AUTHORIZATION: 13,
  PROXY_AUTHORIZATION: 14,
  WWW_AUTHENTICATE: 15,
  PROXY_AUTHENTICATE: 16,
  SUPPORTED: 17,
  REQUIRE: 18,
  PROXY_REQUIRE: 19,
  UNSUPPORTED: 20,
  ALLOW: 21,
  EVENT: 22,
  PATH: 23,
  SERVICE_ROUTE: 24,
  USER_AGENT: 25,
  SERVER: 26,
  SUBJECT: 27,
  ACCEPT: 28,
  ACCEPT_ENCODING: 29,
  ACCEPT_LANGUAGE: 30,
  ALERT_INFO: 31,
  ALLOW_EVENTS: 32,
  CALL_INFO: 33,
  CONTENT_DISPOSITION: 34,
  CONTENT_ENCODING: 35,
  CONTENT_LANGUAGE: 36,
  DATE: 37,
  ERROR_INFO: 38,
  IN_REPLY_TO: 39,
  MIME_VERSION: 40,
  MIN_EXPIRES: 41,
  ORGANIZATION: 42,
  PRIORITY: 43,
  REPLY_TO: 44,
  RETRY_AFTER: 45,
  TIMESTAMP: 46,
  WARNING: 47,
  REFER_TO: 48,
  REFERRED_BY: 49,
  REPLACES: 50,
  SESSION_EXPIRES: 51,
  MIN_SE: 52,
  SUBSCRIPTION_STATE: 53,
  RACK: 54,
  RSEQ: 55,
  REASON: 56,
  PRIVACY: 57,
  P_ASSERTED_IDENTITY: 58,
  P_PREFERRED_IDENTITY: 59,
  REMOTE_PARTY_ID: 60,
  DIVERSION: 61,
  SIP_ETAG: 62,
  SIP_IF_MATCH: 63,
  IDENTITY: 64,
  AUTHENTICATION_INFO: 65,
  REQUEST_DISPOSITION: 66,
  ACCEPT_CONTACT: 67,
  REJECT_CONTACT: 68,
  HISTORY_INFO: 69,
  JOIN: 70,
} as const;

interface HeaderRow {
  readonly id: number;
  readonly name: string;
  readonly compact: string;
}

function row(id: number, name: string, compact = ""): HeaderRow {
  return { id, name, compact };
}

/** Every known header: the name as it is written out, and its compact form (RFC 3261 7.3.3 and the registry), if any. */
export const HEADERS: readonly HeaderRow[] = [
  row(H.VIA, "Via", "v"),
  row(H.FROM, "From", "f"),
  row(H.TO, "To", "t"),
  row(H.CALL_ID, "Call-ID", "i"),
  row(H.CSEQ, "CSeq"),
  row(H.CONTACT, "Contact", "m"),
  row(H.MAX_FORWARDS, "Max-Forwards"),
  row(H.ROUTE, "Route"),
  row(H.RECORD_ROUTE, "Record-Route"),
  row(H.CONTENT_LENGTH, "Content-Length", "l"),
  row(H.CONTENT_TYPE, "Content-Type", "c"),
  row(H.EXPIRES, "Expires"),
  row(H.AUTHORIZATION, "Authorization"),
  row(H.PROXY_AUTHORIZATION, "Proxy-Authorization"),
  row(H.WWW_AUTHENTICATE, "WWW-Authenticate"),
  row(H.PROXY_AUTHENTICATE, "Proxy-Authenticate"),
  row(H.SUPPORTED, "Supported", "k"),
  row(H.REQUIRE, "Require"),
  row(H.PROXY_REQUIRE, "Proxy-Require"),
  row(H.UNSUPPORTED, "Unsupported"),
  row(H.ALLOW, "Allow"),
  row(H.EVENT, "Event", "o"),
  row(H.PATH, "Path"),
  row(H.SERVICE_ROUTE, "Service-Route"),
  row(H.USER_AGENT, "User-Agent"),
  row(H.SERVER, "Server"),
  row(H.SUBJECT, "Subject", "s"),
  row(H.ACCEPT, "Accept"),
  row(H.ACCEPT_ENCODING, "Accept-Encoding"),
  row(H.ACCEPT_LANGUAGE, "Accept-Language"),
  row(H.ALERT_INFO, "Alert-Info"),
  row(H.ALLOW_EVENTS, "Allow-Events", "u"),
  row(H.CALL_INFO, "Call-Info"),
  row(H.CONTENT_DISPOSITION, "Content-Disposition"),
  row(H.CONTENT_ENCODING, "Content-Encoding", "e"),
  row(H.CONTENT_LANGUAGE, "Content-Language"),
  row(H.DATE, "Date"),
  row(H.ERROR_INFO, "Error-Info"),
  row(H.IN_REPLY_TO, "In-Reply-To"),
  row(H.MIME_VERSION, "MIME-Version"),
  row(H.MIN_EXPIRES, "Min-Expires"),
  row(H.ORGANIZATION, "Organization"),
  row(H.PRIORITY, "Priority"),
  row(H.REPLY_TO, "Reply-To"),
  row(H.RETRY_AFTER, "Retry-After"),
  row(H.TIMESTAMP, "Timestamp"),
  row(H.WARNING, "Warning"),
  row(H.REFER_TO, "Refer-To", "r"),
  row(H.REFERRED_BY, "Referred-By", "b"),
  row(H.REPLACES, "Replaces"),
  row(H.SESSION_EXPIRES, "Session-Expires", "x"),
  row(H.MIN_SE, "Min-SE"),
  row(H.SUBSCRIPTION_STATE, "Subscription-State"),
  row(H.RACK, "RAck"),
  row(H.RSEQ, "RSeq"),
  row(H.REASON, "Reason"),
  row(H.PRIVACY, "Privacy"),
  row(H.P_ASSERTED_IDENTITY, "P-Asserted-Identity"),
  row(H.P_PREFERRED_IDENTITY, "P-Preferred-Identity"),
  row(H.REMOTE_PARTY_ID, "Remote-Party-ID"),
  row(H.DIVERSION, "Diversion"),
  row(H.SIP_ETAG, "SIP-ETag"),
  row(H.SIP_IF_MATCH, "SIP-If-Match"),
  row(H.IDENTITY, "Identity", "y"),
  row(H.AUTHENTICATION_INFO, "Authentication-Info"),
  row(H.REQUEST_DISPOSITION, "Request-Disposition", "d"),
  row(H.ACCEPT_CONTACT, "Accept-Contact", "a"),
  row(H.REJECT_CONTACT, "Reject-Contact", "j"),
  row(H.HISTORY_INFO, "History-Info"),
  row(H.JOIN, "Join"),
];

// Names hang in buckets by a hash of length, first and last character, so that most look-ups compare one name.
const BUCKETS = 512;
const buckets: { readonly name: string; readonly id: number }[][] = Array.from({ length: BUCKETS }, () => []);

function bucketOf(length: number, first: number, last: number): number {
  return (length * 37 + (first | 0x20) * 11 + (last | 0x20) * 5) & (BUCKETS - 1);
}

for (const { id, name, compact } of HEADERS) {
  for (const text of [name.toLowerCase(), compact]) {
    if (text === "") continue;
    buckets[bucketOf(text.length, text.charCodeAt(0), text.charCodeAt(text.length - 1))]!.push({ name: text, id });
  }
}

/** The id of the header whose name is buf[start,end), in any case and full or compact; H.OTHER when unknown. */
export function headerId(buf: Uint8Array, start: number, end: number): number {
  const n = end - start;
  if (n <= 0) return H.OTHER;
  const bucket = buckets[bucketOf(n, buf[start]!, buf[end - 1]!)]!;
  for (let b = 0; b < bucket.length; b++) {
    const { name, id } = bucket[b]!;
    if (name.length !== n) continue;
    let i = 0;
    while (i < n) {
      let c = buf[start + i]!;
      if (c >= 65 && c <= 90) c |= 0x20;
      if (c !== name.charCodeAt(i)) break;
      i++;
    }
    if (i === n) return id;
  }
  return H.OTHER;
}

/** The id for a name given as text (configuration, scripts). */
export function headerIdOfName(name: string): number {
  const lower = name.toLowerCase();
  for (const r of HEADERS) if (r.name.toLowerCase() === lower || r.compact === lower) return r.id;
  return H.OTHER;
}
