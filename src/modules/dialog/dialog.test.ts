// Parts of module dialog by themselves: cookies, the table, profiles, route sets, rows.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cookieIn, cookieOf } from "./cookie.ts";
import { DEFAULT_COLUMNS, DEFAULT_SETTINGS } from "./defaults.ts";
import { type Dialog, MAX_PROFILES, MAX_VARIABLES, State, Wish } from "./dialog.ts";
import { Profiles } from "./profiles.ts";
import { cells, dialogOf, writtenColumns } from "./rows.ts";
import { DialogTable, Way, wayIn } from "./table.ts";

const owner = { dialogTimer: () => undefined };

function made(table: DialogTable, callId: string, fromTag: string, toTag = ""): Dialog {
  const dialog = table.make(owner, callId);
  dialog.caller.tag = fromTag;
  dialog.callee.tag = toTag;
  dialog.callee.known = toTag !== "";
  table.add(dialog);
  return dialog;
}

describe("cookies", () => {
  test("are written as Kamailio 5.6.3 writes them", () => {
    expect(cookieOf(2241, 5887)).toBe("1c8.ff61");
    expect(cookieIn(";lr;ftag=c0;did=1c8.ff61", "did")).toEqual({ entry: 2241, id: 5887 });
  });

  test("come back from any parameters, and nothing else is one", () => {
    const number = fc.integer({ min: 0, max: 0x7fffffff });
    fc.assert(
      fc.property(number, number, fc.constantFrom("", ";lr", ";lr;ftag=x"), (entry, id, before) => {
        expect(cookieIn(`${before};did=${cookieOf(entry, id)};r2=on`, "did")).toEqual({ entry, id });
      }),
      { seed: 11 },
    );
    for (const bad of ["", ";did=", ";did=1", ";did=1.", ";did=1.2.3", ";did=123456789.1", ";xdid=1.2", ";did=g.1"])
      expect(cookieIn(bad, "did")).toBeNull();
  });
});

describe("the table", () => {
  test("finds by identifier, by Call-ID and tags either way, the living before the dead", () => {
    const table = new DialogTable(5);
    const old = made(table, "a", "f", "t");
    old.state = State.DELETED;
    const early = made(table, "a", "f");
    expect(table.find(early.entry, early.id)).toBe(early);
    expect(table.match("a", "f", "anything")).toEqual({ dialog: early, way: Way.DOWN });
    expect(table.match("a", "t", "f")).toEqual({ dialog: early, way: Way.UP });
    expect(table.match("a", "x", "y")).toBeNull();
    expect(table.match("b", "f", "t")).toBeNull();
    table.remove(early);
    expect(table.match("a", "f", "t")).toEqual({ dialog: old, way: Way.DOWN });
    expect(wayIn(old, "f", "other")).toBe(Way.UNKNOWN);
  });

  test("a spiral is of a dialog that is not answered", () => {
    const table = new DialogTable(5);
    const dialog = made(table, "a", "f");
    expect(table.spiral("a", "f")).toBe(dialog);
    expect(table.spiral("a", "g")).toBeNull();
    dialog.state = State.ANSWERED;
    expect(table.spiral("a", "f")).toBeNull();
  });

  test("numbers keep their distance, and go round", () => {
    const table = new DialogTable(0);
    table.idStart = 3;
    table.idStep = 10;
    const ids = Array.from({ length: 5 }, () => made(table, "a", "f").id);
    for (const id of ids) expect(id % 10).toBe(3);
    expect(new Set(ids).size).toBe(5);
  });

  test("whatever is added and removed, what is left is found", () => {
    const call = fc.constantFrom("a", "b", "c");
    fc.assert(
      fc.property(fc.array(fc.record({ call, remove: fc.nat(20), keep: fc.boolean() }), { maxLength: 60 }), (steps) => {
        const table = new DialogTable(1);
        const live: Dialog[] = [];
        for (const [n, step] of steps.entries()) {
          if (step.keep || live.length === 0) live.push(made(table, step.call, `f${n}`, `t${n}`));
          else table.remove(live.splice(step.remove % live.length, 1)[0]!);
        }
        expect(table.size).toBe(live.length);
        for (const d of live) {
          expect(table.find(d.entry, d.id)).toBe(d);
          expect(table.match(d.callId, d.caller.tag, d.callee.tag)?.dialog).toBe(d);
        }
        for (const c of ["a", "b", "c"])
          expect(new Set(table.ofCall(c))).toEqual(new Set(live.filter((d) => d.callId === c)));
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});

describe("profiles", () => {
  test("count dialogs by value, and those of other servers until their time is over", () => {
    const table = new DialogTable(1);
    const profiles = new Profiles();
    profiles.declare(["caller"], ["all"]);
    const caller = profiles.find("caller")!;
    const [one, two] = [made(table, "a", "f"), made(table, "b", "f")];
    profiles.add(caller, one, "alice");
    profiles.add(caller, two, "bob");
    profiles.add(caller, two, "bob");
    expect(profiles.size(caller, undefined, 0)).toBe(3);
    expect(profiles.size(caller, "bob", 0)).toBe(2);
    expect(profiles.dialogs(caller, "bob")).toEqual([two]);
    profiles.addRemote(caller, "bob", "u1", 100);
    expect(profiles.size(caller, "bob", 99)).toBe(3);
    expect(profiles.size(caller, "bob", 100)).toBe(2);
    profiles.removeAll(two);
    expect(profiles.size(caller, undefined, 0)).toBe(1);
    expect(profiles.has(caller, one, undefined)).toBe(true);
    expect(profiles.has(caller, one, "bob")).toBe(false);
    expect(profiles.find("none")).toBeNull();
  });

  test("a dialog cannot grow without bounds", () => {
    const table = new DialogTable(1);
    const profiles = new Profiles();
    profiles.declare(["p"], []);
    const dialog = made(table, "a", "f");
    for (let n = 0; n < MAX_PROFILES + 5; n++) profiles.add(profiles.find("p")!, dialog, String(n));
    expect(dialog.profiles).toHaveLength(MAX_PROFILES);
    for (let n = 0; n < MAX_VARIABLES + 5; n++) dialog.setVariable(String(n), "x");
    expect(dialog.variables.size).toBe(MAX_VARIABLES);
    expect(dialog.setVariable("0", "y")).toBe(true);
  });
});

describe("rows", () => {
  test("a dialog comes back from its row as it was", () => {
    const table = new DialogTable(1);
    const d = made(table, "call@x", "f", "t");
    Object.assign(d, { fromUri: "sip:a@x", toUri: "sip:b@y", requestUri: "sip:b@z", state: State.ACTIVE });
    Object.assign(d, { startedAt: 100, expiresAt: 200, flags: 5, wishes: Wish.KA_CALLEE, timeoutRoute: "TO" });
    Object.assign(d.caller, { contact: "sip:a@1", cseq: 7, routes: "<sip:p;lr>,<sip:q;lr>", socketText: "udp:1:2" });
    Object.assign(d.callee, { contact: "sip:b@2", cseq: 0, routes: "", socketText: "tls:1:3" });
    d.profiles = [
      { name: "caller", value: 'a"b' },
      { name: "all", value: null },
    ];
    const columns = writtenColumns(DEFAULT_COLUMNS);
    const row = Object.fromEntries(columns.map((c, n) => [c, cells(d)[n]!]));
    const back = dialogOf(row, DEFAULT_COLUMNS, owner)!;
    expect(cells(Object.assign(back.dialog, { profiles: back.profiles }))).toEqual(cells(d));
    expect(dialogOf({ ...row, state: 5 }, DEFAULT_COLUMNS, owner)).toBeNull();
    expect(dialogOf({ ...row, callid: null }, DEFAULT_COLUMNS, owner)).toBeNull();
    for (const xdata of ["", "{", "[]", '{"profiles":7}', '{"profiles":[1,{"name":2}]}'])
      expect(dialogOf({ ...row, xdata }, DEFAULT_COLUMNS, owner)!.profiles).toEqual([]);
  });
});

test("the defaults are those of the README of 5.6.3", () => {
  expect(DEFAULT_SETTINGS).toMatchObject({
    defaultTimeout: 43200,
    earlyTimeout: 300,
    noackTimeout: 60,
    endTimeout: 300,
    matchMode: 0,
    rrParam: "did",
    dbUpdatePeriod: 60,
  });
});
