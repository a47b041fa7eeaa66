// Commands from outside, real processes: the installed kamcmd and our own `ctl` against the server, over unix sockets, TCP and UDP; noise and
// huge lengths on the control socket; the socket every server has of its own.

import { statSync, symlinkSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { isInstalled, run } from "../support/programs.ts";
import { root, TARGETS } from "../support/server.ts";
import { describeTargets } from "../support/targets.ts";

const tcp = await freePort();
const haveKamcmd = isInstalled("kamcmd");

const CONFIG = `
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "htable.so"
loadmodule "ctl.so"
modparam("htable", "htable", "a=>size=2;")
modparam("ctl", "binrpc", "unix:ctl.sock")
modparam("ctl", "binrpc", "tcp:127.0.0.1:${tcp}")
modparam("ctl", "binrpc", "udp:127.0.0.1:${tcp}")
modparam("ctl", "mode", 0640)
request_route { sl_send_reply("200", "OK"); }
`;

/** What comes back for raw octets: until the server closes, so many octets are there, or it has been silent for so many milliseconds. */
function exchange(
  path: string,
  bytes: Uint8Array,
  { enough = Infinity, quiet = 5000 },
): Promise<{ got: Buffer; closed: boolean }> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ path });
    let got = Buffer.alloc(0);
    const end = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ got, closed });
    };
    let timer = setTimeout(() => end(false), quiet);
    socket.on("data", (data: Uint8Array) => {
      got = Buffer.concat([got, data]);
      clearTimeout(timer);
      if (got.length >= enough) end(false);
      else timer = setTimeout(() => end(false), quiet);
    });
    socket.on("error", () => end(true));
    socket.on("close", () => end(true));
    socket.write(bytes);
  });
}

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");
const VERSION = hex("a1030f0d820e14910d636f72652e76657273696f6e00");
const LIST = hex("a1030a010203049108746d2e6c69737400");
/** The answer to LIST. */
const EMPTY_LIST = "a1130001020304";

describeTargets("commands", { config: CONFIG, without: ["kamailio"] }, (group) => {
  const socket = (): string => join(group.server.directory, "ctl.sock");
  const listed = async (): Promise<string> => (await exchange(socket(), LIST, { enough: 7 })).got.toString("hex");
  const { command, env } = TARGETS.find(({ name }) => name === group.target)!;
  const portico = (...args: string[]) => run([...command, "ctl", ...args], { env, limit: 60_000 });

  test.skipIf(!haveKamcmd)("kamcmd over unix socket, TCP and UDP", async () => {
    for (const at of [`unix:${socket()}`, `tcp:127.0.0.1:${tcp}`, `udp:127.0.0.1:${tcp}`]) {
      const kamcmd = (...args: string[]) => run(["kamcmd", "-s", at, ...args], { limit: 30_000 });
      expect((await kamcmd("tm.stats")).output).toMatch(/^\{\n\tcurrent: 0\n\twaiting: 0\n/);
      expect((await kamcmd("tm.list")).output).toBe("");
      expect((await kamcmd("htable.seti", "a", "k", "7")).output).toBe("Ok. Key set to new value.\n");
      expect((await kamcmd("htable.get", "a", "k")).output).toBe(
        "{\n\titem: {\n\t\tname: k\n\t\tvalue: 7\n\t\tflags: 0\n\t\texpire: NEVER\n\t}\n}\n",
      );
      expect((await kamcmd("nosuch")).output).toBe("error: 500 - command nosuch not found\n");
      expect((await kamcmd("ctl.connections")).output).toBe(at.startsWith("udp") ? "0\n" : "1\n");
    }
    const kamcmd = (...args: string[]) => run(["kamcmd", "-s", `unix:${socket()}`, ...args], { limit: 30_000 });
    expect((await kamcmd("listen")).output).toBe(
      `[binrpc] unix_stream: ctl.sock \n[binrpc] tcp: 127.0.0.1 ${tcp}\n[binrpc] udp: 127.0.0.1 ${tcp}\n`,
    );
    expect((await kamcmd("who")).output).toBe("[binrpc] unix_stream: <anonymous unix socket>  -> ctl.sock \n");
    expect((await kamcmd("system.methodHelp", "ctl.who")).output).toMatch(/^Connections that are open/);
  });

  test.skipIf(!haveKamcmd)("kamcmd's interactive mode", async () => {
    const { output } = await run(["kamcmd", "-s", `unix:${socket()}`], {
      input: "tm.list\nhelp\nctl.connections\nquit\n",
    });
    expect(output).toMatch(/\nsystem\.listMethods\n/);
    expect(output).toMatch(/\n(kamcmd> )?1\n|kamcmd> ctl\.connections\n1/);
  });

  test.skipIf(!haveKamcmd)("ctl prints what kamcmd prints", async () => {
    const commands = [
      ["tm.stats"],
      ["htable.dump", "a"],
      ["htable.stats"],
      ["system.listMethods"],
      ["dns.mem_info"],
      ["who"],
    ];
    for (const at of [`unix:${socket()}`, `tcp:127.0.0.1:${tcp}`])
      for (const words of at.startsWith("tcp") ? [["who"]] : commands) {
        const ours = await portico("-s", at, ...words);
        const theirs = await run(["kamcmd", "-s", at, ...words]);
        const ports = (text: string): string => text.replace(/127\.0\.0\.1 \d+ ->/, "127.0.0.1 {PORT} ->");
        expect(ports(ours.output)).toBe(ports(theirs.output));
        expect(ours.code).toBe(0);
      }
  });

  test("under the names kamcmd and kamctl the executable behaves as those programs", async () => {
    if (group.target !== "dist") return; // a symbolic link to a script would not tell the name
    const link = (name: string): string => {
      const path = join(group.server.directory, name);
      symlinkSync(join(root, "dist/portico"), path);
      return path;
    };
    const kamcmd = (...args: string[]) => run([link("kamcmd"), "-s", `unix:${socket()}`, ...args]);
    expect(await kamcmd("nosuch")).toMatchObject({ code: 0, output: "error: 500 - command nosuch not found\n" });
    expect(await run([link("kamctl"), "trap"])).toMatchObject({ code: 2 });
  });

  test("permissions are as asked for", () => {
    expect(statSync(socket()).mode & 0o777).toBe(0o640);
  });

  test("a refused command, an unknown one, no server: told, with exit code 1", async () => {
    const at = `unix:${socket()}`;
    expect(await portico("-s", at, "htable.get", "none", "k")).toMatchObject({
      code: 1,
      output: "error: 500 - No such htable\n",
    });
    expect(await portico("-s", at, "nosuch")).toMatchObject({ code: 1 });
    const gone = await portico("-s", `unix:${socket()}.gone`, "tm.list");
    expect(gone.code).toBe(1);
    expect(gone.output).toMatch(/cannot connect to unix:.*\.gone: ENOENT/);
    const nobody = await portico("--data", join(group.server.directory, "none"), "tm.list");
    expect(nobody.code).toBe(1);
    expect(nobody.output).toMatch(/is it running\? Looked at:\n.*none\/control\.sock: ENOENT/);
  });

  test("frames that are none are told and the connection ends; the others are served on", async () => {
    for (const bad of ["48454c4c4f20574f524c44", "a1130203040506", "a1f3", "a10fffffffff01020304", "a103ff01"]) {
      const ends = !bad.startsWith("a103") && bad !== "a1f3";
      const { got, closed } = await exchange(socket(), hex(bad), ends ? {} : { quiet: 300 });
      if (got.length > 0) expect(got.toString("latin1")).toContain("bad request: corrupted packet");
      if (ends) expect(closed).toBe(true);
    }
    expect(await listed()).toBe(EMPTY_LIST);
  });

  test("several commands at once on one connection, and one in pieces", async () => {
    const { got } = await exchange(socket(), Buffer.concat([LIST, LIST, LIST]), { enough: 3 * 7 });
    expect(got.toString("hex")).toBe(EMPTY_LIST.repeat(3));
    const whole = await new Promise<string>((resolve) => {
      const client = connect({ path: socket() });
      client.on("data", (data: Uint8Array) => {
        client.destroy();
        resolve(Buffer.from(data).toString("hex"));
      });
      const send = (i: number): void => {
        if (i >= LIST.length) return;
        client.write(LIST.subarray(i, i + 1), () => setImmediate(() => send(i + 1)));
      };
      client.on("connect", () => send(0));
    });
    expect(whole).toBe(EMPTY_LIST);
  });

  test("noise in every octet of a request does no harm", async () => {
    let seed = 12345;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return seed % below;
    };
    const tries: Promise<unknown>[] = [];
    for (let i = 0; i < 150; i++) {
      const bytes = Buffer.from(i % 2 === 0 ? LIST : VERSION);
      for (let n = 1 + random(4); n > 0; n--) bytes[random(bytes.length)] = random(256);
      tries.push(exchange(socket(), bytes, { quiet: 150 }));
      if (tries.length === 30) await Promise.all(tries.splice(0));
    }
    await Promise.all(tries);
    expect(group.server.isAlive).toBe(true);
    expect(await listed()).toBe(EMPTY_LIST);
  }, 30_000);

  test("more connections than it takes are refused, and its own clients come back in", async () => {
    // those of earlier tests may still be ending
    const count = () => portico("-s", `unix:${socket()}`, "ctl.connections");
    for (let tries = 0; tries < 100 && (await count()).output.trim() !== "1"; tries++);
    expect((await count()).output.trim()).toBe("1");
    const open: Socket[] = [];
    let refused = 0;
    const full = new Promise<void>((done) => {
      const add = (): void => {
        const one = connect({ path: socket() });
        // the kernel's queue of the listener is full: that is not the server's refusal
        one.on("error", () => setImmediate(add));
        one.on("connect", () => {
          open.push(one);
          one.on("close", () => void (++refused === 160 - 128 && done()));
        });
        one.resume();
      };
      for (let i = 0; i < 160; i++) add();
    });
    await full;
    expect((await exchange(socket(), LIST, {})).closed).toBe(true);
    expect(refused).toBe(32);
    for (const one of open) one.destroy();
    let back = "";
    for (let tries = 0; tries < 100 && back === ""; tries++) back = await listed();
    expect(back).toBe(EMPTY_LIST);
  }, 30_000);
});
