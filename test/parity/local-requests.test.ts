// Requests that a server makes by itself, on Kamailio and here: the same commands, event routes and next hops. Its answers are kept in
// local-requests.json; where Kamailio is installed it is asked again, so that the record cannot go stale. PORTICO_RECORD=1 writes it anew.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { RpcError } from "../../src/registry/define.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import {
  configOf,
  type Ends,
  filled,
  GROUPS,
  type LocalCase,
  type Outcome,
  repliesTo,
  tidier,
} from "./local-requests-cases.ts";
import { askLocal } from "./local-requests-oracle.ts";
import { haveOracle } from "./oracle.ts";

const RECORD = fileURLToPath(new URL("./local-requests.json", import.meta.url));
const recordAnew = process.env["PORTICO_RECORD"] === "1";
const known = (existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, "utf8")) : {}) as Record<string, Outcome>;
const ENDS: Ends = { me: "192.0.2.1:5060", a: "192.0.2.10:7001", b: "192.0.2.10:7002" };

async function run(bed: ProxyBed, [name, ...args]: readonly string[]): Promise<unknown> {
  const answer = bed.rpc(name!, ...args).catch((error: unknown) => {
    if (error instanceof RpcError) return { error: error.message };
    throw error;
  });
  await bed.world.advance(5);
  return answer;
}

async function ours(bed: ProxyBed, c: LocalCase): Promise<Outcome> {
  const tidy = tidier(ENDS);
  const a = await bed.udp(7001);
  const b = await bed.udp(7002);
  const first = run(bed, [c.command, ...c.args.map((arg) => filled(arg, ENDS))]);
  const seen = new Set<string>();
  const serve = async (): Promise<void> => {
    for (let again = true; again; ) {
      again = false;
      for (const hop of [a, b])
        for (const text of [...hop.received]) {
          if (seen.has(text)) continue;
          seen.add(text);
          again = true;
          for (const reply of repliesTo(text, c.replies ?? [], ENDS)) await (reply.fromB ? b : hop).send(reply.text);
        }
      await bed.world.advance(10);
    }
  };
  await bed.world.advance(20);
  await serve();
  const after = c.after === undefined ? null : await run(bed, c.after);
  await bed.world.advance(20);
  await serve();
  await bed.world.advance(2500); // silence ends by itself
  const words = (list: readonly string[]): string[] => [...new Set(list.map(tidy))];
  const got = { a: words(a.received), b: words(b.received) };
  const tidyAll = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_, v: unknown) => (typeof v === "string" ? tidy(v) : v));
  return { result: tidyAll(await first), after: tidyAll(after), ...got };
}

describe.each(GROUPS)("$name", (group) => {
  test.each(group.cases)("$name", async (c) => {
    const bed = await openProxy(configOf(group, ENDS));
    try {
      const got = await ours(bed, c);
      const wanted = known[`${group.name}: ${c.name}`];
      if (c.difference === undefined) expect(got).toEqual(wanted);
      else expect(got).not.toEqual(wanted);
    } finally {
      await bed.close();
    }
  });

  test.skipIf(!haveOracle())(
    "the record is what Kamailio answers",
    async () => {
      const answers = await askLocal(group);
      for (const [n, c] of group.cases.entries()) {
        const key = `${group.name}: ${c.name}`;
        if (recordAnew) known[key] = answers[n]!;
        expect([c.name, answers[n]]).toEqual([c.name, known[key]]);
      }
      if (recordAnew) writeFileSync(RECORD, `${JSON.stringify(known, null, 2)}\n`);
    },
    60_000,
  );
});
