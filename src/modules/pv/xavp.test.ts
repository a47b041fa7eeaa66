import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModuleBed } from "../../../test/support/module-bed.ts";
import { ArgError } from "../../registry/args.ts";
import { pv } from "./index.ts";
import { parseXavp } from "./xavp.ts";
import { explodeList, explodeParams, implodeFields } from "./xavp-text.ts";

const REQUEST =
  "INVITE sip:bob@x SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bK1\nFrom: sip:al@h;tag=1\nTo: <sip:b@x>\nCall-ID: p\nCSeq: 3 INVITE\nContent-Length: 0\n\n";

describe("names", () => {
  test("are read with indexes and fields, or refused", () => {
    expect(parseXavp("xavp", "a[-1]=>b[*]")).toEqual({ name: "a", index: -1, field: "b", which: "*" });
    expect(parseXavp("xavi", "Aa=>B")).toEqual({ name: "aa", index: null, field: "b", which: null });
    for (const bad of ["", "a[", "a[x]", "=>b", "[0]", "a b"])
      expect(parseXavp("xavp", bad), bad).toBeInstanceOf(ArgError);
    expect(parseXavp("xavu", "a[0]")).toBeInstanceOf(ArgError);
  });
});

describe("text and fields", () => {
  test("what was imploded explodes to the same", () => {
    const word = fc.stringMatching(/^[a-z0-9._-]{1,8}$/);
    fc.assert(
      fc.property(fc.array(fc.record({ name: word, value: word }), { minLength: 1, maxLength: 6 }), (fields) => {
        expect(explodeParams(implodeFields(fields, false))).toEqual(fields);
        expect(explodeParams(implodeFields(fields, true))).toEqual(fields);
      }),
      { seed: 1 },
    );
  });

  test("no text breaks the readers", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        explodeParams(text);
        explodeList(text, ",;", "t");
        parseXavp("xavp", text);
      }),
      { seed: 1 },
    );
  });
});

describe("functions newer than 5.6", () => {
  test("rm_all, lshift, xparams_explode, implode_qval, push_dst, print", async () => {
    const bed = new ModuleBed();
    bed.load(pv);
    const ctx = bed.context(REQUEST);
    const ask = async (name: string, ...args: unknown[]): Promise<number> =>
      (await bed.call(pv, name, ctx, ...args)).code;
    const count = (name: string): number => ctx.avps.xavps("xavp").all(name).length;
    for (let i = 0; i < 4; i++) await ask("xavp_params_explode", `a=${i}`, "x");
    expect([await ask("xavp_lshift", "x", 2), count("x")]).toEqual([1, 2]);
    expect([await ask("xavp_rm_all", "x"), count("x")]).toEqual([1, 0]);
    expect(await ask("xavp_xparams_explode", "a=1;b=2,c=3", ",", "c")).toBe(1);
    expect(ctx.avps.xavps("xavp").one("c", 0)?.fields).toEqual([
      { name: "a", value: "1;b=2" },
      { name: "c", value: "3" },
    ]);
    expect(await ask("xavp_xparams_explode", "uri=sip:a@b|dst_uri=sip:p.example", "|", "d")).toBe(1);
    let out = "";
    const target = { get: () => null, set: (_: unknown, v: unknown) => void (out = String(v)) };
    expect([await ask("xavp_params_implode_qval", "d", target), out]).toEqual([
      1,
      'uri="sip:a@b";dst_uri="sip:p.example";',
    ]);
    expect(await ask("xavp_push_dst", "d")).toBe(1);
    expect(ctx.branches.map((b) => [b.uri, b.dstUri])).toEqual([["sip:a@b", "sip:p.example"]]);
    await ask("pv_xavp_print");
    expect(bed.lines.join("\n")).toContain('$xavp(d[0]) = { uri="sip:a@b", dst_uri="sip:p.example" }');
  });
});
