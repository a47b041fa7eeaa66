// TLS against real processes, with openssl s_client as the other side: certificates by name, mutual TLS, revoked ones, versions, certificates
// that are replaced under open connections. Kamailio passes those that are not about replacing (PORTICO_TARGETS=kamailio).

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:tls";
import { afterAll, expect, test } from "vitest";
import { TestCertificates } from "../support/certificates.ts";
import { freePort } from "../support/ports.ts";
import { describeTargets } from "../support/targets.ts";
import { askByOpenssl, openSilent, openTls } from "../support/tls-client.ts";

const files = new TestCertificates().authority("ca").authority("strange-ca");
files.issue("a", "ca", "a.example").issue("b", "ca", "b.example").issue("next", "ca", "next.example");
files.issue("client", "ca", "client.example").issue("revoked", "ca", "revoked.example");
files.issue("strange", "strange-ca", "strange.example").issue("expired", "ca", "expired.example", -1);
files.revoke("crl.pem", "ca", "revoked");
afterAll(() => files.remove());

const port = await freePort();
const strict = await freePort();
const far = await freePort();
const named = await freePort();
const AES = "TLS_AES_256_GCM_SHA384";
const own = (name: string): string[] => ["-cert", files.path(`${name}.pem`), "-key", files.path(`${name}.key`)];

/** The pair that the default section names: the test replaces it. */
function install(name: string, key = name): void {
  copyFileSync(files.path(`${name}.pem`), files.path("current.pem"));
  copyFileSync(files.path(`${key}.key`), files.path("current.key"));
}

writeFileSync(
  files.path("tls.cfg"),
  `[server:default]
method = TLSv1.2+
certificate = ${files.path("current.pem")}
private_key = ${files.path("current.key")}
ca_list = ${files.path("ca.pem")}
crl = ${files.path("crl.pem")}
verify_certificate = yes
[server:any]
server_name = b.example
certificate = ${files.path("b.pem")}
private_key = ${files.path("b.key")}
[server:127.0.0.1:${strict}]
certificate = ${files.path("a.pem")}
private_key = ${files.path("a.key")}
ca_list = ${files.path("ca.pem")}
verify_certificate = yes
require_certificate = yes
[client:default]
[client:127.0.0.8:${named}]
server_id = one
server_name = one.example
certificate = ${files.path("client.pem")}
private_key = ${files.path("client.key")}
[client:127.0.0.9:${named}]
server_id = two
server_name = two.example
certificate = ${files.path("next.pem")}
private_key = ${files.path("next.key")}
`,
);

const CONFIG = `#!KAMAILIO
debug=0
enable_tls=yes
listen=tls:127.0.0.1:${port}
listen=tls:127.0.0.1:${strict}
loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("tls", "config", "${files.path("tls.cfg")}")
modparam("tls", "xavp_cfg", "way")
request_route {
  if ($rU == "variables") {
    append_to_reply("X-A: $tls_description|$tls_cipher_info|$tls_cipher_bits|$tls_peer_version|$tls_my_version\\r\\n");
    append_to_reply("X-B: $tls_peer_subject_cn|$tls_peer_issuer_cn|$tls_my_subject_cn|$tls_my_issuer_cn|$tls_peer_subject_locality|$tls_peer_issuer_locality|$tls_my_subject_locality|$tls_my_issuer_locality\\r\\n");
    append_to_reply("X-C: $tls_peer_subject_country|$tls_peer_issuer_country|$tls_my_subject_country|$tls_my_issuer_country|$tls_peer_subject_state|$tls_peer_issuer_state|$tls_my_subject_state|$tls_my_issuer_state\\r\\n");
    append_to_reply("X-D: $tls_peer_subject_organization|$tls_peer_issuer_organization|$tls_my_subject_organization|$tls_my_issuer_organization|$tls_peer_subject_unit|$tls_peer_issuer_unit|$tls_my_subject_unit|$tls_my_issuer_unit|$tls_peer_subject_uid|$tls_my_subject_uid\\r\\n");
    append_to_reply("X-E: $tls_peer_san_email|$tls_peer_san_hostname|$tls_peer_san_uri|$tls_peer_san_ip|$tls_my_san_email|$tls_my_san_hostname|$tls_my_san_uri|$tls_my_san_ip\\r\\n");
    append_to_reply("X-F: $tls_peer_verified|$tls_peer_revoked|$tls_peer_expired|$tls_peer_selfsigned|$tls_peer_server_name\\r\\n");
    append_to_reply("X-G: $tls_peer_serial|$tls_my_serial|$tls_peer_notBefore|$tls_peer_notAfter\\r\\n");
    append_to_reply("X-H: $tls(m_issuer_line)|$tls(p_issuer_line)|$tls(m_subject_line)|$tls(p_subject_line)\\r\\n");
    append_to_reply("X-I: $(tls_peer_raw_cert{s.md5})|$(tls_my_raw_cert{s.md5})|$(tls_peer_urlencoded_cert{s.md5})|$(tls_my_urlencoded_cert{s.md5})\\r\\n");
    append_to_reply("X-J: $sel(tls.version)|$sel(tls.cipher)|$sel(tls.cipher.bits)|$sel(tls.peer)|$sel(tls.me)|$sel(tls.peer.verified)|$sel(tls.my.verified)|$sel(tls.peer.self_signed)\\r\\n");
    append_to_reply("X-K: $sel(tls.peer.email)|$sel(tls.my.dns)|$sel(tls.myself.url)|$sel(tls.peer.IPAddress)|$sel(tls.my.subj)|$sel(tls.peer.issuer)|$sel(tls.peer.subject.organizationalUnitName)|$sel(tls.my.issuer.organization_name)|$sel(tls.peer.subject.uid)\\r\\n");
    append_to_reply("X-L: $sel(tls.peer.sn)|$sel(tls.my.serial_number)|$sel(tls.peer.not_before)|$sel(tls.peer.notAfter)\\r\\n");
    sl_send_reply("200", "OK");
    exit;
  }
  if (is_method("OPTIONS")) {
    append_to_reply("X-Tls: $proto $tls_version $tls_peer_subject_cn $tls_my_subject_cn $tls_peer_verified $tls_peer_server_name\\r\\n");
    if (is_peer_verified()) append_to_reply("X-Verified: yes\\r\\n");
    sl_send_reply("200", "OK");
    exit;
  }
  if ($rU == "relay") { force_send_socket(tls:127.0.0.1:${port}); record_route(); t_relay(); exit; }
  if ($rU == "none") { t_relay(); exit; }
  if ($rU == "name") { $xavp(way=>server_name) = "X.example"; t_relay(); exit; }
  if ($rU == "name-of-one") { $xavp(way=>server_name) = "one.example"; t_relay(); exit; }
  if ($rU == "id") { $xavp(way=>server_id) = "one"; t_relay(); exit; }
  if ($rU == "both") { $xavp(way=>server_name) = "x.example"; $xavp(way[0]=>server_id) = "one"; t_relay(); exit; }
  if ($rU == "unknown-id") { $xavp(way=>server_id) = "three"; t_relay(); exit; }
  if ($rU == "function") { tls_set_connect_server_id("two"); t_relay(); exit; }
  if ($rU == "function-and-id") { tls_set_connect_server_id("two"); $xavp(way=>server_id) = "one"; t_relay(); exit; }
  if ($rU == "stateless") { $xavp(way=>server_id) = "one"; forward(); exit; }
  if ($rU == "branch") { t_on_branch("way"); t_relay(); exit; }
  if ($rU == "relay-to-tls") { $ru = "sip:x@127.0.0.1:${far}"; t_relay_to_tls(); exit; }
}
branch_route[way] { $xavp(way=>server_id) = "one"; }
`;

describeTargets("TLS", { config: CONFIG }, (group) => {
  install("a");
  const isOurs = group.target !== "kamailio";

  test("SIP is answered, by TLS 1.2 and 1.3, and by nothing older", async () => {
    const newest = await askByOpenssl(port, ["-tls1_3"]);
    expect(newest.reply).toContain("X-Tls: tls TLSv1.3 <null> a.example 0 <null>");
    const older = await askByOpenssl(port, ["-tls1_2"]);
    expect(older.reply).toContain("X-Tls: tls TLSv1.2 <null> a.example 0 <null>");
    for (const old of ["-tls1_1", "-tls1"]) {
      const refused = await askByOpenssl(port, [old, "-cipher", "ALL@SECLEVEL=0"]);
      expect(refused.reply).toBe("");
      expect(refused.subject).toBe("");
    }
  });

  test("each name has its certificate, and it verifies", async () => {
    const trust = ["-CAfile", files.path("ca.pem"), "-verify_return_error"];
    for (const [name, common] of [
      ["b.example", "b.example"],
      ["a.example", "a.example"],
      ["unknown.example", "a.example"],
    ]) {
      const asked = await askByOpenssl(port, [...trust, "-servername", name!]);
      expect(asked.subject).toContain(`CN = ${common}`);
      expect(asked.reply).toContain(`${common} 0 ${name}`);
    }
  });

  test("a client's certificate is optional here, but must verify; a revoked one does not", async () => {
    const good = await askByOpenssl(port, own("client"));
    expect(good.reply).toContain("X-Tls: tls TLSv1.3 client.example a.example 1 <null>");
    expect(good.reply).toContain("X-Verified: yes");
    for (const name of ["strange", "revoked", "expired"]) expect((await askByOpenssl(port, own(name))).reply).toBe("");
  });

  test("scripts read both certificates", async () => {
    const asked = await askByOpenssl(port, ["-tls1_3", "-ciphersuites", AES, ...own("client")], 5000, "variables");
    const header = (letter: string): string => new RegExp(`^X-${letter}: (.*)\\r$`, "m").exec(asked.reply)![1]!;
    const text = asked.reply.replace(/\r/g, "");
    expect(text).toContain(
      `X-A: ${AES.padEnd(30)} TLSv1.3 Kx=any      Au=any   Enc=AESGCM(256)            Mac=AEAD\n|${AES}|256|2|2`,
    );
    expect(header("B")).toBe("client.example|ca|a.example|ca|Wien|Wien|Wien|Wien");
    expect(header("C")).toBe("AT|AT|AT|AT|Vienna|Vienna|Vienna|Vienna");
    expect(header("D")).toBe("Org client|Test CA|Org a|Test CA|Unit client|ca|Unit a|ca|uclient|ua");
    const san = (host: string): string => `a@${host}|${host}|sip:${host}|127.0.0.1`;
    expect(header("E")).toBe(`${san("client.example")}|${san("a.example")}`);
    expect(header("F")).toBe("1|0|0|0|<null>");
    const shown = (name: string, ...what: string[]): string =>
      execFileSync("openssl", ["x509", "-noout", "-in", files.path(`${name}.pem`), ...what])
        .toString()
        .trim();
    const serial = (name: string): string => String(BigInt(`0x${shown(name, "-serial").replace("serial=", "")}`));
    const times = [shown("client", "-startdate"), shown("client", "-enddate")].map((t) => t.replace(/^\w+=/, ""));
    expect(header("G")).toBe(`${serial("client")}|${serial("a")}|${times.join("|")}`);
    const line = (name: string, host: string): string =>
      `/C=AT/ST=Vienna/L=Wien/O=Org ${name}/OU=Unit ${name}/CN=${host}/emailAddress=a@${host}/UID=u${name}`;
    const issuer = "/C=AT/ST=Vienna/L=Wien/O=Test CA/OU=ca/CN=ca";
    expect(header("H")).toBe([issuer, issuer, line("a", "a.example"), line("client", "client.example")].join("|"));
    expect(header("J")).toBe(`TLSv1.3|${AES}|256|client.example|a.example|1|<null>|0`);
    expect(header("K")).toBe(
      "a@client.example|a.example|sip:a.example|127.0.0.1|a.example|ca|Unit client|Test CA|uclient",
    );
    expect(header("L")).toBe(header("G"));
    const md5 = (pem: string): string => createHash("md5").update(pem).digest("hex");
    const escaped = (pem: string): string =>
      pem.replace(/[^A-Za-z0-9\-_.~]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
    const [peer, ours] = [read("client.pem"), read("a.pem")];
    expect(header("I")).toBe([peer, ours, escaped(peer), escaped(ours)].map(md5).join("|"));
  });

  test("where a certificate is required, nothing is said without one", async () => {
    expect((await askByOpenssl(strict)).reply).toBe("");
    expect((await askByOpenssl(strict, ["-tls1_2"])).reply).toBe("");
    expect((await askByOpenssl(strict, own("strange"))).reply).toBe("");
    expect((await askByOpenssl(strict, own("client"))).reply).toContain("X-Verified: yes");
  });

  test("twenty half-open handshakes delay nobody", async () => {
    const silent = await Promise.all(Array.from({ length: 20 }, () => openSilent(port)));
    const start = performance.now();
    const client = await openTls(port);
    expect(await client.ask()).toContain("200 OK");
    expect(performance.now() - start).toBeLessThan(5000);
    client.socket.destroy();
    for (const socket of silent) socket.destroy();
  });

  test("requests go on by TLS, and name it in Via and Record-Route", async () => {
    const got: string[] = [];
    const server = createServer({ cert: read("b.pem"), key: read("b.key") }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (data: Buffer) => {
        const text = data.toString("latin1");
        got.push(text);
        const lines = text.split("\r\n").filter((line) => /^(?:Via|From|To|Call-ID|CSeq|Record-Route):/.test(line));
        socket.write(`SIP/2.0 200 OK\r\n${lines.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(far, "127.0.0.1", resolve));
    const agent = await group.server.agent("udp");
    const relayed = await agent.ask({ method: "MESSAGE", uri: `sip:relay@127.0.0.1:${far};transport=tls` });
    expect(relayed.status).toBe(200);
    expect(got[0]).toContain(`Via: SIP/2.0/TLS 127.0.0.1:${port};branch=`);
    expect(got[0]).toMatch(new RegExp(`Record-Route: <sip:127.0.0.1:${port};transport=tls;`));
    const secure = await agent.ask({ method: "MESSAGE", uri: `sips:relay@127.0.0.1:${far}` });
    expect(secure.status).toBe(200);
    const by = await agent.ask({ method: "MESSAGE", uri: "sip:relay-to-tls@127.0.0.1" });
    expect(by.status).toBe(200);
    expect(got).toHaveLength(3);
    server.close();
  });

  test("connections opened for a message: name asked for and certificate shown by the XAVP of xavp_cfg", async () => {
    const seen: string[] = [];
    const options = { cert: read("b.pem"), key: read("b.key"), requestCert: true, rejectUnauthorized: false };
    const server = createServer(options, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (data: Buffer) => {
        const text = data.toString("latin1");
        const user = /^\w+ sips?:([^@]+)/.exec(text)![1]!;
        const { subject } = socket.getPeerCertificate() as { subject?: { CN: string } };
        seen.push(`${user}: ${(socket.servername as string | false) || "-"} ${subject?.CN ?? "-"}`);
        const lines = text.split("\r\n").filter((line) => /^(?:Via|From|To|Call-ID|CSeq|Record-Route):/.test(line));
        socket.write(`SIP/2.0 200 OK\r\n${lines.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(named, "0.0.0.0", resolve));
    const agent = await group.server.agent("udp");
    // each to an address of its own: a connection that is open would be used again
    const users: readonly (readonly [string, string])[] = [
      ["none", "127.0.0.11"],
      ["name", "127.0.0.12"],
      ["name-of-one", "127.0.0.13"],
      ["id", "127.0.0.14"],
      ["both", "127.0.0.15"],
      ["unknown-id", "127.0.0.16"],
      ["function", "127.0.0.17"],
      ["function-and-id", "127.0.0.18"],
      ["none", "127.0.0.19"],
      ["branch", "127.0.0.20"],
      ["stateless", "127.0.0.21"],
      ["name-of-one", "127.0.0.8"],
      ["none", "127.0.0.9"],
    ];
    for (const [user, address] of users) {
      const uri = `sip:${user}@${address}:${named};transport=tls`;
      expect((await agent.ask({ method: "MESSAGE", uri })).status, user).toBe(200);
    }
    // the name that a section says is asked for here; on Kamailio it only chooses, and sections are not found by the far address
    const one = isOurs ? "one.example" : "-";
    const two = isOurs ? "two.example" : "-";
    expect(seen).toEqual([
      "none: - -",
      "name: X.example -",
      "name-of-one: one.example -",
      `id: ${one} client.example`,
      "both: x.example client.example",
      "unknown-id: - -",
      `function: ${two} next.example`,
      `function-and-id: ${one} client.example`,
      "none: - -",
      `branch: ${one} client.example`,
      `stateless: ${one} client.example`,
      `name-of-one: one.example ${isOurs ? "client.example" : "-"}`,
      `none: ${two} ${isOurs ? "next.example" : "-"}`,
    ]);
    server.close();
  });

  test.skipIf(!isOurs)(
    "certificates are replaced under 100 open connections, and none is dropped",
    async () => {
      const clients = await Promise.all(Array.from({ length: 100 }, () => openTls(port)));
      const all = async (): Promise<void> => {
        for (const answer of await Promise.all(clients.map((client) => client.ask())))
          expect(answer).toContain("200 OK");
      };
      await all();
      const offered = async (): Promise<string> => {
        const client = await openTls(port);
        const name = client.commonName;
        client.socket.destroy();
        return name;
      };
      expect(await offered()).toBe("a.example");
      // A pair that does not match, and one that has expired, are refused.
      for (const [certificate, key, why] of [
        ["next", "a", "another certificate"],
        ["expired", "expired", "expired"],
      ]) {
        install(certificate!, key);
        process.kill(group.server.pid, "SIGHUP");
        await eventually(() => group.server.log.includes(why!));
        expect(await offered()).toBe("a.example");
      }
      install("next");
      process.kill(group.server.pid, "SIGHUP");
      await eventually(async () => (await offered()) === "next.example");
      await all();
      // A file that changes is noticed without a signal.
      install("a");
      await eventually(async () => (await offered()) === "a.example", 20_000);
      await all();
      expect(clients.filter((client) => client.closed)).toEqual([]);
      for (const client of clients) client.socket.destroy();
    },
    60_000,
  );
});

async function eventually(holds: () => boolean | Promise<boolean>, limit = 20_000): Promise<void> {
  for (const end = Date.now() + limit; !(await holds()); ) {
    if (Date.now() > end) throw new Error("it never came");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function read(name: string): string {
  return readFileSync(files.path(name), "utf8");
}
