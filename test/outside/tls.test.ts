// Module tls on a whole proxy in virtual time: which certificate, who is let in, commands, replacement, connections that we open.

import { afterEach, expect, test } from "vitest";
import { makeCertificate } from "../../src/host/certificates.ts";
import type { TcpConnection } from "../../src/host/host.ts";
import { createSimulation, type SimHost } from "../../src/host/simulated.ts";
import { PeerRule, type TlsDomain, type TlsSettings } from "../../src/host/tls.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { firstLine, headerOf } from "../support/message-text.ts";
import { ADDRESS, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const authority = (commonName: string) =>
  makeCertificate({ commonName, hosts: [], days: 400, issuer: null, now: Date.now() });
const ca = authority("test CA");
const strangeCa = authority("strange CA");
const make = (name: string, issuer = ca) =>
  makeCertificate({ commonName: name, hosts: [name], days: 300, issuer, now: Date.now() });
const [a, b, client] = [make("a.example"), make("b.example"), make("client.example")];
const FILES = {
  "/ca.pem": ca.certificate,
  "/a.pem": a.certificate,
  "/a.key": a.key,
  "/b.pem": b.certificate + b.key,
  "/tls.cfg": `[server:default]
certificate = a.pem
private_key = /a.key
ca_list = ca.pem
verify_certificate = yes
[server:any]
server_name = b.example
certificate = b.pem
[client:default]
ca_list = ca.pem
verify_certificate = yes
[client:192.0.2.20:7999]
server_id = showing
server_name = far.example
certificate = b.pem
`,
};

const SOCKETS = `listen=udp:${ADDRESS}:5060
listen=tls:${ADDRESS}:5061
`;
const CONFIG = `enable_tls=yes
${SOCKETS}${modules("tls")}
modparam("tls", "config", "tls.cfg")
request_route {
  if (is_method("OPTIONS")) {
    append_to_reply("X: $proto $tls_my_subject_cn $tls_peer_subject_cn $tls_peer_verified\\r\\n");
    if (is_peer_verified()) append_to_reply("Y: verified\\r\\n");
    sl_send_reply("200", "OK");
    exit;
  }
  if ($rU == "shown") tls_set_connect_server_id("showing");
  record_route();
  t_relay();
}
`;

const beds: ProxyBed[] = [];
afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.close();
});

async function open(config = CONFIG, files: Record<string, string> = FILES, level = 1) {
  const world = createSimulation({ seed: 3 });
  const bed = await openProxy(config, level, [ADDRESS], world, files);
  beds.push(bed);
  const far = world.host({ addresses: ["192.0.2.20"] });
  return { bed, far };
}

function domain(
  host: SimHost,
  own: { certificate: string; key: string } | null,
  more: Partial<TlsSettings> = {},
): TlsDomain {
  const settings: TlsSettings = {
    certificate: own?.certificate ?? null,
    key: own?.key ?? null,
    authorities: ca.certificate,
    revoked: "",
    depth: 9,
    ciphers: null,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    ...more,
  };
  return { name: "test", context: host.tls.context(settings), peer: PeerRule.MAY_FAIL };
}

/** A phone by TLS; null when it is refused. */
async function phone(bed: ProxyBed, far: SimHost, own: TlsDomain, serverName: string | null = null) {
  const received: string[] = [];
  let closed = false;
  const connecting = far.network
    .connectTcp({
      remote: { family: 4, address: ADDRESS, port: 5061 },
      localAddress: "192.0.2.20",
      timeout: 5000,
      maxQueue: 1 << 20,
      tls: { domain: own, serverName },
      handlers: {
        onData: (_c: TcpConnection, buf, start, end) => void received.push(textOf(buf, start, end)),
        onClose: () => {
          closed = true;
        },
      },
    })
    .catch(() => null);
  await bed.world.advance(50);
  const connection = await connecting;
  if (connection === null) return null;
  return {
    connection,
    isClosed: () => closed,
    async send(text: string): Promise<string> {
      const before = received.length;
      connection.send(bytesOf(text), 0, text.length);
      await bed.world.advance(50);
      return received.slice(before).join("");
    },
  };
}
const VIA = "TLS 192.0.2.20:7000";

test("the name chooses the certificate; a client's own is seen by the script", async () => {
  const { bed, far } = await open();
  const plain = (await phone(bed, far, domain(far, null)))!;
  const reply = await plain.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA));
  expect(firstLine(reply)).toBe("SIP/2.0 200 OK");
  expect(headerOf(reply, "X")).toBe("tls a.example <null> 0");
  const known = (await phone(bed, far, domain(far, client), "b.example"))!;
  const second = await known.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA));
  expect(headerOf(second, "X")).toBe("tls b.example <null> 0"); // b.example asks for none
  const third = await (await phone(bed, far, domain(far, client)))!.send(
    bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA),
  );
  expect(headerOf(third, "X")).toBe("tls a.example client.example 1");
  expect(headerOf(third, "Y")).toBe("verified");
  const strange = make("x", strangeCa);
  expect(await phone(bed, far, domain(far, strange))).toBeNull();
});

test("commands: list, info, options, kill", async () => {
  const { bed, far } = await open();
  const one = (await phone(bed, far, domain(far, null)))!;
  await one.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA));
  const list = (await bed.rpc("tls.list")) as { id: number }[];
  expect(list).toHaveLength(1);
  expect(list[0]).toMatchObject({ src_ip: "192.0.2.20", dst_ip: ADDRESS, dst_port: 5061, state: "established" });
  expect(await bed.rpc("tls.info")).toMatchObject({ max_connections: 2048, opened_connections: 1 });
  expect(await bed.rpc("tls.options")).toMatchObject({ method: "TLSv1.2+", config: "tls.cfg", verify_client: "off" });
  await expect(bed.rpc("tls.kill", 4711)).rejects.toMatchObject({ code: 404 });
  await bed.rpc("tls.kill", list[0]!.id);
  await bed.world.advance(50);
  expect(one.isClosed()).toBe(true);
  expect(await bed.rpc("tls.list")).toEqual([]);
});

test("what is new is refused when it is wrong, and takes over when it is right; nobody is cut off", async () => {
  const { bed, far } = await open();
  const old = (await phone(bed, far, domain(far, null)))!;
  const offered = async (): Promise<string> =>
    headerOf(
      await (await phone(bed, far, domain(far, null)))!.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA)),
      "X",
    ) ?? "";
  bed.host.files.write("/a.pem", bytesOf(b.certificate));
  await expect(bed.rpc("tls.reload")).rejects.toThrow(
    /\/tls\.cfg:1: TLSs<default> certificate: a\.pem: the key belongs to another/,
  );
  expect(await offered()).toContain("a.example");
  bed.host.files.write("/tls.cfg", bytesOf("[server:default]\ncertificat = x\n"));
  await expect(bed.rpc("tls.reload")).rejects.toThrow(
    /tls\.cfg:2:1: unknown setting certificat \(did you mean certificate\?\)/,
  );
  bed.host.files.write("/tls.cfg", bytesOf(FILES["/tls.cfg"]));
  bed.host.files.write("/a.key", bytesOf(b.key));
  expect(await bed.rpc("tls.reload")).toBe("Ok. TLS configuration reloaded.");
  expect(await offered()).toContain("b.example");
  bed.host.files.write("/a.pem", bytesOf(a.certificate));
  bed.host.files.write("/a.key", bytesOf(a.key));
  await bed.world.advance(12_000); // seen twice, five seconds apart
  expect(await offered()).toContain("a.example");
  bed.host.files.write("/a.pem", bytesOf(b.certificate + b.key));
  bed.host.files.write("/a.key", bytesOf(b.key));
  bed.host.process.signal("SIGHUP");
  expect(await offered()).toContain("b.example");
  expect(old.isClosed()).toBe(false);
  expect(await old.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA))).toContain("a.example");
});

test("without a certificate one is made at first start, and used again", async () => {
  const config = CONFIG.replace('modparam("tls", "config", "tls.cfg")', "");
  const { bed, far } = await open(config, {});
  expect(bed.log.join("\n")).toMatch(/no certificate is configured: made \/data\/tls-ca\.pem/);
  const made = textOf(bed.host.files.read("/data/tls-ca.pem"), 0, bed.host.files.read("/data/tls-ca.pem").length);
  const trusting = { ...domain(far, null, { authorities: made }), peer: PeerRule.REQUIRED };
  const one = (await phone(bed, far, trusting))!;
  expect(await one.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA))).toContain("X: tls localhost");
  const options = (await bed.rpc("tls.options")) as { certificates: { expires: string }[] };
  expect(options.certificates[0]!.expires).toMatch(/ GMT$/);
  expect(await bed.rpc("tls.reload")).toContain("Ok");
  const again = (await phone(bed, far, trusting))!;
  expect(again.connection.tls!.verified).toBe(true);
});

test.each([
  ["modparam('tls', 'tls_method', 'SSLv3')", "SSLv3 is not spoken by anybody any more"],
  ["modparam('tls', 'certificate', 'nowhere.pem')", "nowhere.pem"],
  ["modparam('tls', 'config', 'bad.cfg')", "/bad.cfg:2:10: method: unknown method"],
  ["modparam('tls', 'verify_client', 'perhaps')", "there are off, on, optional, optional_no_ca"],
])("%s is refused with its reason", async (line, reason) => {
  const config = `enable_tls=yes\n${SOCKETS}${modules("tls")}${line.replaceAll("'", '"')}\nrequest_route { exit; }\n`;
  const refused = open(config, { "/bad.cfg": "[server:default]\nmethod = TLSv9\n" }).then(
    () => "let in",
    (error: { message: string; diagnostics?: { message: string }[] }) =>
      `${error.message} ${(error.diagnostics ?? []).map((d) => d.message).join(" ")}`,
  );
  expect(await refused).toContain(reason);
});

test("TLS without enable_tls, or without the module, is left out with a word", async () => {
  const off = await open(CONFIG.replace("enable_tls=yes", ""));
  expect(off.bed.server.listeners.map((l) => l.name)).toEqual([`udp:${ADDRESS}:5060`]);
  expect(off.bed.log.join("\n")).toContain("write enable_tls=yes");
  expect(off.bed.diagnostics.map((d) => `${d.message}; ${d.hint}`)).toContain(
    `listen=tls:${ADDRESS} is left out: TLS is off; add enable_tls=yes`,
  );
  expect(await off.bed.rpc("tls.list")).toEqual([]);
  expect(await off.bed.rpc("tls.options")).toMatchObject({ certificates: [] });
  await expect(off.bed.rpc("tls.reload")).rejects.toThrow(/TLS is off/);
  const bare = await open(`enable_tls=yes\n${SOCKETS}request_route { exit; }\n`);
  expect(bare.bed.log.join("\n")).toContain('TLS needs loadmodule "tls.so"');
  expect(bare.bed.diagnostics.map((d) => d.message).join()).toContain("module tls is missing");
});

test("an address without a protocol has TLS too, on the port after its own", async () => {
  const { bed } = await open(CONFIG.replace(SOCKETS, `listen=${ADDRESS}:5070\n`));
  expect(bed.server.listeners.map((l) => l.name)).toEqual([
    `udp:${ADDRESS}:5070`,
    `tcp:${ADDRESS}:5070`,
    `tls:${ADDRESS}:5071`,
  ]);
  const { bed: other } = await open(CONFIG.replace(SOCKETS, `tls_port_no=7777\nlisten=tls:${ADDRESS}\n`));
  expect(other.server.listeners.map((l) => l.name)).toEqual([`tls:${ADDRESS}:7777`]);
});

test("tls.cfg may be a directory of files", async () => {
  const parts = {
    "/tls.d/10-server.cfg": "[server:default]\ncertificate = /b.pem\n",
    "/tls.d/20-client.cfg": "[client:default]\n",
    "/tls.d/notes.txt": "not this one",
  };
  const config = CONFIG.replace('"tls.cfg"', '"tls.d"');
  const { bed, far } = await open(config, { ...FILES, ...parts });
  const one = (await phone(bed, far, domain(far, null)))!;
  expect(await one.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA))).toContain("X: tls b.example");
  bed.host.files.write("/tls.d/30.cfg", bytesOf("[server:default]\n"));
  await expect(bed.rpc("tls.reload")).rejects.toThrow(/30\.cfg:1: a second \[server:default\]/);
});

/** Somebody who takes connections by TLS and answers everything with 200. */
async function answering(bed: ProxyBed, far: SimHost, port: number, own: TlsDomain) {
  const got: string[] = [];
  const infos: TcpConnection[] = [];
  await far.network.listenTcp({
    local: { family: 4, address: "192.0.2.20", port },
    maxQueue: 1 << 20,
    tls: {
      domains: { serving: () => own, widest: () => ({ asks: true, minVersion: "TLSv1.2", maxVersion: "TLSv1.3" }) },
      handshakeTimeout: 1000,
      maxHandshakes: 10,
      onFailure: () => {},
    },
    onConnection: (connection) => {
      infos.push(connection);
      return {
        onData: (c, buf, start, end) => {
          const text = textOf(buf, start, end);
          got.push(text);
          const kept = text.split("\r\n").filter((line) => /^(?:Via|From|To|Call-ID|CSeq|Record-Route):/.test(line));
          const reply = bytesOf(`SIP/2.0 200 OK\r\n${kept.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
          c.send(reply, 0, reply.length);
        },
        onClose: () => {},
      };
    },
  });
  await bed.world.advance(1);
  return { got, infos };
}

test("requests go out by TLS: Via, Record-Route, sips:, one connection for all, settings by server_id", async () => {
  const { bed, far } = await open();
  const own = { ...domain(far, make("far.example")), peer: PeerRule.IF_GIVEN };
  const there = await answering(bed, far, 7999, own);
  const caller = await bed.udp(7000);
  const replies = await caller.send(bed.request("MESSAGE", "sip:x@192.0.2.20:7999;transport=tls"));
  expect(firstLine(replies.at(-1)!)).toBe("SIP/2.0 200 OK");
  expect(headerOf(there.got[0]!, "Via")).toContain(`SIP/2.0/TLS ${ADDRESS}:5061;branch=`);
  expect(headerOf(there.got[0]!, "Record-Route")).toContain(`<sip:${ADDRESS}:5061;transport=tls;`);
  await caller.send(bed.request("MESSAGE", "sips:x@192.0.2.20:7999"));
  expect(there.got).toHaveLength(2);
  expect(there.infos).toHaveLength(1);
  // that section says which name to ask for
  expect(there.infos[0]!.tls!.serverName).toBe("far.example");
});

test("tls_set_connect_server_id chooses the section for the next connection", async () => {
  const { bed, far } = await open();
  const own = { ...domain(far, make("far.example")), peer: PeerRule.IF_GIVEN };
  const there = await answering(bed, far, 7998, own);
  const caller = await bed.udp(7000);
  await caller.send(bed.request("MESSAGE", "sip:shown@192.0.2.20:7998;transport=tls"));
  expect(there.infos[0]!.tls).toMatchObject({ serverName: "far.example", verified: true });
});

test.each([
  [
    "in the request route",
    '$xavp(way=>server_id) = "showing"; $xavp(way[0]=>server_name) = "asked.example"; t_relay();',
  ],
  [
    "before a name is looked up",
    '$xavp(way=>server_id) = "showing"; $du = "sip:far.example:7998;transport=tls"; t_relay();',
  ],
  ["in a branch route", 't_on_branch("way"); t_relay();'],
  ["stateless", '$xavp(way=>server_id) = "showing"; forward();'],
])("xavp_cfg chooses the section and the name to ask for of one message: %s", async (where, script) => {
  const routes = `route[OUT] { ${script} exit; }\nbranch_route[way] { $xavp(way=>server_id) = "showing"; }\n`;
  const config = CONFIG.replace(
    'modparam("tls", "config"',
    'modparam("tls", "xavp_cfg", "way")\nmodparam("tls", "config"',
  )
    .replace("  record_route();", '  if ($rU == "by-xavp") route(OUT);\n  record_route();')
    .concat(routes);
  const { bed, far } = await open(config, { ...FILES, "/etc/hosts": "192.0.2.20 far.example\n" });
  const own = { ...domain(far, make("far.example")), peer: PeerRule.IF_GIVEN };
  const [there, other] = [await answering(bed, far, 7998, own), await answering(bed, far, 7997, own)];
  const caller = await bed.udp(7000);
  await caller.send(bed.request("MESSAGE", "sip:by-xavp@192.0.2.20:7998;transport=tls"));
  const serverName = where === "in the request route" ? "asked.example" : "far.example";
  expect(there.infos[0]!.tls).toMatchObject({ serverName, verified: true });
  // and of that one alone
  await caller.send(bed.request("MESSAGE", "sip:x@192.0.2.20:7997;transport=tls"));
  expect(other.infos[0]!.tls).toMatchObject({ serverName: null, verified: false });
});

test("event_callback: a function of the script in another language for connections that were opened here", async () => {
  const config = `${CONFIG.replace(/request_route[\s\S]*/, "")}loadmodule "app_lua.so"\nmodparam("app_lua", "load", "/route.lua")
modparam("tls", "event_callback", "on_tls")\ncfgengine "lua"\n`;
  const script = `function ksr_request_route() KSR.tm.t_relay() end
    function on_tls(event) KSR.err("EV " .. event .. " " .. KSR.pv.gete("$sndto(port)") .. "\\n"); if KSR.pv.get("$sndto(port)") == 7997 then KSR.x.drop() end end`;
  const { bed, far } = await open(config, { ...FILES, "/route.lua": script });
  const own = domain(far, make("far.example"));
  const [kept, dropped] = [await answering(bed, far, 7998, own), await answering(bed, far, 7997, own)];
  const caller = await bed.udp(7000);
  await caller.send(bed.request("MESSAGE", "sip:x@192.0.2.20:7998;transport=tls"));
  await caller.send(bed.request("MESSAGE", "sip:x@192.0.2.20:7997;transport=tls"));
  expect(bed.log.join("\n")).toContain("EV tls:connection-out 7998");
  expect([kept.got.length, dropped.got.length]).toEqual([1, 0]);
});

test("a far end that does not verify gets nothing: 503 or 477 to the caller", async () => {
  const { bed, far } = await open();
  const strange = make("x", strangeCa);
  const there = await answering(bed, far, 7998, domain(far, strange));
  const caller = await bed.udp(7000);
  const replies = await caller.send(bed.request("MESSAGE", "sip:x@192.0.2.20:7998;transport=tls"));
  expect(there.got).toEqual([]);
  expect(firstLine(replies.at(-1)!)).toMatch(/^SIP\/2\.0 (?:4|5)\d\d /);
});

test("event_route[tls:connection-out] sees where to, and may drop", async () => {
  const event = `event_route[tls:connection-out] { xlog("L_ERR", "out to $sndto(ip):$sndto(port) $tls_version\\n"); if ($sndto(port) == 7997) drop; }\n`;
  const { bed, far } = await open(`${CONFIG}${event}`);
  const own = domain(far, make("far.example"));
  const kept = await answering(bed, far, 7998, own);
  const dropped = await answering(bed, far, 7997, own);
  const caller = await bed.udp(7000);
  await caller.send(bed.request("MESSAGE", "sip:x@192.0.2.20:7998;transport=tls"));
  await caller.send(bed.request("MESSAGE", "sip:x@192.0.2.20:7997;transport=tls"));
  expect(kept.got).toHaveLength(1);
  expect(dropped.got).toHaveLength(0);
  expect(bed.log.join("\n")).toContain("out to 192.0.2.20:7998 TLSv1.3");
  expect(bed.log.join("\n")).toContain("out to 192.0.2.20:7997");
});

test("a section that speaks less than others of its address is told of, and why", async () => {
  const narrow = FILES["/tls.cfg"].replace("server_name = b.example", "server_name = b.example\nmethod = TLSv1.2");
  const { bed, far } = await open(CONFIG, { ...FILES, "/tls.cfg": narrow });
  expect(bed.log.join("\n")).toMatch(
    /TLSs<any:b\.example>: only TLSv1\.2 is spoken here, others .* speak more: the TLS of Bun/,
  );
  expect(await phone(bed, far, domain(far, client), "b.example")).toBeNull();
});

test("no more connections than tls_max_connections", async () => {
  const { bed, far } = await open(`tls_max_connections=2\n${CONFIG}`);
  const one = (await phone(bed, far, domain(far, null)))!;
  const two = (await phone(bed, far, domain(far, null)))!;
  for (const p of [one, two]) await p.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA));
  const three = await phone(bed, far, domain(far, null));
  await bed.world.advance(50);
  expect(three === null || three.isClosed()).toBe(true);
  expect(one.isClosed() || two.isClosed()).toBe(false);
});

test("ca_path: the authorities are those of all files in a directory", async () => {
  const config = CONFIG.replace(
    'modparam("tls", "config", "tls.cfg")',
    `modparam("tls", "certificate", "/b.pem")
modparam("tls", "ca_path", "/authorities")
modparam("tls", "verify_certificate", 1)`,
  );
  const { bed, far } = await open(config, {
    ...FILES,
    "/authorities/a.pem": strangeCa.certificate,
    "/authorities/b.pem": ca.certificate,
  });
  for (const own of [client, make("strange.example", strangeCa)]) {
    const one = (await phone(bed, far, domain(far, own)))!;
    expect(await one.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA))).toContain("Y: verified");
  }
  const other = domain(far, make("other.example", authority("another CA")));
  expect((await phone(bed, far, other))?.isClosed() ?? true).toBe(true);
});

test("tls_log: handshakes are told at that level, also when it is changed", async () => {
  const { bed, far } = await open(CONFIG.replace("request_route", 'modparam("tls", "tls_log", 1)\nrequest_route'));
  const told = (): string[] => bed.log.filter((line) => /new connection|came to nothing/.test(line));
  await phone(bed, far, domain(far, client));
  await phone(bed, far, domain(far, null), "b.example");
  await phone(bed, far, domain(far, make("client.example", strangeCa)));
  expect(told().slice(0, 2)).toEqual([
    expect.stringMatching(
      /^NOTICE: tls: new connection from 192.0.2.20:\d+ to 192.0.2.1:5061 using TLSv1.3 \S+ 256, client certificate subject: .*client.example/,
    ),
    expect.stringMatching(/^NOTICE: tls: new connection .*, client did not present a certificate$/),
  ]);
  expect(told()[2]).toMatch(/^NOTICE: tls: handshake of 192.0.2.20:\d+ with 192.0.2.1:5061 came to nothing/);
  bed.server.proxy.groups.change("tls", "log", 2, null);
  await phone(bed, far, domain(far, null));
  expect(told().length).toBe(3);
});

test("connection_timeout: a connection over which nothing came is closed, others stay", async () => {
  const { bed, far } = await open(
    CONFIG.replace("request_route", 'modparam("tls", "connection_timeout", 5)\nrequest_route'),
  );
  const silent = (await phone(bed, far, domain(far, null)))!;
  const speaks = (await phone(bed, far, domain(far, null)))!;
  await speaks.send(bed.request("OPTIONS", `sip:x@${ADDRESS}`, [], VIA));
  await bed.world.advance(3000);
  expect(silent.isClosed()).toBe(false);
  await bed.world.advance(8000);
  expect([silent.isClosed(), speaks.isClosed()]).toEqual([true, false]);
  bed.server.proxy.groups.change("tls", "connection_timeout", 20, null);
  const second = (await phone(bed, far, domain(far, null)))!;
  await bed.world.advance(12_000);
  expect(second.isClosed()).toBe(false);
});
