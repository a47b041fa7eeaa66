import { describe, expect, test } from "vitest";
import { modules } from "../src/modules/index.ts";
import { catalogue, catalogueJson } from "../src/registry/docs.ts";
import { nearest } from "../src/registry/nearest.ts";
import { Catalogue, likeParam, moduleName, paramOf, withUsed } from "../src/registry/registry.ts";

const docs = catalogue([...modules.values()]);

describe("every declaration is documented", () => {
  const sentences = docs.flatMap((m) => [
    [m.name, m.doc],
    ...m.params.map((p) => [`${m.name}.${p.name}`, p.doc]),
    ...m.functions.map((f) => [`${m.name}.${f.usage}`, f.doc]),
    ...m.variables.map((v) => [`${m.name}.${v.usage}`, v.doc]),
    ...m.rpc.map((r) => [r.name, r.doc]),
    ...m.events.map((e) => [e.name, e.doc]),
    ...m.tables.map((t) => [t.name, t.doc]),
  ]) as [string, string][];

  test("with a line that ends as a sentence", () => {
    const bare = sentences.filter(([, doc]) => doc.length < 5 || !/[.…:]$/.test(doc) || doc.includes("\n"));
    expect(bare).toEqual([]);
  });

  test("and transformations with a few words", () => {
    expect(docs.flatMap((m) => m.transforms.filter((t) => t.doc.length < 4).map((t) => t.name))).toEqual([]);
  });

  test("and the catalogue is JSON with every module in it", () => {
    const parsed = JSON.parse(catalogueJson(modules)) as { name: string }[];
    expect(parsed.map((m) => m.name)).toEqual([...modules.keys()].sort());
  });
});

describe("declarations fit together", () => {
  test("no name or alias is declared twice in one module", () => {
    const twice: string[] = [];
    for (const m of docs) {
      for (const kind of [m.functions, m.variables, m.params]) {
        const seen = new Set<string>();
        for (const { name, aliases } of kind as readonly { name: string; aliases: readonly string[] }[]) {
          for (const n of [name, ...aliases]) {
            if (seen.has(n)) twice.push(`${m.name}.${n}`);
            seen.add(n);
          }
        }
      }
    }
    expect(twice).toEqual([]);
  });

  test("optional arguments come last", () => {
    const wrong = docs.flatMap((m) =>
      m.functions
        .filter((f) => f.args.some((a, i) => a.optional && f.args[i + 1]?.optional === false))
        .map((f) => f.usage),
    );
    expect(wrong).toEqual([]);
  });

  test("a default lies within its bounds", () => {
    const wrong = docs.flatMap((m) =>
      m.params
        .filter(
          (p) =>
            typeof p.default === "number" &&
            ((p.min !== null && p.default < p.min) || (p.max !== null && p.default > p.max)),
        )
        .map((p) => `${m.name}.${p.name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("what a module uses is in the list", () => {
    for (const m of modules.values()) for (const used of m.uses) expect(modules.get(used.name)).toBe(used);
  });
});

describe("Catalogue", () => {
  const found = new Catalogue([...modules.values()]);

  test("finds functions and variables by their other names too", () => {
    expect(found.function("mf_process_maxfwd_header")?.name).toBe("maxfwd_process");
    expect(found.function("sethost")?.module.name).toBe("core");
    expect(found.pv("src_ip")?.name).toBe("si");
    expect(found.function("nope")).toBeNull();
    expect(found.module("/usr/lib/kamailio/modules/rr.so")?.name).toBe("rr");
    expect(found.event("sl:filtered-ack")?.module.name).toBe("sl");
    expect(found.rpc("pv.shvGet")?.module.name).toBe("pv");
  });

  test("offers what was probably meant", () => {
    expect(found.likeFunction("loose_rote")).toContain("loose_route");
    expect(found.likeFunction("sl_send_relpy")[0]).toBe("sl_send_reply");
    expect(found.likeModule("maxfdw.so")).toEqual(["maxfwd"]);
    expect(found.likePv("avpp")).toEqual(["avp"]);
    expect(nearest("zzzzzz", ["record_route"])).toEqual([]);
    expect(nearest("t_rleay", ["t_reply", "t_relay"])).toEqual(["t_relay"]);
  });

  test("parameters of a module", () => {
    const rr = modules.get("rr")!;
    expect(paramOf(rr, "append_fromtag")?.def.default).toBe(1);
    expect(paramOf(rr, "nope")).toBeNull();
    expect(likeParam(rr, "append_fromtags")).toEqual(["append_fromtag"]);
  });

  test("moduleName and withUsed", () => {
    expect(moduleName("tm.so")).toBe("tm");
    const tmx = modules.get("tmx")!;
    const order = withUsed([tmx]);
    expect(order.at(-1)).toBe(tmx);
    for (const used of tmx.uses) expect(order).toContain(used);
  });
});
