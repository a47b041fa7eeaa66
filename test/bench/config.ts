// Reading a large configuration: preprocessed, parsed, checked, modules set up, compiled.

import { tryOut } from "../../src/boot.ts";
import { createSimulation } from "../../src/host/simulated.ts";
import { modules } from "../../src/modules/index.ts";
import { loadConfig } from "../../src/script/index.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import type { Row } from "./table.ts";

const HEAD = "xlog textops tm sl rr pv maxfwd siputils"
  .split(" ")
  .map((name) => `loadmodule "${name}.so"\n`)
  .join("");

/** A route of twenty lines with what routes are made of. */
function route(i: number): string {
  return `route[R${i}] {
  # route number ${i}
  if (is_method("INVITE|SUBSCRIBE") && !has_totag()) {
    $var(a${i % 50}) = "x$fU@$fd" + LIMIT;
    $avp(n${i % 50}) = $(ru{uri.user}{s.substr,0,4});
    xlog("L_INFO", "route ${i}: $rm from $fu to $ru at $Ts: $var(a${i % 50})\\n");
  } else if ($rU =~ "^\\+?49[0-9]{3,}$" || src_ip == 10.${i % 256}.0.0/16) {
    strip(2);
    prefix("00");
    append_hf("X-Route: ${i} $ci\\r\\n");
  }
#!ifdef WITH_SWITCH
  switch ($rU) {
    case "a${i}": setflag(${i % 32}); break;
    case /"^b.*${i}$": $du = "sip:10.0.0.${(i % 250) + 1}:5060"; break;
    default: resetflag(${i % 32});
  }
#!endif
  return;
}
`;
}

/** A configuration of about that many lines. */
export function largeConfig(lines: number): string {
  const count = Math.floor((lines - 40) / 20);
  const routes = Array.from({ length: count }, (_, i) => route(i)).join("");
  const calls = Array.from({ length: count }, (_, i) => `${i % 8 === 0 ? "\n  " : ""}route(R${i}); `).join("");
  return `#!define WITH_SWITCH\n#!define LIMIT 5\n${HEAD}request_route {${calls}\n}\n${routes}`;
}

/** Milliseconds, the median of several. */
export async function measureConfig(brief: boolean): Promise<Row[]> {
  const text = largeConfig(5000);
  const host = createSimulation({ seed: 1 }).host({ addresses: ["192.0.2.1"] });
  host.files.write("/x", bytesOf(""));
  const median = async (run: () => unknown): Promise<number> => {
    const runs: number[] = [];
    for (let i = 0; i < (brief ? 3 : 11); i++) {
      const start = performance.now();
      await run();
      runs.push(performance.now() - start);
    }
    return runs.sort((a, b) => a - b)[runs.length >> 1]!;
  };
  const lines = text.split("\n").length;
  const load = () => {
    const config = loadConfig({ file: "large.cfg", text }, modules);
    if (!config.ok) throw new Error(`the bench's own configuration is not accepted: ${config.diagnostics[0]?.message}`);
    return config;
  };
  const first = performance.now();
  await tryOut(host, load());
  const cold = performance.now() - first;
  return [
    { what: `a configuration of ${lines} lines: read and checked`, value: await median(load), unit: "ms" },
    { what: "… with modules set up and routes compiled", value: await median(() => tryOut(host, load())), unit: "ms" },
    { what: "… the first time in a process", value: cold, unit: "ms" },
  ];
}
