// Runs a group of TLS cases on the installed Kamailio or on ours: openssl s_client is the other side of both.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource, renderAll } from "../../src/control/configuration.ts";
import { selectHost } from "../../src/host/index.ts";
import { TestCertificates } from "../support/certificates.ts";
import { freePort } from "../support/ports.ts";
import { type Asked, askByOpenssl } from "../support/tls-client.ts";
import { SCRIPT, type TlsCase, type TlsGroup } from "./tls-cases.ts";

const MODULES = ["kex", "sl", "pv", "tm", "textops", "siputils", "xlog", "jsonrpcs", "tls"];

/** The certificates of all groups, made once; to be removed at the end. */
export function makeCertificates(): TestCertificates {
  const files = new TestCertificates().authority("ca").authority("strange-ca").authority("self");
  for (const name of ["a", "b", "c", "d", "p"]) files.issue(name, "ca", `${name}.example`);
  files.issue("client", "ca", "client.example").issue("revoked", "ca", "revoked.example");
  files.issue("strange", "strange-ca", "strange.example").issue("expired", "ca", "expired.example", -1);
  return files.revoke("crl.pem", "ca", "revoked");
}

interface Prepared {
  readonly config: string;
  readonly ports: ReadonlyMap<string, number>;
  fill(text: string): string;
}

async function prepare(group: TlsGroup, files: TestCertificates, directory: string): Promise<Prepared> {
  const ports = new Map<string, number>();
  for (const name of group.ports) ports.set(name, await freePort());
  const fill = (text: string): string =>
    text
      .replaceAll("{DIR}", files.directory)
      .replace(/\{(\w+)\}/g, (all, name: string) => String(ports.get(name) ?? all));
  let params = fill(group.params ?? "");
  if (group.file !== null) {
    writeFileSync(join(directory, "tls.cfg"), fill(group.file));
    params += `modparam("tls", "config", "${directory}/tls.cfg")\n`;
  }
  const listen = [...ports.values()].map((port) => `listen=tls:127.0.0.1:${port}\n`).join("");
  const modules = MODULES.map((name) => `loadmodule "${name}.so"\n`).join("");
  return {
    config: `#!KAMAILIO\nenable_tls=yes\nserver_header=""\n${listen}${modules}${params}${SCRIPT}`,
    ports,
    fill,
  };
}

/** What came of one connection: the name the server showed, and the lines that the script wrote, or the body. */
async function ask(c: TlsCase, { ports, fill }: Prepared): Promise<string> {
  const args = (c.args ?? []).map(fill);
  const once = (): Promise<Asked> => askByOpenssl(ports.get(c.to)!, args, 4000, c.user ?? "x");
  let asked = await once();
  if (asked.reply === "") asked = await once(); // a busy Kamailio now and then drops one that it has agreed with
  const { reply, subject, output } = asked;
  const name = /CN = ([^,]*)/.exec(subject)?.[1] ?? "nobody";
  const version = /^ *Protocol *: (\S+)/m.exec(output)?.[1] ?? /^New, (\S+),/m.exec(output)?.[1] ?? "";
  const lines = reply.split("\r\n").filter((line) => line.startsWith("X: "));
  const body = reply.slice(reply.indexOf("\r\n\r\n") + 4);
  const status = /^SIP\/2\.0 (.*)/.exec(reply)?.[1] ?? "no answer";
  const parts = [`${reply === "" ? "" : version} ${name}: ${status}`.trim(), ...lines];
  if (body.startsWith("{")) parts.push(body.slice(0, body.lastIndexOf("}") + 1));
  return tidy(parts.join("\n"), fill("{DIR}"), ports);
}

function tidy(text: string, directory: string, ports: ReadonlyMap<string, number>): string {
  let out = text.replaceAll(directory, "{DIR}");
  for (const [name, port] of ports) out = out.replaceAll(String(port), `{${name}}`);
  return out
    .replace(/[A-Z][a-z]{2} +\d+ [\d:]{8} \d{4} GMT/g, "{DATE}")
    .replace(/"(id|timeout|src_port)":\s*\d+/g, '"$1":0')
    .replace(/\/[^\s"]*\/(?:tls\.cfg|cert\.pem)/g, "{FILE}");
}

async function askAll(group: TlsGroup, prepared: Prepared): Promise<string[]> {
  const out: string[] = [];
  const left = group.cases.map((c, i) => [c, i] as const);
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) out[next[1]] = await ask(next[0], prepared);
  };
  // Commands that count connections go alone.
  const alone = group.cases.some((c) => c.user?.startsWith("tls.") === true);
  await Promise.all(Array.from({ length: alone ? 1 : 4 }, worker));
  return out;
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}

/** Kamailio's answers. Rejects with its words when it does not start. */
export async function tlsOfKamailio(group: TlsGroup, made: TestCertificates): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "tls-"));
  const prepared = await prepare(group, made, directory);
  const file = join(directory, "t.cfg");
  const control = `modparam("jsonrpcs", "transport", 0)\n`;
  const globals = "debug=-1\nlog_stderror=yes\nchildren=1\ntcp_children=2\n";
  writeFileSync(
    file,
    prepared.config.replace("enable_tls", `${globals}enable_tls`).replace("request_route", `${control}request_route`),
    "latin1",
  );
  const child = spawn("kamailio", ["-DD", "-E", "-m", "64", "-M", "16", "-f", file, "-Y", directory], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (d: Uint8Array) => {
    words = (words + Buffer.from(d).toString("latin1")).slice(-8000);
  });
  try {
    for (let i = 0; !(await answers(prepared.ports.values().next().value!)); i++) {
      if (child.exitCode !== null || i > 100) throw new Error(`kamailio did not start:\n${words}`);
      await sleep(50);
    }
    return await askAll(group, prepared);
  } finally {
    child.kill("SIGTERM");
    await new Promise<void>((done) => (child.exitCode !== null ? done() : child.once("exit", () => done())));
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Our answers, from this process. */
export async function tlsOfOurs(group: TlsGroup, made: TestCertificates): Promise<string[]> {
  const host = await selectHost();
  const directory = mkdtempSync(join(tmpdir(), "tls-"));
  const prepared = await prepare(group, made, directory);
  const file = join(directory, "t.cfg");
  writeFileSync(file, prepared.config, "latin1");
  const options = parseOptions(["--data", directory, "-f", file]);
  const checked = check(host, await readSource(host, options.config), options);
  if (!checked.ok) throw new Error(renderAll(checked.diagnostics));
  const log: string[] = [];
  const server = await start(host, checked, { level: 0, sink: (_, line) => void log.push(line) }).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}\n${log.join("\n")}`);
    },
  );
  try {
    return await askAll(group, prepared);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
