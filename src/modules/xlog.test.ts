import { describe, expect, test } from "vitest";
import { ModuleBed, registerText } from "../../test/support/module-bed.ts";
import { Log } from "../util/log.ts";
import { core, kamailioMethodBit } from "./core/index.ts";
import { colour, xlog } from "./xlog.ts";

function bed(params: Readonly<Record<string, string | number>> = {}): ModuleBed {
  const made = new ModuleBed();
  made.load(core);
  made.load(xlog, params);
  return made;
}

describe("xlog", () => {
  test("writes at the level given, the prefix in front and one line", async () => {
    const b = bed();
    const ctx = b.context(registerText());
    expect((await b.call(xlog, "xlog", ctx, "plain\n")).code).toBe(1);
    await b.call(xlog, "xlog", ctx, "L_WARN", "warned");
    await b.call(xlog, "xlog", ctx, "LOG_LOCAL3", "L_INFO", "with facility");
    await b.call(xlog, "xnotice", ctx, "noticed");
    expect(b.lines).toEqual([
      "ERROR: <script>: plain",
      "WARNING: <script>: warned",
      "INFO: <script>: with facility",
      "NOTICE: <script>: noticed",
    ]);
  });

  test("an unknown level is refused", async () => {
    const b = bed();
    expect((await b.call(xlog, "xlog", b.context(registerText()), "L_LOUD", "x")).code).toBe(-1);
    expect(b.lines).toEqual([]);
  });

  test("prefix and buf_size", async () => {
    const b = bed({ prefix: "cfg ", buf_size: 16 });
    await b.call(xlog, "xerr", b.context(registerText()), "0123456789abcdefgh");
    expect(b.lines).toEqual(["ERROR: cfg 0123456789abcdef"]);
  });

  test("xlogm is silent for the methods of methods_filter", async () => {
    const b = bed({ methods_filter: kamailioMethodBit("REGISTER") });
    expect((await b.call(xlog, "xlogm", b.context(registerText()), "L_INFO", "x")).code).toBe(1);
    expect(b.lines).toEqual([]);
  });

  test("colours reach the log when they are on, and nothing else that drives a terminal does", () => {
    const lines: string[] = [];
    const settings = { level: 3, sink: (_: number, line: string) => void lines.push(line), colours: true };
    new Log(settings, "").error(`${colour("Rb")}x${colour("xx")}\x1b[2J\x1b[1;38;44m`);
    settings.colours = false;
    new Log(settings, "").error(`${colour("Rb")}x`);
    expect(lines).toEqual(["ERROR: \x1b[1;31;44mx\x1b[0;39;49m\\x1b[2J\\x1b[1;38;44m", "ERROR: \\x1b[1;31;44mx"]);
  });

  test("colours", () => {
    expect(colour("xx")).toBe("\x1b[0;39;49m");
    expect(colour("Rb")).toBe("\x1b[1;31;44m");
    for (const wrong of ["zz", "rR", "Xx", "r", "rgb", ""]) expect(colour(wrong)).toBeNull();
  });

  test("log_colors: what is no level or no pair of letters is refused, other letters are the terminal's own colours", () => {
    const made = (...list: string[]): unknown => {
      const b = new ModuleBed();
      b.load(core);
      b.load(xlog, { log_colors: list });
      return Object.fromEntries(b.proxy.log.settings.levelColours ?? []);
    };
    expect(made(" l_err=cr ; L_WARN=Yx;", "L_CRIT2=WW")).toEqual({
      "-1": "\x1b[0;36;41m",
      "0": "\x1b[1;33;49m",
      "-3": "\x1b[1;37;49m",
    });
    expect(made("L_ERR=Cr;L_ERR=sx")).toEqual({ "-1": "\x1b[1;36;41m" });
    expect(made("")).toEqual({});
    for (const wrong of ["L_LOUD=cr", "L_ERR=c", "L_ERR", ";L_ERR=cr", "L_ERR=crx"])
      expect(() => made(wrong)).toThrow();
  });
});
