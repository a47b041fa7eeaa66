// The route blocks of a configuration by kind and name, each with its number; what t_on_failure("X") and route(X) name.

import { RouteKind } from "../proxy/context.ts";
import type { RouteArg } from "../registry/args.ts";
import type { RouteBlock } from "./ast.ts";
import type { Diagnostics } from "./diagnostics.ts";

/** A route block with its place in the table. */
export interface RouteEntry {
  readonly block: RouteBlock;
  /** Number among the routes of its kind, from 1. */
  readonly id: number;
  /** Index among all routes; names the generated function. */
  readonly index: number;
  /** RouteKind bit of a block that events run; 0 for a sub-route, which runs for whatever calls it. */
  readonly kind: number;
  /** How messages name it: failure_route[X]. */
  readonly title: string;
}

type Group =
  | "request"
  | "route"
  | "reply"
  | "onreply"
  | "branch"
  | "failure"
  | "branchFailure"
  | "event"
  | "onsend"
  | "error"
  | "local"
  | "startup"
  | "timer";

const GROUPS: Readonly<Record<RouteBlock["keyword"], readonly [Group, number]>> = {
  request_route: ["request", RouteKind.REQUEST],
  route: ["route", 0],
  reply_route: ["reply", RouteKind.REPLY],
  onreply_route: ["onreply", RouteKind.ONREPLY],
  branch_route: ["branch", RouteKind.BRANCH],
  failure_route: ["failure", RouteKind.FAILURE],
  event_route: ["event", RouteKind.EVENT],
  onsend_route: ["onsend", RouteKind.ONSEND],
  error_route: ["error", RouteKind.ERROR],
  local_route: ["local", RouteKind.LOCAL],
  startup_route: ["startup", RouteKind.STARTUP],
  timer_route: ["timer", RouteKind.TIMER],
};

const BRANCH_FAILURE = "tm:branch-failure";

/** All routes. Numbers are given in the order written. */
export class RouteTable {
  readonly entries: RouteEntry[] = [];
  private readonly groups = new Map<Group, Map<string, RouteEntry>>();

  constructor(blocks: readonly RouteBlock[], diagnostics: Diagnostics | null = null) {
    for (const block of blocks) this.add(block, diagnostics);
  }

  private add(block: RouteBlock, diagnostics: Diagnostics | null): void {
    let [group, kind] = GROUPS[block.keyword];
    let name = block.name ?? "";
    if (group === "event" && name.startsWith(BRANCH_FAILURE)) {
      group = "branchFailure";
      kind = RouteKind.BRANCH_FAILURE;
      name = name.slice(BRANCH_FAILURE.length).replace(/^:/, "");
    } else if (group === "event" && name === "tm:local-request") {
      group = "local"; // the same route under Kamailio's name
      kind = RouteKind.LOCAL;
      name = "";
    }
    const names = this.group(group);
    const title = block.name === null ? block.keyword : `${block.keyword}[${block.name}]`;
    if (names.has(name)) {
      const first = names.get(name)!.block.at;
      const hint = `the first one is at ${first.file.name}:${first.file.position(first.start).line}`;
      diagnostics?.error("duplicate-route", block.nameAt, `${title} is defined twice`, hint);
      return;
    }
    const entry = { block, id: names.size + 1, index: this.entries.length, kind, title };
    names.set(name, entry);
    this.entries.push(entry);
  }

  private group(group: Group): Map<string, RouteEntry> {
    let names = this.groups.get(group);
    if (names === undefined) this.groups.set(group, (names = new Map()));
    return names;
  }

  find(group: Group, name = ""): RouteEntry | null {
    return this.groups.get(group)?.get(name) ?? null;
  }
  names(group: Group): string[] {
    return [...(this.groups.get(group)?.keys() ?? [])];
  }
  /** The routes of a group in the order of their numbers. */
  all(group: Group): RouteEntry[] {
    return [...(this.groups.get(group)?.values() ?? [])];
  }
}

/** How a route of each kind is written, for hints. */
export const ROUTE_ARG_KEYWORDS: Readonly<Record<RouteArg, string>> = {
  failure: "failure_route",
  branch: "branch_route",
  onreply: "onreply_route",
  branchFailure: "event_route[tm:branch-failure:...]",
  route: "route",
};

/** Route kinds as the user writes them. */
export const KIND_NAMES: readonly (readonly [number, string])[] = [
  [RouteKind.REQUEST, "request_route"],
  [RouteKind.FAILURE, "failure_route"],
  [RouteKind.ONREPLY, "onreply_route[...]"],
  [RouteKind.BRANCH, "branch_route"],
  [RouteKind.ONSEND, "onsend_route"],
  [RouteKind.ERROR, "error_route"],
  [RouteKind.LOCAL, "local_route"],
  [RouteKind.REPLY, "reply_route"],
  [RouteKind.BRANCH_FAILURE, "event_route[tm:branch-failure]"],
  [RouteKind.EVENT, "event_route"],
  [RouteKind.STARTUP, "startup_route"],
  [RouteKind.TIMER, "timer_route"],
];

/** The kinds in a set of bits, as words. */
export function kindNames(bits: number): string {
  return KIND_NAMES.filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => name)
    .join(", ");
}
