// The program in the hands of its first user: where data lies and who may read it, what is said when something cannot be had,
// and that it ends at once and in good order whatever is connected.

import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { type Running, run, start, stop } from "../support/programs.ts";
import { chosenTargets, root, whyMissing } from "../support/server.ts";
import { openAgent } from "../support/sip-agent.ts";

const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);
const isRoot = process.getuid?.() === 0;

for (const target of chosenTargets().filter(({ name }) => name !== "kamailio")) {
  describe(`operation (${target.name})`, () => {
    let folder = "";
    beforeAll(async () => {
      expect(await whyMissing(target)).toBeNull();
      folder = mkdtempSync(join(tmpdir(), "portico-operation-"));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const env = (data: string) => ({ ...target.env, PORTICO_DATA: join(folder, data) });
    const command = (data: string, args: readonly string[], input?: string) =>
      run([...target.command, ...args], { env: env(data), cwd: folder, ...(input === undefined ? {} : { input }) });

    /** Started and ready; rejects with the output when it ends before. */
    async function serve(data: string, args: readonly string[], cwd = folder): Promise<Running> {
      const running = start([...target.command, ...args], { env: env(data), cwd });
      const until = Date.now() + 60_000;
      while (!running.output().includes("is ready")) {
        if (running.child.exitCode !== null || Date.now() > until) throw new Error(`not ready: ${running.output()}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return running;
    }

    test("the directory and the database made for users are the owner's alone", async () => {
      const added = await command("new/deep", ["user", "add", "alice"], "secret\n");
      expect(added.code, added.output).toBe(0);
      expect([mode(join(folder, "new/deep")), mode(join(folder, "new/deep/portico.sqlite"))]).toEqual(["700", "600"]);
    });

    test("a copy of the built-in configuration uses the same database, unless it or -A names another", async () => {
      const port = await freePort();
      const cwd = join(folder, "copy");
      mkdirSync(cwd);
      copyFileSync(join(root, "embed/default.cfg"), join(cwd, "portico.cfg"));
      const listen = ["-l", `udp:127.0.0.1:${port}`];
      const one = await serve("copied", listen, cwd);
      expect((await stop(one)).output).toContain(join(folder, "copied/portico.sqlite"));
      const other = join(folder, "other.sqlite");
      expect((await stop(await serve("unused", [...listen, "-A", `DB_URL="sqlite://${other}"`]))).code).toBe(0);
      // the data directory holds the control socket then, but no database
      expect([existsSync(other), existsSync(join(folder, "unused/portico.sqlite"))]).toEqual([true, false]);
    });

    test.each(["SIGTERM", "SIGINT"] as const)("%s ends it soon, connections open", async (signal) => {
      const port = await freePort();
      const pidFile = join(folder, `${signal}.pid`);
      const running = await serve("signals", ["-l", `tcp:127.0.0.1:${port}`, "-P", pidFile]);
      expect(readFileSync(pidFile, "utf8")).toBe(`${running.child.pid}\n`);
      const sockets: Socket[] = [];
      for (let i = 0; i < 20; i++) sockets.push(await half(port));
      running.child.kill("SIGHUP");
      await half(port).then((socket) => sockets.push(socket)); // it is there still
      const before = Date.now();
      running.child.kill(signal);
      const { code } = await running.finished;
      expect(code).toBe(0);
      expect(Date.now() - before).toBeLessThan(4500); // who waited for the connections would take five
      expect(existsSync(pidFile)).toBe(false);
      for (const socket of sockets) socket.destroy();
    });

    test("what cannot be had is told in a sentence, with its exit code", async () => {
      const port = await freePort();
      const listen = ["-l", `udp:127.0.0.1:${port}`];
      const first = await serve("taken", listen);
      const second = await command("taken", listen);
      await stop(first);
      expect([second.code, second.output]).toEqual([3, expect.stringContaining("another program has that port")]);
      const cases: [readonly string[], number, RegExp][] = [
        [["--nonsense"], 2, /unknown option: --nonsense; "portico -h"/],
        [["frobnicate"], 2, /there is no command "frobnicate"/],
        [["-f", "missing.cfg"], 1, /cannot read the configuration missing\.cfg/],
        [["check", "missing.cfg"], 1, /cannot read the configuration missing\.cfg/],
        [[...listen, "-P", join(folder, "no/such/pid")], 1, /cannot write the process id/],
        [["user", "list", "--data", join(folder, "nowhere")], 1, /there is no database .*user add/],
      ];
      for (const [args, code, text] of cases) {
        const finished = await command("taken", args);
        expect([finished.code, finished.output], args.join(" ")).toEqual([code, expect.stringMatching(text)]);
        expect(finished.output, args.join(" ")).not.toMatch(/^\s+at /m);
      }
    });

    test("a place that may not be written to", async ({ skip }) => {
      if (isRoot) skip("root may write everywhere");
      mkdirSync(join(folder, "locked"));
      chmodSync(join(folder, "locked"), 0o500);
      const { code, output } = await command("locked", ["user", "add", "amy"], "secret\n");
      expect([code, output]).toEqual([1, expect.stringContaining("may this user write to it?")]);
    });

    test("-d -d -d shows what arrives and what is answered, and no line that a stranger has made up", async () => {
      const port = await freePort();
      const running = await serve("debug", ["-d", "-d", "-d", "-l", `udp:127.0.0.1:${port}`]);
      const agent = await openAgent("udp", port);
      const uri = "sip:x\x1b[31m\rERROR@127.0.0.1";
      await agent.ask({ method: "OPTIONS", uri: `sip:x@127.0.0.1:${port}` });
      agent.send(agent.request({ method: "OPTIONS" }).raw.replace(/^OPTIONS \S+/, `OPTIONS ${uri}`));
      await agent.ask({ method: "OPTIONS" });
      agent.close();
      const { output } = await stop(running);
      expect(output).toContain(`"OPTIONS sip:x@127.0.0.1:${port} SIP/2.0"`);
      expect(output).toMatch(/answer to 127\.0\.0\.1:\d+: 407 "Proxy Authentication Required"/);
      expect(output).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    });

    test("closed standard streams are no reason to end", async () => {
      const port = await freePort();
      const words = [...target.command, "-l", `tcp:127.0.0.1:${port}`].map((word) => `'${word}'`).join(" ");
      const running = start(["sh", "-c", `exec ${words} <&- >&- 2>&-`], { env: env("closed"), cwd: folder });
      let socket: Socket | null = null;
      for (let i = 0; socket === null && i < 1000; i++) socket = await half(port).catch(() => pause(10));
      expect(socket).not.toBeNull();
      expect((await stop(running)).code).toBe(0);
      socket?.destroy();
    });
  });
}

const pause = (ms: number): Promise<null> => new Promise((resolve) => setTimeout(() => resolve(null), ms));

/** A connection over which half a request has been sent. */
function half(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.on("error", () => {});
      socket.write("OPTIONS sip:x SIP/2.0\r\nVia: ");
      resolve(socket);
    });
  });
}
