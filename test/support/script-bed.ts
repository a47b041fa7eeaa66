// The same small script in Lua and in Python, for tests that run over both.

import { createSimulation, type Simulation } from "../../src/host/simulated.ts";
import { type BedAgent, modules, openProxy, type ProxyBed } from "./proxy-bed.ts";

export const SCRIPT_LANGUAGES = ["Lua", "Python"] as const;
export type ScriptLanguage = (typeof SCRIPT_LANGUAGES)[number];

/** Bodies of functions, a line each, in both languages; a text stands for both. Python's get `msg`, event callbacks `event` too. */
export type Bodies = Readonly<Record<string, string | Readonly<Record<ScriptLanguage, string>>>>;

/** A script of those functions. `name(event)` in a key has the function get the name of an event. */
export function scriptOf(language: ScriptLanguage, bodies: Bodies): string {
  const functions = Object.entries(bodies).map(([head, body]) => {
    const lines = (typeof body === "string" ? body : body[language]).trim().split("\n");
    const [name = "", args = ""] = head.replace(")", "").split("(");
    return language === "Lua"
      ? `function ${name}(${args})\n${lines.map((line) => `  ${line}\n`).join("")}end\n`
      : `    def ${name}(self, msg${args === "" ? "" : `, ${args}`}):\n${lines.map((line) => `        ${line}\n`).join("")}`;
  });
  if (language === "Lua") return functions.join("\n");
  return `import time\nimport KSR\n\nclass Script:\n${functions.join("\n")}\ndef mod_init():\n    return Script()\n`;
}

/** A proxy whose routing is that script. */
export async function openScript(
  language: ScriptLanguage,
  bodies: Bodies,
  more: readonly string[],
  config: string,
  world: Simulation = createSimulation({ seed: 7 }),
): Promise<ProxyBed> {
  const [module, engine] = language === "Lua" ? ["app_lua", "lua"] : ["app_python3", "python"];
  const head = `#!KAMAILIO\n${modules(...more, module)}modparam("${module}", "load", "/data/script")\n`;
  const files = { "/data/script": scriptOf(language, bodies) };
  return openProxy(`${head}${config}\ncfgengine "${engine}"\n`, -1, undefined, world, files);
}

/** Lets virtual time go on, with turns of the runtime in between: what waits in Python goes on in those. */
export async function letGoOn(bed: ProxyBed, ms: number, step = 100): Promise<void> {
  for (let at = 0; at < ms; at += step) {
    await bed.world.advance(step);
    await new Promise((done) => setTimeout(done, 0));
  }
}

/** What the script has said in the log, in double square brackets. */
export function saidBy(bed: ProxyBed, from = 0): string[] {
  return bed.log.slice(from).flatMap((line) => /\[\[(.*)\]\]/.exec(line)?.[1] ?? []);
}

/** First lines of replies, without the version. */
export function linesOf(agent: BedAgent, from = 0): string[] {
  return agent.received.slice(from).map((text) => text.split("\r\n")[0]!.replace("SIP/2.0 ", ""));
}
