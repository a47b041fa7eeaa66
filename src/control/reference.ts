// The reference page, docs/reference.md: made from the declarations alone, so that it cannot say anything the program does not do.

import { modules } from "../modules/index.ts";
import { catalogue, type ModuleDoc, type ParamDoc, type ScriptDoc } from "../registry/docs.ts";
import { GLOBALS, type GlobalDef } from "../script/index.ts";

const SCRIPTS =
  "Scripts in Lua and Python call the functions of a module as `KSR.module.function()` (or `sr.module.function()`), those of the core as " +
  "`KSR.function()`, under every name that the tables of functions give. They get the return code as a number, from the core's functions " +
  "whether it is true. What modules have for scripts beside that is under *Functions for scripts*; what a row there gives is a " +
  "`number` (of a question or a deed: above 0 for yes), `true/false`, a `value` (text or number), or nothing. `portico catalogue --stubs DIR` writes it all for editors.";

/** The whole page as Markdown. */
export function referencePage(): string {
  const docs = catalogue([...modules.values()]);
  const parts = [
    "# Reference",
    "Made from the program's own declarations by `./scripts/docs`; do not edit. `portico catalogue` prints the same as JSON.",
    SCRIPTS,
    `Modules: ${docs.map((m) => `[${m.name}](#${m.name})`).join(" · ")}`,
    "## Global parameters",
    table(["parameter", "default", "meaning"], [...GLOBALS].sort((a, b) => (a.name < b.name ? -1 : 1)).map(globalRow)),
    ...docs.map(moduleSection),
  ];
  return `${parts.join("\n\n")}\n`;
}

function globalRow(g: GlobalDef): string[] {
  const names = [g.name, ...g.aliases].map(code).join(", ");
  const effect = g.effect === "used" ? "" : ` *No effect ${g.effect === "later" ? "yet" : `here: ${g.effect}`}.*`;
  return [names, g.default === null ? "" : code(String(g.default)), g.doc + effect];
}

function moduleSection(m: ModuleDoc): string {
  const parts = [`## ${m.name}`, m.doc];
  if (m.params.length > 0)
    parts.push("### Parameters", table(["parameter", "default", "meaning"], m.params.map(paramRow)));
  if (m.functions.length > 0) {
    const rows = m.functions.map((f) => [
      [f.usage, ...f.aliases].map(code).join(", "),
      f.routes.length === 0 ? "any" : f.routes.join(", "),
      f.doc,
    ]);
    parts.push("### Functions", table(["function", "routes", "meaning"], rows));
  }
  const forScripts = scriptRows(m);
  if (forScripts.length > 0)
    parts.push("### Functions for scripts", table(["function", "gives", "meaning"], forScripts));
  if (m.variables.length > 0) {
    const rows = m.variables.map((v) => [
      [v.usage, ...v.aliases.map((a) => `$${a}`)].map(code).join(", "),
      v.writable ? "yes" : "",
      v.doc,
    ]);
    parts.push("### Variables", table(["variable", "assignable", "meaning"], rows));
  }
  if (m.transforms.length > 0)
    parts.push(
      "### Transformations",
      table(
        ["transformation", "result"],
        m.transforms.map((t) => [code(`{${t.name}}`), t.doc]),
      ),
    );
  if (m.rpc.length > 0)
    parts.push(
      "### Commands",
      table(
        ["command", "meaning"],
        m.rpc.map((r) => [code([r.name, ...r.args.map((a) => a.name)].join(" ")), r.doc]),
      ),
    );
  if (m.events.length > 0)
    parts.push(
      "### Event routes",
      table(
        ["event_route", "when"],
        m.events.map((e) => [code(e.name), e.doc]),
      ),
    );
  if (m.tables.length > 0)
    parts.push(
      "### Tables",
      table(
        ["table", "version", "meaning"],
        m.tables.map((t) => [code(t.name), String(t.version), t.doc]),
      ),
    );
  return parts.join("\n\n");
}

const GIVES = { int: "number", bool: "true/false", none: "", value: "value" } as const;
/** How kemi's readings end: the same thing is read, only what there is when there is none differs. */
const WITHOUT = /; (nothing|an empty text|the text <null>) when there is none\.$/;

// What scripts have under names that the table of functions does not show; other names for one thing share a row.
function scriptRows(m: ModuleDoc): string[][] {
  const shown = new Set(m.functions.flatMap(({ name, aliases }) => [name, ...aliases]));
  const merged = new Map<string, ScriptDoc[]>();
  for (const row of m.scripts) {
    if (row.native !== null && shown.has(lastName(row.name))) continue;
    const args = row.usage.slice(row.name.length);
    const key = row.native ?? `${args} ${row.gives} ${row.doc.replace(WITHOUT, "")}`;
    merged.set(key, [...(merged.get(key) ?? []), row]);
  }
  return [...merged.values()].map(([first, ...others]) => {
    const names = [first!.usage, ...others.map((row) => lastName(row.name))].map(code).join(", ");
    const without = [first!, ...others].flatMap(({ doc }) => WITHOUT.exec(doc)?.[1] ?? []);
    const doc =
      without.length < 2 ? first!.doc : `${first!.doc.replace(WITHOUT, "")}; ${without.join(", ")} when there is none.`;
    const meaning = first!.native === null ? doc.replaceAll("<", "&lt;") : `As ${code(`${first!.native}()`)}.`;
    return [names, GIVES[first!.gives], meaning];
  });
}

function lastName(full: string): string {
  return full.slice(full.lastIndexOf(".") + 1);
}

function paramRow(p: ParamDoc): string[] {
  const unit = p.unit === "" ? "" : ` ${p.unit}`;
  const text = p.many
    ? "none; may be given several times"
    : p.default === null
      ? ""
      : p.default === ""
        ? "empty"
        : code(`${p.default}${unit}`);
  return [
    [p.name, ...p.aliases].map(code).join(", "),
    text,
    p.doc + (p.effect === "" ? "" : ` *No effect: ${p.effect}.*`),
  ];
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c) => c.replaceAll("\n", " ").replace(/(?<!\\)\|/g, "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
