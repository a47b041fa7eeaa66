// The pool of connections against a server that is only pretended, in virtual time.

import { expect, test } from "vitest";
import { createSimulation } from "../host/simulated.ts";
import { Log } from "../util/log.ts";
import { StoreError } from "./database.ts";
import { type Answer, type Connection, DOWN, LOST, Pool, type PoolLimits, TIMEOUT } from "./pool.ts";
import type { Statement } from "./sql-text.ts";
import { WriteOrder } from "./write-order.ts";

const LIMITS: PoolLimits = {
  connections: 3,
  waiting: 5,
  timeout: 6000,
  connectTimeout: 2000,
  retries: 2,
  reconnect: true,
  ping: 0,
};

interface Asked {
  readonly sql: string;
  readonly answer: () => void;
  readonly fail: (code: string) => void;
  readonly lose: () => void;
}

function bed(limits: Partial<PoolLimits> = {}) {
  const world = createSimulation({ seed: 1 });
  const host = world.host({ addresses: ["10.0.0.1"] });
  const lines: string[] = [];
  const asked: Asked[] = [];
  const state = { isUp: true, opened: 0, isSilent: false };
  const connect = (lost: () => void): Promise<Connection> => {
    if (state.isSilent) return new Promise(() => {});
    if (!state.isUp) return Promise.reject(new StoreError(LOST, "refused"));
    state.opened++;
    return Promise.resolve({
      run: ({ sql }: Statement) =>
        new Promise<Answer>((resolve, reject) => {
          asked.push({
            sql,
            answer: () => resolve({ rows: [], count: 1 }),
            fail: (code) => reject(new StoreError(code, code)),
            lose: lost,
          });
        }),
      close: () => {},
    });
  };
  const log = new Log({ level: 5, sink: (_, line) => void lines.push(line) }, "t");
  const pool = new Pool(host, log, "db", connect, { ...LIMITS, ...limits });
  const told: string[] = [];
  const ask = (sql: string): void =>
    void pool.run({ sql, values: [] }).then(
      () => told.push(`${sql} done`),
      (error: StoreError) => told.push(`${sql} ${error.code}`),
    );
  return { world, pool, asked, told, state, lines, ask };
}

test("statements go side by side up to the most connections, the others wait, and no more than may", async () => {
  const b = bed();
  for (let i = 0; i < 10; i++) b.ask(`s${i}`);
  await b.world.advance(10);
  expect(b.asked.map((a) => a.sql)).toEqual(["s0", "s1", "s2"]);
  expect(b.told).toEqual(["s5 ERR_DB_BUSY", "s6 ERR_DB_BUSY", "s7 ERR_DB_BUSY", "s8 ERR_DB_BUSY", "s9 ERR_DB_BUSY"]);
  b.asked[1]!.answer(); // s0 is slow: it delays nobody
  await b.world.advance(1);
  expect(b.asked.at(-1)!.sql).toBe("s3");
  expect(b.state.opened).toBe(3);
});

test("a statement whose connection is lost is given again, silently or not, and not for ever", async () => {
  const b = bed();
  b.ask("a");
  await b.world.advance(1);
  b.asked[0]!.lose(); // its promise never settles
  await b.world.advance(1);
  b.asked[1]!.fail(LOST);
  await b.world.advance(1);
  expect(b.asked.map((a) => a.sql)).toEqual(["a", "a", "a"]);
  b.asked[2]!.fail(LOST);
  await b.world.advance(1);
  expect(b.told).toEqual([`a ${LOST}`]);
});

test("a server that is away: waited for a while, then failures at once; back by itself, told once each", async () => {
  const b = bed();
  b.ask("first");
  await b.world.advance(1);
  b.asked[0]!.answer();
  await b.world.advance(1);
  b.state.isUp = false;
  b.ask("under way");
  await b.world.advance(1);
  b.asked[1]!.fail(LOST);
  await b.world.advance(3000);
  b.ask("early");
  await b.world.advance(4000);
  expect(b.told).toEqual(["first done", `under way ${LOST}`]);
  b.ask("late");
  await b.world.advance(1);
  expect(b.told.at(-1)).toBe(`late ${DOWN}`);
  b.state.isUp = true;
  await b.world.advance(5100);
  b.asked.at(-1)?.answer();
  b.ask("again");
  await b.world.advance(1);
  b.asked.at(-1)!.answer();
  await b.world.advance(1);
  expect(b.told.at(-1)).toBe("again done");
  expect(b.lines.filter((l) => l.includes("cannot be reached"))).toHaveLength(1);
  expect(b.lines.filter((l) => l.includes("is back after"))).toHaveLength(1);
});

test("a statement that was under way when the server went may have been carried out: it is lost, and not merely refused", async () => {
  const b = bed();
  b.ask("begun");
  await b.world.advance(1);
  b.state.isUp = false;
  b.asked[0]!.lose();
  b.ask("waits");
  await b.world.advance(10_000);
  b.ask("later");
  await b.world.advance(1);
  expect(b.told).toEqual([`begun ${LOST}`, `waits ${DOWN}`, `later ${DOWN}`]);
});

test("a server that was never there fails at once, without reconnecting for good", async () => {
  const b = bed({ reconnect: false });
  b.state.isUp = false;
  b.ask("a");
  await b.world.advance(1);
  b.state.isUp = true;
  await b.world.advance(60_000);
  b.ask("b");
  await b.world.advance(1);
  expect(b.told).toEqual([`a ${DOWN}`, `b ${DOWN}`]);
});

test("no answer in time: that statement fails, its connection is replaced; nor does connecting take for ever", async () => {
  const b = bed({ connections: 1 });
  b.ask("stuck");
  await b.world.advance(1);
  await b.world.advance(6200);
  expect(b.told).toEqual([`stuck ${TIMEOUT}`]);
  b.ask("next");
  await b.world.advance(1);
  b.asked.at(-1)!.answer();
  await b.world.advance(1);
  expect(b.told.at(-1)).toBe("next done");
  const silent = bed();
  silent.state.isSilent = true;
  silent.ask("x");
  await silent.world.advance(2100);
  expect(silent.told).toEqual([`x ${DOWN}`]);
});

test("idle connections are asked whether they live, and all but one go", async () => {
  const b = bed({ ping: 10_000 });
  for (const sql of ["a", "b"]) b.ask(sql);
  await b.world.advance(1);
  for (const one of [...b.asked]) one.answer();
  await b.world.advance(10_300);
  expect(b.asked.map((a) => a.sql)).toEqual(["a", "b", "SELECT 1"]);
  b.asked[2]!.fail(LOST);
  await b.world.advance(200);
  expect(b.state.opened).toBe(3);
});

test("writes of one key keep their order, others do not wait; one for all rows waits for all", async () => {
  const order = new WriteOrder();
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () =>
    new Promise<void>((resolve) => {
      log.push(name);
      ends.set(name, resolve);
    });
  const key = (value: string) => ({ kind: "key", column: "ruid", value }) as const;
  const world = createSimulation({ seed: 1 });
  void order.run("t", { kind: "new", columns: ["ruid"], values: ["a"] }, work("new a"));
  void order.run("t", key("a"), work("a1"));
  void order.run("u", key("a"), work("other table"));
  await world.advance(1);
  expect(log).toEqual(["new a", "other table"]);
  ends.get("new a")!();
  await world.advance(1);
  void order.run("t", key("b"), work("b1"));
  void order.run("t", key("a"), work("a2"));
  void order.run("t", { kind: "all" }, work("all"));
  void order.run("t", key("b"), work("b2"));
  await world.advance(1);
  expect(log.slice(2)).toEqual(["a1", "b1"]);
  for (const name of ["b1", "a1"]) ends.get(name)!();
  await world.advance(1);
  ends.get("a2")!();
  await world.advance(1);
  expect(log.slice(4)).toEqual(["a2", "all"]);
  ends.get("all")!();
  await world.advance(1);
  expect(log.at(-1)).toBe("b2");
});
