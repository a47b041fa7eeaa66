// What a function under KSR is called in the native language.

import { modules } from "../../src/modules/index.ts";

/** The native name of a function by its name under KSR ("tm.t_relay"); null when it has another form there, or none. */
export function nativeName(full: string): string | null {
  const dot = full.indexOf(".");
  const [group, name] = dot < 0 ? ["", full] : [full.slice(0, dot), full.slice(dot + 1)];
  for (const module of modules.values()) {
    if (module.kemiName !== group) continue;
    const given = module.kemi[name];
    if (typeof given === "string") return given;
    if (given !== undefined && module.functions[name] === undefined) return null;
    for (const [own, def] of Object.entries(module.functions))
      if (own === name || def.aliases.includes(name) || def.kemi === name) return own;
  }
  return null;
}
