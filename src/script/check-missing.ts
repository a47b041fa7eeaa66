// Modules of Kamailio that do not exist here yet, and names they would give. Each missing module is told once: what a configuration
// uses of it is then not told again as a list of unknown words.

import { asQuestion, nearest } from "../registry/nearest.ts";
import type { Catalogue } from "../registry/registry.ts";
import type { ConfigTree } from "./ast.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { opensipsModule } from "./dialects.ts";
import { isKnownModule, type KnownKind, knownExports, knownModules, knownOwners } from "./known-modules.ts";
import type { Place } from "./source.ts";

/** What the missing modules of one configuration explain. */
export class Missing {
  private readonly all: Catalogue;
  private readonly diagnostics: Diagnostics;
  /** Modules that loadmodule or modparam name and that do not exist here. */
  private readonly wanted = new Set<string>();
  private readonly told = new Set<string>();

  constructor(tree: ConfigTree, all: Catalogue, diagnostics: Diagnostics) {
    this.all = all;
    this.diagnostics = diagnostics;
    for (const { name } of tree.modules) if (all.module(name) === null) this.wanted.add(name);
  }

  /** Whether the configuration loads a module that does not exist here. */
  get any(): boolean {
    return this.wanted.size > 0;
  }

  /** Whether that module is loaded by the configuration and does not exist here. */
  has(name: string): boolean {
    return this.wanted.has(name);
  }

  /** Tells that a module does not exist, the first time. */
  module(name: string, at: Place): void {
    if (this.told.has(name)) return;
    this.told.add(name);
    this.wanted.add(name);
    const ofOpensips = opensipsModule(name);
    if (isKnownModule(name)) {
      this.diagnostics.error("missing-module", at, `module ${name} does not exist here yet`);
    } else if (ofOpensips !== null) {
      this.diagnostics.error("unknown-module", at, `there is no module ${name}`, ofOpensips);
    } else {
      const near = this.all.likeModule(name);
      const hint = asQuestion(near.length > 0 ? near : nearest(name, knownModules()));
      this.diagnostics.error("unknown-module", at, `there is no module ${name}`, hint);
    }
  }

  /**
   * Whether a name that no module here gives is accounted for by one of Kamailio's: silently when that module was reported, with a word
   * when it was not. `shown` is the name as it is written, such as "acc_log_request()".
   */
  explains(kind: KnownKind, name: string, shown: string, at: Place): boolean {
    const owners = knownOwners(kind, name);
    if (owners.some((owner) => this.wanted.has(owner))) return true;
    const here = owners.find((owner) => this.all.module(owner) !== null);
    if (here !== undefined) {
      if (kind === "transform" && this.hasClass(here, name)) return false; // the class exists: the name in it is wrong
      this.diagnostics.error("not-built", at, `${shown} of module ${here} does not exist here yet`);
      return true;
    }
    const owner = owners[0];
    if (owner === undefined) return false;
    if (!this.told.has(owner)) {
      this.told.add(owner);
      this.diagnostics.error(
        "missing-module",
        at,
        `${shown} belongs to module ${owner}, which does not exist here yet`,
      );
    }
    return true;
  }

  private hasClass(module: string, name: string): boolean {
    const start = `${name.split(".")[0]}.`;
    return Object.keys(this.all.module(module)?.transforms ?? {}).some((own) => own.startsWith(start));
  }

  /** Whether a name that resembles nothing may come from a reported module whose exports are not known. */
  get mayGiveAnything(): boolean {
    for (const name of this.wanted) if (knownExports(name, "function") === null) return true;
    return false;
  }

  /** Names of that kind near to a misspelt one among those of the missing modules. */
  like(kind: KnownKind, name: string): string[] {
    const names = [...this.wanted].flatMap((module) => [...(knownExports(module, kind) ?? [])]);
    return nearest(name, names);
  }
}
