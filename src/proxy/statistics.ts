// What is counted here, by Kamailio's groups and names: the core's numbers and those of modules; read by $stat and by commands.

import { METHOD_COUNT, Method } from "../sip/methods.ts";
import type { Counters } from "./counters.ts";
import type { Transports } from "./transports.ts";

/** One number. */
export interface Statistic {
  readonly group: string;
  readonly name: string;
  readonly read: () => number;
  /** Whether it says how things stand, and has nothing that could be taken from 0 again. */
  readonly isLevel: boolean;
}

/** All numbers of a process. What has been reset counts from then on. */
export class Statistics {
  /** Between the parts of a name that is put together (stats_name_separator). */
  separator = "_";
  private readonly groups = new Map<string, Map<string, Statistic>>();
  private readonly byName = new Map<string, Statistic>();
  private readonly zero = new Map<Statistic, number>();

  /** Adds one, or puts it in the place of the one that had its name. */
  put(group: string, name: string, read: () => number, isLevel = false): void {
    const made = { group, name, read, isLevel };
    let numbers = this.groups.get(group);
    if (numbers === undefined) this.groups.set(group, (numbers = new Map()));
    const before = numbers.get(name);
    numbers.set(name, made);
    if (before === undefined) this.byName.set(name, this.byName.get(name) ?? made);
    else if (this.byName.get(name) === before) this.byName.set(name, made);
  }

  /** The value by its name alone; undefined when there is none. */
  valueOf(name: string): number | undefined {
    const found = this.byName.get(name);
    return found === undefined ? undefined : this.value(found);
  }

  find(group: string, name: string): Statistic | undefined {
    return this.groups.get(group)?.get(name);
  }

  value(one: Statistic): number {
    return one.read() - (this.zero.get(one) ?? 0);
  }

  /** Lets it count from 0; a level stays. */
  reset(one: Statistic): void {
    if (!one.isLevel) this.zero.set(one, one.read());
  }

  /** Names of the groups in alphabetical order. */
  groupNames(): string[] {
    return [...this.groups.keys()].sort();
  }

  /** Those of a group, by name. */
  group(name: string): Statistic[] {
    return [...(this.groups.get(name)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** All, by group and name. */
  all(): Statistic[] {
    return this.groupNames().flatMap((name) => this.group(name));
  }
}

/** Methods whose replies are counted by themselves, with the end of the names. */
const OF_REPLIES: readonly (readonly [number, string])[] = [
  [Method.BYE, "bye"],
  [Method.CANCEL, "cancel"],
  [Method.INVITE, "invite"],
  [Method.MESSAGE, "message"],
  [Method.PRACK, "prack"],
  [Method.REFER, "refer"],
  [Method.REGISTER, "reg"],
  [Method.UPDATE, "update"],
];
const OF_REQUESTS: readonly (readonly [number, string])[] = [
  [Method.ACK, "ack"],
  [Method.BYE, "bye"],
  [Method.CANCEL, "cancel"],
  [Method.INFO, "info"],
  [Method.INVITE, "invite"],
  [Method.MESSAGE, "message"],
  [Method.NOTIFY, "notify"],
  [Method.OPTIONS, "options"],
  [Method.PRACK, "prack"],
  [Method.PUBLISH, "publish"],
  [Method.REFER, "refer"],
  [Method.REGISTER, "register"],
  [Method.SUBSCRIBE, "subscribe"],
  [Method.UPDATE, "update"],
];
const SINGLE_CODES = [401, 404, 407, 480, 486] as const;
/** Reasons of drops that concern replies. */
const OF_DROPPED_REPLIES = /reply/;

/** The core's own numbers. */
export function countCore(statistics: Statistics, c: Counters): void {
  const put = (name: string, read: () => number): void => statistics.put("core", name, read);
  const dropped = (wanted: (reason: string) => boolean): number => {
    let n = 0;
    for (const [reason, count] of c.dropsByReason()) if (wanted(reason)) n += count;
    return n;
  };
  put("rcv_requests", () => c.requests);
  for (const [method, end] of OF_REQUESTS) put(`rcv_requests_${end}`, () => c.requestsBy[method]!);
  put("unsupported_methods", () => c.requestsBy[Method.UNKNOWN]!);
  put("rcv_replies", () => c.replies);
  put("rcv_replies_18x", () => sum(c.repliesBy, 180, 189));
  for (const code of SINGLE_CODES) put(`rcv_replies_${code}`, () => c.repliesBy[code]!);
  for (let kind = 1; kind <= 6; kind++) {
    put(`rcv_replies_${kind}xx`, () => sum(c.repliesBy, kind * 100, kind * 100 + 99));
    for (const [method, end] of OF_REPLIES)
      put(`rcv_replies_${kind}xx_${end}`, () => c.repliesOf[kind * METHOD_COUNT + method]!);
  }
  put("fwd_requests", () => c.forwardedRequests);
  put("fwd_replies", () => c.forwardedReplies);
  put("drop_requests", () => dropped((reason) => !OF_DROPPED_REPLIES.test(reason)));
  put("drop_replies", () => dropped((reason) => OF_DROPPED_REPLIES.test(reason)));
  put("err_requests", () => c.badRequests);
  put("err_replies", () => c.dropsByReason().get("bad-reply") ?? 0);
  put("bad_msg_hdr", () => c.badMessages);
  put("bad_URIs_rcvd", () => c.badUris);
}

/** The numbers of connections. */
export function countConnections(statistics: Statistics, transports: Transports): void {
  const level = (name: string, read: () => number): void => statistics.put("tcp", name, read, true);
  level("current_opened_connections", () => [...transports.streams()].length);
  level("current_write_queue_size", () => [...transports.streams()].reduce((n, flow) => n + flow.queued, 0));
}

function sum(numbers: Float64Array, from: number, to: number): number {
  let n = 0;
  for (let i = from; i <= to; i++) n += numbers[i]!;
  return n;
}
