// What ctl prints; that it is what kamcmd prints is seen in test/scenarios/control.test.ts.
import { describe, expect, test } from "vitest";
import type { BinValue } from "../../registry/rpc/binrpc.ts";
import { kamctlMeaning } from "./ctl.ts";
import { parsePlace } from "./ctl-client.ts";
import { printFormat, printJson, printValues } from "./ctl-print.ts";

const struct = (...members: [string | null, BinValue][]): BinValue => ({
  members: members.map(([name, value]) => ({ name, value })),
});
const VALUE = struct(["name", "a"], ["list", struct(["x", 1], ["x", 2])], ["rows", struct([null, "one"], [null, 0.5])]);

describe("printing", () => {
  test("as kamcmd", () => {
    expect(printValues(["text", 7, 0.5, VALUE])).toBe(
      "text\n7\n0.500000\n{\n\tname: a\n\tlist: {\n\t\tx: 1\n\t\tx: 2\n\t}\n\trows: {\n\t\tone\n\t\t0.500000\n\t}\n}\n",
    );
  });

  test("as JSON", () => {
    expect(JSON.parse(printJson([VALUE]))).toEqual({ name: "a", list: [{ x: 1 }, { x: 2 }], rows: ["one", 0.5] });
    expect(JSON.parse(printJson(["a", "b"]))).toEqual(["a", "b"]);
    expect(JSON.parse(printJson([]))).toEqual([]);
  });

  test("by a format, over and over", () => {
    expect(printFormat("%v=%v\\n", ["a", 1, "b", 2])).toBe("a=1\nb=2\n");
    expect(printFormat("%%v %v|", ["a", "b", VALUE])).toBe("%v a|%v b|%v a|%v 1|%v 2|%v one|%v 0.500000|");
    expect(printFormat("none", ["a"])).toBe("none");
  });
});

describe("words", () => {
  test("of -s", () => {
    expect(parsePlace("unixs:/tmp/x")).toEqual({ kind: "unix", path: "/tmp/x" });
    expect(parsePlace("/tmp/x")).toEqual({ kind: "unix", path: "/tmp/x" });
    expect(parsePlace("tcp:localhost")).toEqual({ kind: "tcp", host: "localhost", port: 2049 });
    expect(parsePlace("tcp:[::1]:7")).toEqual({ kind: "tcp", host: "::1", port: 7 });
    expect(parsePlace("host:7")).toEqual({ kind: "udp", host: "host", port: 7 });
    expect(parsePlace("unixd:/tmp/x")).toEqual(expect.any(String));
  });

  test("of kamctl", () => {
    expect(kamctlMeaning(["rpc", "tm.stats"])).toEqual({ command: "ctl", args: ["--json", "tm.stats"] });
    expect(kamctlMeaning(["ul", "show", "bob"])?.args).toEqual(["--json", "ul.lookup", "location", "bob"]);
    expect(kamctlMeaning(["add", "bob", "secret"])).toEqual({
      command: "user",
      args: ["add", "bob", "--password", "secret"],
    });
    expect(kamctlMeaning(["trap"])).toBe(null);
  });
});
