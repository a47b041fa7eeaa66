// Module pike: which addresses ask too much. It only counts and says so; what follows is for the script to decide.
// Kamailio keeps a tree of octets, in which a new address may ask up to three times as much before it is seen; here each address has its own count, so
// that the limit is what the parameter says, for IPv4 and IPv6 alike.

import { type RouteContext, RouteKind } from "../proxy/context.ts";
import { str } from "../registry/args.ts";
import { defineModule, fn, intParam, type RpcValue } from "../registry/define.ts";
import type { ModuleHost } from "../registry/module-host.ts";
import { canonicalIp } from "../util/ip.ts";
import type { Log } from "../util/log.ts";
import { Timer } from "../util/timer-wheel.ts";

/** The most addresses counted: beyond, the one that has been quiet for longest is forgotten. */
const MAX_ADDRESSES = 200_000;
/** The most addresses a command lists. */
const MAX_LISTED = 1000;

interface Settings {
  /** Milliseconds of a period. */
  readonly unit: number;
  /** Requests allowed in a period. */
  readonly limit: number;
  /** Milliseconds an address is kept after its last request. */
  readonly keep: number;
  readonly logLevel: number;
}

/** What is known of one address. */
class Source {
  /** Requests of the present period and of the one before. */
  current = 0;
  previous = 0;
  /** Number of the period that `current` counts. */
  period = 0;
  blocked = false;
  lastSeen = 0;

  /** Brings the counts up to a period. */
  turn(period: number): void {
    if (this.period === period) return;
    this.previous = this.period === period - 1 ? this.current : 0;
    this.current = 0;
    this.period = period;
  }
}

/** The addresses of the process. */
export class Pike {
  settings: Settings = { unit: 2000, limit: 30, keep: 120_000, logLevel: 1 };
  private readonly host: ModuleHost;
  private readonly log: Log;
  /** In the order of the periods in which they were first heard of last. */
  private readonly sources = new Map<string, Source>();
  private readonly blocked = new Set<string>();
  private readonly timer = new Timer(() => this.periodEnds());
  private period = 1;

  constructor(host: ModuleHost) {
    this.host = host;
    this.log = host.log;
    host.proxy.statistics.put("pike", "blocked_ips", () => this.blocked.size, true);
  }

  /** Puts settings in force and begins to measure time. */
  start(settings: Settings): void {
    this.settings = settings;
    this.arm();
  }

  stop(): void {
    this.host.wheel.cancel(this.timer);
  }

  /** Counts a request of an address: 1; -2 when it is now one too many, -1 when it was blocked already. */
  count(address: string): number {
    let source = this.sources.get(address);
    if (source === undefined) {
      if (this.sources.size >= MAX_ADDRESSES) this.forgetOldest();
      source = new Source();
      source.period = this.period;
      this.sources.set(address, source);
    } else if (source.period !== this.period) {
      source.turn(this.period);
      this.sources.delete(address); // to the end: the first ones are those that have been quiet for longest
      this.sources.set(address, source);
    }
    source.current++;
    source.lastSeen = this.now();
    if (source.blocked) return -1;
    if (source.current <= this.settings.limit) return 1;
    source.blocked = true;
    this.blocked.add(address);
    this.log.write(this.settings.logLevel, `${address} sends too many requests and is blocked`);
    return -2;
  }

  /** The addresses to list: "ALL", those over the limit ("HOT"), or those over half of it too ("WARM"). */
  top(which: string): RpcValue {
    const list: RpcValue[] = [];
    for (const [address, source] of this.sources) {
      source.turn(this.period);
      const most = Math.max(source.current, source.previous);
      const status = source.blocked ? "HOT" : most > this.settings.limit / 2 ? "WARM" : "";
      if (which === "HOT" && status !== "HOT") continue;
      if (which === "WARM" && status === "") continue;
      list.push({
        ip_addr: address,
        leaf_hits_prev: source.previous,
        leaf_hits_curr: source.current,
        expires: Math.max(0, Math.ceil((source.lastSeen + this.settings.keep - this.now()) / 1000)),
        status,
      });
      if (list.length >= MAX_LISTED) break;
    }
    return { max_hits: this.settings.limit, list, number_of_rows: list.length };
  }

  private periodEnds(): void {
    const ended = this.period++;
    for (const address of this.blocked) {
      const source = this.sources.get(address);
      const count = source === undefined || source.period !== ended ? 0 : source.current;
      if (count > this.settings.limit) continue;
      if (source !== undefined) source.blocked = false;
      this.blocked.delete(address);
      this.log.write(this.settings.logLevel, `${address} is no longer blocked`);
    }
    const quiet = this.now() - this.settings.keep;
    for (const [address, source] of this.sources) {
      if (source.lastSeen > quiet) break;
      this.sources.delete(address);
    }
    this.arm();
  }

  private forgetOldest(): void {
    const [first] = this.sources.keys();
    this.sources.delete(first!);
    this.blocked.delete(first!);
  }

  private now(): number {
    return this.host.host.clock.mono();
  }

  private arm(): void {
    this.host.wheel.arm(this.timer, this.settings.unit, this.now());
  }
}

interface Instance {
  readonly pike: Pike;
  readonly settings: Settings;
}

const ROUTES = RouteKind.REQUEST | RouteKind.ONREPLY | RouteKind.REPLY | RouteKind.EVENT;

// What cannot be judged is let through.
function checkAddress({ pike }: Instance, _ctx: RouteContext, text: string): number {
  const address = canonicalIp(text.replace(/^\[|\]$/g, ""));
  return address === null ? -1 : pike.count(address);
}

/** Kamailio's module pike. */
export const pike = defineModule({
  name: "pike",
  doc: "Tells addresses that send too many requests, for the script to refuse them.",
  params: {
    sampling_time_unit: intParam(2, "Length of the periods in which requests are counted.", {
      unit: "s",
      min: 1,
      max: 86_400,
    }),
    reqs_density_per_unit: intParam(30, "How many requests an address may send in a period.", { min: 1 }),
    remove_latency: intParam(120, "How long an address is remembered after its last request.", { unit: "s", min: 1 }),
    pike_log_level: intParam(1, "Log level of messages about addresses that are blocked and no longer blocked."),
  },
  state: (host) => new Pike(host),
  configure: (state, p): Instance => ({
    pike: state,
    settings: {
      unit: p.sampling_time_unit * 1000,
      limit: p.reqs_density_per_unit,
      keep: p.remove_latency * 1000,
      logLevel: p.pike_log_level,
    },
  }),
  start: ({ pike: state, settings }) => state.start(settings),
  stop: (state) => state.stop(),
  functions: {
    pike_check_req: fn({
      routes: ROUTES,
      doc: "Counts the message for the address it came from: true, or -2 when that is now blocked, -1 when it was already.",
      run: ({ pike: state }: Instance, ctx) => state.count(ctx.flow.remote.address),
    }),
    pike_check_ip: fn({
      args: [str("ipaddr")],
      routes: ROUTES,
      doc: "The same for an address given; -1 when it is none.",
      run: checkAddress,
    }),
  },
  rpc: {
    "pike.top": {
      doc: 'Addresses with their counts: "HOT" those blocked, "WARM" those near it too, "ALL".',
      args: [{ name: "filter", kind: "str", optional: true }],
      run: ({ pike: state }, args) => state.top(String(args[0] ?? "HOT").toUpperCase()),
    },
    "pike.list": { doc: "The addresses that are blocked.", args: [], run: ({ pike: state }) => state.top("HOT") },
  },
});
