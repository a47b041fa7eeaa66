// What a checked configuration holds, and the small parsers it is made with.

import { describe, expect, test } from "vitest";
import { stubModules, Trace } from "../../test/cfg/stub-modules.ts";
import { GLOBALS, loadConfig } from "./index.ts";
import { parseListen } from "./listen.ts";
import { parseNetwork } from "./network.ts";

const modules = stubModules(new Trace());
const load = (text: string) => loadConfig({ file: "t.cfg", text: `${text}\nrequest_route { exit; }` }, modules);

describe("globals", () => {
  test("values, words and defaults", () => {
    const { globals, ok } = load(
      `debug=L_DBG\nlog_stderror=yes\nmax_while_loops = 500;\nalias="a.example" alias=b.example:5070\nserver_header="Server: x"\nworkdir=/tmp/x`,
    );
    expect(ok).toBe(true);
    expect(globals.aliases).toEqual(["a.example", "b.example:5070"]);
    expect(globals.int("debug")).toBe(3);
    expect(globals.bool("log_stderror")).toBe(true);
    expect(globals.int("max_while_loops")).toBe(500);
    expect(globals.int("port")).toBe(5060);
    expect(globals.text("server_header")).toBe("Server: x");
    expect(globals.text("workdir")).toBe("/tmp/x");
    expect(globals.text("log_name")).toBeNull();
  });

  test("listen in all its forms", () => {
    const { globals, diagnostics } = load(
      'listen=udp:127.0.0.1:5060\nlisten=tcp:[::1]:5061 advertise 203.0.113.5:5080 name "edge"\nlisten=eth0\nlisten="tls:sip.example.com:5061"\nlisten=udp:10.0.0.1:5060 tcp:10.0.0.1:5060\nlisten=*',
    );
    expect(diagnostics.map((d) => d.code)).toEqual(["no-tls"]); // TLS is off

    expect(globals.listen.map((l) => [l.proto, l.host, l.port])).toEqual([
      ["udp", "127.0.0.1", 5060],
      ["tcp", "::1", 5061],
      [null, "eth0", null],
      ["tls", "sip.example.com", 5061],
      ["udp", "10.0.0.1", 5060],
      ["tcp", "10.0.0.1", 5060],
      [null, "*", null],
    ]);
    expect(globals.listen[1]).toMatchObject({ advertise: { host: "203.0.113.5", port: 5080 }, socketName: "edge" });
  });

  test("no name stands twice in the table", () => {
    const names = GLOBALS.flatMap((g) => [g.name, ...g.aliases]);
    expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
  });
});

describe("modules and flags", () => {
  test("parameters are filled in, core comes first", () => {
    const config = load(
      'loadmodule "/usr/lib/x/fake.so"\nmodparam("fake", "rule", "a")\nmodparam("fake", "rule", "b")\nmodparam("fake", "interval", "20")',
    );
    expect(config.modules.map((m) => m.module.name)).toEqual(["core", "fake"]);
    expect(config.modules[1]?.params).toMatchObject({
      db_url: "",
      rule: ["a", "b"],
      timer: 20,
      mode: "up",
      workers: 1,
    });
  });

  test("flags without number take free ones from above", () => {
    expect([...load("flags A:31, B, C:3, D;").flags]).toEqual([
      ["A", 31],
      ["C", 3],
      ["B", 30],
      ["D", 29],
    ]);
  });

  test("custom parameters", () => {
    expect(load('pstn.gw_ip = "1.2.3.4" desc "gateway"\npstn.port = 5060').custom).toMatchObject([
      { group: "pstn", name: "gw_ip", value: { value: "1.2.3.4" }, doc: "gateway" },
      { group: "pstn", name: "port", value: { value: 5060 }, doc: "" },
    ]);
  });
});

describe("includes", () => {
  test("errors name the included file", () => {
    const files: Record<string, string> = { "a.cfg": 'include_file "b.cfg"', "b.cfg": "\n  debg=3\n" };
    const readFile = (name: string) => (files[name] === undefined ? null : { name, text: files[name] });
    const { diagnostics } = loadConfig(
      { file: "main.cfg", text: 'include_file "a.cfg"\nrequest_route { exit; }' },
      modules,
      { readFile },
    );
    expect(diagnostics).toMatchObject([{ file: "b.cfg", line: 2, column: 3, code: "unknown-global" }]);
  });

  test("end at ten", () => {
    const readFile = (name: string) => ({ name, text: 'include_file "self.cfg"' });
    const { diagnostics } = loadConfig(
      { file: "self.cfg", text: 'include_file "self.cfg"\nrequest_route { exit; }' },
      modules,
      { readFile },
    );
    expect(diagnostics).toMatchObject([{ code: "include-depth" }]);
  });

  test("defines from the command line and the environment", () => {
    const text =
      "#!defenv HOST\n#!defenvs NAME=USER_NAME\n#!ifdef WITH_A\nlisten=udp:HOST:PORT name NAME\n#!endif\nrequest_route { exit; }";
    const { globals } = loadConfig({ file: "t", text }, modules, {
      defines: ["WITH_A", "PORT=5070"],
      env: { HOST: "10.0.0.1", USER_NAME: "edge" },
    });
    expect(globals.listen).toMatchObject([{ host: "10.0.0.1", port: 5070, socketName: "edge" }]);
  });
});

test("parseListen", () => {
  expect(parseListen("UDP:1.2.3.4")).toEqual({ proto: "udp", host: "1.2.3.4", port: null });
  for (const bad of ["", "udp:", "1.2.3.4.5", "a b", "[::1", "x:0", "x:65536"])
    expect(typeof parseListen(bad), bad).toBe("string");
});

test("parseNetwork", () => {
  expect(parseNetwork("10.0.0.0/8")?.contains("10.255.0.1")).toBe(true);
  expect(parseNetwork("10.0.0.0/255.0.0.0")?.contains("11.0.0.1")).toBe(false);
  expect(parseNetwork("2001:db8::/32")?.contains("2001:db8:1::1")).toBe(true);
  expect(parseNetwork("2001:db8::/32")?.contains("10.0.0.1")).toBe(false);
  expect(parseNetwork("0.0.0.0/0")?.contains("1.2.3.4")).toBe(true);
  expect(parseNetwork("10.0.0.0/33")).toBeNull();
});
