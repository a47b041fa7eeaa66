// Module textopsx: changes applied at once, values of headers, iterators over headers and lines, bodies taken away, replies recoded.

import { RouteKind } from "../../proxy/context.ts";
import { int, optional, str } from "../../registry/args.ts";
import { defineModule, fn } from "../../registry/define.ts";
import { reading } from "../../registry/kemi-variables.ts";
import type { Pattern } from "../../script/posix-regex.ts";
import { editsForSending } from "../../sip/content-length.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { LINE_END, NAME_END, NAME_START, STRIDE } from "../../sip/scan.ts";
import { bytesOf, putText, textOf } from "../../util/bytes.ts";
import { core, regexArg } from "../core/index.ts";
import { fnmatch } from "./fnmatch.ts";
import { removingApart, valueFunctions } from "./hf-values.ts";
import { iteratorFunctions, iteratorVariables } from "./iterators.ts";

const ANY = RouteKind.ANY;

/** The R-URI and all edits become the message: later reads see them. What the script has set beside them stays. Returns 1 or -1. */
export function applyChanges(msg: SipMessage): number {
  const edits = editsForSending(msg);
  const line = firstLine(msg);
  const out = new Uint8Array(line.length + msg.end - msg.firstLineEnd + edits.growth());
  // edits of a status line stand in it; an R-URI is changed beside the edits
  const isSame = msg.newUri === null;
  const from = isSame ? msg.lineStart : msg.firstLineEnd;
  const end = edits.write(out, isSame ? 0 : putText(out, 0, line), msg.buf, from, msg.end, true);
  const { recordRoute } = edits;
  // a text the script put in may break the head: then the message goes on as it came, and its source is not marked any more
  if (msg.replaceBytes(out, end) !== 0) {
    msg.sourceMarked = false;
    return -1;
  }
  msg.edits.recordRoute = recordRoute;
  return 1;
}

function firstLine(msg: SipMessage): string {
  if (msg.newUri === null) return textOf(msg.buf, msg.lineStart, msg.firstLineEnd);
  return textOf(msg.buf, msg.lineStart, msg.uriStart) + msg.newUri + textOf(msg.buf, msg.uriEnd, msg.firstLineEnd);
}

/** Other bytes in place of the message, of the same kind; -1 when they are no such message. What the script changed before is gone. */
function setBuffer(msg: SipMessage, text: string): number {
  const bytes = bytesOf(text);
  if (text.startsWith("SIP/") === msg.isRequest) return -1;
  if (msg.replaceBytes(bytes, bytes.length) !== 0) return -1;
  msg.sourceMarked = false;
  return 1;
}

function removeBody(msg: SipMessage): number {
  if (msg.end === msg.bodyStart) return 1;
  const edits = msg.currentEdits();
  edits.add(msg.bodyStart, msg.end - msg.bodyStart, "");
  const h = msg.find(H.CONTENT_TYPE) * STRIDE;
  if (h >= 0) edits.add(msg.index[h + NAME_START]!, msg.index[h + LINE_END]! - msg.index[h + NAME_START]!, "");
  return 1;
}

function changeStatus(msg: SipMessage, code: number, reason: string | undefined): number {
  if (msg.isRequest || code < 100 || code > 699) return -1;
  // a final reply cannot become a provisional one, nor the other way round, and a 2xx stays one
  if (code < 200 !== msg.status < 200 || code < 300 !== msg.status < 300) return -1;
  msg.edits.add(msg.reasonStart - 4, 3, String(code));
  if (reason !== undefined) msg.edits.add(msg.reasonStart, msg.reasonEnd - msg.reasonStart, reason);
  return 1;
}

/** Headers without which no message can be routed or answered; keep_hf() never takes them away (README). */
const KEPT: ReadonlySet<number> = new Set([
  H.VIA,
  H.FROM,
  H.TO,
  H.CALL_ID,
  H.CSEQ,
  H.CONTACT,
  H.ROUTE,
  H.RECORD_ROUTE,
  H.MAX_FORWARDS,
  H.CONTENT_TYPE,
  H.CONTENT_LENGTH,
]);

function keepHeaders(msg: SipMessage, re: Pattern | undefined): number {
  const edits = msg.currentEdits();
  for (let h = 0; h < msg.headerCount; h++) {
    const at = h * STRIDE;
    const name = textOf(msg.buf, msg.index[at + NAME_START]!, msg.index[at + NAME_END]!);
    if (KEPT.has(msg.index[at]!) || re?.test(name) === true) continue;
    edits.add(msg.index[at + NAME_START]!, msg.index[at + LINE_END]! - msg.index[at + NAME_START]!, "");
  }
  return 1;
}

/** Kamailio's module textopsx. */
export const textopsx = defineModule({
  name: "textopsx",
  doc: "Applies changes at once, takes bodies and headers away, recodes replies.",
  uses: [core],
  state: () => null,
  configure: () => null,
  kemi: {
    hf_iterator_hname: reading("hfitname", "The name of the header an iterator stands at."),
    hf_iterator_hbody: reading("hfitbody", "The value of the header an iterator stands at."),
    bl_iterator_value: reading("blitval", "The line an iterator stands at."),
    remove_hf_value2: removingApart,
    fnmatch_ex: "fnmatch",
    keep_hf_re: "keep_hf",
  },
  functions: {
    msg_apply_changes: fn({
      routes: RouteKind.REQUEST | RouteKind.REPLY | RouteKind.ONREPLY,
      doc: "Makes the changes of headers, body and R-URI part of the message, so that later reads see them.",
      run: (_i: unknown, ctx) => applyChanges(ctx.message),
    }),
    msg_set_buffer: fn({
      args: [str("data")],
      routes: RouteKind.REQUEST | RouteKind.REPLY | RouteKind.ONREPLY,
      doc: "Puts another message in place of this one: a request for a request, a reply for a reply.",
      run: (_i: unknown, ctx, data) => setBuffer(ctx.message, data),
    }),
    fnmatch: fn({
      args: [str("value"), str("expr"), optional(str("flags"))],
      routes: ANY,
      doc: "True when the text fits a shell pattern with * ? and [set]; with flag i, case aside.",
      run: (_i: unknown, _ctx, value, expr, flags) => (fnmatch(value, expr, flags?.includes("i") === true) ? 1 : -1),
    }),
    remove_body: fn({
      routes: ANY,
      doc: "Takes the body and its Content-Type away.",
      run: (_i: unknown, ctx) => removeBody(ctx.message),
    }),
    change_reply_status: fn({
      args: [int("code"), str("reason")],
      routes: RouteKind.ONREPLY | RouteKind.REPLY,
      doc: "Gives a reply another code of its kind (provisional, success, failure) and another reason.",
      run: (_i: unknown, ctx, code, reason) => changeStatus(ctx.message, code, reason),
    }),
    change_reply_status_code: fn({
      args: [int("vcode")],
      routes: RouteKind.ONREPLY | RouteKind.REPLY,
      doc: "Gives a reply another code of its kind; its reason stays.",
      run: (_i: unknown, ctx, code) => changeStatus(ctx.message, code, undefined),
    }),
    ...valueFunctions,
    ...iteratorFunctions,
    keep_hf: fn({
      args: [optional(regexArg("regexp"))],
      routes: ANY,
      doc: "Takes all headers away but those whose name matches and those every message needs.",
      run: (_i: unknown, ctx, re) => keepHeaders(ctx.message, re),
    }),
  },
  pvs: iteratorVariables,
});
