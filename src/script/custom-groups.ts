// Custom global parameters (group.name = value desc "…"): checked as Kamailio checks them, and put beside the parameters of the core
// and of modules, where @cfg_get finds all of them.

import { ParameterGroups } from "../proxy/groups.ts";
import type { ConfigTree, CustomSetting } from "./ast.ts";
import type { LoadedModule } from "./check-modules.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { findGlobal, GLOBALS, type Globals, numberOf } from "./globals.ts";
import { TCP_FIXED, TCP_GROUP } from "./tcp-group.ts";

/** The groups of a configuration; what is wrong with its own is reported and left out. */
export function checkGroups(
  tree: ConfigTree,
  globals: Globals,
  modules: readonly LoadedModule[],
  diagnostics: Diagnostics,
): ParameterGroups {
  const groups = new ParameterGroups();
  for (const { name, kind, doc } of GLOBALS) {
    groups.describe("core", name, doc);
    const value = kind === "int" || kind === "bool" ? globals.int(name) : globals.text(name);
    if (value !== null) groups.set("core", name, value);
  }
  for (const [name, global] of TCP_GROUP) {
    groups.describe("tcp", name, findGlobal(global)?.doc ?? "");
    groups.set("tcp", name, globals.int(global) ?? 0);
  }
  for (const [name, value] of Object.entries(TCP_FIXED)) groups.set("tcp", name, value);
  for (const { module, params } of modules) {
    for (const [name, value] of Object.entries(params)) {
      if (typeof value !== "number" && typeof value !== "string") continue;
      groups.set(module.name, name, value);
      groups.describe(module.name, name, module.params[name]?.doc ?? "");
    }
  }
  const taken = new Set(["core", "tcp", ...modules.map(({ module }) => module.name)]);
  for (const setting of tree.custom) add(setting, tree, taken, groups, diagnostics);
  return groups;
}

function add(
  setting: CustomSetting,
  tree: ConfigTree,
  taken: ReadonlySet<string>,
  groups: ParameterGroups,
  diagnostics: Diagnostics,
): void {
  const { group, id, name, at } = setting;
  const value = valueOf(setting);
  const first = tree.custom.find((s) => s.group === group && s.name === name && s.id === null);
  if (taken.has(group)) {
    diagnostics.error("bad-group", at, `${group} is the group of parameters that are declared elsewhere`);
  } else if (value === null) {
    diagnostics.error("wrong-type", setting.value.at, `${group}.${name} takes a number from 0 or a text in quotes`);
  } else if (id !== null && first === undefined) {
    const hint = `write ${group}.${name} = VALUE too: the value where no instance is chosen`;
    diagnostics.error("bad-group", at, `${group}[${id}].${name} has no common value`, hint);
  } else if (first !== setting && id === null) {
    diagnostics.error("bad-group", at, `${group}.${name} is given twice`);
  } else if (id !== null && typeof valueOf(first!) !== typeof value) {
    diagnostics.error(
      "wrong-type",
      setting.value.at,
      `${group}.${name} is a number in one place and a text in another`,
    );
  } else {
    groups.set(group, name, value, id);
    groups.allowChange(group, name, () => true);
    if (id === null) groups.describe(group, name, setting.doc);
  }
}

function valueOf({ value }: CustomSetting): number | string | null {
  if (value.kind === "str") return value.value;
  const number = numberOf(value);
  return number === null || number < 0 ? null : number;
}
