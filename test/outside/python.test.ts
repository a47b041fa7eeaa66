// Routing by a script in Python (cfgengine "python"): waiting, errors, the time limit, callbacks and reload. One interpreter for all, since
// each takes seconds to start.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytesOf } from "../../src/util/bytes.ts";
import { heapInUse } from "../support/heap.ts";
import { openNameServer } from "../support/name-server.ts";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const SCRIPT = `
import time
import KSR, sr
import Router
from Router import LM_ERR
import beside

SLOW = lambda n=2: KSR.x.modf("exec", "sleep %d" % n)
time.sleep(1)

class Script:
    def __init__(self):
        self.ranks = []
        self.kept = []

    def child_init(self, rank):
        self.ranks.append(rank)
        return 0

    def ksr_request_route(self, msg):
        what = KSR.pv.get("$rU")
        said = getattr(self, what)(msg)
        if said is not None:
            KSR.sl.sl_send_reply(200, str(said))
        return 1

    # waiting
    def plain(self, msg):
        return SLOW()
    def nested(self, msg):
        def deep(n):
            return deep(n - 1) if n else SLOW()
        return [deep(n) for n in range(3)]
    def generator(self, msg):
        def some():
            for i in range(3):
                SLOW()
                yield i
        return list(some())
    def guarded(self, msg):
        out = []
        class Gate:
            def __enter__(self): SLOW(1); out.append("in")
            def __exit__(self, *_): SLOW(1); out.append("out")
        try:
            with Gate():
                SLOW()
                raise ValueError("late")
        except ValueError as error:
            SLOW(1)
            out.append(str(error))
        finally:
            SLOW(1)
            out.append("end")
        return " ".join(out)
    def sorting(self, msg):
        return sorted([3, 1, 2], key=lambda n: SLOW(1) * n)
    def sleeping(self, msg):
        time.sleep(2)
        return "slept"
    def context(self, msg):
        seconds = int(msg.getHeader("Subject"))
        KSR.pv.sets("$avp(who)", str(seconds))
        self.kept.append(seconds)
        if seconds:
            SLOW(seconds)
        return "%s %s %s" % (msg.getHeader("Subject"), KSR.pv.get("$avp(who)"), KSR.pv.get("$hdr(Subject)"))
    def relay(self, msg):
        KSR.pv.sets("$du", "sip:far.example.net:7001")
        KSR.tm.t_on_branch("on_branch")
        KSR.tm.t_on_reply("on_reply")
        KSR.tm.t_on_failure("on_failure")
        KSR.tm.t_relay()

    # routes of tm
    def on_branch(self, msg):
        KSR.hdr.append("X-Branch: %s\\r\\n" % msg.Method)
        return 1
    def on_reply(self, msg):
        LM_ERR("reply %s %s" % (msg.Type, msg.Status))
        return 1
    def on_failure(self, msg):
        SLOW()
        KSR.tm.t_reply(404, "Failed with %s" % KSR.pv.get("$T_reply_code"))
        return 1
    def ksr_reply_route(self, msg):
        Router.Logger.LM_GEN1(Router.Logger.L_ERR, "any reply %s" % msg.Status)
        return 1

    # errors
    def wrong(self, msg):
        return self.deeper()
    def deeper(self):
        raise KeyError("oops")
    def late(self, msg):
        SLOW()
        return self.deeper()
    def recursion(self, msg):
        return self.recursion(msg)
    def leaves(self, msg):
        KSR.sl.sl_send_reply(200, "before")
        def deep(n):
            if n == 0: exit()
            deep(n - 1)
        deep(50)
        KSR.sl.sl_send_reply(200, "after")

    # the rest
    def facts(self, msg):
        same = KSR.tm.t_relay is not None and sr.pv.get("$rm") == KSR.pv.get("$rm")
        return "%s %s %s %s" % (self.ranks, beside.VALUE, same, sr.modf("is_method", "OPTIONS"))
    def printing(self, msg):
        print("to the", "log")
        return "printed"
    def busy(self, msg):
        KSR.pv.sets("$var(x)", KSR.pv.get("$fU") + msg.Method)
        KSR.hdr.append_to_reply("X: %s\\r\\n" % KSR.pv.gete("$var(x)"))
        return "busy"
    def closed(self, msg):
        return open("/etc/hostname").read()

def mod_init():
    return Script()
`;

let bed: ProxyBed;
let phone: BedAgent;

beforeAll(async () => {
  const params = 'modparam("app_python3", "load", "/s/route.py")\nmodparam("app_python3", "time_limit", 300)\n';
  const config = `${modules("tmx", "app_python3")}${params}cfgengine "python"\n`;
  const files = { "/s/route.py": SCRIPT, "/s/beside.py": "VALUE = 5\n" };
  bed = await opened(config, files);
  phone = await bed.udp(7000);
  await openNameServer(bed.world, "192.0.2.53", "far.example.net 60 A 192.0.2.10\n");
  bed.host.files.makeDirectory("/etc");
  bed.host.files.write("/etc/resolv.conf", bytesOf("nameserver 192.0.2.53\n"));
}, 60_000);
afterAll(() => bed.close());

// The top level of the script waits, so time has to go on meanwhile.
async function opened(config: string, files: Readonly<Record<string, string>>): Promise<ProxyBed> {
  const { createSimulation } = await import("../../src/host/simulated.ts");
  const world = createSimulation({ seed: 7 });
  let isOpen = false;
  const opening = openProxy(config, 2, undefined, world, files).finally(() => {
    isOpen = true;
  });
  while (!isOpen) {
    await world.advance(100);
    await new Promise((done) => setTimeout(done, 5));
  }
  return opening;
}

const lines = (texts: readonly string[]): string[] =>
  texts.map((text) => text.split("\r\n")[0]!.replace("SIP/2.0 ", ""));

/** What is answered in the end, when that much time has gone by. */
async function ask(user: string, ms = 0, method = "OPTIONS", more: readonly string[] = []): Promise<string> {
  const from = phone.received.length;
  await phone.send(bed.request(method, `sip:${user}@example.org`, more));
  if (ms > 0) await bed.world.advance(ms);
  return lines(phone.received.slice(from)).join(", ");
}

describe("waiting", () => {
  test.each([
    ["plain", "1"],
    ["nested", "[1, 1, 1]"],
    ["generator", "[0, 1, 2]"],
    ["guarded", "in out late end"],
    ["sorting", "[1, 2, 3]"],
    ["sleeping", "slept"],
  ])("%s", async (name, answer) => {
    expect(await ask(name)).toBe("");
    expect(await ask("facts")).toBe("200 [1] 5 True 1");
    const from = phone.received.length;
    await bed.world.advance(10_000);
    expect(lines(phone.received.slice(from))).toEqual([`200 ${answer}`]);
  });

  test("others go on meanwhile, and contexts do not mix", async () => {
    const from = phone.received.length;
    for (const seconds of [3, 1, 2, 0]) await ask("context", 0, "OPTIONS", [`Subject: ${seconds}`]);
    expect(lines(phone.received.slice(from))).toEqual(["200 0 0 0"]);
    await bed.world.advance(5000);
    expect(lines(phone.received.slice(from))).toEqual(["200 0 0 0", "200 1 1 1", "200 2 2 2", "200 3 3 3"]);
  });

  test("a name of DNS is looked up; branch, reply and failure routes are methods, which may wait", async () => {
    const far = await bed.udp(7001);
    const log = bed.log.length;
    await ask("relay", 1000, "MESSAGE");
    expect(far.received[0]).toMatch(/^MESSAGE sip:relay@example.org.*\r\nX-Branch: MESSAGE\r\n/s);
    const from = phone.received.length;
    const request = far.received[0]!;
    const headers = request.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
    await far.send(
      `SIP/2.0 486 Busy\r\n${headers.join("\r\n").replace(/(To: [^\r]*)/, "$1;tag=z")}\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(lines(phone.received.slice(from))).toEqual([]);
    await bed.world.advance(3000);
    expect(lines(phone.received.slice(from))).toEqual(["404 Failed with 486"]);
    const said = bed.log.slice(log).filter((line) => line.includes("reply"));
    expect(said.map((line) => line.replace(/^.*app_python3: /, ""))).toEqual(["any reply 486", "reply SIP_REPLY 486"]);
  });
});

describe("errors and ends", () => {
  test.each([["wrong"], ["late"]])(
    "%s: logged once with file, line and traceback, and answered with 500",
    async (name) => {
      const from = bed.log.length;
      expect(await ask(name, 5000)).toMatch(/^500 /);
      const told = bed.log.slice(from).filter((line) => line.includes("oops"));
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(
        /Traceback .*File "\/s\/route.py", line \d+, in ksr_request_route .*in deeper .*KeyError: 'oops'/,
      );
      expect(told[0]).not.toContain("prelude.py");
    },
  );

  test("recursion without end", async () => {
    expect(await ask("recursion")).toMatch(/^500 /);
    expect(await ask("facts")).toBe("200 [1] 5 True 1");
  });

  test("exit() ends the run from any depth", async () => {
    expect(await ask("leaves")).toBe("200 before");
  });
});

describe("the rest", () => {
  test("a script that cannot be read is told with its place at start", async () => {
    const config = `${modules("app_python3")}modparam("app_python3", "load", "/s/route.py")\ncfgengine "python"\n`;
    await expect(openProxy(config, -1, undefined, undefined, { "/s/route.py": "x = (1,\n" })).rejects.toMatchObject({
      diagnostics: [
        { code: "script-syntax", file: "/s/route.py", line: 1, column: 5, message: "'(' was never closed" },
      ],
    });
  });

  test("the two names of the module cannot be loaded together", async () => {
    await expect(openProxy(`${modules("app_python", "app_python3")}request_route { exit; }\n`)).rejects.toMatchObject({
      diagnostics: [{ message: expect.stringContaining("one module under two names; load one of them") }],
    });
  });

  test.each(["app_python", "app_python3"])("%s: other names of the parameter and of the functions", async (name) => {
    const script = `
import KSR
class Handler:
    said = "nothing"
    def begin(self, rank):
        self.said = "begun %s" % (rank is not None)
        return 0
    def ksr_request_route(self, msg):
        KSR.sl.send_reply(200, self.said)
        return 1
def begin_here():
    return Handler()
`;
    const params = [
      `modparam("${name}", "script_name", "/s/other.py")`,
      `modparam("${name}", "mod_init_function", "begin_here")`,
      `modparam("${name}", "child_init_method", "begin")`,
    ];
    const config = `${modules(name)}${params.join("\n")}\ncfgengine "python"\n`;
    const other = await openProxy(config, 2, undefined, undefined, { "/s/other.py": script });
    const from = await other.udp(7000);
    await from.send(other.request("OPTIONS", "sip:anybody@example.org"));
    expect(lines(from.received)).toEqual(["200 begun True"]);
    await other.close();
  });

  test("print is logged", async () => {
    const from = bed.log.length;
    expect(await ask("printing")).toBe("200 printed");
    expect(bed.log.slice(from).join("\n")).toContain("app_python3: to the log");
  });

  test("app_python.api_list names the functions as Kamailio does", async () => {
    const { msize, methods } = (await bed.rpc("app_python.api_list")) as { msize: number; methods: unknown[] };
    expect(methods).toHaveLength(msize);
    expect(methods).toContainEqual({ func: { ret: "int", module: "sl", name: "sl_send_reply", params: "int, str" } });
    expect(methods).toContainEqual({ func: { ret: "xval", module: "pv", name: "get", params: "str" } });
    expect(methods).toContainEqual({ func: { ret: "none", module: "", name: "err", params: "str" } });
  });

  test("reload: what waits ends with the old script; a broken one is refused and the old one goes on", {
    timeout: 60_000,
  }, async () => {
    const write = (text: string): void => bed.host.files.write("/s/route.py", bytesOf(text));
    // the top level waits, so time has to go on
    const reload = async (): Promise<unknown> => {
      const answer = bed.rpc("app_python.reload").catch((error: unknown) => String(error));
      await bed.world.advance(1500);
      return answer;
    };
    const from = phone.received.length;
    await ask("plain");
    write(
      SCRIPT.replace("5 True", "x").replace("def facts(self, msg):", 'def facts(self, msg):\n        return "new"'),
    );
    expect(await reload()).toEqual({ old: 0, new: 1 });
    expect(await ask("facts")).toBe("200 new");
    await bed.world.advance(5000);
    expect(lines(phone.received.slice(from))).toEqual(["200 new", "200 1"]);
    for (const broken of ["def x(:\n", "import no_such_module\n", "def mod_init():\n  return 1 / 0\n", "exit()\n"]) {
      const logged = bed.log.length;
      write(broken);
      expect(String(await reload())).toContain("The script cannot be loaded; the one before goes on");
      expect(bed.log.slice(logged).join("\n")).toMatch(/SyntaxError|ModuleNotFoundError|ZeroDivisionError|SystemExit/);
      expect(await ask("facts")).toBe("200 new");
    }
    // one over which Python itself fails: Python is started again, with the script in force
    write("import os\nos.abort()\n");
    expect(String(await reload())).toContain("The script cannot be loaded; the one before goes on");
    let answer = "";
    for (let i = 0; i < 300 && answer !== "200 new"; i++) {
      await bed.world.advance(100);
      await new Promise((done) => setTimeout(done, 20));
      answer = await ask("facts");
    }
    expect(answer).toBe("200 new");
    // what it will fail of is told, and is no reason to refuse it
    const logged = bed.log.length;
    write(SCRIPT.replace("def wrong(self, msg):", "def wrong(self, msg):\n        KSR.sl.send_rply()"));
    await reload();
    expect(bed.log.slice(logged).filter((line) => line.includes("route.py"))).toEqual([
      expect.stringMatching(
        /\/s\/route.py:\d+: there is no function KSR.sl.send_rply\(\); did you mean KSR.sl.send_reply\(\)\?/,
      ),
    ]);
    write(`before = globals().get("SCRIPT_RUNS", 0)\nSCRIPT_RUNS = before + 1\n${SCRIPT}`);
    await reload();
    expect(await ask("facts")).toBe("200 [1] 5 True 1");
  });

  test("thousands of runs leave no more behind than the first did", { timeout: 60_000 }, async () => {
    const some = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        phone.received.length = 0;
        await phone.send(bed.request("OPTIONS", `sip:${i % 10 === 0 ? "wrong" : "busy"}@example.org`));
        if (i % 50 === 0) void ask("plain");
      }
      await bed.world.advance(60_000);
      bed.log.length = 0;
    };
    await some(500);
    const before = heapInUse();
    await some(2000);
    expect(heapInUse() - before).toBeLessThan(3_000_000);
  });
});
