// Checks variables, their transformations, and the variables inside texts: that a loaded module gives them, and that they are written
// as they must be. What only a module can judge (the inner name) is found when the routes are compiled.

import { type PvRef, parseTemplate, splitTransformArgs, type TakesInner, type Template } from "../pv/parse.ts";
import { asQuestion } from "../registry/nearest.ts";
import type { Catalogue } from "../registry/registry.ts";
import type { Missing } from "./check-missing.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { Place } from "./source.ts";

/** Checks names against the loaded modules of one configuration. */
export class NameChecker {
  private readonly loaded: Catalogue;
  private readonly all: Catalogue;
  private readonly diagnostics: Diagnostics;
  private readonly missing: Missing;
  private saidLoadPv = false;

  /** `all` are the modules that exist; `missing` answers for those that do not. */
  constructor(loaded: Catalogue, all: Catalogue, diagnostics: Diagnostics, missing: Missing) {
    this.loaded = loaded;
    this.all = all;
    this.diagnostics = diagnostics;
    this.missing = missing;
  }

  /** Whether `$name(` opens an inner name. */
  readonly takesInner: TakesInner = (name) => this.loaded.pv(name)?.def.inner !== "none";

  /** A variable that is read. */
  variable(ref: PvRef, at: Place): void {
    if (ref.name !== "null") this.declared(ref, at);
    if (ref.inner !== null) this.template(ref.inner, at);
    if (ref.index !== null && typeof ref.index === "object") this.variable(ref.index, at);
    for (const t of ref.transforms) this.transform(t.name, t.rest, at);
  }

  /** A variable that is assigned. */
  target(ref: PvRef, at: Place): void {
    this.variable(ref, at);
    const found = this.loaded.pv(ref.name);
    if (ref.name === "null") this.diagnostics.error("read-only", at, "$null cannot be assigned");
    else if (ref.transforms.length > 0) {
      this.diagnostics.error(
        "read-only",
        at,
        "a variable with a transformation cannot be assigned",
        `assign $${ref.name} itself`,
      );
    } else if (found !== null && !found.def.writable) {
      this.diagnostics.error("read-only", at, `$${ref.name} cannot be assigned: ${found.def.doc}`);
    }
  }

  /** The variables of a text: what is wrong is told at each one's own place, as far as it stands in the source. */
  template(template: Template, at: Place): void {
    let from = at.start;
    for (const part of template) {
      if (typeof part === "string") continue;
      const place = placeIn(at, part.name, from);
      from = place === at ? from : place.end;
      this.variable(part, place);
    }
  }

  private declared(ref: PvRef, at: Place): void {
    const found = this.loaded.pv(ref.name);
    if (found === null) {
      this.unknownVariable(ref.name, at);
      return;
    }
    const { inner, indexed } = found.def;
    const isEmpty = ref.inner === null || ref.inner[0] === "";
    if (inner === "required" && isEmpty) {
      this.diagnostics.error(
        "bad-variable",
        at,
        `$${ref.name} needs a name in parentheses`,
        `write $${ref.name}(name); ${found.def.doc}`,
      );
    } else if (inner === "none" && ref.inner !== null) {
      this.diagnostics.error("bad-variable", at, `$${ref.name} takes no name in parentheses`, found.def.doc);
    }
    if (!indexed && ref.index !== null && ref.index !== 0 && ref.index !== "*") {
      this.diagnostics.error("bad-variable", at, `$${ref.name} has one value: it takes no index`);
    }
  }

  /** Without module pv every variable is unknown: that is said once. */
  private unknownVariable(name: string, at: Place): void {
    const owner = this.all.pv(name)?.module.name ?? null;
    if (owner === null) {
      if (this.missing.explains("variable", name, `$${name}`, at)) return;
      const similar = [...this.loaded.likePv(name), ...this.missing.like("variable", name)];
      const near = asQuestion(similar.map((other) => `$${other}`));
      if (near === null && this.missing.mayGiveAnything) return;
      this.diagnostics.error("unknown-variable", at, `unknown variable $${name}`, near);
    } else if (owner !== "pv" || !this.saidLoadPv) {
      this.saidLoadPv ||= owner === "pv";
      this.diagnostics.error(
        "not-loaded",
        at,
        `variable $${name} needs module ${owner}`,
        `add loadmodule "${owner}.so"`,
      );
    }
  }

  private transform(name: string, rest: string | null, at: Place): void {
    const def = this.loaded.transform(name)?.def;
    if (def === undefined) {
      const owner = this.all.transform(name)?.module.name ?? null;
      if (owner === null && this.missing.explains("transform", name, `{${name}}`, at)) return;
      if (owner === null && this.missing.mayGiveAnything) return;
      const hint = owner === null ? asQuestion(this.loaded.likeTransform(name)) : `add loadmodule "${owner}.so"`;
      if (owner !== "pv" || this.loaded.module("pv") !== null)
        this.diagnostics.error("unknown-transform", at, `unknown transformation {${name}}`, hint);
      return;
    }
    const args = splitTransformArgs(rest, Math.max(1, def.maxArgs));
    if (args.length < def.minArgs || (def.maxArgs === 0 && rest !== null)) {
      const count = def.minArgs === def.maxArgs ? String(def.minArgs) : `${def.minArgs} to ${def.maxArgs}`;
      this.diagnostics.error("bad-transform", at, `{${name}} takes ${count} argument(s), not ${args.length}`, def.doc);
    }
    for (const arg of args) {
      const text = arg.trim();
      if (!text.startsWith("$") || text.length === 1) continue;
      const template = parseTemplate(text, this.takesInner);
      if ("problem" in template) this.diagnostics.error("bad-transform", at, `{${name}}: ${template.problem}`);
      else this.template(template, at);
    }
  }
}

/** Where $name or $(name stands in the text at a place, from an offset on; the place itself when it does not (a #!define was used). */
function placeIn(at: Place, name: string, from: number): Place {
  const { text } = at.file;
  for (let dollar = text.indexOf("$", from); dollar >= 0 && dollar < at.end; dollar = text.indexOf("$", dollar + 1)) {
    const start = dollar + (text[dollar + 1] === "(" ? 2 : 1);
    const end = start + name.length;
    if (end <= at.end && text.startsWith(name, start) && !/\w/.test(text[end] ?? "")) {
      return { file: at.file, start: dollar, end };
    }
  }
  return at;
}
