// Module sl: replies without a transaction, and the ACKs that answer them.

import { type RouteContext, RouteKind } from "../proxy/context.ts";
import { forwardReply } from "../proxy/forward-reply.ts";
import type { Proxy } from "../proxy/proxy.ts";
import type { Statistics } from "../proxy/statistics.ts";
import { ArgError, int, optional, str } from "../registry/args.ts";
import { defineModule, fn, intParam, pvClass, type RpcValue, strParam } from "../registry/define.ts";
import { kemi } from "../registry/kemi.ts";
import type { ModuleHost } from "../registry/module-host.ts";
import type { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { equalsText } from "../util/bytes.ts";
import { core, destinationSet, wishForReply } from "./core/index.ts";

/** How long after a reply an ACK to it may still come, ms: timer H of RFC 3261, with room for a slow network. */
const ACK_WINDOW = 64_000;

/** Codes that have a statistic of their own (README, chapter Statistics). */
const SINGLE = [200, 202, 300, 301, 302, 400, 401, 403, 404, 407, 408, 483, 500];

/** What sl keeps for the life of the process. */
export class StatelessReplies {
  readonly proxy: Proxy;
  private readonly host: ModuleHost;
  /** Until when ACKs are looked at, on the monotonic clock. */
  private ackUntil = -1;
  readonly byClass = [0, 0, 0, 0, 0, 0, 0];
  readonly byCode = new Map<number, number>(SINGLE.map((code) => [code, 0]));
  sent = 0;
  failures = 0;
  absorbedAcks = 0;
  /** What a 3xx tells of its contacts, as bits. */
  richRedirect = 0;

  constructor(host: ModuleHost) {
    this.host = host;
    this.proxy = host.proxy;
    this.countInto(host.proxy.statistics);
    this.proxy.absorbAck = (ctx) => {
      if (!this.absorbsAck(ctx.message)) return false;
      host.runEvent("sl:filtered-ack", ctx);
      return true;
    };
  }

  /** Replies to the context's request without a transaction. Returns 1, or -1 when it could not be sent. */
  reply(ctx: RouteContext, code: number, reason: string): number {
    if (!mayReply(ctx, code)) return -1;
    const extra = code >= 300 && code < 400 ? destinationSet(ctx, this.richRedirect) : "";
    const sent = this.proxy.replyStateless(ctx.message, ctx.flow, code, reason, extra);
    this.count(code, sent);
    if (code >= 300 && ctx.message.method === Method.INVITE) this.ackUntil = this.host.host.clock.mono() + ACK_WINDOW;
    if (sent > 0) this.host.runEvent("sl:local-response", ctx);
    return sent;
  }

  private count(code: number, sent: number): void {
    if (sent < 0) {
      this.failures++;
      return;
    }
    this.sent++;
    this.byClass[Math.floor(code / 100)]!++;
    const n = this.byCode.get(code);
    if (n !== undefined) this.byCode.set(code, n + 1);
  }

  /**
   * Whether that ACK answers a stateless reply of ours, so that it goes no further: its To tag is the one the reply carried. A
   * request that had a To tag already kept it in the reply, so its ACK is not known here, as in Kamailio.
   */
  absorbsAck(msg: SipMessage): boolean {
    if (this.ackUntil < 0 || msg.method !== Method.ACK) return false;
    const to = msg.to();
    if (to === null || to.tagStart < 0) return false;
    if (this.host.host.clock.mono() > this.ackUntil) {
      this.ackUntil = -1;
      return false;
    }
    if (!equalsText(msg.buf, to.tagStart, to.tagEnd, this.proxy.toTag(msg))) return false;
    this.absorbedAcks++;
    return true;
  }

  /** What sl.stats shows: single codes, and what is left of each class. */
  byCodes(): Record<string, RpcValue> {
    const out: Record<string, number> = {};
    const left = [...this.byClass];
    for (const [code, n] of this.byCode) {
      out[code] = n;
      left[Math.floor(code / 100)]! -= n;
    }
    for (let c = 2; c <= 6; c++) out[`${c}xx`] = left[c]!;
    return { ...out, xxx: left[0]! + left[1]! };
  }

  /** Lets the counts be read by the names Kamailio's statistics have. */
  private countInto(statistics: Statistics): void {
    const put = (name: string, read: () => number): void => statistics.put("sl", name, read);
    for (let c = 1; c <= 6; c++) put(`${c}xx_replies`, () => this.byClass[c]!);
    for (const code of this.byCode.keys()) put(`${code}_replies`, () => this.byCode.get(code)!);
    put("xxx_replies", () => this.byClass[0]!);
    put("sent_replies", () => this.sent);
    put("sent_err_replies", () => this.byClass[4]! + this.byClass[5]! + this.byClass[6]!);
    put("failures", () => this.failures);
    put("received_ACKs", () => this.absorbedAcks);
  }
}

interface Sl {
  readonly state: StatelessReplies;
  readonly defaultCode: number;
  readonly defaultReason: string;
  readonly bindTm: boolean;
  readonly richRedirect: number;
}

function replyMode(self: Sl, ctx: RouteContext, code: number, reason: string, mode: number): number {
  wishForReply(ctx, mode);
  return sendReply(self, ctx, code, reason);
}

/** Replies are made to requests only, and never to an ACK (RFC 3261 17.1.1.3). */
function mayReply(ctx: RouteContext, code: number): boolean {
  return code >= 100 && code <= 699 && ctx.message.isRequest && ctx.message.method !== Method.ACK;
}

/** As Kamailio: through the transaction when there is one and it may be used, else without. */
function sendReply(self: Sl, ctx: RouteContext, code: number, reason: string): number {
  if (self.bindTm && ctx.transaction !== null) {
    if (code < 100 || code > 699) return -1;
    const tell = ctx.transaction === null ? 0 : ctx.proxy.richRedirect;
    return ctx.proxy.reply(ctx, code, reason, code >= 300 && code < 400 ? destinationSet(ctx, tell) : "");
  }
  return self.state.reply(ctx, code, reason);
}

// The status line is rewritten as an edit, and the reply leaves with it; the core's own forwarding then follows as usual.
function forwardChanged(ctx: RouteContext, code: number | undefined, reason: string | undefined): number {
  const msg = ctx.message;
  if (msg.isRequest) return -1;
  if (code !== undefined && Math.floor(code / 100) !== Math.floor(msg.status / 100)) return -1;
  const edits = msg.edits;
  if (code !== undefined) edits.add(msg.reasonStart - 4, 3, String(code));
  if (reason !== undefined) edits.add(msg.reasonStart, msg.reasonEnd - msg.reasonStart, reason);
  return forwardReply(ctx.proxy, msg, ctx.flow) ? 1 : -1;
}

/** The tag that a reply to this request made here carries. */
function localTag(ctx: RouteContext): string {
  return ctx.proxy.toTag(ctx.message);
}

const REPLYING =
  RouteKind.REQUEST |
  RouteKind.FAILURE |
  RouteKind.ONREPLY |
  RouteKind.REPLY |
  RouteKind.EVENT |
  RouteKind.BRANCH_FAILURE |
  RouteKind.ERROR;

/** Kamailio's module sl. */
export const sl = defineModule({
  name: "sl",
  doc: "Replies to requests without keeping state, and absorbs the ACKs to such replies.",
  uses: [core],
  params: {
    default_code: intParam(500, "Code of a reply whose own code is none.", { min: 100, max: 699 }),
    default_reason: strParam("Internal Server Error", "Reason phrase of a reply whose own code is none."),
    rich_redirect: intParam(
      0,
      "What a 3xx sent without a transaction tells of its contacts: branch flags (1), path (2); see module tm for the others.",
      { min: 0, max: 3 },
    ),
    bind_tm: intParam(1, "Whether send_reply() answers through the transaction when there is one (1) or never (0).", {
      min: 0,
      max: 1,
    }),
  },
  state: (host) => new StatelessReplies(host),
  configure: (state, params): Sl => ({
    state,
    defaultCode: params.default_code,
    defaultReason: params.default_reason,
    bindTm: params.bind_tm !== 0,
    richRedirect: params.rich_redirect,
  }),
  start: ({ state, richRedirect }) => {
    state.richRedirect = richRedirect;
  },
  functions: {
    sl_send_reply: fn({
      args: [int("code"), str("reason")],
      routes: REPLYING,
      doc: "Sends one reply without a transaction and forgets the request; a 3xx carries the destination set as Contact.",
      run: (self: Sl, ctx, code, reason) => self.state.reply(ctx, code, reason),
    }),
    send_reply: fn({
      args: [int("code"), str("reason")],
      routes: REPLYING,
      doc: "Sends a reply through the request's transaction when there is one, else without.",
      kemi: "send_reply",
      run: sendReply,
    }),
    send_reply_mode: fn({
      args: [int("code"), str("reason"), int("mode")],
      routes: REPLYING,
      doc: "send_reply(), with bits: 1 no new connection for it, 2 the connection is closed after it.",
      run: replyMode,
    }),
    sl_reply_error: fn({
      routes: REPLYING,
      doc: "Sends an error reply after a function has failed: what forwarding failed with, else default_code and default_reason.",
      run: (self: Sl, ctx) => {
        const { failure } = ctx;
        if (failure === null) return self.state.reply(ctx, self.defaultCode, self.defaultReason);
        return self.state.reply(ctx, failure.code, failure.reason);
      },
    }),
    sl_forward_reply: fn({
      args: [optional(int("code")), optional(str("reason"))],
      routes: RouteKind.ONREPLY | RouteKind.REPLY,
      doc: "Forwards the reply at once and without a transaction, with another code of its class and another reason if given.",
      run: (_self: Sl, ctx, code, reason) => forwardChanged(ctx, code, reason),
    }),
  },
  kemi: {
    get_reply_totag: kemi({
      gives: "value",
      doc: "The To tag that a reply made here without transaction carries.",
      run: (_self: Sl, ctx) => localTag(ctx),
    }),
  },
  pvs: {
    ltt: pvClass<Sl>({
      doc: "The To tag that a reply made here carries: (s) one without transaction, (t) one in a transaction, (x) whichever there is.",
      inner: "required",
      resolve: (_self, inner) => {
        const ofTransaction = (ctx: RouteContext) => ctx.proxy.transactions?.localTag(ctx) ?? null;
        if (inner === "s") return { get: localTag };
        if (inner === "t") return { get: ofTransaction };
        if (inner === "x") return { get: (ctx) => ofTransaction(ctx) ?? localTag(ctx) };
        return new ArgError(`unknown kind of local tag "${inner}"`, "use $ltt(s), $ltt(t) or $ltt(x)");
      },
    }),
  },
  rpc: {
    "sl.stats": {
      doc: "Counters of replies sent without a transaction.",
      args: [],
      run: (self) => self.state.byCodes(),
    },
  },
  events: {
    "sl:filtered-ack": {
      doc: "An ACK to a reply made here was recognised and goes no further.",
      callback: "event_callback_fl_ack",
    },
    "sl:local-response": {
      doc: "A reply was sent without a transaction; the message is the request.",
      callback: "event_callback_lres_sent",
    },
  },
});
