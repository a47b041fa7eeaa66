// The import rules on small made-up trees: one case a rule, with the message it gives.

import { describe, expect, test } from "vitest";
import { checkImports } from "./check-imports.ts";

/** Runs the check over files given as path → source; names of assets that exist besides may follow. */
function check(files: Record<string, string>, assets: string[] = []): string[] {
  const tree = { files: new Map(Object.entries(files)), exists: (path: string) => assets.includes(path) };
  return checkImports(tree).map(({ file, line, text }) => `${file}:${line}: ${text}`);
}

describe("ranks", () => {
  test("a folder may import itself and lower ranks", () => {
    const files = {
      "src/util/bytes.ts": "export const a = 1;",
      "src/sip/uri.ts": 'import { a } from "../util/bytes.ts";\nimport { b } from "./via.ts";',
      "src/sip/via.ts": "export const b = 1;",
      "src/boot.ts": 'import "./sip/uri.ts";',
      "src/main.ts": 'import { boot } from "./boot.ts";',
    };
    expect(check(files)).toEqual([]);
  });

  test("a folder may not import higher ranks, types included", () => {
    const files = {
      "src/sip/uri.ts": '// Purpose.\nimport type { Context } from "../proxy/context.ts";',
      "src/proxy/context.ts": "export type Context = number;",
    };
    expect(check(files)).toEqual(["src/sip/uri.ts:2: sip (rank 1) must not import proxy (rank 3)"]);
  });

  test("folders of the same rank do not see each other, re-exports and import() included", () => {
    const files = {
      "src/net/udp.ts": 'export { x } from "../tm/table.ts";\nconst y = await import("../store/sqlite.ts");',
      "src/tm/table.ts": "export const x = 1;",
      "src/store/sqlite.ts": "export const y = 1;",
    };
    expect(check(files)).toEqual([
      "src/net/udp.ts:1: net must not import tm: both have rank 2",
      "src/net/udp.ts:2: net must not import store: both have rank 2",
    ]);
  });

  test("a new folder needs a row", () => {
    const files = { "src/media/rtp.ts": 'import "../util/x.ts";', "src/util/x.ts": "" };
    expect(check(files)).toEqual([
      "src/media/rtp.ts:1: src/media has no rank: add a row to RANKS in scripts/check-imports.ts",
    ]);
  });

  test("the dashboard sees control/types.ts only, and nobody sees the dashboard", () => {
    const files = {
      "src/control/types.ts": "",
      "src/control/app.ts": 'import "../web/page.ts";',
      "src/web/page.ts": 'import type { A } from "../control/types.ts";\nimport { b } from "../control/app2.ts";',
      "src/control/app2.ts": "",
    };
    expect(check(files)).toEqual([
      "src/control/app.ts:1: no server file imports web",
      "src/web/page.ts:2: web imports types from src/control/types.ts only",
    ]);
  });
});

describe("files", () => {
  test("imports name a file with its extension", () => {
    expect(check({ "src/sip/uri.ts": 'import { x } from "./via";', "src/sip/via.ts": "" })).toEqual([
      'src/sip/uri.ts:1: "./via" is no file (imports carry their extension)',
    ]);
  });

  test("a test is not imported", () => {
    expect(check({ "src/sip/uri.ts": 'import "./via.test.ts";', "src/sip/via.test.ts": "" })).toEqual([
      'src/sip/uri.ts:1: "src/sip/via.test.ts" is a test; nothing imports it',
    ]);
  });

  test("embedded files come through the host, helpers of tests are for tests", () => {
    const files = {
      "src/host/assets.ts": 'import cfg from "../../embed/default.cfg" with { type: "text" };',
      "src/script/lexer.ts": 'import cfg from "../../embed/default.cfg" with { type: "text" };',
      "src/script/lexer.test.ts": 'import { agent } from "../../test/support/agent.ts";',
      "src/script/parser.ts": 'import { agent } from "../../test/support/agent.ts";',
    };
    expect(check(files, ["embed/default.cfg", "test/support/agent.ts"])).toEqual([
      "src/script/lexer.ts:1: what lies in embed/ is read through src/host/assets.ts",
      'src/script/parser.ts:1: "test/support/agent.ts" lies outside src',
    ]);
  });

  test("cycles are told once, with the whole way round", () => {
    const files = {
      "src/sip/a.ts": 'import "./b.ts";',
      "src/sip/b.ts": 'import { C } from "./c.ts";',
      "src/sip/c.ts": 'import "./a.ts";',
    };
    expect(check(files)).toEqual([
      "src/sip/a.ts:1: import cycle: src/sip/a.ts → src/sip/b.ts → src/sip/c.ts → src/sip/a.ts",
    ]);
  });

  test("neighbours may name each other's types", () => {
    const files = {
      "src/sip/a.ts": 'import { type X, b } from "./b.ts"; export const a = b;',
      "src/sip/b.ts": 'import type { A } from "./a.ts"; export const b = 1;',
    };
    expect(check(files)).toEqual([]);
  });
});

describe("modules", () => {
  const tm = 'export default defineModule({ name: "tm", uses: [] });';

  test("import another module's own file and list it in uses", () => {
    const files = {
      "src/modules/index.ts": 'import "./tm.ts";\nimport "./usrloc/index.ts";',
      "src/modules/tm.ts": tm,
      "src/modules/usrloc/index.ts": 'export default defineModule({ name: "usrloc" });',
      "src/modules/registrar/index.ts": 'import "../usrloc/index.ts";\ndefineModule({ uses: ["usrloc"] });',
    };
    expect(check(files)).toEqual([]);
  });

  test("an import without uses is refused, a shared helper needs none", () => {
    const files = {
      "src/modules/lists.ts": "export const helper = 1;",
      "src/modules/rr.ts": 'import "./tm.ts";\nimport "./lists.ts";\ndefineModule({ uses: ["tmx"] });',
      "src/modules/tm.ts": tm,
    };
    expect(check(files)).toEqual(['src/modules/rr.ts:1: the module rr imports tm without listing it in "uses"']);
  });

  test("a name in front of the declaration is not the module's", () => {
    const files = {
      "src/modules/rr.ts":
        'import "./core/index.ts";\nconst row = { name: "x", uses: [core] };\ndefineModule({ name: "rr" });',
      "src/modules/core/index.ts": 'const row = { name: "row" };\nexport const core = defineModule({ name: "core" });',
    };
    expect(check(files)).toEqual(['src/modules/rr.ts:1: the module rr imports core without listing it in "uses"']);
  });

  test("the inside of another module is closed", () => {
    const files = {
      "src/modules/usrloc/index.ts": "",
      "src/modules/usrloc/record.ts": "",
      "src/modules/registrar.ts": 'import "./usrloc/record.ts";',
      "src/control/app.ts": 'import "../modules/usrloc/record.ts";',
    };
    expect(check(files)).toEqual([
      'src/modules/registrar.ts:1: "src/modules/usrloc/record.ts" is internal to the module usrloc: import src/modules/usrloc/index.ts',
      'src/control/app.ts:1: "src/modules/usrloc/record.ts" is internal to the module usrloc: import src/modules/usrloc/index.ts',
    ]);
  });

  test("no module imports the list of all modules", () => {
    expect(check({ "src/modules/index.ts": "", "src/modules/tm.ts": 'import "./index.ts";' })).toEqual([
      "src/modules/tm.ts:1: a module does not import the list of all modules",
    ]);
  });
});

describe("the outside", () => {
  const use = [
    'import { createSocket } from "node:dgram";',
    'import { Database } from "bun:sqlite";',
    "const a = Bun.version, b = globalThis.Deno;",
    "const c = Date.now() + performance.now();",
    "setTimeout(() => Math.random(), 5);",
    "crypto.getRandomValues(x); process.exit(1);",
    "const d = new Date();",
    "await fetch(url); await import(name);",
  ].join("\n");

  test("is reached under src/host only", () => {
    expect(check({ "src/tm/timers.ts": use })).toEqual([
      'src/tm/timers.ts:1: "node:dgram" may be imported under src/host only: ask the Host',
      'src/tm/timers.ts:2: "bun:sqlite" may be imported under src/host only',
      "src/tm/timers.ts:3: Bun may be used under src/host only",
      "src/tm/timers.ts:3: Deno may be used under src/host only",
      "src/tm/timers.ts:4: performance may be used under src/host only",
      "src/tm/timers.ts:4: Date.now may be used under src/host only",
      "src/tm/timers.ts:5: Math.random may be used under src/host only",
      "src/tm/timers.ts:5: a runtime timer may be used under src/host only",
      "src/tm/timers.ts:6: process may be used under src/host only",
      "src/tm/timers.ts:6: crypto may be used under src/host only",
      "src/tm/timers.ts:7: new Date() without a time may be used under src/host only",
      "src/tm/timers.ts:8: import() of a computed name hides who imports whom",
      "src/tm/timers.ts:8: fetch may be used under src/host only",
    ]);
    expect(check({ "src/host/bun.ts": use, "src/tm/timers.test.ts": use })).toEqual([]);
  });

  test("comments, text, regular expressions, own methods and computing are no matter", () => {
    const source = [
      "// Bun.serve and Date.now() are not for us.",
      "/* Deno. */ const a = 'Bun.version', b = `Date.now() is ${ {x: \"Math.random\"}.x } process.env`;",
      "const c = /[/'\"]Bun\\.x/.test(a) && 4 / 2 / 1;",
      "clock.setTimeout(f, 1); host.crypto.md5(a); host.process.exit(1); app.fetch(r);",
      "const d = new Date(clock.wall()); const crypto = 1;",
      'import { parseArgs } from "node:util";',
      'const e = Array.from("node:fs"); const fromBun = "x";',
      "class K { setTimeoutNow() {} async fetch(r: Request): Promise<void> {} }",
    ].join("\n");
    expect(check({ "src/tm/timers.ts": source })).toEqual([]);
  });

  test("code inside a template is still code", () => {
    expect(check({ "src/sip/a.ts": "const a = `x ${ `y ${Date.now()}` } Date.now()`;" })).toEqual([
      "src/sip/a.ts:1: Date.now may be used under src/host only",
    ]);
  });
});
