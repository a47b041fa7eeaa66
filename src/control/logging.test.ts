// Where log lines go and how they look, on a simulated system.
import { describe, expect, test } from "vitest";
import { createSimulation, type SimHost } from "../host/simulated.ts";
import { Globals } from "../script/globals.ts";
import { facilityOf, Level, Log } from "../util/log.ts";
import { parseOptions } from "./cli/options.ts";
import { openLog } from "./logging.ts";

const newHost = (): SimHost => createSimulation({ seed: 1 }).host({ addresses: ["192.0.2.1"] });

function globalsOf(values: Readonly<Record<string, string | number>>): Globals {
  const globals = new Globals();
  for (const [name, value] of Object.entries(values)) globals.set(name, value);
  return globals;
}

function logOf(host: SimHost, values: Record<string, string | number>, args: string[] = [], asKamailio = false): Log {
  return new Log(openLog(host, parseOptions(args), globalsOf(values), asKamailio), "");
}

describe("where log lines go", () => {
  test("standard error under our own name, the log daemon under that of Kamailio; what is written and -E decide", () => {
    const cases: [Record<string, number>, string[], boolean, boolean][] = [
      [{}, [], false, false],
      [{}, [], true, true],
      [{ log_stderror: 0 }, [], false, true],
      [{ log_stderror: 1 }, [], true, false],
      [{ log_stderror: 0 }, ["-E"], true, false],
    ];
    for (const [values, args, asKamailio, toDaemon] of cases) {
      const host = newHost();
      logOf(host, values, args, asKamailio).error("x");
      expect(host.system.syslog.length, JSON.stringify([values, args, asKamailio])).toBe(toDaemon ? 1 : 0);
      expect(host.process.output[2]).toBe(toDaemon ? "" : `(${host.process.pid}) ERROR: x\n`);
    }
  });

  test("colours of levels on standard error with -e or log_color, as on Kamailio; never to the daemon", () => {
    for (const [values, args] of [
      [{ log_color: 1 }, []],
      [{ debug: 3 }, ["-e"]],
    ] as const) {
      const host = newHost();
      const log = logOf(host, { debug: 3, ...values }, [...args]);
      log.settings.levelColours = new Map([[Level.WARNING, "\x1b[0;33;41m"]]);
      for (const level of [Level.ALERT, Level.BUG, Level.CRITICAL, Level.ERROR, Level.WARNING]) log.write(level, "x");
      for (const level of [Level.NOTICE, Level.INFO, Level.DEBUG]) log.write(level, "x");
      const sequences = [...host.process.output[2].matchAll(/^\x1b\[([\d;]+)m\(\d+\) [A-Z]+: x\x1b\[0;39;49m$/gm)];
      expect(sequences.map((m) => m[1])).toEqual(
        "1;31;49 1;35;49 0;33;49 0;31;49 0;33;41 0;32;49 0;36;49 0;39;49".split(" "),
      );
    }
    const host = newHost();
    logOf(host, { log_color: 1, log_stderror: 0 }).error("x");
    expect(host.system.syslog[0]).not.toContain("\x1b");
  });

  test("facility and severity as measured on Kamailio, octets of messages as they came", () => {
    const host = newHost();
    const values = { log_stderror: 0, log_facility: "LOG_LOCAL3", log_name: "edge", debug: 3 };
    const log = logOf(host, values);
    const levels = [Level.ALERT, Level.BUG, Level.CRITICAL, Level.ERROR, Level.WARNING, Level.NOTICE, Level.INFO];
    for (const level of [...levels, Level.DEBUG]) log.write(level, "\xc3\xa9");
    const priorities = host.system.syslog.map((line) => Number(/^<(\d+)>/.exec(line)?.[1]));
    expect(priorities).toEqual([153, 154, 154, 155, 156, 157, 158, 159]);
    expect(host.system.syslog[0]).toBe(`<153>Jan  1 00:00:00 edge[${host.process.pid}]: ALERT: é\n`);
  });

  test("without a daemon: standard error, with one warning, also when it goes away", () => {
    const host = newHost();
    const log = logOf(host, { log_stderror: 0 });
    host.system.daemon = "gone";
    log.error("one");
    log.error("two");
    const lines = host.process.output[2].trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain("there is no log daemon at /dev/log");
    expect(lines[1]).toContain("ERROR: one");
  });

  test("lines that a slow daemon does not take are counted, not kept", () => {
    const host = newHost();
    const log = logOf(host, { log_stderror: 0 });
    host.system.daemon = "full";
    for (let i = 0; i < 1000; i++) log.error("x");
    host.system.daemon = "sent";
    log.error("y");
    expect(host.system.syslog.map((line) => line.replace(/^.*\]: /, ""))).toEqual([
      "WARNING: 1000 log lines were lost: the log daemon was too slow\n",
      "ERROR: y\n",
    ]);
  });

  test("names of facilities", () => {
    expect(["LOG_KERN", "LOG_DAEMON", "LOG_FTP", "LOG_LOCAL0", "LOG_LOCAL7"].map(facilityOf)).toEqual([
      0, 3, 11, 16, 23,
    ]);
    expect(["LOG_FOO", "local0", "LOG_LOCAL8", ""].map(facilityOf)).toEqual([null, null, null, null]);
  });
});

describe("log_engine_type json", () => {
  const lineOf = (flags: string, level: number = Level.WARNING): string => {
    const host = newHost();
    const log = logOf(host, {}, [`--log-engine=json:${flags}`]);
    log.settings.prefix = () => "{c1} ";
    log.write(level, '<script>: warn "quoted" back\\slash tab\tx nl\nmore');
    return host.process.output[2].replace(`"pid": ${host.process.pid}`, '"pid": 9');
  };
  // What Kamailio 5.6.3 printed for the same, without its places in the source.
  const HEAD =
    '{ "idx": 0, "pid": 9, "level": "WARNING", "module": "xlog", "file": "", "line": 0, "function": "", "logprefix": ';

  test("the fields of Kamailio; M leaves the line end out of the message, N the one after the line, j makes texts objects", () => {
    const text = 'warn \\"quoted\\" back\\\\slash tab\\tx nl\\nmore';
    expect(lineOf("")).toBe(`${HEAD}"{c1} ", "message": "${text}\\n" }\n`);
    expect(lineOf("M")).toBe(`${HEAD}"{c1} ", "message": "${text}" }\n`);
    expect(lineOf("N")).toBe(`${HEAD}"{c1} ", "message": "${text}\\n" }`);
    expect(lineOf("j")).toBe(`${HEAD}{ "text": "{c1} " }, "message": { "text": "${text}\\n" } }\n`);
  });

  test("the configuration may ask for it too", () => {
    const host = newHost();
    logOf(host, { log_engine_type: "json", log_engine_data: "M" }).error("x");
    expect(JSON.parse(host.process.output[2])).toMatchObject({ level: "ERROR", module: "core", message: "x" });
  });
});
