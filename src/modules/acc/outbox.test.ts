import { expect, test } from "vitest";
import { ModuleBed } from "../../../test/support/module-bed.ts";
import type { Cell, Database } from "../../store/database.ts";
import { StoreError } from "../../store/database.ts";
import { DOWN, LOST } from "../../store/pool.ts";
import { Outbox, type OutgoingRow } from "./outbox.ts";

/** A database that does as it is told. */
class FakeDatabase {
  readonly rows: Cell[] = [];
  error: string | null = null;
  answersAtOnce = false;
  tries = 0;

  insert(_table: string, _columns: readonly string[], [cell]: readonly Cell[]): void | Promise<void> {
    this.tries++;
    const { error } = this;
    if (error !== null) {
      if (this.answersAtOnce) throw new StoreError(error, error);
      return Promise.reject(new StoreError(error, error));
    }
    this.rows.push(cell!);
    return this.answersAtOnce ? undefined : Promise.resolve();
  }
}

function open() {
  const bed = new ModuleBed();
  const database = new FakeDatabase();
  const host = { ...bed.moduleHost, database: () => database as unknown as Database };
  return { bed, database, outbox: new Outbox(host) };
}

function row(cell: Cell): OutgoingRow {
  return { url: "fake://", table: "acc", columns: ["x"], cells: [cell] };
}

test.each([true, false])(
  "what could not be written is written in order when the database is back (at once: %s)",
  async (sync) => {
    const { bed, database, outbox } = open();
    database.answersAtOnce = sync;
    outbox.put(row(0));
    await bed.pass(100);
    database.error = DOWN;
    for (let i = 1; i <= 250; i++) outbox.put(row(i));
    await bed.pass(5000);
    expect([database.rows, outbox.size]).toEqual([[0], 250]);
    const { tries } = database;
    await bed.pass(3000);
    expect(database.tries - tries).toBeLessThan(5); // one row asks for all
    database.error = null;
    outbox.put(row(251));
    await bed.pass(2000);
    expect(database.rows).toEqual(Array.from({ length: 252 }, (_, i) => i));
    expect(outbox.size).toBe(0);
    expect(bed.lines.filter((line) => line.includes("the database is away"))).toHaveLength(1);
    expect(bed.lines.join("\n")).toContain("251 records written that were kept");
  },
);

test("a row that the database does not want is not tried again, and holds up no other", async () => {
  const { bed, database, outbox } = open();
  database.error = "ERR_DB";
  expect(outbox.put(row(1))).toBe(true); // nobody knows yet
  await bed.pass(100);
  expect([outbox.size, database.tries]).toEqual([0, 1]);
  expect(bed.lines.at(-1)).toContain("cannot write a record into table acc: ERR_DB");
  database.error = LOST;
  outbox.put(row(2));
  outbox.put(row(3));
  await bed.pass(100);
  expect(outbox.size).toBe(2);
  database.error = "ERR_DB";
  await bed.pass(1500);
  expect([outbox.size, database.rows]).toEqual([0, []]);
});

test("no more are kept than there is room for", async () => {
  const { bed, database, outbox } = open();
  database.error = DOWN;
  database.answersAtOnce = true;
  for (let i = 0; i < 20_010; i++) expect(outbox.put(row(i))).toBe(i < 20_000);
  expect([outbox.size, outbox.dropped]).toEqual([20_000, 10]);
  expect(bed.lines.some((line) => line.includes("a record is lost"))).toBe(true);
  database.error = null;
  await bed.pass(30_000);
  expect([outbox.size, database.rows.length, database.rows.at(-1)]).toEqual([0, 20_000, 19_999]);
});

test("nor more of their texts", async () => {
  const { bed, database, outbox } = open();
  database.error = DOWN;
  database.answersAtOnce = true;
  const texts = [..."abcdefgh"].map((letter) => letter.repeat(8 << 20));
  for (const text of texts) expect(outbox.put(row(text))).toBe(true);
  expect(outbox.put(row("x"))).toBe(false);
  expect(outbox.put(row(1))).toBe(true);
  database.error = null;
  await bed.pass(5000);
  expect([outbox.size, database.rows.length]).toEqual([0, 9]);
  database.error = DOWN;
  expect(outbox.put(row(texts[0]!))).toBe(true);
});

test("what is tried now is not kept; what is kept is tried when the process ends", async () => {
  const { bed, database, outbox } = open();
  database.error = DOWN;
  expect(await outbox.tryNow(row(1))).toBe(false);
  expect(outbox.size).toBe(0);
  outbox.put(row(2));
  outbox.put(row(3));
  await bed.pass(100);
  await outbox.close();
  expect(bed.lines.at(-1)).toContain("2 records are lost: the database is away");
  database.error = null;
  await outbox.close();
  expect(database.rows).toEqual([2, 3]);
});
