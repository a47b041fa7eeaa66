// Functions of textops about the body as a whole.

import { RouteKind } from "../../proxy/context.ts";
import { optional, str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { H } from "../../sip/headers.ts";
import { HostKind, hostKind } from "../../sip/host.ts";
import type { SipMessage } from "../../sip/message.ts";
import { ContentTypeRange, isContentType, parseContentType } from "../../sip/misc.ts";
import { Direction, parseSdp, Sdp } from "../../sip/sdp.ts";
import { equalsText } from "../../util/bytes.ts";
import { lineEnd, lineStart, oneLine, valueEnd, valueStart } from "../core/index.ts";
import { bytesOfHex } from "./hex.ts";

const ANY = RouteKind.ANY;
const REPLYING = RouteKind.REQUEST | RouteKind.FAILURE | RouteKind.BRANCH | RouteKind.EVENT | RouteKind.LOCAL;
const type = new ContentTypeRange();
const sdp = new Sdp();

/** Whether the message has a body, of that type when one is given ("application/sdp"; "text/*" is not known to Kamailio either). */
function hasBody(msg: SipMessage, mime: string | undefined): boolean {
  if (msg.end <= msg.bodyStart) return false;
  if (mime === undefined || mime === "") return true;
  const h = msg.find(H.CONTENT_TYPE);
  const [major = "", minor = ""] = mime.toLowerCase().split("/");
  if (h < 0) return major === "application" && minor === "sdp"; // RFC 3261 leaves it open; Kamailio takes it for SDP
  if (parseContentType(msg.buf, valueStart(msg, h), valueEnd(msg, h), type) !== 0) return false;
  return isContentType(msg.buf, type, major.trim(), minor.trim());
}

function setBody(msg: SipMessage, text: string, contentType: string): number {
  if (text === "" || contentType === "") return -1;
  const edits = msg.currentEdits();
  edits.add(msg.bodyStart, msg.end - msg.bodyStart, text);
  const h = msg.find(H.CONTENT_TYPE);
  if (h >= 0) edits.add(lineStart(msg, h), lineEnd(msg, h) - lineStart(msg, h), "");
  edits.add(msg.headEnd, 0, `Content-Type: ${oneLine(contentType)}\r\n`);
  return 1;
}

function setReplyBody(msg: SipMessage, text: string, contentType: string): number {
  if (text === "" || contentType === "") return -1;
  msg.replyBody = text;
  msg.replyBodyType = oneLine(contentType);
  return 1;
}

// RFC 3264 8.4: a=sendonly or a=inactive, and the older connection address 0.0.0.0.
function audioOnHold(msg: SipMessage): boolean {
  if (!hasBody(msg, "application/sdp") || parseSdp(msg.buf, msg.bodyStart, msg.end, sdp) !== 0) return false;
  for (let i = 0; i < sdp.mediaCount; i++) {
    const m = sdp.media[i]!;
    if (!equalsText(msg.buf, m.typeStart, m.typeEnd, "audio")) continue;
    if (m.direction === Direction.SENDONLY || m.direction === Direction.INACTIVE) return true;
    const [start, end] = m.addressStart >= 0 ? [m.addressStart, m.addressEnd] : [sdp.addressStart, sdp.addressEnd];
    if (start >= 0 && hostKind(msg.buf, start, end) === HostKind.IPV4 && equalsText(msg.buf, start, end, "0.0.0.0"))
      return true;
  }
  return false;
}

function hasPrivacy(msg: SipMessage, token: string): boolean {
  const lower = token.toLowerCase();
  for (let h = msg.find(H.PRIVACY); h >= 0; h = msg.find(H.PRIVACY, h + 1)) {
    for (const value of msg.value(h).toLowerCase().split(/[;,]/)) if (value.trim() === lower) return true;
  }
  return false;
}

/** Body functions of textops. */
export const bodyFunctions: Record<string, FunctionDef<unknown>> = {
  has_body: fn({
    args: [optional(str("mime"))],
    routes: ANY,
    doc: "True when the message has a body, of that type when one is given.",
    run: (_i: unknown, ctx, mime) => (hasBody(ctx.message, mime) ? 1 : -1),
  }),
  set_body: fn({
    args: [str("txt"), str("content_type")],
    routes: ANY,
    doc: "Puts another body and its type in place of what the message has.",
    run: (_i: unknown, ctx, text, contentType) => setBody(ctx.message, text, contentType),
  }),
  set_body_hex: fn({
    args: [str("htxt"), str("content_type")],
    routes: ANY,
    doc: "As set_body(), the body in hexadecimal with or without blanks.",
    run: (_i: unknown, ctx, hex, contentType) => setBody(ctx.message, bytesOfHex(hex) ?? "", contentType),
  }),
  set_reply_body: fn({
    args: [str("txt"), str("content_type")],
    routes: REPLYING,
    doc: "Gives the replies that are made here for this request a body.",
    run: (_i: unknown, ctx, text, contentType) => setReplyBody(ctx.message, text, contentType),
  }),
  set_reply_body_hex: fn({
    args: [str("htxt"), str("content_type")],
    routes: REPLYING,
    doc: "As set_reply_body(), the body in hexadecimal with or without blanks.",
    run: (_i: unknown, ctx, hex, contentType) => setReplyBody(ctx.message, bytesOfHex(hex) ?? "", contentType),
  }),
  is_audio_on_hold: fn({
    routes: ANY,
    doc: "True when the SDP puts audio on hold: sendonly, inactive, or the address 0.0.0.0.",
    run: (_i: unknown, ctx) => (audioOnHold(ctx.message) ? 1 : -1),
  }),
  is_privacy: fn({
    args: [str("privacy_type")],
    routes: ANY,
    doc: "True when the Privacy header (RFC 3323) has that token.",
    run: (_i: unknown, ctx, token) => (hasPrivacy(ctx.message, token) ? 1 : -1),
  }),
};
