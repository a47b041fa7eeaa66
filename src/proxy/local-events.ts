// Routes that look at what is made here without a route of its own: event_route[tm:local-response] for replies, and
// event_route[tm:local-request] for CANCELs from hop to hop (evlreq_mode).

import type { Flow } from "../net/flow.ts";
import { NO_ROOM, writeForwardedRequest } from "../sip/build.ts";
import { SipMessage } from "../sip/message.ts";
import type { Branch, Transaction } from "../tm/index.ts";
import { copyBytes } from "../util/bytes.ts";
import { RouteContext, RouteKind, type RouteResult, type Routes, Stop } from "./context.ts";
import type { Proxy } from "./proxy.ts";

type Run = (ctx: RouteContext) => RouteResult;

/** Those routes of the generation in force. */
export class LocalEvents {
  /** Whether CANCELs are shown to the script (evlreq_mode). */
  showsCancels = false;
  private readonly proxy: Proxy;
  private routes: Routes | null = null;
  private response: Run | null = null;

  constructor(proxy: Proxy) {
    this.proxy = proxy;
  }

  /** A reply made here was sent: runs event_route[tm:local-response] over it. What it changes comes too late. */
  replied(tx: Transaction, code: number, buf: Uint8Array, start: number, end: number): void {
    const { proxy } = this;
    if (this.routes !== proxy.routes) {
      this.routes = proxy.routes;
      this.response = proxy.routes?.event("tm:local-response") ?? null;
    }
    const { response } = this;
    if (response === null) return;
    const reply = copied(buf, start, end);
    if (reply === null) return;
    const ctx = new RouteContext(proxy, proxy.routes!, reply, tx.origin as Flow, RouteKind.EVENT);
    ctx.transaction = tx;
    ctx.status = code;
    this.run("tm:local-response", response, ctx);
  }

  /** Shows a CANCEL of length `end` in `buf` to the script, which may edit it. Its new end; 0 when it is not to be sent. */
  cancelled(branch: Branch, buf: Uint8Array, end: number): number {
    const { proxy } = this;
    const local = this.showsCancels ? (proxy.routes?.local ?? null) : null;
    const cancel = local === null ? null : copied(buf, 0, end);
    if (local === null || cancel === null) return end;
    const ctx = new RouteContext(proxy, proxy.routes!, cancel, branch.target as Flow, RouteKind.LOCAL);
    ctx.transaction = branch.tx;
    ctx.branch = branch.number;
    if (!this.run("tm:local-request", local, ctx)) return end;
    if (ctx.stop === Stop.DROP) return 0;
    const edited = writeForwardedRequest(cancel, null, "", "", proxy.out);
    if (edited === NO_ROOM || edited > buf.length) return end;
    return copyBytes(buf, 0, proxy.out, 0, edited);
  }

  // True when it ran to its end at once; one that waits comes too late to change anything.
  private run(name: string, route: Run, ctx: RouteContext): boolean {
    const complain = (error: unknown): void => {
      this.proxy.counters.routeErrors++;
      this.proxy.limited.error(
        this.proxy.log,
        `event_route[${name}]: ${error instanceof Error ? error.message : String(error)}`,
      );
    };
    try {
      const ran = route(ctx);
      if (typeof ran === "number") return true;
      ran.catch(complain);
    } catch (error) {
      complain(error);
    }
    return false;
  }
}

function copied(buf: Uint8Array, start: number, end: number): SipMessage | null {
  const msg = new SipMessage();
  if (msg.parse(buf.slice(start, end), 0, end - start) !== 0) return null;
  msg.owned = true;
  return msg;
}
