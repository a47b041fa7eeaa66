// The routes that dialogs run: event_route[dialog:start], [dialog:end], [dialog:failed], and the route of a timeout.

import { RouteContext, RouteKind, type RouteResult } from "../../proxy/context.ts";
import { nowhere, unaskedContext } from "../../proxy/unasked.ts";
import { SipMessage } from "../../sip/message.ts";
import { bytesOf } from "../../util/bytes.ts";
import { knownRun, runOf } from "./context.ts";
import type { Dialog } from "./dialog.ts";
import type { Dialogs } from "./dialogs.ts";
import { socketOf } from "./sides.ts";

/** Runs them. */
export class DialogEvents {
  private readonly dialogs: Dialogs;

  constructor(dialogs: Dialogs) {
    this.dialogs = dialogs;
  }

  /** Runs event_route[name], when there is one, over the message of the context; without a context over an OPTIONS that nobody sent. */
  run(name: string, dialog: Dialog, from: RouteContext | null): void {
    const { host } = this.dialogs;
    const route = host.proxy.routes?.event(name) ?? null;
    if (route === null) return;
    const ctx = this.contextOf(dialog, from);
    const waits = this.guarded(`event_route[${name}]`, () => route(ctx));
    if (waits !== null) ctx.message.own();
  }

  /** A context over the message of `from`, or without it over an OPTIONS that nobody sent, in which that dialog is set. */
  contextOf(dialog: Dialog, from: RouteContext | null): RouteContext {
    const ctx = from === null ? this.nobodys(dialog) : over(from);
    const run = runOf(ctx);
    run.dialog = dialog;
    if (from !== null) run.within = knownRun(from)?.within ?? false;
    return ctx;
  }

  /** Runs the route of a timeout. A promise when it waits; null when it is done or there is none. */
  timeoutRoute(dialog: Dialog): Promise<void> | null {
    const routes = this.dialogs.host.proxy.routes;
    if (dialog.timeoutRoute === "" || routes === null) return null;
    const id = routes.routeNumber?.(dialog.timeoutRoute) ?? 0;
    if (id === 0) return null;
    const ctx = this.contextOf(dialog, null);
    return this.guarded(`route[${dialog.timeoutRoute}]`, () => routes.route(id, ctx));
  }

  private guarded(what: string, run: () => RouteResult): Promise<void> | null {
    const { proxy } = this.dialogs.host;
    const complain = (error: unknown): void => {
      proxy.counters.routeErrors++;
      proxy.limited.error(proxy.log, `${what}: ${error instanceof Error ? error.message : String(error)}`);
    };
    try {
      const ran = run();
      return typeof ran === "number" ? null : ran.then(() => undefined, complain);
    } catch (error) {
      complain(error);
      return null;
    }
  }

  // Nobody sent a message: it has the names of the call, so that scripts that log them tell the truth.
  private nobodys(dialog: Dialog): RouteContext {
    const { proxy } = this.dialogs.host;
    const { caller, callee } = dialog;
    const text = [
      `OPTIONS ${dialog.requestUri} SIP/2.0`,
      "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKnobody",
      `From: <${dialog.fromUri}>;tag=${caller.tag}`,
      `To: <${dialog.toUri}>${callee.tag === "" ? "" : `;tag=${callee.tag}`}`,
      `Call-ID: ${dialog.callId}`,
      "CSeq: 1 OPTIONS",
      "Content-Length: 0",
      "",
      "",
    ].join("\r\n");
    const msg = new SipMessage();
    const bytes = bytesOf(text);
    if (msg.parse(bytes, 0, bytes.length) !== 0 || msg.from() === null || msg.to() === null)
      return unaskedContext(proxy, RouteKind.EVENT);
    msg.owned = true;
    const flow = nowhere(socketOf(proxy, caller) ?? proxy.transports.listeners[0] ?? null);
    return new RouteContext(proxy, proxy.routes!, msg, flow, RouteKind.EVENT);
  }
}

// The message in another kind of route: what that one sets is its own.
function over(from: RouteContext): RouteContext {
  const ctx = new RouteContext(from.proxy, from.routes, from.message, from.flow, RouteKind.EVENT);
  ctx.transaction = from.transaction;
  ctx.branch = from.branch;
  ctx.status = from.status;
  ctx.avpsOrNull = from.avpsOrNull;
  return ctx;
}
