// Module maxfwd: the hop limit (RFC 3261 16.3 point 3, 16.6 point 3). The digits are rewritten where they stand, as Kamailio
// does it: the change is seen at once, and costs neither an edit nor a string.

import { type RouteContext, RouteKind } from "../proxy/context.ts";
import { int } from "../registry/args.ts";
import { defineModule, fn, intParam } from "../registry/define.ts";
import { H } from "../sip/headers.ts";
import type { SipMessage } from "../sip/message.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../sip/scan.ts";
import { parseUint } from "../sip/tokens.ts";

/** Above this a value is as good as another: RFC 3261 20.22 stops at 255. */
const LARGEST = 256;

interface MaxForwards {
  limit: number;
}

const REQUEST = RouteKind.REQUEST | RouteKind.BRANCH | RouteKind.FAILURE;

/** The value of Max-Forwards: -1 without the header, -2 when it is no number. */
function hopsLeft(msg: SipMessage): number {
  const h = msg.find(H.MAX_FORWARDS);
  if (h < 0) return -1;
  const n = parseUint(msg.buf, msg.index[h * STRIDE + VALUE_START]!, msg.index[h * STRIDE + VALUE_END]!);
  return n < 0 ? -2 : n;
}

/** 2 a header was added, 1 lowered, -1 it is 0, -2 it is no number (README, maxfwd_process). */
function processMaxForwards(self: MaxForwards, ctx: RouteContext, max: number): number {
  const msg = ctx.message;
  const n = hopsLeft(msg);
  if (n === -2) return -2;
  if (n === -1) {
    msg.currentEdits().add(msg.firstLineEnd, 0, `Max-Forwards: ${max}\r\n`);
    return 2;
  }
  if (n === 0) return -1;
  writeValue(msg, Math.min(n - 1, self.limit));
  return 1;
}

// Right-aligned over the old digits, spaces in front where there are fewer now.
function writeValue(msg: SipMessage, value: number): void {
  const h = msg.find(H.MAX_FORWARDS) * STRIDE;
  const { buf, index } = msg;
  const start = index[h + VALUE_START]!;
  let p = index[h + VALUE_END]! - 1;
  let rest = value;
  for (; p >= start; p--) {
    buf[p] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
    if (rest === 0) break;
  }
  index[h + VALUE_START] = Math.max(p, start);
  for (let i = start; i < p; i++) buf[i] = 32;
}

function isBelow(ctx: RouteContext, max: number): number {
  const n = hopsLeft(ctx.message);
  if (n < 0) return n === -1 ? -2 : -3;
  return n < max ? 1 : -1;
}

/** Kamailio's module maxfwd. */
export const maxfwd = defineModule({
  name: "maxfwd",
  doc: "Lowers, adds and tests Max-Forwards, so that a request that loops comes to an end.",
  params: {
    max_limit: intParam(70, "Largest value passed on; a larger one is lowered to it.", {
      unit: "hops",
      min: 1,
      max: LARGEST,
    }),
  },
  state: () => null,
  configure: (_state, params): MaxForwards => ({ limit: params.max_limit }),
  start: (self, { proxy }) =>
    proxy.groups.allowNumber("maxfwd", "max_limit", 1, (limit) => {
      self.limit = Math.min(limit, LARGEST);
    }),
  functions: {
    maxfwd_process: fn({
      args: [int("max_value")],
      routes: REQUEST,
      doc: "Lowers Max-Forwards by one, or adds the header with max_value: 1 lowered, 2 added, -1 it was 0 already, -2 it is no number.",
      aliases: ["mf_process_maxfwd_header", "process_maxfwd"],
      kemi: "process_maxfwd",
      run: processMaxForwards,
    }),
    is_maxfwd_lt: fn({
      args: [int("max_value")],
      routes: REQUEST,
      doc: "True when Max-Forwards is below max_value; -1 when not, -2 without the header, -3 when it is no number.",
      aliases: ["maxfwd_at_least", "mf_lowlimit"],
      run: (_self: MaxForwards, ctx, max) => isBelow(ctx, max),
    }),
  },
});
