// Commands by FIFO and unix datagrams, real processes: kamctl and kamcmd as installed, and what any program can write; names in the file system
// are there while the server runs, and go with it; the control socket every server has.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { selectHost } from "../../src/host/index.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { freePort } from "../support/ports.ts";
import { isInstalled, run, start, stop } from "../support/programs.ts";
import { root } from "../support/server.ts";
import { describeTargets } from "../support/targets.ts";

const me = userInfo();
const CONFIG = `
run_dir="."
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "ctl.so"
loadmodule "jsonrpcs.so"
modparam("ctl", "binrpc", "unixd:ctld.sock")
modparam("ctl", "fifo", "fifo:text.fifo")
modparam("ctl", "user", "${me.uid}")
modparam("ctl", "group", "${me.gid}")
modparam("jsonrpcs", "pretty_format", 0)
modparam("jsonrpcs", "fifo_name", "commands.fifo")
modparam("jsonrpcs", "fifo_mode", 416)
modparam("jsonrpcs", "fifo_user", "${me.uid}")
modparam("jsonrpcs", "fifo_group", "${me.gid}")
modparam("jsonrpcs", "fifo_reply_dir", "/tmp")
modparam("jsonrpcs", "dgram_mode", 432)
modparam("jsonrpcs", "dgram_timeout", 3000)
modparam("jsonrpcs", "dgram_user", "${me.uid}")
modparam("jsonrpcs", "dgram_group", "${me.gid}")
request_route { sl_send_reply("200", "OK"); }
`;
const LIST = '{"jsonrpc":"2.0","method":"tm.list","id":7}';
const EMPTY = '{"jsonrpc":"2.0","result":[],"id":7}';

async function until<T>(look: () => T | null): Promise<T | null> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    const got = look();
    if (got !== null) return got;
    await new Promise((done) => setTimeout(done, 10));
  }
  return null;
}

describeTargets("commands by files", { config: CONFIG, without: ["kamailio"] }, (group) => {
  const at = (name: string): string => join(group.server.directory, name);

  test("names are there with their permissions", () => {
    expect(statSync(at("commands.fifo")).isFIFO()).toBe(true);
    expect(statSync(at("text.fifo")).isFIFO()).toBe(true);
    expect(statSync(at("text.fifo")).mode & 0o777).toBe(0o600);
    expect(statSync(at("kamailio_rpc.sock")).isSocket()).toBe(true);
    expect(statSync(at("commands.fifo")).mode & 0o777).toBe(0o640);
    expect(statSync(at("kamailio_rpc.sock")).mode & 0o777).toBe(0o660);
    for (const name of ["commands.fifo", "kamailio_rpc.sock", "ctld.sock", "text.fifo"])
      expect([statSync(at(name)).uid, statSync(at(name)).gid]).toEqual([me.uid, me.gid]);
    expect(statSync(at("ctld.sock")).mode & 0o777).toBe(0o600);
  });

  test.skipIf(!isInstalled("kamcmd"))("kamcmd over unix datagrams", async () => {
    for (const command of ["listen", "ctl.listen"]) {
      const { output } = await run(["kamcmd", "-s", `unixd:${at("ctld.sock")}`, command], { limit: 10_000 });
      expect(output.split(/[\s:]+/)).toEqual(expect.arrayContaining(["unix_dgram", "ctld.sock"]));
    }
  });

  test("JSON by unix datagrams; noise is not answered and does no harm", async () => {
    const { system } = await selectHost();
    const client = system.bindUnixDatagram(at("client.sock"), 0o600);
    const server = bytesOf(`\u0001\0${at("kamailio_rpc.sock")}\0`);
    for (const text of ["nonsense", "", "{".repeat(1000), '{"jsonrpc":"2.0"', LIST])
      expect(client.send(server, bytesOf(text))).toBe("sent");
    const got = await until(() => client.receive());
    expect(got === null ? "" : textOf(got.bytes, 0, got.bytes.length)).toBe(EMPTY);
    client.close();
  });

  test("answers wait for a client that has no room for them (dgram_timeout)", async () => {
    const { system } = await selectHost();
    const client = system.bindUnixDatagram(at("slow.sock"), 0o600);
    const server = bytesOf(`\u0001\0${at("kamailio_rpc.sock")}\0`);
    const room = Number(readFileSync("/proc/sys/net/unix/max_dgram_qlen", "utf8")) + 1;
    for (let i = 0; i < room + 2; i++) {
      const sent = await until(() => (client.send(server, bytesOf(LIST)) === "sent" ? true : null));
      expect(sent).toBe(true);
    }
    // who asks later and is answered shows that the first ones were tried
    const later = system.bindUnixDatagram(at("later.sock"), 0o600);
    expect(later.send(server, bytesOf(LIST))).toBe("sent");
    expect(await until(() => later.receive())).not.toBe(null);
    later.close();
    let got = 0;
    await until(() => (client.receive() !== null && ++got === room + 2 ? true : null));
    expect(got).toBe(room + 2);
    client.close();
  });

  test("JSON by the FIFO, answered into the one named; names that lead elsewhere are not taken", async () => {
    const { system } = await selectHost();
    const name = `portico-answer-${process.pid}`;
    const reply = system.openFifo(join("/tmp", name), 0o600);
    const ask = (name: string): string => LIST.replace("{", `{"reply_name":"${name}",`);
    const elsewhere = system.openFifo(at("elsewhere"), 0o600);
    for (const text of [
      "noise }{",
      `"${"x".repeat(2000)}`,
      '"}',
      ask(`..${at("elsewhere")}`),
      ask(`${name}-none`),
      `${ask(name)}\n`,
    ])
      expect(system.writeFifo(at("commands.fifo"), bytesOf(text))).toBe("sent");
    const got = await until(() => reply.read());
    expect(got === null ? "" : textOf(got, 0, got.length)).toBe(EMPTY);
    expect(elsewhere.read()).toBe(null);
    reply.close();
    elsewhere.close();
  });

  test("lines of text by the FIFO of ctl; names that lead elsewhere are not taken", async () => {
    const { system } = await selectHost();
    const name = `portico-text-${process.pid}`;
    const reply = system.openFifo(join("/tmp", name), 0o600);
    const elsewhere = system.openFifo(at("elsewhere"), 0o600);
    for (const text of [`junk\n\n:core.echo:..${at("elsewhere")}\nx\n\n`, `:core.echo:${name}\none\n`, "two:\n\n"])
      expect(system.writeFifo(at("text.fifo"), bytesOf(text))).toBe("sent");
    const got = await until(() => reply.read());
    expect(got === null ? "" : textOf(got, 0, got.length)).toBe("200 OK\none\ntwo:\n");
    expect(elsewhere.read()).toBe(null);
    reply.close();
    elsewhere.close();
  });

  test("ctl without -s finds the server by its data directory; a second server leaves the socket alone", async () => {
    const data = at("data");
    const portico = join(root, group.target === "dist" ? "dist/portico" : "scripts/portico");
    const env = { PORTICO_RUNTIME: group.target, PORTICO_DATA: data };
    const file = at("second.cfg");
    const config = `listen=udp:127.0.0.1:${await freePort()}\nloadmodule "sl.so"\nrequest_route { sl_send_reply("200", "OK"); }\n`;
    writeFileSync(file, config);
    const one = start([portico, "-f", file, "-E"], { env });
    expect(await until(() => (existsSync(join(data, "control.sock")) ? true : null)), one.output()).toBe(true);
    expect(statSync(join(data, "control.sock")).mode & 0o777).toBe(0o600);
    expect(await run([portico, "ctl", "system.methodHelp", "sl.stats"], { env })).toMatchObject({ code: 0 });
    writeFileSync(file, `debug=3\n${config.replace(/:\d+\n/, `:${await freePort()}\n`)}`);
    const two = start([portico, "-f", file, "-E"], { env });
    expect(await until(() => (two.output().includes("is another server's") ? true : null)), two.output()).toBe(true);
    expect((await stop(two)).code).toBe(0);
    expect((await run([portico, "ctl", "system.listMethods"], { env })).output).toContain("sl.stats");
    expect((await stop(one)).code).toBe(0);
    expect(existsSync(join(data, "control.sock"))).toBe(false);
    expect(await run([portico, "ctl", "sl.stats"], { env })).toMatchObject({ code: 1 });
  }, 60_000);

  test.skipIf(!isInstalled("kamctl"))("kamctl rpc", async () => {
    const env = { RPCFIFOPATH: at("commands.fifo") };
    expect((await run(["kamctl", "rpc", "tm.stats"], { env, limit: 20_000 })).output).toMatch(/"rpl_generated":\s*0,/);
    expect((await run(["kamctl", "rpc", "nosuch"], { env, limit: 20_000 })).output).toMatch(/Method Not Found/);
  });

  test("names go when the server ends", async () => {
    await group.server.stop();
    for (const name of ["commands.fifo", "kamailio_rpc.sock", "ctld.sock", "text.fifo"])
      expect(existsSync(at(name))).toBe(false);
    await group.server.start();
    expect(readFileSync(at("pid"), "utf8")).toMatch(/^\d+/);
    expect(existsSync(at("commands.fifo"))).toBe(true);
  }, 30_000);
});
