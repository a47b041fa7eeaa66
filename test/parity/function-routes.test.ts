// Where functions may be called: what Kamailio takes in a kind of route, ours takes too, so that no configuration is refused for it. What its check
// (-c) says of each function of our modules in each kind of route is recorded; where Kamailio is installed a few are asked again.
// PORTICO_RECORD=1 asks about all of them (some minutes) and writes the file anew.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { modules } from "../../src/modules/index.ts";
import { loadConfig } from "../../src/script/index.ts";
import { haveOracle } from "./oracle.ts";

const FILE = new URL("./function-routes.tsv", import.meta.url);
/** A route of each kind; CALL stands for the call. */
const KINDS: Readonly<Record<string, string>> = {
  request: "request_route { CALL; }",
  failure: "request_route { exit; }\nfailure_route[A] { CALL; }",
  onreply: "request_route { exit; }\nonreply_route[A] { CALL; }",
  reply: "request_route { exit; }\nreply_route { CALL; }",
  branch: "request_route { exit; }\nbranch_route[A] { CALL; }",
  onsend: "request_route { exit; }\nonsend_route { CALL; }",
  "branch-failure": "request_route { exit; }\nevent_route[tm:branch-failure:x] { CALL; }",
  local: "request_route { exit; }\nevent_route[tm:local-request] { CALL; }",
};
const USUAL = ["kex", "corex", "tm", "tmx", "sl", "rr", "pv", "usrloc", "registrar", "auth"];
const ASKED =
  "kex corex tm tmx sl rr maxfwd pv xlog textops textopsx siputils sanity usrloc registrar nathelper path outbound auth auth_db permissions alias_db speeddial domain counters dialog acc htable pike blst jsonrpcs xhttp websocket debugger rtpengine rtpproxy presence presence_xml tls".split(
    " ",
  );
/** Functions of our modules, each with as many arguments as it must have. */
function calls(): (readonly [string, string])[] {
  return ASKED.flatMap((name) =>
    Object.entries(modules.get(name)!.functions).map(([f, def]) => {
      const args = def.args.filter((arg) => !arg.optional).map((arg) => (arg.kind === "var" ? '"$var(x)"' : '"1"'));
      return [name, `${f}(${args.join(", ")})`] as const;
    }),
  );
}

function config(module: string, call: string, kind: string): string {
  const loaded = [...new Set([...USUAL, module])].map((name) => `loadmodule "${name}.so"\n`).join("");
  return `#!KAMAILIO\n${loaded}${KINDS[kind]!.replace("CALL", call)}\n`;
}

/** Whether Kamailio's check has nothing against the place of the call; null when it knows no such function. */
function kamailioTakes(directory: string, module: string, call: string, kind: string): boolean | null {
  const file = join(directory, "r.cfg");
  writeFileSync(file, config(module, call, kind));
  const { stderr } = spawnSync("kamailio", ["-c", "-f", file, "-Y", directory], { encoding: "latin1" });
  if (stderr.includes("failed to find command")) return null;
  return !stderr.includes("Command cannot be used in the block");
}

/** Which of the calls are refused here for their place, each standing on a line of its own in that kind of route. */
function refusedHere(module: string, calls: readonly string[], kind: string): string[] {
  const text = config(module, `\n${calls.join(";\n")}`, kind);
  const lines = text.split("\n");
  const { diagnostics } = loadConfig({ file: "r.cfg", text }, modules);
  const wrong = diagnostics.filter((d) => d.severity === "error" && d.code === "wrong-route");
  return wrong.map(({ line }) => lines[line - 1]!.replace(/;.*$/, ""));
}

function record(): void {
  const directory = mkdtempSync(join(tmpdir(), "function-routes-"));
  const lines = calls().flatMap(([module, call]) => {
    if (kamailioTakes(directory, module, call, "request") === null) return [];
    const taken = Object.keys(KINDS).filter((kind) => kamailioTakes(directory, module, call, kind) === true);
    return [`${module}\t${call}\t${taken.join(" ")}\n`];
  });
  rmSync(directory, { recursive: true, force: true });
  writeFileSync(FILE, lines.join(""));
}

if (process.env["PORTICO_RECORD"] === "1") record();
const recorded = readFileSync(FILE, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => line.split("\t") as [string, string, string]);

test("where Kamailio takes a function, it is taken here", () => {
  const refused = ASKED.flatMap((module) =>
    Object.keys(KINDS).flatMap((kind) => {
      const taken = recorded.filter(([name, , kinds]) => name === module && kinds.split(" ").includes(kind));
      const calls = taken.map(([, call]) => call);
      return calls.length === 0 ? [] : refusedHere(module, calls, kind).map((call) => `${module} ${call} ${kind}`);
    }),
  );
  expect(refused).toEqual([]);
});

describe.runIf(haveOracle())("what Kamailio says is what was recorded", () => {
  test("of some functions", { timeout: 60_000 }, () => {
    const directory = mkdtempSync(join(tmpdir(), "function-routes-"));
    for (let i = 0; i < recorded.length; i += 67) {
      const [module, call, kinds] = recorded[i]!;
      const taken = Object.keys(KINDS).filter((kind) => kamailioTakes(directory, module, call, kind) === true);
      expect([module, call, taken.join(" ")]).toEqual([module, call, kinds]);
    }
    rmSync(directory, { recursive: true, force: true });
  });
});
