// The R-URI as scripts change it.

import type { SipMessage } from "../../sip/message.ts";
import type { UriText } from "../../sip/uri-text.ts";
import { textOf } from "../../util/bytes.ts";
import { uriOf } from "./uri-parts.ts";

/** The R-URI as it stands now, parsed; null in a reply or when it is no URI. */
export function currentUri(msg: SipMessage): UriText | null {
  return msg.isRequest ? uriOf(msg.requestUri()) : null;
}

/** Changes the R-URI by a function of what it is now. Returns 1, or -1 when it has no such part. */
export function changeUri(msg: SipMessage, change: (uri: UriText) => string | null): number {
  const uri = currentUri(msg);
  const text = uri === null ? null : change(uri);
  if (text === null) return -1;
  msg.newUri = text;
  return 1;
}

/** The R-URI as it was received, as text. */
export function receivedUri(msg: SipMessage): string {
  return textOf(msg.buf, msg.uriStart, msg.uriEnd);
}
