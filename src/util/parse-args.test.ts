// The stand-in for @std/cli/parse-args, imported by the name the program uses, so that the import maps are tested too.
// Expectations follow the public documentation of that package.

import { parseArgs } from "@std/cli/parse-args";
import { describe, expect, test } from "vitest";

describe("parseArgs", () => {
  test("reads long and short flags, values and free arguments", () => {
    const args = parseArgs(["--file=a.cfg", "-l", "udp:127.0.0.1", "check", "-c", "--depth", "3"], {
      boolean: ["c"],
      string: ["file", "l"],
    });
    expect(args).toEqual({ _: ["check"], file: "a.cfg", l: "udp:127.0.0.1", c: true, depth: 3 });
    const file: string | undefined = args.file;
    const c: boolean = args.c;
    expect([file, c]).toEqual(["a.cfg", true]);
  });

  test("does what the example of the package's documentation does", () => {
    expect(parseArgs("-x 3 -y 4 -n5 -abc --beep=boop foo bar baz".split(" "))).toEqual({
      _: ["foo", "bar", "baz"],
      x: 3,
      y: 4,
      n: 5,
      a: true,
      b: true,
      c: true,
      beep: "boop",
    });
  });

  test("turns numbers into numbers, except for flags declared as string", () => {
    expect(parseArgs(["--port", "5060", "--user=101", "7", "0x10", "-n5"], { string: "user" })).toEqual({
      _: [7, 16],
      port: 5060,
      user: "101",
      n: 5,
    });
    expect(parseArgs(["7"], { string: ["_"] })._).toEqual(["7"]);
  });

  test("joins single letters, and gives the last of them the value", () => {
    expect(parseArgs(["-DEf", "x.cfg"], { boolean: ["D", "E"], string: ["f"] })).toEqual({
      _: [],
      D: true,
      E: true,
      f: "x.cfg",
    });
    expect(parseArgs(["-fx.cfg"], { string: "f" })).toEqual({ _: [], f: "x.cfg" });
  });

  test("takes a lone dash and negative numbers as values", () => {
    expect(parseArgs(["-f", "-"], { string: "f" })).toEqual({ _: [], f: "-" });
    expect(parseArgs(["-f-"], { string: "f" })).toEqual({ _: [], f: "-" });
    expect(parseArgs(["--offset", "-5"])).toEqual({ _: [], offset: -5 });
  });

  test("a string flag without a value is empty text", () => {
    expect(parseArgs(["--file", "-c"], { string: "file", boolean: "c" })).toEqual({ _: [], file: "", c: true });
  });

  test("gathers repeated flags only when asked to", () => {
    const options = { collect: ["A", "d"], string: ["A"], boolean: ["d"] } as const;
    expect(parseArgs(["-A", "X=1", "-A", "Y", "-ddd"], options)).toEqual({
      _: [],
      A: ["X=1", "Y"],
      d: [true, true, true],
    });
    expect(parseArgs([], options)).toEqual({ _: [], A: [], d: [] });
    expect(parseArgs([], { collect: "list" })).toEqual({ _: [], list: [] });
    expect(parseArgs(["--x", "1", "--x", "2"])).toEqual({ _: [], x: 2 });
  });

  test("fills in defaults, and false for booleans", () => {
    const args = parseArgs([], { boolean: "help", string: "file", default: { file: "portico.cfg" } });
    expect(args).toEqual({ _: [], help: false, file: "portico.cfg" });
    const file: string = args.file;
    expect(file).toBe("portico.cfg");
  });

  test("sets every alias of a flag", () => {
    const options = { alias: { help: ["h", "?"], version: "v" }, boolean: ["help"] } as const;
    expect(parseArgs(["-h", "-v"], options)).toEqual({ _: [], h: true, "?": true, help: true, v: true, version: true });
  });

  test("--no-NAME works for negatable flags only", () => {
    expect(parseArgs(["--no-color"], { boolean: "color", negatable: "color", default: { color: true } })).toEqual({
      _: [],
      color: false,
    });
    expect(parseArgs(["--no-color"], { boolean: "color" })).toEqual({ _: [], color: false, "no-color": true });
  });

  test("-- ends the flags", () => {
    expect(parseArgs(["-c", "--", "-x"], { boolean: "c" })).toEqual({ _: ["-x"], c: true });
    expect(parseArgs(["a", "--", "-x"], { "--": true })).toEqual({ _: ["a"], "--": ["-x"] });
    expect(parseArgs(["a"], { "--": true })).toEqual({ _: ["a"], "--": [] });
  });

  test("stopEarly leaves the rest alone", () => {
    expect(parseArgs(["-c", "user", "add", "--force"], { boolean: "c", stopEarly: true })).toEqual({
      _: ["user", "add", "--force"],
      c: true,
    });
  });

  test("tells about what is not declared", () => {
    const seen: unknown[] = [];
    const unknown = (arg: string, key?: string, value?: unknown) => {
      seen.push([arg, key, value]);
      return false;
    };
    expect(parseArgs(["--bad=1", "-c", "free"], { boolean: "c", unknown })).toEqual({ _: [], c: true });
    expect(seen).toEqual([
      ["--bad=1", "bad", 1],
      ["free", undefined, undefined],
    ]);
  });

  test("dotted names make objects, and no name reaches the prototype", () => {
    expect(parseArgs(["--db.url=sqlite", "--db.pool", "4"])).toEqual({ _: [], db: { url: "sqlite", pool: 4 } });
    parseArgs(["--__proto__.polluted=1"]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("boolean flags accept true and false as a word or after =", () => {
    expect(parseArgs(["--a", "false", "--b=false", "--c=true"], { boolean: ["a", "b", "c"] })).toEqual({
      _: [],
      a: false,
      b: false,
      c: true,
    });
    expect(parseArgs(["--verbose", "file"], { boolean: true })).toEqual({ _: ["file"], verbose: true });
  });
});
