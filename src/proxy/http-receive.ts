// The way of an HTTP request: parse, event_route[xhttp:request] when there is one for it, else the built-in pages.

import type { Flow } from "../net/flow.ts";
import type { HttpFlow } from "../net/http-flow.ts";
import { SipMessage } from "../sip/message.ts";
import { scanErrorText } from "../sip/scan.ts";
import { textOf } from "../util/bytes.ts";
import { Level } from "../util/log.ts";
import { type Avps, RouteContext, RouteKind, type RouteResult, type Routes, Stop } from "./context.ts";
import { HttpExchange } from "./http-exchange.ts";
import type { Proxy } from "./proxy.ts";

/** Takes whole HTTP requests from the stream transports of one worker. */
export class HttpReceiver {
  private readonly proxy: Proxy;
  private readonly toSip: (bytes: Uint8Array, avps: Avps | null, flow: Flow) => void;
  private spare = new SipMessage();
  private routes: Routes | null = null;
  private wanted: Proxy["httpRoute"] = null;
  private route: ((ctx: RouteContext) => RouteResult) | null = null;

  /** `toSip` takes what event_route[network:msg] has made a message of SIP. */
  constructor(proxy: Proxy, toSip: (bytes: Uint8Array, avps: Avps | null, flow: Flow) => void) {
    this.proxy = proxy;
    this.toSip = toSip;
  }

  /** One request; the bytes are only valid during the call. Never throws. */
  readonly receive = (buf: Uint8Array, start: number, end: number, flow: HttpFlow, flags: number): void => {
    const { incoming } = this.proxy;
    if (incoming === null) {
      this.take(buf, start, end, flow, flags);
      return;
    }
    const { bytes, avps } = incoming(buf, start, end, flow);
    if (!isSip(bytes)) this.take(bytes, 0, bytes.length, flow, flags);
    else {
      flow.answered(true); // SIP that travels as HTTP: no answer is owed
      this.toSip(bytes, avps, flow);
    }
  };

  private take(buf: Uint8Array, start: number, end: number, flow: HttpFlow, flags: number): void {
    const { proxy } = this;
    const msg = this.spare;
    const exchange = new HttpExchange(proxy, msg, flow, flags);
    proxy.counters.http++;
    try {
      const bad = msg.parse(buf, start, end, exchange);
      if (bad !== 0) exchange.refuse(400, scanErrorText(bad), false);
      else {
        if (proxy.log.enabled(Level.DEBUG)) this.tell(msg, flow);
        proxy.logAs(msg, flow);
        this.serve(exchange);
      }
    } catch (error) {
      this.failed(error, exchange);
    }
    proxy.logPlain();
    if (msg.owned) this.spare = new SipMessage();
  }

  // Strangers wrote that line: control characters must not forge lines of the log.
  private tell(msg: SipMessage, { remote }: HttpFlow): void {
    const line = textOf(msg.buf, msg.lineStart, Math.min(msg.firstLineEnd, msg.lineStart + 120)).trimEnd();
    this.proxy.log.debug(`from ${remote.address}:${remote.port}: ${JSON.stringify(line)}`);
  }

  private serve(exchange: HttpExchange): void {
    const { proxy } = this;
    const { routes, httpRoute } = proxy;
    const { message } = exchange;
    if (routes !== this.routes || httpRoute !== this.wanted) {
      this.routes = routes;
      this.wanted = httpRoute;
      this.route = httpRoute === null ? null : (routes?.event(httpRoute.event) ?? null);
    }
    if (routes === null || this.route === null || httpRoute?.takes(message) !== true) {
      this.pages(exchange);
      return;
    }
    const ctx = new RouteContext(proxy, routes, message, exchange.flow, RouteKind.EVENT);
    exchange.enterRoute();
    const result = this.route(ctx);
    if (typeof result === "number") {
      this.after(ctx, exchange, result);
      return;
    }
    message.own();
    result.then((code) => this.after(ctx, exchange, code)).catch((error: unknown) => this.failed(error, exchange));
  }

  // As the oracle: a negative code ends the connection. A route that says nothing leaves the request to the built-in pages, one that
  // drops it has the client hear nothing at all.
  private after(ctx: RouteContext, exchange: HttpExchange, code: number): void {
    const closes = code < 0 && ctx.stop === Stop.NONE && this.proxy.closesOnError;
    exchange.leaveRoute(!closes);
    if (exchange.status !== 0) return;
    if (closes || ctx.stop === Stop.DROP) exchange.drop();
    else this.pages(exchange);
  }

  private pages(exchange: HttpExchange): void {
    const { httpPages } = this.proxy;
    if (httpPages === null) exchange.refuse(404, "nothing is served here");
    else httpPages(exchange);
  }

  private failed(error: unknown, exchange: HttpExchange): void {
    const { proxy } = this;
    const { remote } = exchange.flow;
    proxy.counters.routeErrors++;
    const text = error instanceof Error ? error.message : String(error);
    proxy.limited.error(
      proxy.log,
      `error while handling an HTTP request: ${text} (from ${remote.address}:${remote.port})`,
    );
    if (error instanceof Error && error.stack !== undefined) proxy.log.debug(error.stack);
    exchange.leaveRoute(false);
    exchange.refuse(500, "internal error", false);
  }
}

// Whether the first line is one of SIP.
function isSip(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(0x0a);
  return end > 0 && /(^| )SIP\/2\.0[ \r]/i.test(textOf(bytes, 0, end));
}
