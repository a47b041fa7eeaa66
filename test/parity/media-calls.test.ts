// Calls whose media go by a relay against Kamailio 5.6.3: what the relay is asked in which route, what the functions return, and the descriptions the phones
// get. The answers are recorded in media-calls.json; where Kamailio is installed it is asked again. PORTICO_RECORD=1 records anew.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CallGroup } from "./dialog-call.ts";
import { askAgain } from "./dialog-oracle.ts";
import { runCalls } from "./dialog-ours.ts";
import { MEDIA_CALL_GROUPS } from "./media-call-cases.ts";
import { haveOracle } from "./oracle.ts";

const FILE = new URL("./media-calls.json", import.meta.url);
type Told = Record<string, string[]>;
const recorded: Record<string, Told> = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Told>)
  : {};

// Headers of messages are compared by the tests of dialog. What comes by different sockets has no order among itself.
function told(group: CallGroup, seen: readonly string[][]): Told {
  const short = (line: string): string => line.replace(/^(ua[cs] < [^|]*?) \|.*?( \| "v=.*)?$/, "$1$2");
  const byWay = (lines: readonly string[]): string[] =>
    ["relay ", "log ", "uac ", "uas "].flatMap((way) => lines.filter((line) => line.startsWith(way)));
  return Object.fromEntries(group.cases.map((c, n) => [`${n} ${c.name}`, byWay(seen[n]!.map(short))]));
}

for (const group of MEDIA_CALL_GROUPS) {
  test(`${group.name}: what the relay is asked`, { timeout: 30_000 }, async () => {
    expect(told(group, await runCalls(group))).toEqual(recorded[group.name]);
  });

  test.skipIf(!haveOracle())(`${group.name}: Kamailio says so`, { timeout: 60_000 }, async () => {
    const asked = await askAgain(group, (seen) => told(group, seen), recorded[group.name]);
    if (process.env["PORTICO_RECORD"] === "1") {
      recorded[group.name] = asked;
      writeFileSync(FILE, `${JSON.stringify(recorded, null, 1)}\n`);
    }
    expect(asked).toEqual(recorded[group.name]);
  });
}
