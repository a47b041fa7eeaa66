// What a scanner of TLS would try against real processes: old versions, weak ciphers, renegotiation, compression, fallback, sessions taken up
// again, broken and endless handshakes. openssl s_client does what it still can; what it no longer speaks is written out here.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { RSA_KEY, TestCertificates } from "../support/certificates.ts";
import { freePort } from "../support/ports.ts";
import { describeTargets } from "../support/targets.ts";
import { askByOpenssl, openSilent, openTls, optionsRequest } from "../support/tls-client.ts";

const files = new TestCertificates().authority("ca");
files
  .issue("rsa", "ca", "rsa.example", 20, RSA_KEY)
  .issue("ec", "ca", "ec.example")
  .issue("client", "ca", "client.example");
afterAll(() => files.remove());

const rsa = await freePort();
const ec = await freePort();
const mutual = await freePort();

writeFileSync(
  files.path("tls.cfg"),
  `[server:default]
certificate = ${files.path("rsa.pem")}
private_key = ${files.path("rsa.key")}
[server:127.0.0.1:${ec}]
certificate = ${files.path("ec.pem")}
private_key = ${files.path("ec.key")}
[server:127.0.0.1:${mutual}]
certificate = ${files.path("ec.pem")}
private_key = ${files.path("ec.key")}
ca_list = ${files.path("ca.pem")}
verify_certificate = yes
require_certificate = yes
[client:default]
`,
);

const CONFIG = `#!KAMAILIO
debug=0
enable_tls=yes
tcp_connect_timeout=2
listen=tls:127.0.0.1:${rsa}
listen=tls:127.0.0.1:${ec}
listen=tls:127.0.0.1:${mutual}
loadmodule "tls.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
modparam("tls", "config", "${files.path("tls.cfg")}")
request_route {
  append_to_reply("X-Tls: $tls_version $tls_cipher_info $tls_peer_subject_cn $tls_peer_verified\\r\\n");
  sl_send_reply("200", "OK");
}
`;

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");
const random = "00".repeat(32);
/** A greeting of SSL 3.0, with ciphers of its time. */
const SSL3 = hex(`16 0300 002d 01 000029 0300 ${random} 00 0002 000a 01 00`);
/** The greeting of SSL 2.0, which later versions were once asked for by too. */
const SSL2 = hex(
  "80 2b 01 0002 0012 0000 0010 07 00 c0 03 00 80 01 00 80 00 00 04 00 00 05 00 00 0a 00000000000000000000000000000000",
);
/** TLS 1.2 whose only compression is DEFLATE. */
const DEFLATE = hex(`16 0301 002d 01 000029 0303 ${random} 00 0002 c02b 01 01`);

/** What comes back for raw octets until the connection ends, at most so long; null when it did not end. */
function raw(port: number, bytes: Uint8Array, limit: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const got: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(null);
    }, limit);
    socket.on("data", (data: Buffer) => void got.push(data));
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(got));
    });
  });
}

/** Runs s_client, gives it these lines each when the output has what is named, and returns what it printed. */
function talk(port: number, args: readonly string[], lines: readonly (readonly [RegExp, string])[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, ...args]);
    let output = "";
    const left = [...lines];
    const timer = setTimeout(() => child.kill(), 8000);
    const hear = (data: Buffer): void => {
      output += data.toString("latin1");
      const next = left[0];
      if (next === undefined || !next[0].test(output)) return;
      left.shift();
      if (next[1] === "") child.kill();
      else child.stdin.write(next[1]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.stdin.on("error", () => {});
    child.on("close", () => {
      clearTimeout(timer);
      resolve(output);
    });
  });
}

/** Whether this openssl still has such ciphers. */
const isKnown = (name: string): boolean =>
  spawnSync("openssl", ["ciphers", "-tls1_2", "-s", `${name}:@SECLEVEL=0`])
    .stdout.toString()
    .replace(/TLS_\w+:?/g, "")
    .trim() !== "";

const SERVER_HELLO = 0x16;
const WEAK = [
  "NULL",
  "aNULL",
  "EXPORT",
  "LOW",
  "RC4",
  "3DES",
  "MD5",
  "SEED",
  "IDEA",
  "CAMELLIA",
  "PSK",
  "SRP",
  "DES-CBC-SHA",
  "DES-CBC3-SHA",
  "RC4-SHA",
  "NULL-SHA",
];

describeTargets("TLS as a scanner sees it", { config: CONFIG }, (group) => {
  const isOurs = group.target !== "kamailio";

  describe("old versions are refused", () => {
    test("SSL 2.0 and 3.0", async () => {
      for (const greeting of [SSL2, SSL3]) {
        const answer = await raw(rsa, greeting, 5000);
        expect(answer).not.toBeNull();
        expect(answer![0]).not.toBe(SERVER_HELLO);
      }
    });

    test.skipIf(!isOurs)("TLS 1.0 and 1.1, by both kinds of certificate", async () => {
      for (const port of [rsa, ec])
        for (const version of ["-tls1", "-tls1_1"]) {
          const { reply, subject } = await askByOpenssl(port, [version, "-cipher", "ALL:@SECLEVEL=0"]);
          expect([version, reply, subject]).toEqual([version, "", ""]);
        }
    });

    test("a fallback to 1.2 by a client that could have 1.3", async () => {
      const { reply, output } = await askByOpenssl(ec, ["-tls1_2", "-fallback_scsv"]);
      expect(reply).toBe("");
      if (group.target !== "deno") expect(output).toContain("inappropriate fallback");
    });
  });

  test("weak ciphers are refused", async () => {
    const known = WEAK.filter(isKnown);
    expect(known.length).toBeGreaterThan(3);
    for (const port of [rsa, ec])
      for (const name of known) {
        const { reply } = await askByOpenssl(port, ["-tls1_2", "-cipher", `${name}:@SECLEVEL=0`]);
        expect([name, reply]).toEqual([name, ""]);
      }
  });

  test("what is agreed on has forward secrecy, by both kinds of certificate and in both versions", async () => {
    for (const port of [rsa, ec])
      for (const version of ["-tls1_2", "-tls1_3"]) {
        const { reply, output } = await askByOpenssl(port, [version]);
        expect(/X-Tls: \S+ (\S+)/.exec(reply)?.[1]).toMatch(/^(?:ECDHE|DHE|TLS_)/);
        expect(output).toMatch(/^(?:Server|Peer) Temp Key: |^Negotiated TLS1\.3 group: |^Peer Temp Key: /m);
      }
  });

  test("no compression", async () => {
    const { output, reply } = await askByOpenssl(ec, ["-tls1_2", "-comp"]);
    expect(reply).not.toBe("");
    expect(output).toContain("Compression: NONE");
    const answer = await raw(ec, DEFLATE, 5000);
    expect(answer?.[0]).not.toBe(SERVER_HELLO);
  });

  test("renegotiation: secure in name, and never done for a client", async () => {
    const output = await talk(
      ec,
      ["-tls1_2"],
      [
        [/Verify return code[^\n]*\n/, "R\n"],
        [/RENEGOTIATING/, `${optionsRequest()}`],
        [/200 OK|error|closed|errno/i, ""],
      ],
    );
    expect(output).toContain("Secure Renegotiation IS supported");
    expect(output).toContain("RENEGOTIATING");
    expect(output.slice(output.indexOf("RENEGOTIATING"))).not.toMatch(/depth=|verify return/);
    // Somebody else's connections are not concerned.
    expect((await askByOpenssl(ec)).reply).not.toBe("");
  });

  test("sessions are taken up again, and the client is known by its certificate again", async () => {
    const own = ["-cert", files.path("client.pem"), "-key", files.path("client.key")];
    const session = files.path(`session-${group.target}`);
    const first = await askByOpenssl(mutual, ["-tls1_2", "-sess_out", session, ...own]);
    expect(first.reply).toContain("client.example 1");
    if (!existsSync(session)) return; // none is offered
    const second = await askByOpenssl(mutual, ["-tls1_2", "-sess_in", session, ...own]);
    expect(second.reply).toContain("client.example 1");
    const without = await askByOpenssl(mutual, ["-tls1_2", "-sess_in", session]);
    // Who takes a session up without the certificate at hand is whom it was agreed with, or nobody.
    if (without.reply !== "") expect(without.reply).toContain("client.example 1");
    const strange = await askByOpenssl(ec, ["-tls1_2", "-sess_in", session]);
    expect(strange.reply).not.toContain("client.example");
  });

  test.skipIf(!isOurs)(
    "handshakes that are broken, plain text, or without an end are closed in time, and delay nobody",
    async () => {
      const half = SSL3.subarray(0, 20);
      const huge = Buffer.concat([hex("16 0301 4000 01 00ffff 0303"), Buffer.alloc(16_384 - 6)]);
      const attempts: readonly Uint8Array[] = [
        Buffer.from(optionsRequest(), "latin1"),
        Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        hex("16 0301 ffff"),
        huge,
        Buffer.alloc(100_000, 0x80),
        hex("15 0301 0002 02 28"),
      ];
      const silent = await Promise.all(Array.from({ length: 20 }, () => openSilent(ec)));
      for (const socket of silent.slice(0, 10)) socket.write(half);
      const start = performance.now();
      const client = await openTls(ec);
      expect(await client.ask()).toContain("200 OK");
      expect(performance.now() - start).toBeLessThan(5000);
      for (const bytes of attempts) expect(await raw(ec, bytes, 20_000)).not.toBeNull();
      expect(await client.ask()).toContain("200 OK");
      client.socket.destroy();
      for (const socket of silent) socket.destroy();
    },
    60_000,
  );
});
