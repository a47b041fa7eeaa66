import { describe, expect, test } from "vitest";
import { checkOptions, parseOptions, UsageError } from "./options.ts";

describe("parseOptions", () => {
  test("reads Kamailio's flags, joined and apart", () => {
    const o = parseOptions([
      "-f",
      "a.cfg",
      "-EDD",
      "-dd",
      "-A",
      "X=1",
      "-AY",
      "-l",
      "udp:127.0.0.1:5070",
      "-P",
      "/tmp/p",
      "-w",
      "/tmp",
    ]);
    expect([o.config, o.logToStderr, o.debug, o.defines, o.listen, o.pidFile, o.workingDirectory]).toEqual([
      "a.cfg",
      true,
      2,
      ["X=1", "Y"],
      ["udp:127.0.0.1:5070"],
      "/tmp/p",
      "/tmp",
    ]);
  });
  test("says why flags of Kamailio have no effect or are refused", () => {
    const o = parseOptions(["-x", "fm", "-m", "512", "-n", "4"]);
    expect(o.ignored).toHaveLength(3);
    expect(o.ignored.every((text) => text.startsWith("-") && text.includes(": "))).toBe(true);
    expect(() => parseOptions(["-G", "/tmp/p"])).toThrow(/-G is not supported: /);
  });
  test.each([[["--nonsense"]], [["-z"]], [["stray"]], [["--debug=loud"]]])("refuses %j", (args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });
  test("check takes the file by name", () => {
    expect(checkOptions(["--json", "a.cfg"])).toMatchObject({ config: "a.cfg", json: true });
    expect(() => checkOptions(["a.cfg", "b.cfg"])).toThrow(UsageError);
  });
});
