// Module websocket: SIP over WebSocket (RFC 7118) on the ports of TCP and TLS, begun by an HTTP request in event_route[xhttp:request].

import { isCloseCode } from "../../net/ws/rules.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { int, optional, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, pv, strParam } from "../../registry/define.ts";
import { isWebSocket } from "../../sip/transports.ts";
import { bytesOf } from "../../util/bytes.ts";
import { core } from "../core/index.ts";
import { sl } from "../sl.ts";
import { tm } from "../tm/index.ts";
import { type HandshakeRules, SubProtocol, shakeHands } from "./handshake.ts";
import { commands } from "./rpc.ts";
import { type Settings, WebSockets } from "./websockets.ts";

/** What a generation of the module is. */
export interface WebSocketInstance {
  readonly state: WebSockets;
  readonly settings: Settings;
  readonly cors: number;
}

const NO_PROCESSES = "nothing here runs in processes of its own";

// As Kamailio: 0 ends the script when it fails, the client having been answered.
function handshake({ state, cors }: WebSocketInstance, ctx: RouteContext): number {
  const { connections } = state;
  if (connections === null) return 0;
  const rules: HandshakeRules = { enabled: state.enabled, cors };
  const why = shakeHands(ctx, connections, rules);
  if (why === "") {
    state.handshakes++;
    return 1;
  }
  state.failedHandshakes++;
  const { address, port } = ctx.flow.remote;
  state.host.log.info(`no WebSocket for ${address}:${port}: ${why}`);
  return 0;
}

// A code that no close frame may carry is refused: the far end would take it for an error of ours.
function close({ state }: WebSocketInstance, ctx: RouteContext, code: number, reason: string, id: number): number {
  const flow = state.connections?.byId(id < 0 ? ctx.flow.id : id) ?? null;
  if (flow === null || !isCloseCode(code)) return -1;
  return flow.closeWith(code, bytesOf(reason)) ? 1 : -1;
}

/** Kamailio's module websocket. */
const websocket = defineModule({
  name: "websocket",
  doc: "SIP over WebSocket: the handshake, keep-alives, closing.",
  uses: [core, sl, tm],
  params: {
    keepalive_mechanism: intParam(
      1,
      "What is sent on connections where nothing happens: nothing (0), ping (1), pong (2).",
      {
        min: 0,
        max: 2,
      },
    ),
    keepalive_timeout: intParam(
      180,
      "Without a frame for so long a keep-alive is sent; a ping unanswered for as long again ends the connection.",
      { unit: "s", min: 1, max: 86_400 },
    ),
    keepalive_interval: intParam(1, "Time between two looks for such connections.", { unit: "s", min: 1, max: 86_400 }),
    keepalive_processes: intParam(1, "Processes that send keep-alives.", { min: 1, effect: NO_PROCESSES }),
    ping_application_data: strParam(
      "",
      "What pings and pongs carry, 125 octets at most; empty: what the Server header says.",
    ),
    sub_protocols: intParam(
      1,
      "Sub-protocols spoken, as bits: sip (1); msrp (2) needs module msrp, which is not there: 3 is told and means 1.",
      { min: 1, max: 3 },
    ),
    cors_mode: intParam(0, "Access-Control-Allow-Origin in the answer: none (0), * (1), what Origin says (2).", {
      min: 0,
      max: 2,
    }),
    verbose_list: intParam(0, "Whether each look lists all connections in the log, at level debug.", {
      min: 0,
      max: 1,
    }),
    timer_interval: intParam(1, "Time between two looks for connections to be removed.", {
      unit: "s",
      min: 1,
      effect: "connections are removed at once",
    }),
    rm_delay_interval: intParam(5, "How long the far end may take to answer when a connection is closed.", {
      unit: "s",
      min: 1,
      max: 600,
    }),
  },
  state: (host) => new WebSockets(host),
  configure: (state, p, host): WebSocketInstance => {
    // As the oracle without module msrp: 3 is sip alone, 2 leaves nothing.
    if ((p.sub_protocols & SubProtocol.SIP) === 0)
      throw new ConfigError(
        "no sub-protocol is left: msrp needs module msrp, which is not there",
        "sub_protocols",
        "use 1, sip",
      );
    if ((p.sub_protocols & SubProtocol.MSRP) !== 0)
      host.log.warn("sub_protocols: msrp needs module msrp, which is not there; WebSockets speak sip alone");
    const settings: Settings = {
      mechanism: p.keepalive_mechanism,
      idle: p.keepalive_timeout * 1000,
      interval: p.keepalive_interval * 1000,
      data: p.ping_application_data,
      closeTimeout: p.rm_delay_interval * 1000,
      verbose: p.verbose_list !== 0,
    };
    return { state, settings, cors: p.cors_mode };
  },
  start: ({ state, settings }, { proxy }) => {
    state.start(settings);
    proxy.groups.allowNumber("websocket", "keepalive_timeout", 1, (seconds) => {
      state.settings = { ...state.settings, idle: seconds * 1000 };
    });
    const enable = (is: number): void => {
      state.enabled = is !== 0;
    };
    proxy.groups.allowNumber("websocket", "enabled", 0, enable, state.enabled ? 1 : 0);
  },
  stop: (state) => state.stop(),
  kemi: {
    handle_handshake: "ws_handle_handshake",
    close: "ws_close",
    close_reason: "ws_close",
    close_conid: "ws_close",
  },
  functions: {
    ws_handle_handshake: fn({
      routes: RouteKind.ANY,
      doc: "Checks an HTTP request of event_route[xhttp:request] and makes a WebSocket of its connection. Answers and ends the script when it is none.",
      run: handshake,
    }),
    ws_close: fn({
      args: [optional(int("status")), optional(str("reason")), optional(int("connection_id"))],
      routes: RouteKind.ANY,
      doc: "Closes a WebSocket: with status (1000) and reason (Normal closure), the connection of the message or another one.",
      run: (self: WebSocketInstance, ctx, status, reason, id) =>
        close(self, ctx, status ?? 1000, reason ?? "Normal closure", id ?? -1),
    }),
  },
  pvs: {
    ws_conid: pv(
      "Number of the connection that has ended, in event_route[websocket:closed]; elsewhere of the WebSocket the message came by, 0 for others.",
      ({ state }: WebSocketInstance, ctx) => state.told.get(ctx) ?? (isWebSocket(ctx.flow.protocol) ? ctx.flow.id : 0),
    ),
  },
  rpc: commands,
  events: {
    "websocket:closed": { doc: "A WebSocket has ended; $si and $sp tell whose it was, $ws_conid its number." },
  },
});

export default websocket;
