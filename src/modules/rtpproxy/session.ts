// One function of the script: what it asks of the relay, and what the answers change in the message.

import type { Relay } from "../../net/relays/relays.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { BodyRange, findSdp } from "../../sip/sdp-body.ts";
import type { Transaction } from "../../tm/index.ts";
import { textOf } from "../../util/bytes.ts";
import { ipFamily } from "../../util/ip.ts";
import type { Abilities, Client, Words } from "./client.ts";
import { type Flags, parseFlags } from "./flags.ts";
import { IcePriority, isMarked, type Relayed, rewrite, type Stream, streamsOf } from "./rewrite.ts";

const range = new BodyRange();
const SET = {};
const STATISTICS = {};

/** What parameters name and say. */
export interface SessionSettings {
  readonly mark: string;
  readonly timeoutSocket: string;
  readonly extraId: Accessor | null;
  readonly instance: Accessor | null;
  readonly icePriority: Accessor | null;
}

/** The call of a message: what the relay knows it by. */
interface CallNames {
  readonly id: string;
  readonly callId: string;
  readonly from: string;
  readonly to: string;
}

/** Runs the functions of one generation. */
export class Sessions {
  readonly client: Client;
  private readonly settings: SessionSettings;

  constructor(client: Client, settings: SessionSettings) {
    this.client = client;
    this.settings = settings;
  }

  /** Chooses the set for what follows in this run. */
  chooseSet(ctx: RouteContext, set: number): number {
    if (!this.client.pool.relays.hasSet(set)) return -1;
    ctx.attach(SET, set);
    return 1;
  }

  private setOf(ctx: RouteContext): number {
    return ctx.attachment<number>(SET) ?? 0;
  }

  /** An offer or an answer; `address` stands in place of the relay's. */
  async describe(ctx: RouteContext, isOffer: boolean, text: string, address: string): Promise<number> {
    const { message: msg } = ctx;
    const flags = parseFlags(text);
    if (flags instanceof ArgError) return this.refuse(flags.message);
    if (!isOffer && msg.isRequest && msg.method !== Method.ACK && msg.method !== Method.PRACK) return -1;
    const names = this.namesOf(ctx, flags);
    if (names === null) return -1;
    const looksUp = !isOffer || flags.looksUp;
    if (looksUp && names.to === "") return -1;
    if (!findSdp(msg, range)) return this.refuse("the message has no session description");
    const { mark } = this.settings;
    if (!flags.forces && isMarked(msg.buf, range, mark)) return -2;
    const streams = streamsOf(msg.buf, range);
    if (streams === null) return this.refuse("the session description cannot be used");
    // who the description is from: in an offer within a reply, and in an answer within a request, that is the one in To
    const turned = names.to !== "" && msg.isRequest === looksUp;
    const from = turned ? names.to : names.from;
    const to = turned ? names.from : names.to;
    if (!this.client.pool.relays.hasSet(this.setOf(ctx))) return -3;
    const places = await this.relay(ctx, streams, flags, looksUp, { ...names, from, to }, address);
    if (places === null) return -1;
    // looked for again: bytes move while functions wait
    if (!findSdp(ctx.message, range)) return -1;
    const how = { session: flags.session, mark, ice: this.iceOf(ctx) };
    return rewrite(ctx.message.buf, range, ctx.message.currentEdits(), places, how) ? 1 : -1;
  }

  private async relay(
    ctx: RouteContext,
    streams: readonly Stream[],
    flags: Flags,
    looksUp: boolean,
    names: CallNames,
    given: string,
  ): Promise<Relayed[] | null> {
    const { client } = this;
    const source = ctx.flow.remote;
    let relay: Relay | null = null;
    const places: Relayed[] = [];
    for (const [i, stream] of streams.entries()) {
      const address = flags.trusts ? stream.address : source.address;
      const command = (can: Abilities): string => this.command(stream, flags, looksUp, names, i + 1, address, can);
      let words: Words | null;
      if (relay === null) {
        const answered = await client.send(this.setOf(ctx), names.callId, command);
        if (answered === null) return null;
        ({ relay, answer: words } = answered);
      } else words = await client.sendTo(relay, command);
      if (words === null) return null;
      this.settings.instance?.set?.(ctx, relay.url);
      const [port = "", said = "", family = ""] = words;
      if (!/^\d{1,5}$/.test(port) || Number(port) === 0) {
        client.complain(`${relay.url} gives no port: ${words.join(" ").slice(0, 80)}`);
        return null;
      }
      const where = given !== "" ? given.replace(/^\[|\]$/g, "") : said !== "" ? said : relay.hostname;
      const is6 = given === "" && said !== "" ? family === "6" || ipFamily(said) === 6 : ipFamily(where) === 6;
      places.push({ port: Number(port), address: where, family: is6 ? 6 : 4 });
    }
    return places;
  }

  private command(
    stream: Stream,
    flags: Flags,
    looksUp: boolean,
    names: CallNames,
    number: number,
    address: string,
    can: Abilities,
  ): string {
    let letters = flags.letters;
    if (flags.bridges) letters += stream.family === 6 ? "EI" : "IE";
    if (stream.family === 6) letters += "6";
    if (flags.repacketize !== "" && can.repacketizes) letters += `Z${flags.repacketize}`;
    if (stream.formats !== null && can.formats) letters += `c${stream.formats}`;
    const to = names.to === "" ? "" : ` ${names.to};${number}`;
    const notify = !looksUp && to !== "" && this.settings.timeoutSocket !== "" ? ` ${this.settings.timeoutSocket}` : "";
    return `${looksUp ? "L" : "U"}${letters} ${names.id} ${address} ${stream.port} ${names.from};${number}${to}${notify}`;
  }

  /** What the message and where it runs ask for. */
  manage(ctx: RouteContext, text: string, address: string): Promise<number> | number {
    const { message: msg, kind } = ctx;
    if (kind === RouteKind.BRANCH_FAILURE) return -1;
    if (kind === RouteKind.FAILURE) return this.destroy(ctx, text);
    const method = msg.isRequest ? msg.method : (msg.cseq()?.method ?? Method.UNKNOWN);
    if (method === Method.BYE || method === Method.CANCEL) return this.destroy(ctx, text);
    const isAck = method === Method.ACK || method === Method.PRACK;
    if (!isAck && method !== Method.INVITE && method !== Method.UPDATE) return -1;
    if (!msg.isRequest && msg.status >= 300) return this.destroy(ctx, text);
    if (!findSdp(msg, range)) return -1;
    if (msg.isRequest) return this.describe(ctx, !isAck, text, address);
    const tx = ctx.transaction as Transaction | null;
    const answers = tx === null || findSdp(tx.request(), new BodyRange());
    return this.describe(ctx, !answers, text, address);
  }

  /** Ends the call at the relay. */
  async destroy(ctx: RouteContext, text: string): Promise<number> {
    const flags = parseFlags(text);
    if (flags instanceof ArgError) return this.refuse(flags.message);
    return this.simple(ctx, flags, ({ id, from, to }) => `D ${id} ${tags(from, flags.withoutToTag ? "" : to)}`);
  }

  startRecording(ctx: RouteContext): Promise<number> {
    return this.simple(ctx, PLAIN, ({ id, from, to }) => `R ${id} ${tags(from, to)}`);
  }

  /** Plays a prompt to the caller's or the callee's side. */
  play(ctx: RouteContext, prompt: string, count: number, toCaller: boolean): Promise<number> {
    return this.simple(ctx, PLAIN, ({ id, from, to }) =>
      to === "" || /\s/.test(prompt) ? null : `P${count} ${id} ${prompt} session ${pair(from, to, toCaller)}`,
    );
  }

  stop(ctx: RouteContext, toCaller: boolean): Promise<number> {
    return this.simple(ctx, PLAIN, ({ id, from, to }) => (to === "" ? null : `S ${id} ${pair(from, to, toCaller)}`));
  }

  /** Asks for the counters of the call, which lastStatistics then gives; an error of the relay is given as it is. */
  async query(ctx: RouteContext): Promise<number> {
    ctx.attach(STATISTICS, null);
    const names = this.namesOf(ctx, PLAIN);
    if (names === null) return -1;
    const { id, from, to } = names;
    const command = to === "" ? `Q ${id} ${from}` : `Q ${id} ${from};1 ${to}`;
    const answered = await this.client.send(this.setOf(ctx), names.callId, () => command);
    if (answered !== null) ctx.attach(STATISTICS, answered.answer.join(" "));
    return 1;
  }

  private async simple(ctx: RouteContext, flags: Flags, make: (names: CallNames) => string | null): Promise<number> {
    const names = this.namesOf(ctx, flags);
    const command = names === null ? null : make(names);
    if (names === null || command === null) return -1;
    const answered = await this.client.send(this.setOf(ctx), names.callId, () => command);
    if (answered === null) return -1;
    this.settings.instance?.set?.(ctx, answered.relay.url);
    return 1;
  }

  private namesOf(ctx: RouteContext, flags: Flags): CallNames | null {
    const { message: msg } = ctx;
    const callId = msg.header(H.CALL_ID);
    const from = tagOf(msg, "from");
    if (callId === null || from === "" || /\s/.test(callId)) return null;
    let extra = "";
    if (flags.branch === "extra") extra = String(this.settings.extraId?.get(ctx) ?? "");
    else if (flags.branch !== 0) {
      const second = flags.branch === 2 || (flags.branch === 3 && !msg.isRequest);
      const via = second ? msg.secondVia() : msg.via();
      extra = via === null || via.branchStart < 0 ? "" : textOf(msg.buf, via.branchStart, via.branchEnd);
    }
    if (flags.branch !== 0 && (extra === "" || /\s/.test(extra))) {
      this.client.complain(`what the Call-ID is to be told apart by is not there (flag ${flags.branch})`);
      return null;
    }
    return { id: extra === "" ? callId : `${callId};${extra}`, callId, from, to: tagOf(msg, "to") };
  }

  private iceOf(ctx: RouteContext): number {
    const { icePriority } = this.settings;
    if (icePriority === null) return IcePriority.NONE;
    const value = icePriority.get(ctx);
    if (value !== null && Number(value) === 0) return IcePriority.NONE;
    return value !== null && Number(value) === 1 ? IcePriority.HIGH : IcePriority.LOW;
  }

  private refuse(why: string): number {
    this.client.complain(why);
    return -1;
  }
}

/** What the last query of this run has brought; null without one. */
export function lastStatistics(ctx: RouteContext): string | null {
  return ctx.attachment<string | null>(STATISTICS) ?? null;
}

const PLAIN = parseFlags("") as Flags;

function tags(from: string, to: string): string {
  return to === "" ? from : `${from} ${to}`;
}
function pair(from: string, to: string, toCaller: boolean): string {
  return toCaller ? `${from};1 ${to};1` : `${to};1 ${from};1`;
}

function tagOf(msg: SipMessage, which: "from" | "to"): string {
  const party = which === "from" ? msg.from() : msg.to();
  return party === null || party.tagStart < 0 ? "" : textOf(msg.buf, party.tagStart, party.tagEnd);
}
