// Routes around the main ones: event_route[core:msg-received], [core:pre-routing], [core:receive-parse-error], and error_route.

import type { Flow } from "../net/flow.ts";
import type { SipMessage } from "../sip/message.ts";
import { attempt } from "../util/maybe.ts";
import { type Avps, type Fault, RouteContext, RouteKind, type RouteResult, type Routes, Stop } from "./context.ts";
import type { Proxy } from "./proxy.ts";

type Run = (ctx: RouteContext) => RouteResult;

/** Those routes of one generation; null where the script has none, so that looking costs a comparison. */
export class EventRoutes {
  readonly routes: Routes | null;
  readonly preRouting: Run | null;
  private readonly proxy: Proxy;
  private readonly received: Run | null;
  private readonly parseError: Run | null;

  constructor(proxy: Proxy) {
    const { routes } = proxy;
    this.proxy = proxy;
    this.routes = routes;
    this.preRouting = routes?.event("core:pre-routing") ?? null;
    this.received = proxy.runsReceived ? (routes?.event("core:msg-received") ?? null) : null;
    this.parseError = routes?.event("core:receive-parse-error") ?? null;
  }

  /** Whether whole messages are looked at before they are parsed. */
  get looksAtReceived(): boolean {
    return this.received !== null;
  }

  /** Runs core:msg-received over bytes that nobody has parsed. False when the script drops them, by drop or a negative code. It cannot wait. */
  mayEnter(msg: SipMessage, flow: Flow): boolean {
    if (this.received === null) return true;
    const ctx = new RouteContext(this.proxy, this.routes!, msg, flow, RouteKind.EVENT);
    return this.run(this.received, ctx, "core:msg-received") >= 0 && ctx.stop !== Stop.DROP;
  }

  /**
   * Runs core:pre-routing over a message. The context that its main route begins with (AVPs, branches and what was armed stay), or null
   * when the script drops the message; a promise of it when the route waits.
   */
  before(
    msg: SipMessage,
    flow: Flow,
    kind: number,
    avps: Avps | null,
  ): RouteContext | null | Promise<RouteContext | null> {
    const { proxy, routes } = this;
    const first = new RouteContext(proxy, routes!, msg, flow, RouteKind.EVENT);
    first.status = msg.status;
    first.avpsOrNull = avps;
    const done = (): RouteContext | null => {
      if (first.stop === Stop.DROP) {
        proxy.counters.drop("pre-routing");
        return null;
      }
      const ctx = new RouteContext(proxy, routes!, msg, flow, kind);
      ctx.avpsOrNull = first.avpsOrNull;
      ctx.branches = first.branches;
      ctx.sendFrom = first.sendFrom;
      ctx.onFailure = first.onFailure;
      ctx.onBranch = first.onBranch;
      ctx.onReply = first.onReply;
      ctx.onBranchFailure = first.onBranchFailure;
      return ctx;
    };
    const ran = this.preRouting!(first);
    if (typeof ran === "number") return done();
    msg.own();
    return ran.then(done);
  }

  /** A message that cannot be parsed came: core:receive-parse-error. */
  broken(msg: SipMessage, flow: Flow): void {
    if (this.parseError === null) return;
    const ctx = new RouteContext(this.proxy, this.routes!, msg, flow, RouteKind.EVENT);
    this.run(this.parseError, ctx, "core:receive-parse-error");
  }

  /** A request that cannot be used came: error_route. Returns whether there is one; the request is then its own affair. */
  fault(msg: SipMessage, flow: Flow, fault: Fault): boolean {
    const error = this.routes?.error ?? null;
    if (error === null) return false;
    const ctx = new RouteContext(this.proxy, this.routes!, msg, flow, RouteKind.ERROR);
    ctx.fault = fault;
    this.run(error, ctx, "error_route");
    return true;
  }

  // The code of a route; 1 when it fails or waits. The receive buffer is reused meanwhile, so what a route does after it had to wait is
  // of no use to anybody but its own logs.
  private run(route: Run, ctx: RouteContext, name: string): number {
    const ran = attempt(() => route(ctx));
    if (typeof ran === "number") return ran;
    ran.catch((error: unknown) => {
      this.proxy.counters.routeErrors++;
      this.proxy.limited.error(this.proxy.log, `${name}: ${error instanceof Error ? error.message : String(error)}`);
    });
    return 1;
  }
}
