// Calls through module dialog of Kamailio and of ours: what both phones get, what scripts log and what commands answer, each in its order.
// Answers are recorded in dialog.json; where Kamailio is installed they are asked again. PORTICO_RECORD=1 writes the file anew.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { CallGroup } from "./dialog-call.ts";
import { DIALOG_GROUPS as FIRST_GROUPS } from "./dialog-cases.ts";
import { MORE_DIALOG_GROUPS } from "./dialog-cases-more.ts";
import { DIALOG_DIFFERENCES } from "./dialog-differences.ts";
import { askCalls } from "./dialog-oracle.ts";
import { runCalls } from "./dialog-ours.ts";
import { haveOracle } from "./oracle.ts";

const DIALOG_GROUPS = [...FIRST_GROUPS, ...MORE_DIALOG_GROUPS];
const FILE = fileURLToPath(new URL("./dialog.json", import.meta.url));
const recordAnew = process.env["PORTICO_RECORD"] === "1";
const only = process.env["PORTICO_GROUP"];
const AT_A_TIME = 6;

/** Lines by where they were seen: order counts within each. */
type Streams = Readonly<Record<"uac" | "uas" | "log" | "rpc", readonly string[]>>;
type Recorded = Record<string, Streams>;

const nameOf = (group: CallGroup, name: string): string => `${group.name}: ${name}`;

function streams(seen: readonly string[]): Streams {
  const of = (...starts: string[]): string[] => seen.filter((line) => starts.some((s) => line.startsWith(s)));
  return { uac: of("uac <"), uas: of("uas <"), log: of("log "), rpc: of("rpc ", "-- ") };
}

let recorded: Recorded = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Recorded) : {};

async function askGroup(group: CallGroup): Promise<Recorded> {
  const seen = await askCalls(group);
  return Object.fromEntries(group.cases.map((c, n) => [nameOf(group, c.name), streams(seen[n]!)]));
}

async function askAll(groups: readonly CallGroup[]): Promise<Recorded> {
  const all: Recorded = {};
  const left = [...groups];
  const worker = async (): Promise<void> => {
    for (let group = left.shift(); group !== undefined; group = left.shift()) Object.assign(all, await askGroup(group));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return all;
}

beforeAll(async () => {
  if (!recordAnew) return;
  const asked = await askAll(DIALOG_GROUPS.filter((g) => only === undefined || g.name === only));
  recorded = only === undefined ? asked : { ...recorded, ...asked };
  const sorted = Object.fromEntries(
    DIALOG_GROUPS.flatMap((g) => g.cases.map((c) => [nameOf(g, c.name), recorded[nameOf(g, c.name)]])),
  );
  writeFileSync(FILE, `${JSON.stringify(sorted, null, 1)}\n`);
}, 300_000);

/** What ours should be: theirs, with the differences that are meant. */
function expected(name: string): Streams {
  const theirs = recorded[name]!;
  const difference = DIALOG_DIFFERENCES[name];
  if (difference === undefined) return theirs;
  const changed = (key: keyof Streams): string[] => {
    const lines = theirs[key].map((line) =>
      (difference.texts ?? []).reduce((l, [from, to]) => l.replaceAll(from, to), line),
    );
    const more = (difference.more ?? []).filter((line) => streams([line])[key].length > 0);
    return [...lines, ...more];
  };
  return { uac: changed("uac"), uas: changed("uas"), log: changed("log"), rpc: changed("rpc") };
}

describe.each(DIALOG_GROUPS.map((g) => [g.name, g] as const))("calls go as on Kamailio: %s", (_, group) => {
  let ours: readonly Streams[] = [];
  beforeAll(async () => {
    ours = (await runCalls(group)).map(streams);
  });
  test.each(group.cases.map((c, n) => [c.name, n] as const))("%s", (name, n) => {
    expect(ours[n]).toEqual(expected(nameOf(group, name)));
  });
});

test("every difference that is meant names a call", () => {
  const names = DIALOG_GROUPS.flatMap((g) => g.cases.map((c) => nameOf(g, c.name)));
  expect(Object.keys(DIALOG_DIFFERENCES).filter((name) => !names.includes(name))).toEqual([]);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

describe.runIf(haveOracle() && !recordAnew)("what Kamailio does is what was recorded", () => {
  const quick = DIALOG_GROUPS.filter((g) => g.slow !== true);
  test("all calls that are quick", { timeout: 300_000 }, async () => {
    const asked = await askAll(quick);
    const isStale = (g: CallGroup): boolean =>
      g.cases.some((c) => JSON.stringify(asked[nameOf(g, c.name)]) !== JSON.stringify(recorded[nameOf(g, c.name)]));
    // a busy machine is late: what differs is asked once more, by itself
    for (const group of quick.filter(isStale)) Object.assign(asked, await askGroup(group));
    for (const [name, streams] of Object.entries(asked)) expect([name, streams]).toEqual([name, recorded[name]]);
  });
});
