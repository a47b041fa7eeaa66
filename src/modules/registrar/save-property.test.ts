// Any sequence of registrations, sane or not: memory and database say the same, counts are right, nothing throws.

import fc from "fast-check";
import { expect, test } from "vitest";
import { ModuleBed, registerText } from "../../../test/support/module-bed.ts";
import usrloc, { type Usrloc } from "../usrloc/index.ts";
import registrar from "./index.ts";

const URL = "sqlite:///data/p.sqlite";

const contact = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom("", ";expires=0", ";expires=100", ";q=0.5", ';+sip.instance="<urn:x>";reg-id=1'),
      )
      .map(([n, p]) => `<sip:c@1.1.1.${n}>${p}`),
  },
  { weight: 1, arbitrary: fc.constantFrom("*", "<sip:broken", "sip:a@b;q=2", '"x" <tel:+1>', "<>", ",") },
  {
    weight: 1,
    arbitrary: fc.string({ maxLength: 30 }).map((s) => s.replace(/[\r\n]/g, " ").replace(/[^\x00-\xff]/g, "?")),
  },
);
const request = fc.record({
  user: fc.constantFrom("a", "b", "A", "%61"),
  contact: fc.array(contact, { maxLength: 3 }),
  cseq: fc.integer({ min: 1, max: 5 }),
  callId: fc.constantFrom("x", "y"),
  flags: fc.constantFrom("0", "4"),
  more: fc.constantFrom("", "Expires: 0\n", "Expires: 70\n", "Path: <sip:p;lr>\n"),
  wait: fc.constantFrom(0, 0, 0, 30_000, 120_000),
});

test("memory, database and counts agree after any registrations", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 12 }), fc.constantFrom(0, 1, 2, 3), async (requests, matching) => {
      const b = new ModuleBed();
      b.load(usrloc, { db_mode: 1, db_url: URL, matching_mode: matching, timer_interval: 1 });
      b.load(registrar, { use_path: 1, path_mode: 0, max_contacts: 3 });
      for (const { wait, flags, ...r } of requests) {
        const { code, reply } = await b.call(registrar, "save", b.context(registerText(r)), "location", flags);
        expect([-2, -1, 1, 2, 3, 4]).toContain(code);
        expect(reply).toMatch(code > 0 ? /^SIP\/2\.0 200 / : /^SIP\/2\.0 [45]\d\d /);
        if (wait > 0)
          await b
            .pass(Math.min(wait, 2000))
            .then(() => b.world.advance(wait))
            .then(() => b.pass(2000));
      }
      const state = b.state(usrloc) as Usrloc;
      const inMemory: string[] = [];
      for (const record of state.known("location")!.all()) {
        expect(record.contacts.length).toBeGreaterThan(0);
        for (const c of record.contacts) inMemory.push(`${c.ruid} ${c.contact} ${c.cseq}`);
      }
      const rows = (await b.databases.get(URL).query("location", [], [])).map(
        (r) => `${r["ruid"]} ${r["contact"]} ${r["cseq"]}`,
      );
      expect(rows.sort()).toEqual(inMemory.sort());
      expect(state.total).toBe(inMemory.length);
    }),
    { seed: 7, numRuns: 120 },
  );
});
