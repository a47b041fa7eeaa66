// RouteContext: everything one run of a route knows. It is passed along everywhere; there is no current message or
// transaction in a global, since two routes can be half-way at once (design.md, D5).

import type { Flow, Listener } from "../net/flow.ts";
import type { SipMessage } from "../sip/message.ts";
import type { Value } from "../sip/value.ts";
import type { Proxy } from "./proxy.ts";
import { XavpStore } from "./xavp.ts";

/** Kinds of route, as bits, so that a function can say where it may be called from. */
export const RouteKind = {
  REQUEST: 1,
  FAILURE: 2,
  ONREPLY: 4, // armed per transaction or branch by t_on_reply
  BRANCH: 8,
  ONSEND: 16,
  ERROR: 32,
  LOCAL: 64,
  REPLY: 128, // reply_route, the core's onreply_route
  BRANCH_FAILURE: 256,
  EVENT: 512,
  STARTUP: 1024,
  TIMER: 2048,
  ANY: 4095,
} as const;

/** How a route ended, beside its return code. */
export const Stop = {
  NONE: 0,
  EXIT: 1, // exit, or a function returned 0
  DROP: 2, // drop: as exit, and the implicit action of the route is left out
  RETURN: 3, // return 0: as exit, but a reply_route then drops its reply (as the oracle does)
} as const;

/** In onsend_route: what is about to be sent where. */
export interface Sending {
  readonly flow: Flow;
  /** Bytes of the message as it leaves. */
  readonly length: number;
}

/** In error_route: what is wrong with the message ($err). */
export interface Fault {
  /** What is wrong, in words. */
  readonly info: string;
  /** Status and phrase of the reply that would fit. */
  readonly code: number;
  readonly reason: string;
}

/** A timer_route: what runs every so many seconds. */
export interface TimerRoute {
  readonly name: string;
  readonly seconds: number;
  readonly run: (ctx: RouteContext) => RouteResult;
}

/** What a route returns: its return code at once, or a promise of it when a function in it had to wait. */
export type RouteResult = number | Promise<number>;

/** Names of `$var` to slots of `RouteContext.vars`. */
export interface VarNames {
  slot(name: string): number;
  names(): Iterable<string>;
}

/**
 * The routes of one generation of the configuration; the compiled native script and the other languages each fill it, so that
 * the engine cannot tell which language runs (style.md, section 5). Named routes are numbers, given when the script is compiled.
 */
export interface Routes {
  request(ctx: RouteContext): RouteResult;
  /** reply_route or the unnamed onreply_route; null when the script has none. */
  readonly reply: ((ctx: RouteContext) => RouteResult) | null;
  onreply(id: number, ctx: RouteContext): RouteResult;
  /** The number of onreply_route[name]; 0 when the script has none. */
  onreplyNumber?(name: string): number;
  /** The number of route[name]; 0 when the script has none. */
  routeNumber?(name: string): number;
  branch(id: number, ctx: RouteContext): RouteResult;
  failure(id: number, ctx: RouteContext): RouteResult;
  branchFailure(id: number, ctx: RouteContext): RouteResult;
  /** A named route, for functions that take one (t_continue). */
  route(id: number, ctx: RouteContext): RouteResult;
  readonly onsend: ((ctx: RouteContext) => RouteResult) | null;
  /** Runs for messages that cannot be used as they are. */
  readonly error: ((ctx: RouteContext) => RouteResult) | null;
  /** Runs for requests made here: event_route[tm:local-request] or local_route. */
  readonly local: ((ctx: RouteContext) => RouteResult) | null;
  /** Runs once before any message. */
  readonly startup: ((ctx: RouteContext) => RouteResult) | null;
  readonly timers: readonly TimerRoute[];
  /** event_route[name]; null when the script has none of that name. */
  event(name: string): ((ctx: RouteContext) => RouteResult) | null;
  /** The names of `$var`, for functions that get them as texts. */
  readonly varNames?: VarNames | undefined;
  /** How many `$var` slots a context of this generation has. */
  readonly varCount: number;
}

/** A further destination of a request (append_branch): the first one is the message's own R-URI. */
export interface BranchTarget {
  readonly uri: string;
  readonly dstUri: string | null;
  readonly path: string | null;
  readonly q: number; // thousandths, -1 unspecified
  readonly flags: number;
  /** The flow the binding was registered over, when it is a stream that can be used again. */
  readonly flowId: number; // 0 none
  /** The listener to send from; null leaves the choice to the server. */
  readonly sendFrom: Listener | null;
  readonly ruid: string;
  readonly instance: string;
  /** User-Agent of whoever registered it, where it comes from a binding. */
  readonly userAgent?: string;
}

/** A destination known by its URI alone. */
export function plainBranch(uri: string): BranchTarget {
  return {
    uri,
    dstUri: null,
    path: null,
    q: -1,
    flags: 0,
    flowId: 0,
    sendFrom: null,
    ruid: "",
    instance: "",
  };
}

/** The kinds of values with fields: see xavp.ts. */
export type XavpKind = "xavp" | "xavu" | "xavi";

/**
 * Attribute-value pairs of a transaction (or of a request that has none yet), newest first under a name, as in Kamailio; and those with
 * fields, which live as long.
 */
export class Avps {
  private readonly lists = new Map<string, Value[]>();
  private extended: Partial<Record<XavpKind, XavpStore>> | null = null;

  /** The values with fields of one kind; made when first asked for. */
  xavps(kind: XavpKind): XavpStore {
    this.extended ??= {};
    return (this.extended[kind] ??= new XavpStore(kind === "xavu"));
  }

  /** The values under a name, newest first; undefined when there are none. */
  all(name: string): Value[] | undefined {
    return this.lists.get(name);
  }
  push(name: string, value: Value): void {
    const list = this.lists.get(name);
    if (list === undefined) this.lists.set(name, [value]);
    else list.unshift(value);
  }
  delete(name: string): void {
    this.lists.delete(name);
  }
  names(): Iterable<string> {
    return this.lists.keys();
  }
}

/** One run of a route over one message. */
export class RouteContext {
  readonly proxy: Proxy;
  readonly routes: Routes;
  /** What the route is about: the request, or in reply routes the reply. */
  message: SipMessage;
  /** What `message` came by. */
  flow: Flow;
  kind: number;
  /** The transaction the route runs for, owned by module tm; null when there is none. */
  transaction: object | null = null;
  /** Number of the branch in branch, onreply and branch-failure routes; -1 elsewhere. */
  branch = -1;
  /** In onreply and failure routes: the reply that made the route run; null when a timeout did (see `status`). */
  reply: SipMessage | null = null;
  /** In onreply and failure routes: the status of that reply, 408 for a timeout. */
  status = 0;
  /** Whether the route goes on with a request that was put aside (t_continue): its kind is then FAILURE, as on the oracle. */
  resumed = false;
  /** In onsend_route: what is sent where; null elsewhere. */
  sending: Sending | null = null;
  /** In error_route: what is wrong; null elsewhere. */
  fault: Fault | null = null;
  /**
   * `$var` values by slot, shared by all routes that run for this message. Null means never set; reads as 0 there (Kamailio's initial
   * value).
   */
  vars: Value[];
  avpsOrNull: Avps | null = null;
  /** Why forwarding failed last, as sl_reply_error tells it; null when it did not. */
  failure: { readonly code: number; readonly reason: string } | null = null;
  /** Return code of the last function or route ($rc). */
  rc = 0;
  /** One of Stop. Functions set it to end the script (as exit); the compiled code tests it after each call that can. */
  stop = 0;
  /** Whether the message is dropped once the script in another language ends (KSR.set_drop). */
  dropAtEnd = false;
  /** Flags of the script, 32 bits, of this run alone. */
  scriptFlags = 0;
  /** Further destinations beside the R-URI. */
  branches: BranchTarget[] = NO_BRANCHES;
  /** Routes armed for the transaction to be made (t_on_failure, t_on_branch, t_on_reply, t_on_branch_failure); 0 none. */
  onFailure = 0;
  onBranch = 0;
  onReply = 0;
  onBranchFailure = 0;
  /** The listener to send from, when the script chose one (force_send_socket, $fs); null: the one the message came by. */
  sendFrom: Listener | null = null;
  /** How deep routes are nested now; the compiled code bounds it. */
  depth = 0;
  /** What modules keep for the time of this run, by their own key; null until somebody does. */
  private attachments: Map<object, unknown> | null = null;

  constructor(proxy: Proxy, routes: Routes, message: SipMessage, flow: Flow, kind: number) {
    this.proxy = proxy;
    this.routes = routes;
    this.message = message;
    this.flow = flow;
    this.kind = kind;
    this.vars = routes.varCount === 0 ? NO_VALUES : varsOf(message, routes, proxy);
  }

  /** The AVPs of this transaction or request; made when first asked for. */
  get avps(): Avps {
    this.avpsOrNull ??= new Avps();
    return this.avpsOrNull;
  }

  /** Adds a further destination. */
  addBranch(target: BranchTarget): void {
    if (this.branches === NO_BRANCHES) this.branches = [target];
    else this.branches.push(target);
  }

  clearBranches(): void {
    this.branches = NO_BRANCHES;
  }

  /** What a module keeps with this run under its key; undefined when nothing. */
  attachment<T>(key: object): T | undefined {
    return this.attachments?.get(key) as T | undefined;
  }
  attach(key: object, value: unknown): void {
    this.attachments ??= new Map();
    this.attachments.set(key, value);
  }
  /** Begins with what modules keep with another run over the same message. */
  inherit(from: RouteContext): void {
    if (from.attachments !== null) this.attachments = new Map(from.attachments);
  }
}

// The message carries its variables from route to route; slots mean something within one generation only.
function varsOf(message: SipMessage, routes: Routes, proxy: Proxy): Value[] {
  if (message.vars !== null && message.varsOwner === routes) return message.vars;
  message.varsOwner = routes;
  const vars = new Array<Value>(routes.varCount).fill(null);
  if (proxy.firstVars != null) setFirst(vars, routes, proxy.firstVars);
  message.vars = vars;
  return vars;
}

// Names the script does not have need no place.
function setFirst(vars: Value[], routes: Routes, first: ReadonlyMap<string, Value>): void {
  for (const [name, value] of first) {
    const slot = routes.varNames?.slot(name) ?? -1;
    if (slot >= 0 && slot < vars.length) vars[slot] = value;
  }
}

const NO_BRANCHES: BranchTarget[] = [];
const NO_VALUES: Value[] = [];
