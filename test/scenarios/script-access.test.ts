// What scripts in Lua and in Python reach of the system in a real process, and what modparam system_access closes to them: files, processes,
// the network. Whatever they try, the server goes on, and others are answered meanwhile.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SCRIPT_LANGUAGES, type ScriptLanguage, scriptOf } from "../support/script-bed.ts";
import { chosenTargets, startServer, type Target } from "../support/server.ts";

const TRIES: Readonly<Record<string, Partial<Record<ScriptLanguage, string>>>> = {
  write: {
    Lua: 'local f = assert(io.open("{DIR}/out", "w")) f:write("hello") f:close() return "done"',
    Python: 'with open("{DIR}/out", "w") as f: f.write("hello")\nreturn "done"',
  },
  read: { Lua: 'return io.open("{DIR}/in"):read("*a")', Python: 'return open("{DIR}/in").read()' },
  run: { Lua: 'return os.execute("exit 3")', Python: 'import os\nreturn os.system("exit 3")' },
  slowly: { Lua: 'return os.execute("sleep 0.5")', Python: 'import os\nreturn os.system("sleep 0.5")' },
  connect: {
    Python: `import socket
with socket.create_connection(("127.0.0.1", {PORT})) as s:
    s.sendall(b"who?")
    return s.recv(100).decode() + " for " + KSR.pv.get("$ci")`,
  },
};

const BODIES = {
  ksr_request_route: {
    Lua: `
local ok, said = pcall(function() return _G[KSR.pv.get("$rU")]() end)
KSR.sl.send_reply(200, ok and tostring(said) or "no " .. tostring(said):gsub("^.-:%d+: ", ""))
return 1`,
    Python: `
try: said = str(getattr(self, KSR.pv.get("$rU"))(msg))
except Exception as error: said = "no %s: %s" % (type(error).__name__, error)
KSR.sl.send_reply(200, said)
return 1`,
  },
  fast: { Lua: 'return "fast"', Python: 'return "fast"' },
};

const targets = chosenTargets().filter(({ name }) => name !== "kamailio");

async function withServer(
  language: ScriptLanguage,
  target: Target,
  access: number,
  use: (ask: (user: string) => Promise<string>, directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "portico-access-"));
  writeFileSync(join(directory, "in"), "words");
  // it answers late
  const far = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => void setTimeout(() => socket.end("me"), 300));
  });
  await new Promise<void>((done) => far.listen(0, "127.0.0.1", done));
  const module = language === "Lua" ? "app_lua" : "app_python3";
  const tries = Object.entries(TRIES).flatMap(([name, bodies]) => {
    const body = bodies[language];
    if (body === undefined) return [];
    const made = body.replaceAll("{DIR}", directory).replaceAll("{PORT}", String((far.address() as AddressInfo).port));
    return [[name, { Lua: made, Python: made }] as const];
  });
  writeFileSync(join(directory, "script"), scriptOf(language, { ...BODIES, ...Object.fromEntries(tries) }));
  const config = `loadmodule "sl.so"\nloadmodule "pv.so"\nloadmodule "${module}.so"
modparam("${module}", "load", "${directory}/script")\nmodparam("${module}", "system_access", ${access})
${language === "Lua" ? "" : 'modparam("app_python3", "time_limit", 20000)'}
cfgengine "${language === "Lua" ? "lua" : "python"}"\n`;
  const server = await startServer(target, { config });
  try {
    const agent = await server.agent("udp");
    let n = 0;
    const ask = async (user: string): Promise<string> =>
      (await agent.ask({ method: "MESSAGE", uri: `sip:${user}@x`, callId: `${user}${++n}` }, 10_000)).startLine.replace(
        "SIP/2.0 200 ",
        "",
      );
    await use(ask, directory);
    expect(await ask("fast")).toBe("fast");
    expect(server.isAlive).toBe(true);
  } finally {
    await server.close();
    far.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

for (const [i, language] of SCRIPT_LANGUAGES.entries()) {
  const one = targets[i % targets.length]!;
  const other = targets[(i + 1) % targets.length]!;

  test(`${language}: all is open (${one.name})`, { timeout: 60_000 }, () =>
    withServer(language, one, 7, async (ask, directory) => {
      expect(await ask("write")).toBe("done");
      expect(readFileSync(join(directory, "out"), "utf8")).toBe("hello");
      expect(await ask("read")).toBe("words");
      expect(await ask("run")).toBe(String(3 << 8));
      const order: string[] = [];
      const noted = async (user: string): Promise<void> => void order.push(await ask(user));
      await Promise.all([noted("slowly"), noted("fast")]);
      expect(order).toEqual(["fast", "0"]);
      if (language === "Lua") return;
      order.length = 0;
      await Promise.all([noted("connect"), noted("fast"), noted("fast")]);
      expect(order).toEqual(["fast", "fast", expect.stringMatching(/^me for connect\d+$/)]);
    }),
  );

  test(`${language}: all is closed (${other.name})`, { timeout: 60_000 }, () =>
    withServer(language, other, 0, async (ask, directory) => {
      for (const name of Object.keys(TRIES)) {
        if (TRIES[name]![language] === undefined) continue;
        const said = await ask(name);
        // Python has a system of its own in which there is nothing
        if (language === "Python" && (name === "read" || name === "write"))
          expect(said).toMatch(/^no FileNotFoundError: /);
        else expect(said).toMatch(/^no .*is closed to scripts by .*system_access/);
      }
      expect(existsSync(join(directory, "out"))).toBe(false);
    }),
  );
}
