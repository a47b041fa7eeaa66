// What module websocket keeps for the life of the process: whether new connections are welcome, keep-alives, the event of the end, numbers.

import type { WsConnections } from "../../net/ws/connections.ts";
import { Ended, type WsFlow } from "../../net/ws/flow.ts";
import { CloseCode, closeText, Opcode } from "../../net/ws/rules.ts";
import { RouteContext, RouteKind } from "../../proxy/context.ts";
import { nowhere, unaskedContext } from "../../proxy/unasked.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { bytesOf } from "../../util/bytes.ts";
import { Level } from "../../util/log.ts";
import { Timer } from "../../util/timer-wheel.ts";

/** Values of the parameter keepalive_mechanism. */
export const KeepAlive = { NONE: 0, PING: 1, PONG: 2 } as const;

/** Settings of one generation. */
export interface Settings {
  readonly mechanism: number;
  /** Milliseconds without a frame after which a keep-alive is sent. */
  readonly idle: number;
  /** Milliseconds between two looks. */
  readonly interval: number;
  /** What keep-alives carry; "" for what stands in our Server header. */
  readonly data: string;
  /** Milliseconds a connection may take to close. */
  readonly closeTimeout: number;
  /** Whether each look tells of all connections at level debug. */
  readonly verbose: boolean;
}

const DEFAULTS: Settings = {
  mechanism: KeepAlive.PING,
  idle: 180_000,
  interval: 1000,
  data: "",
  closeTimeout: 5000,
  verbose: false,
};
const MOST_DATA = 125;
const CLOSED = "websocket:closed";

/** The state of the module. */
export class WebSockets {
  readonly host: ModuleHost;
  /** Null where the transports know none (a bed of tests). */
  readonly connections: WsConnections | null;
  /** ws.enable, ws.disable. */
  enabled = true;
  handshakes = 0;
  failedHandshakes = 0;
  settings = DEFAULTS;
  private data = bytesOf("");
  /** Ids of connections whose end is being told. */
  readonly told = new WeakMap<RouteContext, number>();
  private readonly timer = new Timer(() => this.look());

  constructor(host: ModuleHost) {
    this.host = host;
    this.connections = host.proxy.transports.webSockets ?? null;
    if (this.connections !== null) this.connections.onEnded = (flow) => this.ended(flow);
    this.count();
  }

  /** Puts settings in force. */
  start(settings: Settings): void {
    this.settings = settings;
    const shown = settings.data !== "" ? settings.data : serverName(this.host.proxy.serverLine);
    this.data = bytesOf(shown.slice(0, MOST_DATA));
    if (this.connections !== null) this.connections.closeTimeout = settings.closeTimeout;
    this.host.wheel.cancel(this.timer);
    if (settings.mechanism !== KeepAlive.NONE) this.arm();
  }

  stop(): void {
    this.host.wheel.cancel(this.timer);
  }

  /** Sends a ping or a pong that carries what keep-alives do. */
  keepAlive(flow: WsFlow, opcode: typeof Opcode.PING | typeof Opcode.PONG): boolean {
    return flow.keepAlive(opcode, this.data);
  }

  private arm(): void {
    this.host.wheel.arm(this.timer, this.settings.interval, this.now());
  }

  // A ping that has had no answer for as long again: nobody is there any more, and who calls should not have to find that out.
  private look(): void {
    this.arm();
    const { mechanism, idle, verbose } = this.settings;
    const now = this.now();
    if (verbose) this.list();
    const quiet = [...(this.connections?.all() ?? [])].filter((flow) => flow.open && now - flow.lastUsed >= idle);
    for (const flow of quiet) {
      if (mechanism === KeepAlive.PONG) this.keepAlive(flow, Opcode.PONG);
      else if (flow.awaitsPong) flow.closeWith(CloseCode.GOING_AWAY, bytesOf(closeText(CloseCode.GOING_AWAY)));
      else this.keepAlive(flow, Opcode.PING);
    }
  }

  private list(): void {
    const { log } = this.host;
    if (!log.enabled(Level.DEBUG)) return;
    log.debug(`${this.connections?.size ?? 0} connections`);
    for (const flow of this.connections?.all() ?? []) log.debug(this.describe(flow));
  }

  private now(): number {
    return this.host.host.clock.mono();
  }

  /** A connection has ended: event_route[websocket:closed], over a request that exists in name only. */
  private ended(flow: WsFlow): void {
    const { proxy, log } = this.host;
    log.debug(`WebSocket connection ${flow.id} with ${flow.remote.address}:${flow.remote.port} has ended`);
    if (proxy.routes === null || proxy.routes.event(CLOSED) === null) return;
    const { message } = unaskedContext(proxy, RouteKind.EVENT);
    const from = nowhere(flow.below.listener, flow.remote);
    const ctx = new RouteContext(proxy, proxy.routes, message, from, RouteKind.EVENT);
    this.told.set(ctx, flow.id);
    this.host.runEvent(CLOSED, ctx);
  }

  // Statistics by Kamailio's names, for $stat().
  private count(): void {
    const { connections } = this;
    const { statistics } = this.host.proxy;
    const set = (name: string, read: () => number): void => {
      const isLevel = name === "current_connections";
      statistics.put("websocket", `ws_${name}`, read, isLevel);
      if (SIP.has(name)) statistics.put("websocket", `ws_sip_${name}`, read, isLevel);
    };
    set("current_connections", () => connections?.size ?? 0);
    set("max_concurrent_connections", () => connections?.counts.max ?? 0);
    set("successful_handshakes", () => this.handshakes);
    set("failed_handshakes", () => this.failedHandshakes);
    set("failed_connections", () => connections?.counts.failed ?? 0);
    set("local_closed_connections", () => connections?.counts.closedHere ?? 0);
    set("remote_closed_connections", () => connections?.counts.closedThere ?? 0);
    set("received_frames", () => connections?.counts.received ?? 0);
    set("transmitted_frames", () => connections?.counts.sent ?? 0);
    statistics.put("websocket", "ws_sip_received_frames", () => connections?.counts.sipReceived ?? 0);
    statistics.put("websocket", "ws_sip_transmitted_frames", () => connections?.counts.sipSent ?? 0);
  }

  /** A connection in the words of ws.dump. */
  describe(flow: WsFlow): string {
    const [from, to] = [flow.remote, flow.local].map(({ family, address, port }) => {
      const host = family === 6 ? `[${address}]` : address;
      return `${flow.tls === null ? "ws" : "wss"}:${host}:${port}`;
    });
    const state = flow.open ? "OPEN" : flow.ended === Ended.NONE ? "OPEN" : "CLOSING";
    const used = Math.floor((this.now() - flow.lastUsed) / 1000);
    const waits = flow.awaitsPong ? " awaiting Pong, " : "";
    return `${flow.id}: ${from} -> ${to} (state: ${state}, ${waits} last used ${used}s ago, sub-protocol: sip)`;
  }
}

/** What is counted for all sub-protocols is counted for SIP too, but for handshakes that failed. */
const SIP = new Set([
  "current_connections",
  "max_concurrent_connections",
  "successful_handshakes",
  "failed_connections",
  "local_closed_connections",
  "remote_closed_connections",
]);

function serverName(line: string): string {
  return line.replace(/^[^:]*:\s*/, "").trim();
}
