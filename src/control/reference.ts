// The reference page, docs/reference.md: made from the declarations alone, so that it cannot say anything the program does not do.

import { modules } from "../modules/index.ts";
import { catalogue, type ModuleDoc, type ParamDoc } from "../registry/docs.ts";
import { GLOBALS, type GlobalDef } from "../script/index.ts";

/** The whole page as Markdown. */
export function referencePage(): string {
  const docs = catalogue([...modules.values()]);
  const parts = [
    "# Reference",
    "Made from the program's own declarations by `./scripts/docs`; do not edit. `portico catalogue` prints the same as JSON.",
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
