// The project's own figures: ./scripts/bench [--brief]; ./scripts/bench registrations compares with Kamailio (registrations.ts). Figures of one machine and one moment, to be held against others of
// the same; --brief takes a few seconds and only shows that everything here still runs.

import { measureConfig } from "./config.ts";
import { measureLoad } from "./load.ts";
import { measureMemory } from "./memory.ts";
import { measureMessages } from "./messages.ts";
import { measureProxy } from "./proxy.ts";
import { main as registrations } from "./registrations.ts";
import { printTable, type Row } from "./table.ts";

if (process.argv[2] === "registrations") process.exit(await registrations(process.argv.slice(3)));
const brief = process.argv.includes("--brief");
const known = new Set(["--brief"]);
const unknown = process.argv.slice(2).filter((arg) => !known.has(arg));
if (unknown.length > 0) {
  console.error(`usage: bench [--brief]; not understood: ${unknown.join(" ")}`);
  process.exit(2);
}

const parts: [string, () => Row[] | Promise<Row[]>][] = [
  ["messages", () => measureMessages(brief)],
  ["the whole proxy in one process, on the simulated network", () => measureProxy(brief)],
  ["reading a configuration", () => measureConfig(brief)],
  ["memory", () => measureMemory(brief)],
  ["a real process over UDP on loopback", () => measureLoad(brief)],
];
for (const [title, measure] of parts) printTable(title, await measure());
process.exit(0);
