// Which routes are called or armed at all: what nothing names is told, since it is mostly a slip of the pen.

import type { RouteArg } from "../registry/args.ts";
import { nearest } from "../registry/nearest.ts";
import type { ConfigTree } from "./ast.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { RouteEntry, RouteTable } from "./route-table.ts";
import { eachExpr } from "./walk.ts";

const GROUPS: readonly RouteArg[] = ["route", "branch", "failure", "onreply"];

/** Collects the routes that calls name while the blocks are checked. */
export class RouteUses {
  private readonly routes: RouteTable;
  private readonly named = new Set<RouteEntry>();
  /** Kinds of route whose names are computed somewhere: all of them may be meant. */
  private readonly computed = new Set<RouteArg>();

  constructor(routes: RouteTable) {
    this.routes = routes;
  }

  /** A constant name in a call; of a misspelt one those that it resembles count. */
  name(group: RouteArg, name: string): void {
    const found = this.routes.find(group, name);
    const meant = found === null ? nearest(name, this.routes.names(group)) : [];
    for (const entry of [found, ...meant.map((near) => this.routes.find(group, near))])
      if (entry !== null) this.named.add(entry);
  }

  /** A name that is only known at run time. */
  compute(group: RouteArg): void {
    this.computed.add(group);
  }

  /** Warns of routes that nothing names. Texts in the configuration that hold the name (`route=X` of a module's parameter) count as well. */
  report(tree: ConfigTree, diagnostics: Diagnostics): void {
    // what could not be read may have named them
    if (diagnostics.list.some((d) => d.code === "syntax" || d.code === "unclosed-block")) return;
    const unused = GROUPS.filter((group) => !this.computed.has(group)).flatMap((group) =>
      this.routes.all(group).filter((entry) => !this.named.has(entry)),
    );
    if (unused.length === 0) return;
    const words = wordsOf(tree);
    for (const { block, title } of unused) {
      if (words.has(block.name ?? "")) continue;
      const verb = block.keyword === "route" ? "called" : "armed";
      diagnostics.warning("unused-route", block.nameAt, `${title} is never ${verb}`);
    }
  }
}

/** All words in the texts of parameters and calls: a module may take the name of a route in any of them. */
function wordsOf(tree: ConfigTree): Set<string> {
  const words = new Set<string>();
  const add = (text: string): void => {
    words.add(text);
    for (const word of text.split(/[^\w.-]+/)) words.add(word);
  };
  for (const { value } of tree.params) if (value.kind !== "int") add(value.value);
  for (const { body } of tree.routes) {
    eachExpr(body, (expr) => {
      if (expr.kind === "call")
        for (const arg of expr.args) {
          if (arg.kind === "str") add(arg.value);
          else if (arg.kind === "word") add(arg.text);
        }
      if (expr.kind === "assign" && expr.value.kind === "str") add(expr.value.value);
    });
  }
  return words;
}
