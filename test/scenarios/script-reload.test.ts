// Scripts in Lua and in Python are loaded again and again while a telephone keeps asking, and some of the requests wait: each one is answered, by
// the script in force when it came; a broken script is refused and the one before goes on. Real processes.

import { createSocket } from "node:dgram";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Frame, readHead, requestFrame } from "../../src/registry/rpc/binrpc.ts";
import { freePort } from "../support/ports.ts";
import { chosenTargets, type Server, startServer } from "../support/server.ts";

const LONG = process.env["PORTICO_LONG"] === "1";
const MESSAGES = LONG ? 300_000 : 3000;
/** Requests that are under way at once. */
const WINDOW = 20;
/** Every so many requests one waits. */
const WAITING = 200;

interface Language {
  readonly name: string;
  readonly modules: string;
  readonly reload: string;
  readonly script: (version: number) => string;
  readonly broken: readonly string[];
}

const LANGUAGES: readonly Language[] = [
  {
    name: "Lua",
    modules: 'loadmodule "app_lua.so"\nmodparam("app_lua", "load", "{DIR}/script")\ncfgengine "lua"\n',
    reload: "app_lua.reload",
    script: (version) => `
function ksr_request_route()
  if KSR.pv.get("$rU") == "wait" then os.execute("sleep 0.05") end
  KSR.sl.send_reply(200, "v${version}")
end
`,
    broken: ["function f(\n", "error('at the top')\n", "local x = nil + 1\n"],
  },
  {
    name: "Python",
    modules:
      'loadmodule "app_python3.so"\nmodparam("app_python3", "load", "{DIR}/script")\nmodparam("app_python3", "time_limit", 20000)\ncfgengine "python"\n',
    reload: "app_python.reload",
    script: (version) => `
import time
import KSR

class Script:
    def ksr_request_route(self, msg):
        if KSR.pv.get("$rU") == "wait":
            time.sleep(0.05)
        KSR.sl.send_reply(200, "v${version}")
        return 1

def mod_init():
    return Script()
`,
    broken: ["def f(:\n", "import no_such_module\n", "def mod_init():\n    return 1 / 0\n"],
  },
];

/** Sends requests, so many at a time, and tells the reason of each answer; null for those that were not answered. */
function load(port: number, count: number, answered: (n: number) => void): Promise<(string | null)[]> {
  const answers = new Array<string | null>(count).fill(null);
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 22 });
  let sent = 0;
  let got = 0;
  return new Promise((resolve) => {
    const end = (): void => {
      clearInterval(watch);
      socket.close();
      resolve(answers);
    };
    let before = -1;
    // nothing has come for two seconds: what is missing is lost
    const watch = setInterval(() => {
      if (got === before) end();
      before = got;
    }, 2000);
    const next = (): void => {
      const n = sent++;
      const user = n % WAITING === 0 ? "wait" : "x";
      const head = [
        `OPTIONS sip:${user}@127.0.0.1 SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bKr${n}`,
        `From: <sip:a@127.0.0.1>;tag=a`,
        `To: <sip:${user}@127.0.0.1>`,
        `Call-ID: ${n}`,
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
        "Content-Length: 0",
      ];
      socket.send(`${head.join("\r\n")}\r\n\r\n`, port, "127.0.0.1");
    };
    socket.on("message", (data) => {
      const text = data.toString("latin1");
      const n = Number(/^Call-ID: (\d+)/im.exec(text)?.[1]);
      if (answers[n] !== null) return;
      answers[n] = /^SIP\/2.0 200 (.*)\r/.exec(text)?.[1] ?? text.split("\r\n")[0]!;
      answered(++got);
      if (sent < count) next();
      else if (got === count) end();
    });
    socket.bind(0, "127.0.0.1", () => {
      for (let i = 0; i < WINDOW; i++) next();
    });
  });
}

/** Runs a command without arguments; whether it did what it was asked. */
function command(port: number, name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let got = Buffer.alloc(0);
    socket.on("error", reject);
    socket.on("data", (data: Uint8Array) => {
      got = Buffer.concat([got, data]);
      const head = readHead(got, 0, got.length);
      if (head === null || head === "bad") return;
      socket.destroy();
      resolve(head.type === Frame.REPLY);
    });
    socket.write(requestFrame(1, name, []));
  });
}

for (const target of chosenTargets().filter(({ name }) => name !== "kamailio"))
  describe.each(LANGUAGES)(`reload of $name under load (${target.name})`, (language) => {
    const directory = mkdtempSync(join(tmpdir(), "portico-reload-"));
    let server: Server;
    let control = 0;
    const write = (text: string): void => {
      writeFileSync(join(directory, "half"), text);
      renameSync(join(directory, "half"), join(directory, "script"));
    };
    beforeAll(async () => {
      control = await freePort();
      write(language.script(0));
      const config = `loadmodule "sl.so"\nloadmodule "pv.so"\nloadmodule "ctl.so"
modparam("ctl", "binrpc", "tcp:127.0.0.1:${control}")\n${language.modules.replace("{DIR}", directory)}`;
      server = await startServer(target, { config });
    }, 120_000);
    afterAll(async () => {
      await server?.close();
      rmSync(directory, { recursive: true, force: true });
    });

    test("no request is lost, and each is answered by the script in force when it came", async () => {
      let version = 0;
      let refused = 0;
      let isOver = false;
      /** The version in force when that many answers were there: those asked later have it or a newer one. */
      const marks: [answers: number, version: number][] = [];
      let count = 0;
      const loading = load(server.port, MESSAGES, (n) => {
        count = n;
      }).finally(() => {
        isOver = true;
      });
      for (let i = 0; !isOver || i < 10; i++) {
        if (i % 3 === 2) {
          write(language.broken[refused % language.broken.length]!);
          expect(await command(control, language.reload)).toBe(false);
          refused++;
        } else {
          write(language.script(version + 1));
          expect(await command(control, language.reload)).toBe(true);
          version++;
          marks.push([count, version]);
        }
      }
      const answers = await loading;
      expect(answers.filter((answer) => answer === null)).toEqual([]);
      expect(answers.filter((answer) => !/^v\d+$/.test(answer!))).toEqual([]);
      const versions = answers.map((answer) => Number(answer!.slice(1)));
      expect(new Set(versions).size).toBeGreaterThan(3);
      expect(Math.max(...versions)).toBeLessThanOrEqual(version);
      // a request leaves when the answer that makes room for it is there
      const oldest = [...versions, Number.POSITIVE_INFINITY];
      for (let i = versions.length - 1; i >= 0; i--) oldest[i] = Math.min(oldest[i]!, oldest[i + 1]!);
      expect(marks.filter(([at, least]) => oldest[Math.min(at + WINDOW, versions.length)]! < least)).toEqual([]);
      expect(refused).toBeGreaterThan(2);
      expect(server.isAlive).toBe(true);
    });
  });
