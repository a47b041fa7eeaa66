// Groups of cases whose answers are compared with what Kamailio gave: recorded in a file, with what ours does beside it where it is meant to
// differ. Where Kamailio can be asked it is asked again. PORTICO_RECORD=1 writes the file anew, PORTICO_GROUP names one group, or with * behind it all whose
// names begin so.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";

interface Group {
  readonly name: string;
  readonly cases: readonly { readonly name: string }[];
}

interface Recorded<A> {
  readonly kamailio: A;
  /** Only where it differs, for a reason that is given. */
  readonly ours?: A;
}

interface Comparison<G extends Group, A> {
  readonly file: string;
  readonly groups: readonly G[];
  readonly ours: (group: G) => Promise<A[]>;
  /** With what was recorded of it, where it is asked again: how much to wait for. */
  readonly kamailio: (group: G, recorded?: readonly A[]) => Promise<A[]>;
  /** False where ours cannot run either: a visible skip. */
  readonly canRun?: boolean;
  /** Whether Kamailio can be asked here. */
  readonly canAsk: boolean;
  /** Whether each group has a Kamailio in a network of its own, so that some can be asked at once. */
  readonly isApart?: boolean;
  /** Why a case is meant to differ; null when it is not. */
  readonly reasonOf: (name: string) => string | null;
  /** Reasons that belong to none of these cases. */
  readonly unusedReasons: (names: string[]) => readonly string[];
}

/** What is said now. What depends on time comes out otherwise on a busy machine: it is asked up to three times for what was recorded. */
export async function askedAgain<A>(ask: () => Promise<A>, recorded: unknown): Promise<A> {
  let answer = await ask();
  for (let more = 2; more > 0 && !isDeepStrictEqual(answer, recorded); more--) answer = await ask();
  return answer;
}

/** Declares the tests of one comparison. */
export function compareWithRecord<G extends Group, A>(c: Comparison<G, A>): void {
  const asked = process.env["PORTICO_GROUP"] ?? "*";
  const isAsked = (name: string): boolean =>
    asked.endsWith("*") ? name.startsWith(asked.slice(0, -1)) : name === asked;
  const groups = c.groups.filter(({ name }) => isAsked(name));
  const recordAnew = process.env["PORTICO_RECORD"] === "1";
  const nameOf = (group: G, i: number): string => `${group.name}: ${group.cases[i]!.name}`;
  let recorded: Record<string, Recorded<A>> = existsSync(c.file)
    ? (JSON.parse(readFileSync(c.file, "utf8")) as Record<string, Recorded<A>>)
    : {};

  beforeAll(async () => {
    if (!recordAnew) return;
    const all: Record<string, Recorded<A>> = process.env["PORTICO_GROUP"] === undefined ? {} : recorded;
    for (const group of groups) {
      const [theirs, own] = await Promise.all([c.kamailio(group), c.ours(group)]);
      group.cases.forEach((_, i) => {
        const name = nameOf(group, i);
        const kamailio = theirs[i]!;
        all[name] = c.reasonOf(name) === null ? { kamailio } : { kamailio, ours: own[i]! };
      });
    }
    recorded = all;
    writeFileSync(c.file, `${JSON.stringify(recorded, null, 1)}\n`);
  }, 300_000);

  describe.skipIf(c.canRun === false).each(groups.map((g) => [g.name, g] as const))(
    "as on Kamailio: %s",
    (_, group) => {
      let answers: readonly A[] = [];
      beforeAll(async () => {
        answers = await c.ours(group);
      }, 120_000);
      test.each(group.cases.map((one, i) => [one.name, i] as const))("%s", (_name, i) => {
        const known = recorded[nameOf(group, i)];
        expect(answers[i]).toEqual(known?.ours ?? known?.kamailio);
      });
    },
  );

  test("every difference that is meant is one, and has a reason", () => {
    const differing = Object.entries(recorded).filter(([, r]) => r.ours !== undefined);
    const same = differing.filter(([, r]) => JSON.stringify(r.ours) === JSON.stringify(r.kamailio));
    expect(same.map(([name]) => name)).toEqual([]);
    expect(differing.filter(([name]) => c.reasonOf(name) === null).map(([name]) => name)).toEqual([]);
    expect(c.unusedReasons(Object.keys(recorded))).toEqual([]);
  });

  describe.runIf(c.canAsk && !recordAnew)("what Kamailio does is what was recorded", () => {
    const declared = c.isApart === true ? test.concurrent : test;
    declared.each(groups.map((g) => [g.name, g] as const))("%s", { timeout: 120_000 }, async (_, group) => {
      const wanted = group.cases.map((_c, i) => recorded[nameOf(group, i)]!.kamailio);
      expect(await askedAgain(() => c.kamailio(group, wanted), wanted)).toEqual(wanted);
    });
  });
}
