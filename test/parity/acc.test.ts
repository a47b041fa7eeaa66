// Module acc against Kamailio 5.6.3: lines of the log and rows of tables for the same calls. The answers are recorded in acc.json; where Kamailio
// is installed it is asked again. PORTICO_RECORD=1 records anew, PORTICO_RECORD=new groups that are not recorded yet.

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ACC_GROUPS } from "./acc-cases.ts";
import { ACC_ROW_GROUPS } from "./acc-row-cases.ts";
import type { CallGroup } from "./dialog-call.ts";
import { askAgain } from "./dialog-oracle.ts";
import { runCalls } from "./dialog-ours.ts";
import { haveOracle } from "./oracle.ts";

const FILE = new URL("./acc.json", import.meta.url);
const recorded = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Record<string, string[]>>;

// Messages are compared by the tests of dialog. Of comments, of CANCEL and of the 500 in place of a 503 Kamailio tells the To tag of some earlier
// reply of its own, or none, and then writes no row; here the tag is that of the message or of our reply, and the row is written.
// Where values are not to be null, Kamailio's SQLite has null for those that are empty nonetheless, unlike its documentation.
const emptied = (group: CallGroup, line: string): string =>
  ACC_ROW_GROUPS.includes(group) && !group.params!.includes("extra_nullable")
    ? line.replace(/"(\w+)":null/g, '"$1":""')
    : line;

function told(group: CallGroup, seen: readonly string[][]): Record<string, string[]> {
  return Object.fromEntries(
    group.cases.map((c, n) => [
      `${n} ${c.name}`,
      seen[n]!.filter((line) => /^(log|rpc row) /.test(line) && !/"sip_code":"(499|500)"/.test(line)).map((line) =>
        emptied(group, line).replace(
          /((?:request accounted: |method=CANCEL|(?=.*code=500;)).*to_tag=)(?:\{T\})?;/,
          "$1#;",
        ),
      ),
    ]),
  );
}

for (const group of [...ACC_GROUPS, ...ACC_ROW_GROUPS]) {
  test(`${group.name}: what is accounted`, { timeout: 30_000 }, async () => {
    expect(told(group, await runCalls(group))).toEqual(recorded[group.name]);
  });

  test.skipIf(!haveOracle())(`${group.name}: Kamailio says so`, { timeout: 60_000 }, async () => {
    const asked = await askAgain(group, (seen) => told(group, seen), recorded[group.name]);
    if (
      process.env["PORTICO_RECORD"] === "1" ||
      (process.env["PORTICO_RECORD"] === "new" && !(group.name in recorded))
    ) {
      recorded[group.name] = asked;
      writeFileSync(FILE, `${JSON.stringify(recorded, null, 1)}\n`);
    }
    expect(asked).toEqual(recorded[group.name]);
  });
}
