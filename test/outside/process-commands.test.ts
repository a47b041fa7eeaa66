// Commands about the program that are there without module kex: what it is made of, its settings, and its end.

import { afterEach, expect, test } from "vitest";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed | null = null;
afterEach(async () => {
  await bed?.close();
  bed = null;
});

const open = async (config: string): Promise<ProxyBed> => {
  bed = await openProxy(`${config}\nrequest_route { exit; }`);
  return bed;
};

test("without kex: the usual core commands", async () => {
  const { rpc } = bound(await open(""));
  expect(await rpc("core.version")).toContain("kamailio 5.6.3 language");
  expect(await rpc("core.uptime")).toMatchObject({ uptime: 0 });
  expect(await rpc("core.info")).toHaveProperty("flags");
  expect(await rpc("core.psa")).toMatchObject([{ index: 0, status: 1, rank: 0 }]);
  expect(await rpc("core.echo", "a", "b")).toEqual(["a", "b"]);
});

test("core.modules, core.ppdefines and core.ppdefines_full", async () => {
  const { rpc } = bound(
    await open(`#!define WITH_A
#!define VALUE 12
#!substdef "!SD!sdv!g"
loadmodule "pv.so"
loadmodule "corex.so"
loadmodule "xlog.so"`),
  );
  expect(await rpc("core.modules")).toEqual(["xlog", "corex", "pv"]);
  const names = (await rpc("core.ppdefines")) as string[];
  expect(names).toEqual(expect.arrayContaining(["KAMAILIO_5_6_3", "WITH_A", "VALUE", "SD", "MOD_pv", "MOD_corex"]));
  const all = (await rpc("core.ppdefines_full")) as { name: string }[];
  const named = (wanted: string) => all.find(({ name }) => name === wanted);
  expect(all).toHaveLength(names.length);
  expect([named("WITH_A"), named("VALUE"), named("SD")]).toEqual([
    { name: "WITH_A", type: 0, value: "none" },
    { name: "VALUE", type: 0, value: "12" },
    { name: "SD", type: 0, value: "sdv" },
  ]);
});

test("core.tcp_options shows the settings in force under Kamailio's names", async () => {
  const { rpc } = bound(await open("tcp_connect_timeout=7\ntcp_accept_aliases=yes\ntcp_crlf_ping=no"));
  const options = (await rpc("core.tcp_options")) as Record<string, unknown>;
  expect(Object.keys(options)).toHaveLength(23);
  expect(options).toMatchObject({ connect_timeout: 7, accept_aliases: 1, crlf_ping: 0, connection_lifetime: 120 });
});

test("shm.* and corex.shm.* tell how much memory is in use", async () => {
  const { rpc } = bound(await open('loadmodule "corex.so"'));
  for (const [info, stats, report] of [
    ["shm.info", "shm.stats", "shm.report"],
    ["corex.shm.info", "corex.shm.stats", "corex.shm.report"],
  ] as const) {
    expect(await rpc(info)).toHaveProperty("size");
    expect(await rpc(stats)).toHaveProperty("real_used");
    expect(await rpc(report)).toHaveProperty("max_used_s");
  }
});

test("core.kill sends signals", async () => {
  const opened = await open("");
  const seen: string[] = [];
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const)
    opened.host.process.onSignal(name, () => void seen.push(name));
  for (const signal of [0, 1, 2, 15]) await opened.rpc("core.kill", signal);
  await opened.rpc("core.kill");
  expect(seen).toEqual(["SIGHUP", "SIGINT", "SIGTERM", "SIGTERM"]);
  await expect(opened.rpc("core.kill", 10)).rejects.toThrow("signal 10 means nothing here");
});

function bound(opened: ProxyBed) {
  return { rpc: opened.rpc.bind(opened) };
}
