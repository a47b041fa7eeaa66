import { describe, expect, test } from "vitest";
import { ModuleBed } from "../../../test/support/module-bed.ts";
import type { RouteContext } from "../../proxy/context.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import type { Value } from "../../sip/value.ts";
import { strftime } from "../../util/strftime.ts";
import { setProved } from "../core/index.ts";
import { pv, type SharedVariables } from "./index.ts";

const REPLY =
  "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: p\r\nCSeq: 3 INVITE\r\nContent-Length: 0\r\n\r\n";
const REQUEST =
  "INVITE sip:bob@x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bK1\r\nFrom: sip:al@h;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: p\r\nCSeq: 3 INVITE\r\nContent-Length: 0\r\n\r\n";

function bed(params: Readonly<Record<string, readonly string[]>> = {}): ModuleBed {
  const made = new ModuleBed();
  made.load(pv, params);
  return made;
}

function accessor(
  b: ModuleBed,
  name: string,
  inner: string | null = null,
  index: number | "*" | null = null,
): Accessor {
  const found = pv.pvs[name]!.resolve(b.instance(pv), inner, index);
  if (found instanceof ArgError) throw new Error(found.message);
  return found;
}

function read(b: ModuleBed, ctx: RouteContext, name: string, inner: string | null = null): Value {
  return accessor(b, name, inner).get(ctx);
}

describe("variables in a reply", () => {
  test("status, reason and the method of CSeq; nothing of a request", () => {
    const b = bed();
    const ctx = b.context(REPLY);
    expect(["rs", "rsi", "rr", "rm", "mt", "mts", "cs"].map((n) => read(b, ctx, n))).toEqual([
      180,
      180,
      "Ringing",
      "INVITE",
      2,
      "rpl",
      "3",
    ]);
    expect(["ru", "rU", "ou", "oU"].map((n) => read(b, ctx, n))).toEqual([null, null, null, null]);
  });
});

describe("writing From", () => {
  test("an address without brackets gets them when it gets a name", () => {
    const b = bed();
    const ctx = b.context(REQUEST);
    accessor(b, "fu").set!(ctx, "sip:new@x");
    accessor(b, "fn").set!(ctx, '"N"');
    expect(read(b, ctx, "mbu")).toContain('From: "N" <sip:new@x>;tag=1\r\n');
    expect(read(b, ctx, "fu")).toBe("sip:al@h");
  });

  test("every variable that says it can be written has an accessor that can, and the other way round", () => {
    const b = bed();
    const inner: Readonly<Record<string, string>> = {
      branch: "uri",
      sbranch: "uri",
      Mf: "1",
      Bf: "1",
      Sf: "1",
      msgbuf: "1",
    };
    for (const [name, def] of Object.entries(pv.pvs)) {
      if (["var", "vz", "vn"].includes(name) || (def.inner === "required" && !def.writable)) continue;
      const found = def.resolve(b.instance(pv), def.inner === "required" ? (inner[name] ?? "x") : null, null);
      expect(found, name).not.toBeInstanceOf(ArgError);
      expect((found as Accessor).set !== undefined, name).toBe(def.writable);
    }
  });
});

describe("accounting identity", () => {
  test("is that of From until credentials were found right", () => {
    const b = bed();
    const ctx = b.context(REQUEST);
    expect([read(b, ctx, "AU"), read(b, ctx, "Au")]).toEqual(["al", "al@h"]);
    setProved(ctx, { user: "bob", realm: "r.x" });
    expect([read(b, ctx, "AU"), read(b, ctx, "Au")]).toEqual(["bob", "bob@r.x"]);
  });
});

describe("shared variables", () => {
  test("have the value shvset gives, are set by scripts and commands, and survive a reload", async () => {
    const b = bed({ shvset: ["n=i:5", "t=s:text"] });
    const ctx = b.context(REQUEST);
    expect([read(b, ctx, "shv", "n"), read(b, ctx, "shv", "t"), read(b, ctx, "shv", "none")]).toEqual([5, "text", 0]);
    accessor(b, "shv", "n").set!(ctx, 6);
    await pv.rpc["pv.shvSet"]!.run(b.instance<SharedVariables>(pv), ["t", "int", "9"]);
    b.load(pv, { shvset: ["n=i:5"] });
    expect(await pv.rpc["pv.shvGet"]!.run(b.instance<SharedVariables>(pv), [undefined])).toEqual({
      items: [{ shv: { name: "t", type: "int", value: 9 } }, { shv: { name: "n", type: "int", value: 6 } }],
    });
    expect(() => bed({ shvset: ["nonsense"] })).toThrow(/nonsense/);
  });
});

describe("functions", () => {
  test("pv_isset, pv_unset, is_int, typeof, not_empty", async () => {
    const b = bed();
    const ctx = b.context(REQUEST);
    const v = accessor(b, "avp", "x");
    const ask = async (name: string, ...more: unknown[]): Promise<number> =>
      (await b.call(pv, name, ctx, v, ...more)).code;
    expect([await ask("pv_isset"), await ask("is_int"), await ask("not_empty"), await ask("typeof", "null")]).toEqual([
      -1, -1, -1, 1,
    ]);
    v.set!(ctx, 5);
    expect([await ask("pv_isset"), await ask("is_int"), await ask("not_empty"), await ask("typeof", "int")]).toEqual([
      1, 1, -1, 1,
    ]);
    expect(await ask("pv_unset")).toBe(1);
    expect(await ask("pv_isset")).toBe(-1);
  });
});

describe("time", () => {
  // Friday, 13 February 2009 23:31:30 UTC
  const MOMENT = 1_234_567_890_000;

  test("strftime", () => {
    expect(strftime("%Y-%m-%d %H:%M:%S %a %A %b %B %j %y %e %I %p %s %% %F %T %D %R %u %w %U %Q", MOMENT, true)).toBe(
      "2009-02-13 23:31:30 Fri Friday Feb February 044 09 13 11 PM 1234567890 % 2009-02-13 23:31:30 02/13/09 23:31 5 5 06 %Q",
    );
    expect(strftime("%c", MOMENT, true)).toBe("Fri Feb 13 23:31:30 2009");
  });

  test("comes from the host's clock", () => {
    const b = bed();
    const ctx = b.context(REQUEST);
    const seconds = Math.floor(b.host.clock.wall() / 1000);
    expect(read(b, ctx, "Ts")).toBe(seconds);
    expect(read(b, ctx, "utime", "year")).toBe(new Date(seconds * 1000).getUTCFullYear());
    expect(read(b, ctx, "TV", "s")).toBe(seconds);
  });
});
