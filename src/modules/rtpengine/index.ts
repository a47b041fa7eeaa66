// Module rtpengine: media through rtpengine, by its "ng" protocol.

import { type CallHash, checksum, digestSum, octetSum, parseRelaySet, Relays } from "../../net/relays/relays.ts";
import { RouteKind } from "../../proxy/context.ts";
import { type Accessor, ArgError, int, optional, str, variable } from "../../registry/args.ts";
import {
  ConfigError,
  defineModule,
  type FunctionDef,
  fn,
  type ParamReaders,
  type ParamValues,
  type PvDef,
  pv,
} from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { ipFamily } from "../../util/ip.ts";
import { core } from "../core/index.ts";
import { tm } from "../tm/index.ts";
import { chooseSets, Engine } from "./engine.ts";
import { mosParams, params } from "./params.ts";
import { commands } from "./rpc.ts";
import { Carries, lastTotals, Sessions } from "./session.ts";
import { jsonText } from "./statistics.ts";
import { NodeTable, RTPENGINE_VERSION } from "./table.ts";

type Params = ParamValues<typeof params>;

/** rtpengine's own default port for control. */
const PORT = 22_222;

/** What the module keeps for the process. */
class State {
  readonly host: ModuleHost;
  engine: Engine | null = null;
  constructor(host: ModuleHost) {
    this.host = host;
  }
}

/** The module in one generation. */
export class RtpEngine {
  private readonly state: State;
  private readonly params: Params;
  private readonly relays: Relays;
  private sessionsOrNull: Sessions | null = null;
  table: NodeTable | null = null;

  constructor(state: State, params: Params) {
    this.state = state;
    this.params = params;
    this.relays = relaysOf(params, hashOf(params.hash_algo, state.host.host.hashing.sha1));
  }

  get sessions(): Sessions {
    return this.sessionsOrNull!;
  }
  get engine(): Engine {
    return this.state.engine!;
  }

  hasSet(set: number): boolean {
    return this.relays.hasSet(set);
  }

  // What Kamailio lets be changed while it runs.
  private allowChanges(engine: Engine): void {
    const { groups } = this.state.host.proxy;
    const allow = (name: string, changed: (value: number) => Partial<Engine["settings"]>): void =>
      groups.allowNumber("rtpengine", name, 0, (value) => {
        engine.settings = engine.pool.settings = { ...engine.settings, ...changed(value) };
      });
    allow("rtpengine_tout_ms", (timeout) => ({ timeout: Math.max(1, timeout) }));
    allow("rtpengine_retr", (retries) => ({ retries }));
    allow("rtpengine_disable_tout", (seconds) => ({ restTime: seconds * 1000 }));
    allow("aggressive_redetection", (mode) => ({ redetects: mode !== 0 }));
    allow("queried_nodes_limit", (most) => ({ most }));
  }

  bind(readers: ParamReaders): void {
    const { params: p, state } = this;
    const named = (name: keyof Params & string): Accessor | null => {
      const text = String(p[name]);
      if (text === "") return null;
      const found = readers.variable(text);
      if (found instanceof ArgError) throw new ConfigError(found.message, name, found.hint);
      return found;
    };
    const settings = {
      timeout: p.rtpengine_tout_ms,
      retries: p.rtpengine_retr,
      restTime: p.rtpengine_disable_tout * 1000,
      redetects: p.aggressive_redetection !== 0,
      allowOff: p.rtpengine_allow_op,
      most: p.queried_nodes_limit,
      callTime: p.hash_table_tout * 1000,
    };
    state.engine ??= new Engine(state.host, settings);
    state.engine.settings = state.engine.pool.settings = settings;
    this.allowChanges(state.engine);
    this.sessionsOrNull = new Sessions(state.engine, p.setid_default, {
      extraId: named("extra_id_pv"),
      setId: named("setid_avp"),
      readSdp: named("read_sdp_pv"),
      writeSdp: named("write_sdp_pv"),
      instance: named("rtp_inst_pvar"),
      duration: named("media_duration"),
      labelA: named("mos_A_label_pv"),
      labelB: named("mos_B_label_pv"),
      mos: mosParams.flatMap(({ name, value, of }) => {
        const target = named(name as keyof Params & string);
        return target === null ? [] : [{ value, of, target }];
      }),
    });
  }

  async start(): Promise<void> {
    const { params: p, engine, state } = this;
    const { client } = engine.pool;
    if (p.control_cmd_tos >= 0) client.marks = { trafficClass: p.control_cmd_tos };
    const family = ipFamily(p.force_send_interface);
    if (family !== 0) client.local = { ...client.local, [family]: p.force_send_interface };
    engine.pool.relays = this.relays;
    if (p.db_url !== "") {
      this.table = new NodeTable(state.host.database(p.db_url), {
        name: p.table_name,
        set: p.setid_col,
        url: p.url_col,
        weight: p.weight_col,
        disabled: p.disabled_col,
        defaultPort: PORT,
      });
      await this.table.load(this.relays);
    }
    engine.pool.testAll();
  }
}

/** hash_algo; Kamailio's other values choose nothing. */
function hashOf(algorithm: number, sha1: (text: string) => string): CallHash {
  if (algorithm === 1) return digestSum(sha1);
  return algorithm === 2 ? checksum : octetSum;
}

function relaysOf(p: Params, hash: CallHash): Relays {
  const relays = new Relays(hash);
  if (p.db_url !== "") return relays;
  for (const text of p.rtpengine_sock) {
    const parsed = parseRelaySet(text, PORT, p.setid_default);
    if (typeof parsed === "string")
      throw new ConfigError(parsed, "rtpengine_sock", '"udp:192.0.2.1:22222" or "1 == udp:host:port=2 udp:host:port"');
    for (const place of parsed.places) relays.add(place, parsed.set);
  }
  return relays;
}

const ANY = RouteKind.ANY;

function describing(command: "offer" | "answer", doc: string, replaces = true): FunctionDef<RtpEngine> {
  return fn({
    args: [optional(str("flags"))],
    routes: ANY,
    waits: "maybe",
    doc,
    run: (self: RtpEngine, ctx, flags) => self.sessions.describe(ctx, command, flags ?? "", replaces),
  });
}

function commanding(command: string, carries: number, doc: string): FunctionDef<RtpEngine> {
  return fn({
    args: [optional(str("flags"))],
    routes: ANY,
    waits: "maybe",
    doc,
    run: (self: RtpEngine, ctx, flags) =>
      self.sessions.command(ctx, command, flags ?? "", carries).then((answer) => (answer === null ? -1 : 1)),
  });
}

const totals: PvDef<RtpEngine> = {
  ...pv(
    "Totals of the call's media: bytes, packets and errors of RTP and RTCP. The relay is asked each time.",
    (_, ctx) => lastTotals(ctx),
  ),
  ask: (self, ctx) => self.sessions.askTotals(ctx),
};

/** Kamailio's module rtpengine. */
export const rtpengine = defineModule({
  name: "rtpengine",
  doc: "Media through rtpengine.",
  uses: [core],
  mayUse: [tm],
  params,
  state: (host) => new State(host),
  configure: (state, p): RtpEngine => new RtpEngine(state, p),
  bind: (self, readers) => self.bind(readers),
  start: (self) => self.start(),
  stop: (state) => state.engine?.pool.client.close(),
  kemi: {
    rtpengine_manage0: "rtpengine_manage",
    rtpengine_offer0: "rtpengine_offer",
    rtpengine_answer0: "rtpengine_answer",
    rtpengine_delete0: "rtpengine_delete",
    rtpengine_query0: "rtpengine_query",
    block_media0: "block_media",
    unblock_media0: "unblock_media",
    silence_media0: "silence_media",
    unsilence_media0: "unsilence_media",
    block_dtmf0: "block_dtmf",
    unblock_dtmf0: "unblock_dtmf",
    stop_media0: "stop_media",
    set_rtpengine_set2: "set_rtpengine_set",
  },
  functions: {
    set_rtpengine_set: fn({
      args: [int("setid"), optional(int("setid2"))],
      routes: ANY,
      doc: "The set of relays for what follows in this route; with two, descriptions go through one of each.",
      run: (self: RtpEngine, ctx, first, second) => {
        if (!self.hasSet(first) || (second !== undefined && (second === first || !self.hasSet(second)))) return -1;
        chooseSets(ctx, { first, second: second ?? null });
        return 1;
      },
    }),
    rtpengine_offer: describing("offer", "Has rtpengine rewrite the description of an offer."),
    rtpengine_answer: describing("answer", "Has rtpengine rewrite the description of an answer."),
    rtpengine_info: describing("offer", "Tells rtpengine of ICE candidates of an INFO (trickle ICE).", false),
    rtpengine_delete: {
      ...commanding("delete", Carries.TAGS, "Ends the media of the call."),
      aliases: ["rtpengine_destroy"],
    },
    rtpengine_query: commanding(
      "query",
      Carries.TAGS,
      "Asks for the state of the call; variables of mos_* parameters are set.",
    ),
    rtpengine_query_v: fn({
      args: [str("fmt"), variable("var")],
      routes: ANY,
      waits: "maybe",
      doc: 'Asks for the state of the call and writes it into a variable as JSON: "j" compact, "jp" for people.',
      run: async (self: RtpEngine, ctx, format, target) => {
        const answer = await self.sessions.command(ctx, "query", "", Carries.TAGS);
        if (answer === null || target.set === undefined) return -1;
        target.set(ctx, jsonText(answer, format === "jp"));
        return 1;
      },
    }),
    rtpengine_manage: fn({
      args: [optional(str("flags"))],
      routes: ANY,
      waits: "maybe",
      doc: "Offer, answer or end, as message and route have it.",
      run: (self: RtpEngine, ctx, flags) => self.sessions.manage(ctx, flags ?? ""),
    }),
    start_recording: commanding("start recording", Carries.TAGS, "Begins to record the call."),
    stop_recording: commanding("stop recording", Carries.TAGS, "Ends recording."),
    block_dtmf: commanding("block DTMF", Carries.LITTLE, "Lets no DTMF events through."),
    unblock_dtmf: commanding("unblock DTMF", Carries.LITTLE, "Lets them through again."),
    block_media: commanding("block media", Carries.LITTLE, "Lets no media through."),
    unblock_media: commanding("unblock media", Carries.LITTLE, "Lets it through again."),
    silence_media: commanding("silence media", Carries.LITTLE, "Puts silence in place of audio."),
    unsilence_media: commanding("unsilence media", Carries.LITTLE, "Ends that."),
    start_forwarding: commanding(
      "start forwarding",
      Carries.LITTLE,
      "Begins to forward audio to the recording daemon.",
    ),
    stop_forwarding: commanding("stop forwarding", Carries.LITTLE, "Ends that."),
    play_media: commanding("play media", Carries.TAGS, "Plays a file to a party."),
    stop_media: commanding("stop media", Carries.TAGS, "Ends playing."),
    play_dtmf: commanding("play DTMF", Carries.TAGS, "Plays DTMF events."),
  },
  pvs: {
    rtpestat: totals,
    rtpstat: { ...totals, doc: "The same." },
  },
  rpc: commands,
  tables: { rtpengine: { version: RTPENGINE_VERSION, doc: "Relays." } },
});

export default rtpengine;
