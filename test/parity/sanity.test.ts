// Module sanity answers broken messages as Kamailio does. Its answers are recorded in sanity.json and asked again where it is installed;
// PORTICO_RECORD=1 writes the file anew.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { ADDRESS, openProxy } from "../support/proxy-bed.ts";
import { haveOracle } from "./oracle.ts";
import {
  configOf,
  isMarker,
  marker,
  messageOf,
  noteOf,
  SANITY_GROUPS,
  type SanityGroup,
  type SanitySeen,
  saidBy,
} from "./sanity-cases.ts";
import { DIFFERENCES } from "./sanity-differences.ts";
import { askSanity } from "./sanity-oracle.ts";

const FILE = fileURLToPath(new URL("./sanity.json", import.meta.url));
const recordAnew = process.env.PORTICO_RECORD === "1";

type Recorded = Record<string, Record<string, SanitySeen>>;
let recorded: Recorded = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Recorded) : {};

async function askAll(): Promise<Recorded> {
  const out: Recorded = {};
  for (const group of SANITY_GROUPS) {
    const answers = await askSanity(group);
    out[group.name] = Object.fromEntries(group.cases.map((c, i) => [c.name, answers[i]!]));
  }
  return out;
}

beforeAll(async () => {
  if (!recordAnew) return;
  recorded = await askAll();
  writeFileSync(FILE, `${JSON.stringify(recorded, null, 1)}\n`);
});

async function ours(group: SanityGroup): Promise<SanitySeen[]> {
  const bed = await openProxy(configOf(group));
  const me = `${ADDRESS}:5060`;
  const uac = "192.0.2.10:7000";
  const client = await bed.udp(7000);
  await client.send(marker(uac, 0));
  const out: SanitySeen[] = [];
  for (const c of group.cases) {
    bed.log.length = 0;
    const got = await client.send(messageOf(c, uac, me));
    out.push({ log: saidBy(bed.log), replies: got.filter((text) => !isMarker(text)).map(noteOf) });
  }
  await bed.close();
  return out;
}

describe.each(SANITY_GROUPS.map((g) => [g.name, g] as const))("sanity, %s", (name, group) => {
  let answers: SanitySeen[] = [];
  beforeAll(async () => {
    answers = await ours(group);
  });
  test.each(group.cases.map((c, i) => [c.name, i] as const))("%s", (caseName, i) => {
    const difference = DIFFERENCES[caseName];
    const owed = difference?.seen ?? recorded[name]![caseName]!;
    expect(answers[i]).toEqual(owed);
    if (difference !== undefined && group === SANITY_GROUPS[0])
      expect(answers[i], "no difference any more").not.toEqual(recorded[name]![caseName]);
  });
});

test("case names are unique in a group", () => {
  for (const group of SANITY_GROUPS) expect(new Set(group.cases.map((c) => c.name)).size).toBe(group.cases.length);
});

describe.runIf(haveOracle() && !recordAnew)("what Kamailio does is what was recorded", () => {
  test("all cases", async () => {
    expect(await askAll()).toEqual(recorded);
  });
});
