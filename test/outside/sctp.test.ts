// SCTP from outside, in virtual time: what Kamailio 5.6.3 does with a kernel that has it, and what is said where it has not. Against a real
// kernel: test/scenarios/sctp.test.ts.

import { expect, test } from "vitest";
import { tryOut } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource } from "../../src/control/configuration.ts";
import { createSimulation, type SimHost } from "../../src/host/simulated.ts";
import { ADDRESS, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { SctpAgent } from "../support/sctp-agent.ts";

const LISTEN = `listen=udp:${ADDRESS}:5060\nlisten=sctp:${ADDRESS}:5060\n`;
const CALLER = "192.0.2.20";
const CALLED = "192.0.2.30";

interface Bed {
  readonly bed: ProxyBed;
  readonly caller: SctpAgent;
  readonly called: SctpAgent;
  readonly far: SimHost;
}

async function open(route: string, before = "", welcome = true): Promise<Bed> {
  const config = `${LISTEN}${modules("sctp", "cfg_rpc", "corex", "tmx")}modparam("tm", "fr_timer", 5000)\n${before}`;
  const bed = await openProxy(`${config}\nrequest_route {\n${route}\n}\n${ROUTES}`, 2, [ADDRESS]);
  const far = bed.world.host({ addresses: [CALLED] });
  const caller = await SctpAgent.open(bed, bed.world.host({ addresses: [CALLER] }), 7001);
  return { bed, far, caller, called: await SctpAgent.open(bed, far, 7002, 5060, welcome) };
}

const ROUTES = `failure_route[F] { xlog("L_NOTICE", "failed $T_reply_code\\n"); if (t_check_status("477|503")) { $du = "sip:${CALLED}:7002;transport=sctp"; t_relay(); } }\n`;
const RELAY = `record_route(); t_on_failure("F"); if (!t_relay()) sl_reply_error();`;

function request(bed: ProxyBed, method: string, uri: string, ...lines: readonly string[]): string {
  return bed.request(method, uri, lines, `SCTP ${CALLER}:7001`);
}

function ok(text: string, code = 200): string {
  const kept = text.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq|Record-Route):/.test(l));
  const to = text.split("\r\n").find((l) => l.startsWith("To:"))!;
  return [`SIP/2.0 ${code} R`, ...kept, `${to};tag=u`, "Content-Length: 0", "", ""].join("\r\n");
}

const firsts = (texts: readonly string[]): string[] => texts.map((t) => t.slice(0, t.indexOf("\r\n")));
const header = (text: string, name: string): string => new RegExp(`^${name}: ?(.*)\r$`, "m").exec(text)?.[1] ?? "";

test("a request over SCTP is seen as one, and answered over its association", async () => {
  const seen = `xlog("L_NOTICE", "$proto $pr $prid $sas $RAu\\n"); if (proto == SCTP) sl_send_reply("200", "SCTP"); else sl_send_reply("200", "other");`;
  const { bed, caller } = await open(seen);
  const [reply] = await caller.send(request(bed, "OPTIONS", "sip:x@a"));
  expect(firsts([reply!])).toEqual(["SIP/2.0 200 SCTP"]);
  expect(bed.log.at(-1)).toContain(`sctp sctp 4 sctp:${CALLER}:7001 sip:${ADDRESS}:5060;transport=sctp`);
  await bed.close();
  await bed.world.advance(50);
  expect(caller.events).toEqual(["open", "end"]);
});

test("a call goes through: our Via and Record-Route name SCTP, nothing is sent twice", async () => {
  const { bed, caller, called } = await open(`if (loose_route()) { t_relay(); exit; }\n${RELAY}`);
  await caller.send(request(bed, "INVITE", `sip:b@${CALLED}:7002;transport=sctp`));
  await bed.world.advance(3000);
  expect(firsts(called.received)).toEqual([`INVITE sip:b@${CALLED}:7002;transport=sctp SIP/2.0`]);
  const invite = called.received[0]!;
  expect(header(invite, "Via")).toMatch(new RegExp(`^SIP/2\\.0/SCTP ${ADDRESS}:5060;branch=z9hG4bK`));
  expect(header(invite, "Record-Route")).toBe(`<sip:${ADDRESS}:5060;transport=sctp;lr;ftag=a>`);
  await called.send(ok(invite));
  expect(firsts(caller.received)).toEqual(["SIP/2.0 100 trying -- your call is important to us", "SIP/2.0 200 R"]);
  // one association with each of them
  expect((await bed.rpc("sctp.info")) as object).toEqual({
    opened_connections: 2,
    tracked_connections: 2,
    total_connections: 2,
  });
  await bed.close();
});

test("a refused association: t_relay fails at once, or later the branch, and the failure route tries another", async () => {
  const { bed, caller, called } = await open(RELAY);
  await caller.send(request(bed, "MESSAGE", `sip:b@${CALLED}:7009;transport=sctp`));
  expect(firsts(caller.received)[0]).toBe("SIP/2.0 477 Unfortunately error on sending to next hop occurred (477/SL)");
  // too far away to hear of it before the message is queued
  bed.world.setLink(ADDRESS, CALLED, { delay: 150 });
  await caller.send(request(bed, "MESSAGE", `sip:b@${CALLED}:7009;transport=sctp`));
  await bed.world.advance(1000);
  expect(bed.log.some((line) => line.includes("failed 477"))).toBe(true);
  expect(firsts(called.received)).toEqual([`MESSAGE sip:b@${CALLED}:7009;transport=sctp SIP/2.0`]);
  await bed.close();
});

test("an association that is lost fails those who wait over it", async () => {
  const { bed, caller, called } = await open(`t_relay();`);
  await caller.send(request(bed, "MESSAGE", `sip:b@${CALLED}:7002;transport=sctp`));
  expect(called.received.length).toBe(1);
  await called.end(true);
  expect(firsts(caller.received)).toEqual(["SIP/2.0 500 Service Unavailable"]);
  await bed.close();
});

test("a route that ends with an error ends no association, as it does a connection of TCP", async () => {
  const { bed, caller } = await open(`t_relay();`);
  await caller.send(request(bed, "MESSAGE", `sip:b@${CALLED}:7009;transport=sctp`));
  expect(firsts(caller.received)[0]).toMatch(/^SIP\/2.0 477 /);
  expect(caller.events).toEqual(["open"]);
  await bed.close();
});

test("sctp_send_retries: what could not be sent goes by a new association", async () => {
  const { bed, caller, called } = await open(`t_relay();`, `modparam("sctp", "sctp_send_retries", 1)\n`);
  await caller.send(request(bed, "MESSAGE", `sip:b@${CALLED}:7002;transport=sctp`));
  await called.send(ok(called.received[0]!));
  expect(firsts(caller.received)).toEqual(["SIP/2.0 200 R"]);
  // the far end throws the association away while the next message is on its way
  bed.world.observe((packet) => {
    if (packet.bytes.length === 0 || packet.to.port !== 7002) return;
    bed.world.observe(null);
    queueMicrotask(() => void called.end(true));
  });
  await caller.send(request(bed, "MESSAGE", `sip:c@${CALLED}:7002;transport=sctp`));
  expect(firsts(called.received)[1]).toBe(`MESSAGE sip:c@${CALLED}:7002;transport=sctp SIP/2.0`);
  await called.send(ok(called.received[1]!));
  expect(firsts(caller.received)).toEqual(["SIP/2.0 200 R", "SIP/2.0 200 R"]);
  await bed.close();
});

test("sctp_assoc_reuse 0: replies go to the port in the Via", async () => {
  const { bed, caller } = await open(`sl_send_reply("200", "OK");`, `modparam("sctp", "sctp_assoc_reuse", 0)\n`);
  const other = await SctpAgent.open(bed, bed.world.host({ addresses: ["192.0.2.40"] }), 7001);
  const elsewhere = bed.request("OPTIONS", "sip:x@a", [], "SCTP 192.0.2.40:7003").replace(";rport", "");
  expect(await other.send(elsewhere)).toEqual([]);
  await bed.world.advance(100);
  expect(firsts(await other.send(bed.request("OPTIONS", "sip:x@a", [], "SCTP 192.0.2.40:7003")))).toEqual([
    "SIP/2.0 200 OK", // rport
  ]);
  expect(caller.received).toEqual([]);
  await bed.close();
});

test("sctp_max_assocs: one too many is ended at once, and none is opened", async () => {
  const { bed, caller, called } = await open(
    `if (!t_relay()) sl_send_reply("500", "no way");`,
    `modparam("sctp", "sctp_max_assocs", 1)\n`,
  );
  const [reply] = await caller.send(request(bed, "MESSAGE", `sip:b@${CALLED}:7002;transport=sctp`));
  expect(firsts([reply!])[0]).toMatch(/^SIP\/2\.0 (500|477|478)/);
  expect(called.received).toEqual([]);
  await called.send(request(bed, "OPTIONS", "sip:x@a"));
  expect(called.events).toEqual(["open", "unsent", "ECONNRESET"]);
  await bed.close();
});

test("sctp_autoclose ends an idle association", async () => {
  const { bed, caller } = await open(`sl_send_reply("200", "OK");`, `modparam("sctp", "sctp_autoclose", 10)\n`);
  await caller.send(request(bed, "OPTIONS", "sip:x@a"));
  await bed.world.advance(9000);
  expect(caller.events).toEqual(["open"]);
  await bed.world.advance(1100);
  expect(caller.events).toEqual(["open", "end"]);
  expect((await bed.rpc("sctp.info")) as object).toMatchObject({ opened_connections: 0, total_connections: 1 });
  await bed.close();
});

test("only whole messages count: two in one, keep-alives, a wrong Content-Length", async () => {
  const { bed, caller } = await open(`sl_send_reply("200", "OK");`);
  const text = request(bed, "OPTIONS", "sip:x@a");
  expect((await caller.send(text + text)).length).toBe(1);
  expect(await caller.send("\r\n\r\n")).toEqual([]);
  const short = request(bed, "OPTIONS", "sip:x@a").replace("Content-Length: 0", "Content-Length: 10");
  expect(firsts(await caller.send(short))[0]).toMatch(/^SIP\/2.0 400 /);
  expect(firsts(await caller.send(request(bed, "OPTIONS", "sip:x@a")))).toEqual(["SIP/2.0 200 OK"]);
  await bed.close();
});

test("forward_sctp and t_relay_to_sctp", async () => {
  const { bed, caller, called } = await open(
    `if (is_method("MESSAGE")) forward_sctp("${CALLED}", "7002"); else t_relay_to_sctp("${CALLED}", "7002");`,
  );
  await caller.send(request(bed, "MESSAGE", "sip:b@a"));
  await caller.send(request(bed, "INFO", "sip:b@a"));
  expect(firsts(called.received)).toEqual(["MESSAGE sip:b@a SIP/2.0", "INFO sip:b@a SIP/2.0"]);
  expect(header(called.received[0]!, "Via")).toMatch(/^SIP\/2\.0\/SCTP/);
  await called.send(ok(called.received[0]!));
  await called.send(ok(called.received[1]!));
  expect(firsts(caller.received)).toEqual(["SIP/2.0 200 R", "SIP/2.0 200 R"]);
  await bed.close();
});

test("the parameters are seen and changed while it runs, under Kamailio's conditions", async () => {
  const { bed } = await open("exit;", `modparam("sctp", "sctp_srto_min", 700)\n`);
  expect((await bed.rpc("sctp.options")) as object).toEqual({
    sctp_socket_rcvbuf: 106_496,
    sctp_socket_sndbuf: 106_496,
    sctp_autoclose: 180,
    sctp_send_ttl: 32_000,
    sctp_send_retries: 0,
    sctp_assoc_tracking: 1,
    sctp_assoc_reuse: 1,
    sctp_max_assocs: -1,
    sctp_srto_initial: 3000,
    sctp_srto_max: 60_000,
    sctp_srto_min: 700,
    sctp_asocmaxrxt: 10,
    sctp_init_max_attempts: 8,
    sctp_init_max_timeo: 60_000,
    sctp_hbinterval: 30_000,
    sctp_pathmaxrxt: 5,
    sctp_sack_delay: 200,
    sctp_sack_freq: 2,
    sctp_max_burst: 4,
  });
  await bed.rpc("cfg.set_now_int", "sctp", "srto_max", 5000);
  expect((await bed.rpc("sctp.options", `sctp:${ADDRESS}:5060`)) as object).toMatchObject({ sctp_srto_max: 5000 });
  for (const [name, value] of [
    ["assoc_tracking", 0], // while associations are reused
    ["send_retries", 10],
    ["autoclose", 0],
    ["socket_rcvbuf", 9000],
  ] as const)
    await expect(bed.rpc("cfg.set_now_int", "sctp", name, value)).rejects.toThrow();
  await bed.rpc("cfg.set_now_int", "sctp", "assoc_reuse", 0);
  await bed.rpc("cfg.set_now_int", "sctp", "assoc_tracking", 0);
  await expect(bed.rpc("cfg.set_now_int", "sctp", "assoc_reuse", 1)).rejects.toThrow();
  await expect(bed.rpc("sctp.options", "10.9.9.9")).rejects.toThrow("no such SCTP socket");
  await bed.close();
});

test("the parameters of the core, as before 5.0, and without the module", async () => {
  const config = `${LISTEN}sctp_autoclose=10\nsctp_assoc_tracking=no\nsctp_socket_receive_buffer=9000\n${modules()}request_route { sl_send_reply("200", "OK"); }\n`;
  const bed = await openProxy(config, 2, [ADDRESS]);
  const caller = await SctpAgent.open(bed, bed.world.host({ addresses: [CALLER] }), 7001);
  expect((await caller.send(request(bed, "OPTIONS", "sip:x@a"))).length).toBe(1);
  await bed.world.advance(10_100);
  expect(caller.events).toEqual(["open", "end"]);
  expect(bed.diagnostics).toEqual([]);
  const { sctp } = bed.server.proxy.transports;
  expect(sctp!.values()).toMatchObject({ assoc_tracking: 0, assoc_reuse: 0, socket_rcvbuf: 9000 });
  await bed.close();
});

test("an address without a protocol listens for SCTP too with the module, or when SCTP is turned on", async () => {
  const protocols = async (text: string): Promise<string[]> => {
    const bed = await openProxy(`listen=${ADDRESS}\n${text}request_route { exit; }\n`, 2, [ADDRESS]);
    const names = bed.server.listeners.map(({ name }) => name.slice(0, name.indexOf(":")));
    await bed.close();
    return names;
  };
  expect(await protocols(`loadmodule "sctp.so"\n`)).toEqual(["udp", "tcp", "sctp"]);
  expect(await protocols("enable_sctp=1\n")).toEqual(["udp", "tcp", "sctp"]);
  expect(await protocols("")).toEqual(["udp", "tcp"]);
  expect(await protocols(`enable_sctp=0\nloadmodule "sctp.so"\n`)).toEqual(["udp", "tcp"]);
});

/** What `portico check` says of a configuration on a host without SCTP. */
async function findings(config: string, noSctp = true): Promise<string[]> {
  const host = createSimulation({ seed: 1 }).host({ addresses: [ADDRESS], noSctp });
  host.files.write("/p.cfg", new TextEncoder().encode(`${config}request_route { exit; }\n`));
  const options = parseOptions(["-f", "/p.cfg"]);
  const checked = check(host, await readSource(host, "/p.cfg"), options);
  return [...checked.diagnostics, ...(await tryOut(host, checked)).diagnostics].map(
    ({ severity, line, message, hint }) => `${severity} ${line}: ${message}; ${hint}`,
  );
}

test("a kernel without SCTP: check says which line, and what to do", async () => {
  const hint = "load the module sctp (modprobe sctp), or remove the listen";
  const why = "the kernel has no SCTP (socket: EPROTONOSUPPORT)";
  expect(await findings(`\nlisten=sctp:${ADDRESS}:5062\n`)).toEqual([
    `warning 2: listen=sctp:${ADDRESS}:5062 is left out: ${why}; ${hint}`,
  ]);
  expect(await findings(`enable_sctp=1\nlisten=sctp:${ADDRESS}\n`)).toEqual([
    `error 1: SCTP is turned on, but ${why}; load the module sctp (modprobe sctp), or write enable_sctp=2`,
    `error 2: cannot listen on sctp:${ADDRESS}: ${why}; ${hint}`,
  ]);
  expect(await findings(`listen=sctp:${ADDRESS}\n`, false)).toEqual([]);
  expect(await findings(`disable_sctp=yes\nlisten=sctp:${ADDRESS}\n`, false)).toEqual([
    `warning 2: listen=sctp:${ADDRESS} is left out: SCTP is turned off; take out enable_sctp=0 or disable_sctp=yes, or the listen`,
  ]);
  expect(await findings(`loadmodule "sctp.so"\n`)).toEqual([]);
});

test("a kernel without SCTP: the start goes on without it, unless the configuration insists", async () => {
  const world = createSimulation({ seed: 3 });
  const without: typeof world = Object.create(world, {
    host: { value: (options: Parameters<typeof world.host>[0]) => world.host({ ...options, noSctp: true }) },
  });
  const bed = await openProxy(`${LISTEN}request_route { exit; }\n`, 2, [ADDRESS], without);
  expect(bed.server.listeners.map(({ name }) => name)).toEqual([`udp:${ADDRESS}:5060`]);
  const why =
    "the kernel has no SCTP (socket: EPROTONOSUPPORT); load the module sctp (modprobe sctp), or remove the listen";
  expect(bed.log.join("\n")).toContain(`/portico.cfg:2: listen sctp:${ADDRESS}:5060: left out: ${why}`);
  await bed.close();
  const again = createSimulation({ seed: 3 });
  const insists: typeof world = Object.create(again, {
    host: { value: (options: Parameters<typeof world.host>[0]) => again.host({ ...options, noSctp: true }) },
  });
  await expect(openProxy(`enable_sctp=1\n${LISTEN}request_route { exit; }\n`, 2, [ADDRESS], insists)).rejects.toThrow(
    `/portico.cfg:3: cannot listen on sctp:${ADDRESS}:5060: ${why}`,
  );
});
