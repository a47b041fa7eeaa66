// Routes that no message from the network starts: startup_route, event_route[core:worker-one-init], timer_route. They run over a
// request that exists in name only, as Kamailio's event routes do.

import type { SocketAddress } from "../host/host.ts";
import { type Flow, FlowStage, type Listener, ListenerBase, nextFlowId } from "../net/flow.ts";
import { SipMessage } from "../sip/message.ts";
import { Transport } from "../sip/transports.ts";
import { bytesOf } from "../util/bytes.ts";
import { Timer } from "../util/timer-wheel.ts";
import { RouteContext, RouteKind, type RouteResult, type TimerRoute } from "./context.ts";
import type { Proxy } from "./proxy.ts";

const REQUEST = [
  "OPTIONS sip:you@localhost.invalid SIP/2.0",
  "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKnobody",
  "From: <sip:you@localhost.invalid>;tag=nobody",
  "To: <sip:you@localhost.invalid>",
  "Call-ID: nobody@127.0.0.1",
  "CSeq: 1 OPTIONS",
  "Content-Length: 0",
  "",
  "",
].join("\r\n");

/** A context over a request that nobody sent; replies to it go nowhere. */
export function unaskedContext(proxy: Proxy, kind: number): RouteContext {
  const msg = new SipMessage();
  const bytes = bytesOf(REQUEST);
  msg.parse(bytes, 0, bytes.length);
  msg.owned = true;
  return new RouteContext(proxy, proxy.routes!, msg, nowhere(proxy.transports.listeners[0] ?? null), kind);
}

class NoListener extends ListenerBase implements Listener {
  close(): void {}
}

const LOCAL = { family: 4, address: "127.0.0.1", port: 5060 } as const;

/** What a message that nobody sent came by: a flow from `remote` to a listener of ours that takes nothing. */
export function nowhere(given: Listener | null, remote: SocketAddress = LOCAL): Flow {
  const local = LOCAL;
  const listener = given ?? new NoListener(Transport.UDP, local, { local });
  const flow: Flow = {
    protocol: listener.protocol,
    local: listener.local,
    remote,
    id: nextFlowId(),
    reliable: false,
    settling: null,
    dialled: false,
    stage: FlowStage.CONNECTED,
    listener,
    open: false,
    send: () => false,
    close: () => undefined,
    finish: () => undefined,
  };
  nobodys.add(flow);
  return flow;
}

const nobodys = new WeakSet<Flow>();

/** Whether a route runs over a message that nobody sent. */
export function isUnasked(ctx: RouteContext): boolean {
  return nobodys.has(ctx.flow);
}

/** Runs what the script wants to run once, before the first message. Errors are logged and keep nothing from starting. */
export async function runStartup(proxy: Proxy): Promise<void> {
  const { routes } = proxy;
  if (routes === null) return;
  const tables = routes.event("htable:mod-init");
  if (tables !== null) await guarded(proxy, "event_route[htable:mod-init]", tables, RouteKind.EVENT);
  if (routes.startup !== null) await guarded(proxy, "startup_route", routes.startup, RouteKind.STARTUP);
  const one = routes.event("core:worker-one-init");
  if (one !== null) await guarded(proxy, "event_route[core:worker-one-init]", one, RouteKind.EVENT);
}

/** Starts the timer routes; returns what stops them. A run that still waits when its time comes again is not started twice. */
export function runTimers(proxy: Proxy): () => void {
  const stops = (proxy.routes?.timers ?? []).map((route) => runTimer(proxy, route));
  return () => {
    for (const stop of stops) stop();
  };
}

function runTimer(proxy: Proxy, route: TimerRoute): () => void {
  const { wheel, host } = proxy;
  const period = route.seconds * 1000;
  let busy = false;
  let due = host.clock.mono() + period;
  const timer = new Timer(() => {
    const now = host.clock.mono();
    due = Math.max(due + period, now);
    wheel.arm(timer, due - now, now);
    if (busy) return;
    busy = true;
    void guarded(proxy, `timer_route[${route.name}]`, route.run, RouteKind.TIMER).then(() => {
      busy = false;
    });
  });
  wheel.arm(timer, period, host.clock.mono());
  return () => wheel.cancel(timer);
}

async function guarded(
  proxy: Proxy,
  name: string,
  run: (ctx: RouteContext) => RouteResult,
  kind: number,
): Promise<void> {
  try {
    await run(unaskedContext(proxy, kind));
  } catch (error) {
    proxy.counters.routeErrors++;
    proxy.log.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
