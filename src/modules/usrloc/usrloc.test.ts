// Location tables and their database: what is on disk when, what a start finds again, and that work comes in slices.

import { describe, expect, test } from "vitest";
import { headerOf, ModuleBed, registerText } from "../../../test/support/module-bed.ts";
import type { Row } from "../../store/database.ts";
import { dateCell, julianDay } from "../../store/dates.ts";
import registrar from "../registrar/index.ts";
import usrloc, { AorRecord, Contact, Usrloc } from "./index.ts";
import { secondsOf, timeCell } from "./rows.ts";

const URL = "sqlite:///data/location.sqlite";

function start(b: ModuleBed, mode: number, more: Readonly<Record<string, string | number>> = {}): void {
  b.load(usrloc, { db_mode: mode, db_url: URL, ...more });
  b.load(registrar, { use_path: 1, path_mode: 0 });
}

/** The same database, a process that starts anew. */
function restart(b: ModuleBed, mode: number, more: Readonly<Record<string, string | number>> = {}): Usrloc {
  const state = new Usrloc(b.moduleHost);
  const instance = usrloc.configure(state, paramsOf(mode, more), b.moduleHost);
  void usrloc.start?.(instance, b.moduleHost);
  return state;
}

function paramsOf(mode: number, more: Readonly<Record<string, string | number>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, def] of Object.entries(usrloc.params)) values[name] = def.default;
  return { ...values, db_mode: mode, db_url: URL, ...more };
}

const register = async (b: ModuleBed, o: Parameters<typeof registerText>[0], flags?: string): Promise<string> =>
  headerOf((await b.call(registrar, "save", b.context(registerText(o)), "location", flags)).reply, "Contact");

const rows = (b: ModuleBed): Row[] => b.databases.get(URL).query("location", [], [], { order: "id" }) as Row[];

describe("write-through", () => {
  test("a binding is a row in Kamailio's form at once, refreshed in place, gone with it", async () => {
    const b = new ModuleBed();
    start(b, 1);
    await register(b, {
      user: "bob",
      contact: '<sip:b@1.1.1.1>;q=0.7;+sip.instance="<urn:uuid:1>";reg-id=1',
      more: "Allow: INVITE, ACK\nPath: <sip:p;lr>\n",
    });
    const now = b.host.clock.wall() / 1000;
    const [row] = rows(b);
    expect(row).toMatchObject({
      username: "bob",
      domain: null,
      contact: "sip:b@1.1.1.1",
      received: null,
      path: "<sip:p;lr>",
      q: 0.7,
      callid: "c1",
      cseq: 1,
      flags: 0,
      cflags: 0,
      user_agent: "ua/1",
      socket: "udp:127.0.0.1:5060",
      methods: 5,
      instance: "<urn:uuid:1>",
      reg_id: 1,
      server_id: 0,
      connection_id: -1,
    });
    expect(row!["ruid"]).toMatch(/^uloc-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/);
    expect(secondsOf(row!["expires"]!) - now).toBeCloseTo(3600, 0);
    await register(b, { user: "bob", contact: "<sip:b@1.1.1.1>", cseq: 2 });
    expect(rows(b).map((r) => [r["ruid"], r["cseq"], r["q"]])).toEqual([[row!["ruid"], 2, -1]]);
    await register(b, { user: "bob", contact: "<sip:b@1.1.1.1>;expires=0", cseq: 3 });
    expect(rows(b)).toEqual([]);
  });

  test("a start finds the bindings again and forgets the expired ones, rows too", async () => {
    const b = new ModuleBed();
    start(b, 1);
    await register(b, {
      user: "bob",
      contact: ["<sip:b1@1.1.1.1>;q=0.2;expires=1000", "<sip:b2@1.1.1.1>;q=0.9;expires=60"],
    });
    await b.world.advance(61_000);
    const again = restart(b, 1, { preload: [] as unknown as string });
    const record = again.domain("location")!.get("bob")!;
    expect(record.contacts.map((c) => [c.contact, c.q, c.state])).toEqual([["sip:b1@1.1.1.1", 200, "CS_SYNC"]]);
    expect(record.contacts[0]!.expires - again.now()).toBe(1000 - 61);
    expect(rows(b).length).toBe(1);
  });

  test("flag 1 of save keeps out of the database", async () => {
    const b = new ModuleBed();
    start(b, 1);
    expect(await register(b, { contact: "<sip:a@1.1.1.1>" }, "1")).not.toBe("");
    expect(rows(b)).toEqual([]);
  });

  test("use_domain keeps the domain in its column", async () => {
    const b = new ModuleBed();
    start(b, 1, { use_domain: 1 });
    await register(b, { user: "bob", host: "example.com", contact: "<sip:a@1.1.1.1>" });
    expect(rows(b).map((r) => [r["username"], r["domain"]])).toEqual([["bob", "example.com"]]);
    expect(restart(b, 1, { use_domain: 1 }).domain("location")!.get("bob@example.com")).toBeDefined();
  });
});

test("write-back: rows come with the timer or the end, in slices", async () => {
  const b = new ModuleBed();
  start(b, 2, { timer_interval: 5 });
  for (let i = 0; i < 300; i++) await register(b, { user: `u${i}`, contact: "<sip:a@1.1.1.1>" });
  expect(rows(b)).toEqual([]);
  await b.pass(5000);
  const first = rows(b).length;
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(300);
  await b.pass(200);
  expect(rows(b).length).toBe(300);
  await register(b, { user: "u1", contact: "<sip:a@1.1.1.1>;expires=0", cseq: 2 });
  await register(b, { user: "late", contact: "<sip:a@1.1.1.1>" });
  await (b.state(usrloc) as Usrloc).stop();
  expect(rows(b).length).toBe(300);
  expect(rows(b).some((r) => r["username"] === "u1")).toBe(false);
});

test("database only: memory keeps nothing, what another server wrote is seen", async () => {
  const b = new ModuleBed();
  start(b, 3);
  await register(b, { user: "bob", contact: "<sip:a@1.1.1.1>;expires=100" });
  const state = b.state(usrloc) as Usrloc;
  expect([state.total, rows(b).length]).toEqual([0, 1]);
  expect(await register(b, { user: "bob", contact: "<sip:a@1.1.1.1>;expires=200", cseq: 2 })).toBe(
    "<sip:a@1.1.1.1>;expires=200",
  );
  b.databases.get(URL).update("location", [{ column: "username", value: "bob" }], ["contact"], ["sip:other@2.2.2.2"]);
  expect(await register(b, { user: "bob", cseq: 3 })).toBe("<sip:other@2.2.2.2>;expires=200");
  await register(b, { user: "bob", contact: "*", more: "Expires: 0\n", cseq: 4 });
  expect(rows(b)).toEqual([]);
});

test("read only: rows are read and never written", async () => {
  const b = new ModuleBed();
  start(b, 1);
  await register(b, { user: "bob", contact: "<sip:a@1.1.1.1>;expires=100" });
  const state = restart(b, 4);
  const domain = state.domain("location")!;
  domain.removeAll(domain.get("bob")!);
  expect([state.total, rows(b).length]).toEqual([0, 1]);
});

test("a table of another version is told at start", () => {
  const b = new ModuleBed();
  start(b, 1);
  b.databases.get(URL).update("version", [{ column: "table_name", value: "location" }], ["table_version"], [8]);
  expect(() => restart(b, 1)).toThrow(/table location in .* is of version 8, but version 9 is needed/);
});

test("without a database URL a mode that needs one is refused", () => {
  expect(() => new ModuleBed().load(usrloc, { db_mode: 1 })).toThrow(/db_url is not/);
});

test("a database that fails is answered 500", async () => {
  const b = new ModuleBed();
  start(b, 1);
  await register(b, { contact: "<sip:a@1.1.1.1>" });
  b.databases.get(URL).raw("DROP TABLE location", []);
  const o = await b.call(
    registrar,
    "save",
    b.context(registerText({ contact: "<sip:b@1.1.1.1>", cseq: 2 })),
    "location",
  );
  expect([o.code, o.reply.split("\r\n")[0]]).toEqual([-1, "SIP/2.0 500 Server Internal Error"]);
});

test("times are read however they were written", () => {
  const seconds = 1_795_245_904;
  expect(secondsOf(julianDay(seconds))).toBe(seconds);
  expect(timeCell(seconds, 0)).toEqual(dateCell(seconds));
  expect(timeCell(seconds, 1)).toBe(seconds);
  expect(secondsOf("2026-11-21 07:25:04")).toBe(seconds);
  expect([secondsOf(0), secondsOf(null), secondsOf("x")]).toEqual([0, 0, 0]);
});

test("a sweep keeps its place and ends", () => {
  const b = new ModuleBed();
  const state = new Usrloc(b.moduleHost);
  const domain = state.domain("location")!;
  for (let i = 0; i < 1000; i++) {
    const contact = new Contact(`u${i}`, state.newRuid());
    contact.expires = i % 2 === 0 ? 10 : 0;
    domain.add(undefined, contact);
  }
  let slices = 1;
  while (!domain.sweep(20, 300)) slices++;
  expect([slices, domain.users, state.total, domain.expired]).toEqual([4, 500, 500, 500]);
});

test("records are placed by q, equals in order of arrival", () => {
  const record = new AorRecord("a");
  for (const [i, q] of [-1, 500, -1, 0, 500, 1000].entries()) {
    const contact = new Contact("a", String(i));
    contact.q = q;
    record.place(contact, false);
  }
  expect(record.contacts.map((c) => c.ruid).join("")).toBe("514302");
});

describe("commands", () => {
  const run = (b: ModuleBed, name: string, ...args: (string | number)[]): unknown =>
    usrloc.rpc[name]!.run(b.instance(usrloc), args);

  test("ul.lookup, ul.dump, ul.rm, ul.add and ul.rm_contact", async () => {
    const b = new ModuleBed();
    start(b, 0);
    await register(b, { user: "bob", contact: "<sip:a@1.1.1.1>;q=0.5;expires=100" });
    expect(run(b, "ul.lookup", "location", "bob@any")).toMatchObject({
      AoR: "bob",
      Contacts: [
        {
          Contact: {
            Address: "sip:a@1.1.1.1",
            Expires: 100,
            Q: 0.5,
            "Call-ID": "c1",
            Received: "[not set]",
            Methods: -1,
            "Tcpconn-Id": -1,
          },
        },
      ],
    });
    expect(run(b, "ul.dump", "brief")).toMatchObject({
      Domains: [{ Domain: { Domain: "location", AoRs: [{ AoR: "bob" }], Stats: { Records: 1 } } }],
    });
    expect(() => run(b, "ul.lookup", "location", "nobody")).toThrow("AOR not found in location table");
    expect(() => run(b, "ul.lookup", "foo", "bob")).toThrow("Domain table not found");
    run(b, "ul.add", "location", "bob", "sip:x@2.2.2.2", 300, "0.9");
    expect(await register(b, { user: "bob", cseq: 2 })).toBe(
      "<sip:x@2.2.2.2>;q=0.9;expires=300, <sip:a@1.1.1.1>;q=0.5;expires=100",
    );
    run(b, "ul.rm_contact", "location", "bob", "sip:x@2.2.2.2");
    run(b, "ul.rm", "location", "bob");
    expect((b.state(usrloc) as Usrloc).total).toBe(0);
  });
});
