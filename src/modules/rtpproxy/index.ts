// Module rtpproxy: media through rtpproxy, by its text protocol.

import { parseRelay, parseRelaySet, Relays } from "../../net/relays/relays.ts";
import { RouteKind } from "../../proxy/context.ts";
import { type Accessor, ArgError, int, optional, str } from "../../registry/args.ts";
import {
  ConfigError,
  defineModule,
  type FunctionDef,
  fn,
  intParam,
  manyParam,
  type ParamReaders,
  type ParamValues,
  type PvDef,
  pv,
  RpcError,
  strParam,
} from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { core } from "../core/index.ts";
import { Client } from "./client.ts";
import { lastStatistics, Sessions } from "./session.ts";

/** rtpproxy's own default port for control. */
const PORT = 22_222;
/** Kamailio's version number of table rtpproxy. */
const RTPPROXY_VERSION = 1;

const params = {
  rtpproxy_sock: manyParam('Relays: "[set ==] udp:host:port[=weight] …".'),
  rtpproxy_disable_tout: intParam(60, "How long a relay that does not answer is left alone.", { unit: "s", min: 0 }),
  rtpproxy_tout: intParam(1, "How long an answer is waited for, each time.", { unit: "s", min: 1, max: 60 }),
  rtpproxy_retr: intParam(5, "How often a request is repeated.", { min: 0, max: 20 }),
  nortpproxy_str: strParam(
    "a=nortpproxy:yes\r\n",
    "The line that marks descriptions that go by a relay; empty for none.",
  ),
  timeout_socket: strParam("", "Where relays report media that have gone silent; told with offers within a call."),
  ice_candidate_priority_avp: strParam("", "Variable for our ICE candidates: 0 none, 1 high priority, else low."),
  extra_id_pv: strParam("", 'Variable that tells branches apart with flag "b".'),
  db_url: strParam("", "Database with the relays, in place of rtpproxy_sock."),
  table_name: strParam("rtpproxy", "Its table."),
  rtp_inst_pvar: strParam("", "Variable that gets the address of the relay chosen."),
};
type Params = ParamValues<typeof params>;

class State {
  readonly host: ModuleHost;
  client: Client | null = null;
  constructor(host: ModuleHost) {
    this.host = host;
  }
}

class RtpProxy {
  private readonly state: State;
  private readonly params: Params;
  private readonly relays = new Relays();
  private sessionsOrNull: Sessions | null = null;

  constructor(state: State, params: Params) {
    this.state = state;
    this.params = params;
    if (params.db_url !== "") return;
    for (const text of params.rtpproxy_sock) {
      const parsed = parseRelaySet(text, PORT);
      if (typeof parsed === "string")
        throw new ConfigError(parsed, "rtpproxy_sock", '"udp:192.0.2.1:22222" or "1 == udp:host:port udp:host:port"');
      for (const place of parsed.places) this.relays.add(place, parsed.set);
    }
  }

  get sessions(): Sessions {
    return this.sessionsOrNull!;
  }
  get client(): Client {
    return this.state.client!;
  }

  bind(readers: ParamReaders): void {
    const { params: p, state } = this;
    const named = (name: "extra_id_pv" | "rtp_inst_pvar" | "ice_candidate_priority_avp"): Accessor | null => {
      if (p[name] === "") return null;
      const found = readers.variable(p[name]);
      if (found instanceof ArgError) throw new ConfigError(found.message, name, found.hint);
      return found;
    };
    const settings = {
      timeout: p.rtpproxy_tout * 1000,
      retries: p.rtpproxy_retr,
      restTime: p.rtpproxy_disable_tout * 1000,
      redetects: false,
      most: 0,
    };
    state.client ??= new Client(state.host, settings);
    state.client.pool.settings = settings;
    this.sessionsOrNull = new Sessions(state.client, {
      mark: p.nortpproxy_str,
      timeoutSocket: p.timeout_socket,
      extraId: named("extra_id_pv"),
      instance: named("rtp_inst_pvar"),
      icePriority: named("ice_candidate_priority_avp"),
    });
  }

  async start(): Promise<void> {
    const { params: p, state, relays, client } = this;
    client.pool.relays = relays;
    if (p.db_url !== "") {
      const database = state.host.database(p.db_url);
      await database.ensureTable({ name: p.table_name, layout: "rtpproxy", version: RTPPROXY_VERSION });
      for (const row of await database.query(p.table_name, ["setid", "url", "weight"], [])) {
        const place = parseRelay(String(row["url"] ?? ""), PORT);
        if (typeof place === "string") state.host.log.error(place);
        else relays.add({ ...place, weight: Number(row["weight"] ?? 1) }, Number(row["setid"] ?? 0));
      }
    }
    client.pool.testAll();
  }
}

const ANY = RouteKind.ANY;

function describing(isOffer: boolean, doc: string): FunctionDef<RtpProxy> {
  return fn({
    args: [optional(str("flags")), optional(str("ip_address"))],
    routes: ANY,
    waits: "maybe",
    doc,
    run: (self: RtpProxy, ctx, flags, address) => self.sessions.describe(ctx, isOffer, flags ?? "", address ?? ""),
  });
}

function playing(toCaller: boolean): FunctionDef<RtpProxy> {
  return fn({
    args: [str("prompt_name"), int("count")],
    routes: ANY,
    waits: "maybe",
    doc: `Plays a prompt to the ${toCaller ? "caller" : "callee"} so many times; -1 until it is stopped.`,
    run: (self: RtpProxy, ctx, prompt, count) => self.sessions.play(ctx, prompt, count, toCaller),
  });
}

function stopping(toCaller: boolean): FunctionDef<RtpProxy> {
  return fn({
    routes: ANY,
    waits: "maybe",
    doc: `Stops what plays to the ${toCaller ? "caller" : "callee"}.`,
    run: (self: RtpProxy, ctx) => self.sessions.stop(ctx, toCaller),
  });
}

const destroying: FunctionDef<RtpProxy> = fn({
  args: [optional(str("flags"))],
  routes: ANY,
  waits: "maybe",
  doc: "Ends the media of the call.",
  run: (self: RtpProxy, ctx, flags) => self.sessions.destroy(ctx, flags ?? ""),
});

const statistics: PvDef<RtpProxy> = {
  ...pv("Counters of the call's media, as the relay gives them. It is asked each time.", (_, ctx) =>
    lastStatistics(ctx),
  ),
  ask: (self, ctx) => self.sessions.query(ctx),
};

/** Kamailio's module rtpproxy. */
export const rtpproxy = defineModule({
  name: "rtpproxy",
  doc: "Media through rtpproxy.",
  uses: [core],
  params,
  state: (host) => new State(host),
  configure: (state, p): RtpProxy => new RtpProxy(state, p),
  bind: (self, readers) => self.bind(readers),
  start: (self) => self.start(),
  stop: (state) => state.client?.pool.client.close(),
  kemi: {
    rtpproxy_manage0: "rtpproxy_manage",
    rtpproxy_manage_ip: "rtpproxy_manage",
    rtpproxy_offer0: "rtpproxy_offer",
    rtpproxy_offer_ip: "rtpproxy_offer",
    rtpproxy_answer0: "rtpproxy_answer",
    rtpproxy_answer_ip: "rtpproxy_answer",
    rtpproxy_destroy0: "rtpproxy_destroy",
    set_rtpproxy_set: "set_rtp_proxy_set",
  },
  functions: {
    set_rtp_proxy_set: fn({
      args: [int("setid")],
      routes: ANY,
      doc: "The set of relays for what follows in this route.",
      run: (self: RtpProxy, ctx, set) => self.sessions.chooseSet(ctx, set),
    }),
    rtpproxy_offer: describing(
      true,
      "Has the media of an offer go by a relay; the description is rewritten. -2 when it has been before.",
    ),
    rtpproxy_answer: describing(false, "The same for an answer."),
    force_rtp_proxy: fn({
      args: [optional(str("flags")), optional(str("ip_address"))],
      routes: ANY,
      waits: "maybe",
      doc: "Of 3.1: an offer in requests, an answer in replies and ACKs.",
      run: (self: RtpProxy, ctx, flags, address) => {
        const isOffer = ctx.message.isRequest && ctx.message.methodText() !== "ACK";
        return self.sessions.describe(ctx, isOffer, flags ?? "", address ?? "");
      },
    }),
    rtpproxy_manage: fn({
      args: [optional(str("flags")), optional(str("ip_address"))],
      routes: ANY,
      waits: "maybe",
      doc: "Offer, answer or end, as message and route have it.",
      run: (self: RtpProxy, ctx, flags, address) => self.sessions.manage(ctx, flags ?? "", address ?? ""),
    }),
    rtpproxy_destroy: destroying,
    unforce_rtp_proxy: destroying,
    rtpproxy_stream2uac: playing(true),
    rtpproxy_stream2uas: playing(false),
    rtpproxy_stop_stream2uac: stopping(true),
    rtpproxy_stop_stream2uas: stopping(false),
    start_recording: fn({
      args: [optional(str("flags"))],
      routes: ANY,
      waits: "maybe",
      doc: "Begins to record the call.",
      run: (self: RtpProxy, ctx) => self.sessions.startRecording(ctx),
    }),
  },
  pvs: {
    rtppstat: statistics,
    rtpstat: { ...statistics, doc: "The same." },
  },
  rpc: {
    "rtpproxy.enable": {
      doc: "Switches a relay off (0) or on.",
      args: [
        { name: "url", kind: "str", optional: false },
        { name: "enable", kind: "int", optional: false },
      ],
      run: (self, args) => {
        const relays = self.client.pool.relays.named(String(args[0]));
        if (relays.length === 0) throw new RpcError(404, "RTPProxy not found");
        for (const relay of relays) {
          relay.off = Number(args[1]) === 0;
          if (!relay.off) void self.client.pool.test(relay);
        }
        return {};
      },
    },
    "rtpproxy.list": {
      doc: "All relays and their state.",
      args: [],
      run: ({ client }) =>
        client.pool.relays.all.map((relay) => ({
          setid: relay.set,
          url: relay.url,
          index: relay.index,
          disabled: relay.isUsed ? 0 : 1,
          weight: relay.weight,
          recheck: relay.off ? -1 : client.pool.restOf(relay),
        })),
    },
  },
  tables: { rtpproxy: { version: RTPPROXY_VERSION, doc: "Relays." } },
});

export default rtpproxy;
