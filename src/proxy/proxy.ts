// The proxy core as modules see it: the routes in force, where to send, local replies, and who holds transactions.

import type { Host, HostError } from "../host/host.ts";
import { Blocklist, Failure } from "../net/blocklist.ts";
import { Dns } from "../net/dns/index.ts";
import { type Flow, FlowStage } from "../net/flow.ts";
import type { StunServer } from "../net/stun.ts";
import { markSource, writeForwardedRequest, writeReply } from "../sip/build.ts";
import { H } from "../sip/headers.ts";
import type { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { reasonPhrase } from "../sip/reasons.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../sip/scan.ts";
import { SendOptions } from "../sip/send-options.ts";
import { carrierOf, Transport, transportName } from "../sip/transports.ts";
import type { Value } from "../sip/value.ts";
import type { ViaRange } from "../sip/via.ts";
import { hashBytes, textOf } from "../util/bytes.ts";
import { Level, type Log } from "../util/log.ts";
import type { LogLimit } from "../util/log-limit.ts";
import type { TimerWheel } from "../util/timer-wheel.ts";
import { type Avps, RouteContext, RouteKind, type Routes } from "./context.ts";
import { Counters } from "./counters.ts";
import { ParameterGroups } from "./groups.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { Identity } from "./identity.ts";
import { Resolver } from "./resolver.ts";
import { countConnections, countCore, Statistics } from "./statistics.ts";
import { Strangers } from "./strangers.ts";
import { Tracing } from "./tracing.ts";
import type { Transactions } from "./transactions.ts";
import type { Transports } from "./transports.ts";

/** What a look at something that came in leaves: the bytes to go on with, and AVPs that its routes begin with. */
export interface Entered {
  readonly bytes: Uint8Array;
  readonly avps: Avps | null;
}

/** Looks at a message or datagram as it came, before it is parsed; the bytes are only valid during the call. Must not throw. */
export type Incoming = (buf: Uint8Array, start: number, end: number, flow: Flow) => Entered;

/** What local_rport means for a message that says nothing itself. */
const RPORT = Object.assign(new SendOptions(), { localRport: true });

/** How the system spells what ICMP tells: nothing listens there, no such host. */
const ICMP: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "EHOSTDOWN"]);

/** The largest message written out; larger than any UDP datagram. */
const OUT_SIZE = 1 << 18;

/** The core of one worker: what routes and modules call to reply and forward. */
export class Proxy {
  readonly host: Host;
  readonly log: Log;
  readonly wheel: TimerWheel;
  readonly transports: Transports;
  readonly counters = new Counters();
  /** What cannot be used of what comes in. */
  readonly strangers: Strangers;
  /** Through it goes every line of the log that a stranger can cause by what he sends. */
  readonly limited: LogLimit;
  /** sip_parser_log, corelog: the level of lines about messages that cannot be read. */
  coreLog: number = Level.ERROR;
  /** latency_cfg_log: the level of lines that say how long routes took. */
  routeTimeLog: number = Level.DEBUG;
  /** Names (dns_* parameters, dns.* commands). */
  readonly dns: Dns;
  readonly resolver: Resolver;
  readonly identity: Identity;
  /** Destinations to be left alone (use_dst_blocklist). */
  readonly blocklist: Blocklist;
  /** The routes of the generation in force; null until the configuration is loaded. */
  routes: Routes | null = null;
  /** Set by module tm when it is loaded. */
  transactions: Transactions | null = null;
  /** Set by module sl: whether an ACK answers a stateless reply made here and goes no further. */
  absorbAck: ((ctx: RouteContext) => boolean) | null = null;
  /** Called with the id of each connection that has closed. */
  readonly flowWatchers = new Set<(flow: number) => void>();
  /** Set by module usrloc: takes replies to its pings, which no route sees. */
  pingReply: ((msg: SipMessage, flow: Flow) => boolean) | null = null;
  /** Set by module siputils: may change a reply before anybody else looks at it. */
  replySeen: ((msg: SipMessage) => void) | null = null;
  /** Set by module xhttp: the event route that HTTP requests run, and whether it is for one at all. */
  httpRoute: { readonly event: string; readonly takes: (msg: SipMessage) => boolean } | null = null;
  /** Serves HTTP requests that no route has answered; without it they get a 404. Must not throw. */
  httpPages: ((exchange: HttpExchange) => void) | null = null;
  /** Whether TLS is to be spoken (enable_tls). */
  tlsEnabled = false;
  /** Directories of the configuration, of the data that is kept, and of sockets; null when none was chosen for those. */
  places: { readonly config: string; readonly data: string; readonly run: string | null } = {
    config: ".",
    data: ".",
    run: null,
  };
  /** Looks at what comes in before anything else does (module corex); null as usual: nobody. */
  incoming: Incoming | null = null;
  /** Whether event_route[core:msg-received] runs (received_route_mode). */
  runsReceived = false;
  /** The number that sets this server apart from others of the same database (server_id). */
  serverId = 0;
  /** What $var(name) holds when a message comes (module pv's varset); null when nothing is said. */
  firstVars: ReadonlyMap<string, Value> | null = null;
  /** Names of the XAVPs with what our Via carries and shows (xavp_via_params, xavp_via_fields); "" none. */
  viaXavps: { params: string; fields: string } = { params: "", fields: "" };
  /** Parameters by group and name, as the script reads them (@cfg_get). */
  groups = new ParameterGroups();
  /** The onreply_route that runs for replies without a transaction (module tm's on_sl_reply); empty for none. */
  strayReplyRoute = "";
  /** What a 3xx in a transaction tells of its contacts, as bits (module tm's rich_redirect). */
  richRedirect = 0;
  readonly tracing = new Tracing();
  /** Answers STUN on the ports of SIP (stun_allow_stun); null where it is not answered. */
  stun: StunServer | null = null;
  /** When the program began, in milliseconds since 1970. */
  readonly started: number;
  /** What the configuration in force is made of: words of #!define, null for one without value, and modules in their order. */
  loaded: { readonly defines: ReadonlyMap<string, string | null>; readonly modules: readonly string[] } = {
    defines: new Map(),
    modules: [],
  };
  /** What modules count, by Kamailio's names; read by $stat. */
  readonly statistics = new Statistics();
  /** Whether onsend_route runs for replies that are forwarded (onsend_route_reply). */
  onsendReplies = false;
  /** Requests longer than this (bytes; 0 for no limit) go by that transport in place of UDP (udp_mtu, udp_mtu_try_proto). */
  udpMtu = 0;
  mtuProtocol: number = Transport.UDP;
  /** Whether every Via of ours asks for rport (local_rport). */
  localRport = false;
  /** Whether replies made here carry a Warning header for troubleshooting (sip_warning). */
  sipWarning = false;
  /** What stands in front of log lines while a message is processed (log_prefix); null for nothing. */
  logPrefix: ((ctx: RouteContext) => string) | null = null;
  /** Whether it is made for each line, not once a message (log_prefix_mode). */
  logPrefixEach = false;
  /** Whether every request is answered as if its Via had rport (force_rport). */
  forceRport = false;
  /** Whether replies made here go to the address that Via names, not to where the request came from (reply_to_via). */
  replyToVia = false;
  /** Whether messages that have a header twice which must be there once are refused (sip_parser_mode). */
  strictHeaders = true;
  /** Whether a stream is also found under the port of sent-by when the Via that comes over it asks (RFC 5923; tcp_accept_aliases). */
  acceptAliases = false;
  /** Whether a stream ends when the request route fails for what came over it (tcp_script_mode 0). */
  closesOnError = true;
  /** Most destinations of a request, the R-URI included (max_branches). */
  maxBranches = 12;
  /** Octets that messages may take together while their scripts wait; beyond it new requests get a 503 and replies are dropped. */
  maxWaiting = 256 << 20;
  /** The flow that the last request written is for, which may not be the one it was meant for (udp_mtu). */
  leaving: Flow | null = null;
  /** "Server: …\r\n" and "User-Agent: …\r\n", or empty when the configuration switches them off. */
  serverLine = "";
  userAgentLine = "";
  /** Where messages are built before they are handed to a flow, which copies them. */
  readonly out = new Uint8Array(OUT_SIZE);

  private readonly tagSeed: number;
  private readonly tagPrefix: string;

  constructor(host: Host, log: Log, wheel: TimerWheel, transports: Transports) {
    this.host = host;
    this.started = host.clock.wall();
    this.log = log;
    this.wheel = wheel;
    this.transports = transports;
    countCore(this.statistics, this.counters);
    countConnections(this.statistics, transports);
    this.strangers = new Strangers(host, log, wheel, this.counters);
    this.limited = this.strangers.limited;
    this.identity = new Identity(transports);
    this.blocklist = new Blocklist(() => host.clock.mono(), wheel);
    this.dns = new Dns(host, {
      speaks: (protocol) => transports.listeners.some((l) => l.protocol === carrierOf(protocol)),
      speaksIpv6: () => transports.listeners.some((l) => l.local.family === 6),
    });
    this.statistics.put("dns", "failed_dns_request", () => this.dns.client.stats.timeouts);
    this.resolver = new Resolver(this.dns, transports);
    this.tagSeed = host.random.uint32();
    this.tagPrefix = hex8(host.random.uint32()) + hex8(host.random.uint32());
  }

  /**
   * Replies to the context's request: through its transaction when there is one, else statelessly (as Kamailio's send_reply).
   * `extra` is whole header lines. Returns 1, or -1 when it could not be sent.
   */
  reply(ctx: RouteContext, code: number, reason: string, extra: string): number {
    return (
      this.transactions?.sendReply(ctx, code, reason, extra) ??
      this.replyStateless(ctx.message, ctx.flow, code, reason, extra)
    );
  }

  /** Replies without a transaction; a reply to ACK is never sent. Returns 1, or -1 when it could not be sent. */
  replyStateless(msg: SipMessage, flow: Flow, code: number, reason: string, extra: string, body = ""): number {
    if (msg.http !== null) return msg.http.answer(code, reason, extra, body);
    if (msg.method === Method.ACK) return -1;
    const end = this.writeLocalReply(msg, flow, code, reason, code === 100 ? "" : this.toTag(msg), extra, body);
    if (end < 0) return -1;
    this.counters.localReply(code);
    const back = this.replyFlow(msg, flow);
    const sent = back?.send(this.out, 0, end) === true;
    if (msg.send?.replyClose === true) back?.finish();
    return sent ? 1 : -1;
  }

  /** Builds a local reply in `out`; returns its end, or a negative number when it does not fit. */
  writeLocalReply(
    msg: SipMessage,
    flow: Flow,
    code: number,
    reason: string,
    toTag: string,
    extra: string,
    body = "",
  ): number {
    const dialog = msg.method === Method.INVITE && code > 100 && code < 300; // RFC 3261 12.1.1: what sets up a dialog carries Record-Route
    const text = reason === "" ? reasonPhrase(code) : reason;
    if (this.log.enabled(Level.DEBUG))
      this.log.debug(`answer to ${flow.remote.address}:${flow.remote.port}: ${code} ${JSON.stringify(text)}`);
    const isScripted = body === "" && msg.replyBody !== "" && code > 100;
    const type = isScripted ? `Content-Type: ${msg.replyBodyType}\r\n` : "";
    const lines = `${msg.replyHeaders}${type}${extra}${this.sipWarning ? this.warning(msg, flow) : ""}`;
    const content = isScripted ? msg.replyBody : body;
    return writeReply(msg, flow.remote, code, text, toTag, dialog, lines, this.serverLine, content, this.out);
  }

  // What sip_warning tells whoever looks for a fault, as Kamailio words it.
  private warning(msg: SipMessage, { remote, listener }: Flow): string {
    const received = textOf(msg.buf, msg.uriStart, msg.uriEnd);
    const where = `req_src_ip=${remote.address} req_src_port=${remote.port} in_uri=${received} out_uri=${msg.requestUri()}`;
    const vias = msg.secondVia() === null ? 1 : 2;
    const text = `Noisy feedback tells:  pid=${this.host.process.pid} ${where} via_cnt${vias === 1 ? "=" : ">"}=${vias}`;
    return `Warning: 392 ${this.identity.hostPort(listener)} "${text.replace(/["\\]/g, "")}"\r\n`;
  }

  /**
   * The tag a stateless reply puts on To: the same for retransmissions of a request, hard to guess for others
   * (RFC 3261 8.2.6.2 asks both).
   */
  toTag(msg: SipMessage): string {
    let h = this.tagSeed;
    const callId = msg.find(H.CALL_ID);
    if (callId >= 0)
      h = hashBytes(msg.buf, msg.index[callId * STRIDE + VALUE_START]!, msg.index[callId * STRIDE + VALUE_END]!, h);
    const via = msg.via();
    if (via !== null && via.branchStart >= 0) h = hashBytes(msg.buf, via.branchStart, via.branchEnd, h);
    const from = msg.from();
    if (from !== null && from.tagStart >= 0) h = hashBytes(msg.buf, from.tagStart, from.tagEnd, h);
    return `${this.tagPrefix}.${hex8(h)}`;
  }

  /**
   * Where replies to a request go (RFC 3261 18.2.2, RFC 3581 4): the same connection for streams; for datagrams the source address, and
   * its port when rport was asked for, else the port of sent-by.
   */
  replyFlow(msg: SipMessage, flow: Flow): Flow | null {
    if (flow.reliable && flow.repliesElsewhere !== true) {
      if (flow.open) return flow;
      const { address } = flow.remote;
      if (msg.send?.replyNoConnect === true)
        return this.transports.openFlow(flow.protocol, address, this.sentByPort(msg));
      const back = this.transports.flowTo(flow.protocol, address, this.sentByPort(msg), flow.listener);
      const ignore = msg.send?.ignoreReplyFailures ?? 0;
      if (back !== null && ignore !== 0) this.blocklist.excuse(back, ignore);
      return back;
    }
    const via = msg.via();
    if (this.replyToVia && via !== null) {
      const named = this.viaAddress(via, msg, flow);
      if (named !== null) return named;
    }
    if (via === null || via.rportStart >= 0 || msg.forceRport) return flow;
    if (via.maddrStart < 0) {
      const port = this.sentByPort(msg);
      if (port === flow.remote.port) return flow;
      return this.transports.flowTo(flow.protocol, flow.remote.address, port, flow.listener);
    }
    return this.resolver.literal(
      flow.protocol,
      msg.buf,
      via.maddrStart,
      via.maddrEnd,
      this.sentByPort(msg),
      flow.listener,
    );
  }

  // As the oracle: the address of sent-by, but the source port where rport asks for it. Null when sent-by is a name.
  private viaAddress(via: ViaRange, msg: SipMessage, flow: Flow): Flow | null {
    const port = via.rportStart >= 0 || msg.forceRport ? flow.remote.port : this.sentByPort(msg);
    return this.resolver.literal(flow.protocol, msg.buf, via.hostStart, via.hostEnd, port, flow.listener);
  }

  /** The port of the Via's sent-by: where a client listens, whatever port it sends from. */
  sentByPort(msg: SipMessage): number {
    const via = msg.via();
    return via === null || via.port < 0 ? 5060 : via.port;
  }

  /**
   * Builds in `out` what is forwarded to a flow: our Via with that branch on top, path as Route, edits applied. `uri` replaces the R-URI
   * when not null. The flow to send it by is `leaving` then. Returns the end, or a negative number.
   */
  writeRequest(
    msg: SipMessage,
    source: Flow,
    to: Flow,
    branch: string,
    uri: string | null,
    path: string | null,
  ): number {
    markSource(msg, source.remote);
    this.leaving = to;
    const end = this.writeOver(msg, source, to, branch, uri, path);
    const other = this.roomier(to, end, msg.send);
    if (other === null) return end;
    this.leaving = other;
    return this.writeOver(msg, source, other, branch, uri, path);
  }

  /** The flow that a request of that length takes in place of a datagram (udp_mtu, udp_mtu_try_proto); null when it stays. */
  roomier(to: Flow, length: number, o: SendOptions | null): Flow | null {
    if (this.udpMtu === 0 || length <= this.udpMtu || to.protocol !== Transport.UDP) return null;
    const protocol = o !== null && o.mtuProtocol >= 0 ? o.mtuProtocol : this.mtuProtocol;
    if (protocol === Transport.UDP) return null;
    return this.transports.flowTo(protocol, to.remote.address, to.remote.port, null); // null: better too large than not at all
  }

  /** Our Via line for a request that leaves by that flow. */
  viaLine(to: Flow, branch: string, o: SendOptions | null): string {
    const { identity } = this;
    return o === null && !this.localRport ? identity.viaLine(to, branch) : identity.viaLineWith(to, branch, o ?? RPORT);
  }

  private writeOver(
    msg: SipMessage,
    source: Flow,
    to: Flow,
    branch: string,
    uri: string | null,
    path: string | null,
  ): number {
    const { identity } = this;
    const o = msg.send;
    const via = this.viaLine(to, branch, o);
    const route = path === null || path === "" ? "" : `Route: ${path}\r\n`;
    const edits = msg.currentEdits();
    const record = edits.recordRoute;
    let top = "";
    if (record !== null || edits.hasLate) {
      const from = o === null ? source.listener : identity.shown(source.listener, o);
      // one socket is one face: a Record-Route of two is for two sockets
      const out = to.listener === source.listener ? from : o === null ? to.listener : identity.shown(to.listener, o);
      if (record !== null) top = record.lines(from, out);
      edits.settleLate(from, out);
    }
    return writeForwardedRequest(msg, uri, via, route, this.out, 0, top);
  }

  /** From here on log lines are about that message; `logPlain` ends it. */
  logAs(message: SipMessage, flow: Flow): void {
    const { logPrefix, routes } = this;
    if (logPrefix === null || routes === null) return;
    let text: string | null = null;
    this.log.settings.prefix = () => {
      if (text === null || this.logPrefixEach) {
        const kind = message.isRequest ? RouteKind.REQUEST : RouteKind.REPLY;
        text = logPrefix(new RouteContext(this, routes, message, flow, kind));
      }
      return text;
    };
  }
  logPlain(): void {
    if (this.logPrefix !== null) this.log.settings.prefix = null;
  }

  /** Whether a URI leads nowhere because we have no socket of its transport; says so in the log. */
  lacksSocket(uri: string): boolean {
    const protocol = this.resolver.protocolOf(uri);
    const carrier = carrierOf(protocol);
    if (protocol === 0 || this.transports.listeners.some((l) => l.protocol === carrier)) return false;
    const what = `no socket listens on ${transportName(protocol)}`;
    this.limited.write(this.log, Level.ERROR, what, `cannot forward to ${uri}: ${what}`);
    return true;
  }

  /** A stream connection has closed; `error` is null when it ended in order. */
  flowClosed(flow: Flow, error: HostError | null): void {
    if (error !== null)
      this.log.debug(`connection with ${flow.remote.address}:${flow.remote.port} failed: ${error.message}`);
    if (error !== null) this.strangers.connectionEnded(flow, error);
    for (const watcher of this.flowWatchers) watcher(flow.id);
    if (error !== null && flow.stage === FlowStage.CONNECTING) this.blocklist.connectFailed(flow);
    // What we said goodbye to ourselves may still be answered, over another connection.
    if (flow.stage !== FlowStage.FINISHED) this.transactions?.flowFailed(flow);
  }

  /** The system says that something sent to that flow did not arrive (ICMP). */
  flowFailed(flow: Flow | null, error: HostError): void {
    this.counters.drop(`send-${error.code}`);
    if (flow === null) return;
    // a datagram that is too long says nothing of its destination
    if (error.code !== "EMSGSIZE") this.blocklist.failed(flow, ICMP.has(error.code) ? Failure.ICMP : Failure.SEND);
    this.transactions?.flowFailed(flow);
  }
}

/** Eight lower-case hex digits of a 32-bit number. */
export function hex8(n: number): string {
  return (n >>> 0).toString(16).padStart(8, "0");
}
