// What is done about messages and connections that cannot be used: counted by reason, logged within limits, and no longer answered when one
// source sends too many of them.

import type { Host, HostError, SocketAddress } from "../host/host.ts";
import { type Flow, FlowStage } from "../net/flow.ts";
import { Level, type Log } from "../util/log.ts";
import { LogLimit } from "../util/log-limit.ts";
import { Rates, sourceOf } from "../util/rates.ts";
import type { TimerWheel } from "../util/timer-wheel.ts";
import type { Counters } from "./counters.ts";

/** How ends of connections that we bring about are counted. */
const CONNECTION_ENDS: Readonly<Record<string, string>> = {
  ECONNABORTED: "connection-gave-way",
  ETIMEDOUT: "connection-slow",
};

/** Sources whose unusable messages are counted. */
const MAX_SOURCES = 65_536;

/** The bookkeeping of one worker about strangers. */
export class Strangers {
  /** Through it goes every line that a stranger can cause by what he sends. */
  readonly limited: LogLimit;
  /** How many unusable messages of a source are answered, logged and shown to routes. */
  readonly badMessages = new Rates(20, 200, MAX_SOURCES);
  private readonly host: Host;
  private readonly log: Log;
  private readonly counters: Counters;

  constructor(host: Host, log: Log, wheel: TimerWheel, counters: Counters) {
    this.host = host;
    this.log = log;
    this.counters = counters;
    this.limited = new LogLimit(wheel, () => host.clock.mono());
  }

  /** Whether an unusable message of that flow is worth a word; when not, it is counted and, on a stream, the connection ends. */
  caresForBad(flow: Flow): boolean {
    this.counters.badMessages++;
    if (this.badMessages.take(sourceOf(flow.remote.address), this.host.clock.mono())) return true;
    this.counters.drop("bad-messages-of-source");
    if (flow.reliable) flow.close();
    return false;
  }

  /** A connection was refused, or ended for what came over it or did not come; `reason` is a fixed word. */
  connectionDropped(reason: string, from: SocketAddress, why = ""): void {
    this.counters.drop(reason);
    const detail = why === "" ? "" : ` (${why})`;
    const text = (): string => `connection from ${from.address}:${from.port} dropped: ${reason}${detail}`;
    this.limited.write(this.log, Level.INFO, reason, text);
  }

  /** A connection has ended with an error: counted when it was us who had enough of it. */
  connectionEnded(flow: Flow, error: HostError): void {
    const reason = flow.stage === FlowStage.CONNECTING ? undefined : CONNECTION_ENDS[error.code];
    if (reason !== undefined) this.connectionDropped(reason, flow.remote, error.message);
  }
}
