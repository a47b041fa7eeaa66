// One function of the script: the request to rtpengine that a message and flags make, and what its answer changes.

import type { RouteContext } from "../../proxy/context.ts";
import { RouteKind } from "../../proxy/context.ts";
import type { Accessor } from "../../registry/args.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { BodyRange, findSdp } from "../../sip/sdp-body.ts";
import { toText } from "../../sip/value.ts";
import { branchId } from "../../tm/branch-id.ts";
import type { Transaction } from "../../tm/index.ts";
import { textOf } from "../../util/bytes.ts";
import { tm } from "../tm/index.ts";
import type { Dictionary } from "./bencode.ts";
import { chosenSets, type Engine } from "./engine.ts";
import { type Flags, parseFlags, type ViaBranch } from "./flags.ts";
import { type MosValue, mosText, totalsText } from "./statistics.ts";

const range = new BodyRange();
const LAST = {};

/** A variable that takes a value of the quality. */
export interface MosVariable {
  readonly value: MosValue;
  /** Whose: "A" and "B" are named by labels. */
  readonly of: "" | "A" | "B";
  readonly target: Accessor;
}

/** What parameters name. */
export interface SessionVariables {
  readonly extraId: Accessor | null;
  readonly setId: Accessor | null;
  readonly readSdp: Accessor | null;
  readonly writeSdp: Accessor | null;
  readonly instance: Accessor | null;
  readonly duration: Accessor | null;
  readonly labelA: Accessor | null;
  readonly labelB: Accessor | null;
  readonly mos: readonly MosVariable[];
}

/** Kinds of command by what they carry: a description; a tag always, or only when it is asked for. */
export const Carries = { SDP: 1, TAGS: 2, LITTLE: 3 } as const;

/** Runs the commands of one generation. */
export class Sessions {
  readonly engine: Engine;
  readonly defaultSet: number;
  readonly variables: SessionVariables;

  constructor(engine: Engine, defaultSet: number, variables: SessionVariables) {
    this.engine = engine;
    this.defaultSet = defaultSet;
    this.variables = variables;
  }

  /** offer or answer; `replaces`: the description in the answer takes the place of the message's. */
  async describe(ctx: RouteContext, command: "offer" | "answer", text: string, replaces = true): Promise<number> {
    const flags = parseFlags(text);
    const { message: msg } = ctx;
    if (command === "answer" && msg.method === Method.INVITE && msg.isRequest) return -1; // as the oracle
    const op = flags.answers ? "answer" : command;
    const made = this.begin(ctx, flags);
    if (made !== 1) return made;
    const { readSdp } = this.variables;
    let sdp: string;
    if (readSdp !== null) sdp = toText(readSdp.get(ctx));
    else if (isFragment(msg)) {
      sdp = textOf(msg.buf, msg.bodyStart, msg.end);
      const listed = flags.entries["flags"];
      flags.entries["flags"] = [...(Array.isArray(listed) ? listed : []), "fragment"];
    } else if (findSdp(msg, range)) sdp = textOf(msg.buf, range.start, range.end);
    else return this.refuse("the message has no session description");
    const sets = this.setsOf(ctx);
    for (const set of [sets.first, ...(sets.second === null ? [] : [sets.second])]) {
      const answer = await this.send(ctx, op, flags, Carries.SDP, set, sdp);
      if (answer === null) return -1;
      if (!replaces) continue;
      const rewritten = answer["sdp"];
      if (typeof rewritten !== "string") return this.refuse("the answer holds no session description");
      sdp = rewritten;
    }
    if (replaces) this.put(ctx, sdp);
    return 1;
  }

  // The branch that the request will leave by is known when there is a transaction; one that is absorbed ends the script.
  private begin(ctx: RouteContext, { viaBranch }: Flags): number {
    const wants = viaBranch === "next" || (viaBranch === "auto-next" && ctx.message.isRequest);
    if (!wants || ctx.transaction !== null || ctx.kind !== RouteKind.REQUEST) return 1;
    return this.engine.host.useIfLoaded(tm)?.newTransaction(ctx) ?? 1;
  }

  private put(ctx: RouteContext, sdp: string): void {
    const { writeSdp } = this.variables;
    if (writeSdp !== null) {
      writeSdp.set?.(ctx, sdp);
      return;
    }
    const { message: msg } = ctx;
    if (!findSdp(msg, range)) return; // looked for again: bytes move while functions wait
    msg.currentEdits().add(range.start, range.end - range.start, sdp);
  }

  /** A command without a description. The answer, or null. */
  async command(ctx: RouteContext, name: string, text: string, carries: number): Promise<Dictionary | null> {
    const flags = parseFlags(text);
    const sets = this.setsOf(ctx);
    let answer = await this.send(ctx, name, flags, carries, sets.first, null);
    if (answer !== null && sets.second !== null) answer = await this.send(ctx, name, flags, carries, sets.second, null);
    if (answer === null) return null;
    if (name === "delete" || name === "query") this.tellQuality(ctx, answer);
    if (name === "play media") {
      const duration = answer["duration"];
      this.variables.duration?.set?.(ctx, typeof duration === "number" ? duration : -1);
    }
    return answer;
  }

  /** Asks for what lastTotals then gives. */
  async askTotals(ctx: RouteContext): Promise<number> {
    ctx.attach(LAST, null);
    return (await this.command(ctx, "query", "", Carries.TAGS)) === null ? -1 : 1;
  }

  /** What the message and where it runs ask for. */
  manage(ctx: RouteContext, text: string): Promise<number> | number {
    const { message: msg, kind } = ctx;
    if (kind === RouteKind.BRANCH_FAILURE) return -1;
    if (kind === RouteKind.FAILURE) return this.end(ctx, text);
    const hasSdp = this.variables.readSdp !== null || findSdp(msg, range);
    const method = msg.isRequest ? msg.method : (msg.cseq()?.method ?? Method.UNKNOWN);
    if (method === Method.BYE || method === Method.CANCEL) return this.end(ctx, text);
    const isAck = method === Method.ACK || method === Method.PRACK;
    if (!isAck && method !== Method.INVITE && method !== Method.UPDATE) return -1;
    if (!msg.isRequest && msg.status >= 300) return this.end(ctx, text);
    if (!hasSdp) return -1;
    if (msg.isRequest) return this.describe(ctx, isAck ? "answer" : "offer", text);
    return this.describe(ctx, requestHadSdp(ctx) ? "answer" : "offer", text);
  }

  /** delete. */
  async end(ctx: RouteContext, text: string): Promise<number> {
    return (await this.command(ctx, "delete", text, Carries.TAGS)) === null ? -1 : 1;
  }

  // ---- the request ----

  private async send(
    ctx: RouteContext,
    command: string,
    flags: Flags,
    carries: number,
    set: number,
    sdp: string | null,
  ): Promise<Dictionary | null> {
    const { message: msg } = ctx;
    const callId = flags.callId ?? msg.header(H.CALL_ID);
    if (callId === null) return this.fail("the message has no Call-ID");
    const viaBranch = this.viaBranchOf(ctx, flags.viaBranch);
    if (viaBranch === "") return this.fail(`via-branch=${flags.viaBranch} is not there`);
    const tags = this.tagsOf(msg, command, flags, carries);
    if (tags === null) return this.fail("the message has no tag of To");
    const { family, address } = ctx.flow.remote;
    const entries: Dictionary = {
      supports: ["load limit"],
      ...(sdp === null ? {} : { sdp }),
      ...(command === "delete" ? withoutReplace(flags.entries) : flags.entries),
      "call-id": callId,
      ...(viaBranch === null ? {} : { "via-branch": viaBranch }),
      "received-from": [`IP${family}`, address],
      ...tags,
      command,
    };
    const key = viaBranch === null ? callId : `${callId}\n${viaBranch}`;
    const outcome = await this.engine.request(set, { callId, key }, entries, command === "delete");
    if (outcome === null) return null;
    this.variables.instance?.set?.(ctx, outcome.relay.url);
    const { answer } = outcome;
    if (typeof answer["warning"] === "string") this.engine.complain(`${outcome.relay.url} warns: ${answer["warning"]}`);
    if (answer["result"] === "error")
      return this.fail(`${outcome.relay.url} refuses ${command}: ${String(answer["error-reason"] ?? "no reason")}`);
    if (command === "query" || command === "delete") ctx.attach(LAST, totalsText(answer));
    return answer;
  }

  // Who the description is from: in an offer within a reply, and in an answer within a request, that is the one in To.
  private tagsOf(msg: SipMessage, command: string, flags: Flags, carries: number): Dictionary | null {
    const from = flags.fromTag ?? tagOf(msg, "from");
    const to = flags.toTag ?? tagOf(msg, "to");
    if (carries === Carries.LITTLE)
      return {
        ...(flags.directional || flags.fromTag !== null ? { "from-tag": from } : {}),
        ...(flags.toTag !== null ? { "to-tag": to } : {}),
      };
    if (command === "answer" && to === "") return null;
    const turned = msg.isRequest ? command === "answer" : command === "offer";
    if (turned && to !== "") return { "from-tag": to, "to-tag": from };
    const withTo = command !== "delete" || flags.withToTag;
    return { "from-tag": from, ...(withTo && to !== "" ? { "to-tag": to } : {}) };
  }

  // Null: none is wanted; "": it is wanted and not there.
  private viaBranchOf(ctx: RouteContext, which: ViaBranch): string | null {
    const { message: msg } = ctx;
    switch (which) {
      case "none":
        return null;
      case "1":
        return branchOf(msg, false);
      case "2":
        return branchOf(msg, true);
      case "auto":
        return branchOf(msg, !msg.isRequest);
      case "auto-extra":
        return msg.isRequest ? this.extraOf(ctx) : branchOf(msg, false);
      case "extra":
        return this.extraOf(ctx);
      case "auto-next":
        return msg.isRequest ? nextBranch(ctx) : branchOf(msg, false);
      default:
        return nextBranch(ctx);
    }
  }

  private extraOf(ctx: RouteContext): string {
    const value = this.variables.extraId?.get(ctx) ?? null;
    return value === null ? "" : String(value);
  }

  private setsOf(ctx: RouteContext): { readonly first: number; readonly second: number | null } {
    const chosen = chosenSets(ctx);
    if (chosen !== null) return chosen;
    const value = this.variables.setId?.get(ctx) ?? null;
    const set = value === null ? Number.NaN : Number(value);
    return { first: Number.isInteger(set) ? set : this.defaultSet, second: null };
  }

  private tellQuality(ctx: RouteContext, answer: Dictionary): void {
    const { labelA, labelB, mos } = this.variables;
    for (const { value, of, target } of mos) {
      const named = of === "" ? null : of === "A" ? labelA : labelB;
      const label = String(named?.get(ctx) ?? "");
      if (of !== "" && label === "") continue;
      const text = mosText(answer, value, label);
      if (text !== null) target.set?.(ctx, text);
    }
  }

  private refuse(why: string): number {
    this.engine.complain(why);
    return -1;
  }
  private fail(why: string): null {
    this.engine.complain(why);
    return null;
  }
}

// What descriptions are to look like is nothing to the end of a call (as the oracle).
function withoutReplace({ replace: _, ...rest }: Dictionary): Dictionary {
  return rest;
}

/** The totals that the last query or delete of this run has told; null without one. */
export function lastTotals(ctx: RouteContext): string | null {
  return ctx.attachment<string | null>(LAST) ?? null;
}

function tagOf(msg: SipMessage, which: "from" | "to"): string {
  const party = which === "from" ? msg.from() : msg.to();
  return party === null || party.tagStart < 0 ? "" : textOf(msg.buf, party.tagStart, party.tagEnd);
}

function branchOf(msg: SipMessage, second: boolean): string {
  const via = second ? msg.secondVia() : msg.via();
  return via === null || via.branchStart < 0 ? "" : textOf(msg.buf, via.branchStart, via.branchEnd);
}

// The branch that the next request of the transaction will carry.
function nextBranch(ctx: RouteContext): string {
  const tx = ctx.transaction as Transaction | null;
  if (tx === null) return "";
  return branchId(tx.slot, tx.label, ctx.kind === RouteKind.BRANCH ? ctx.branch : tx.branches.length);
}

function isFragment(msg: SipMessage): boolean {
  return msg.end > msg.bodyStart && /^application\/trickle-ice-sdpfrag/i.test(msg.header(H.CONTENT_TYPE) ?? "");
}

/** Whether the request that a reply answers carried a description; true where that is not known. */
export function requestHadSdp(ctx: RouteContext): boolean {
  const tx = ctx.transaction as Transaction | null;
  return tx === null || findSdp(tx.request(), new BodyRange());
}
