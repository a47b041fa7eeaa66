// A real name server on loopback: dnsmasq (Debian package dnsmasq-base), on a port of its own, with the records a test gives it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { isInstalled, type Running, start, stop } from "./programs.ts";

export const hasDnsmasq = isInstalled("dnsmasq");

/** A running one. */
export interface Dnsmasq {
  /** A resolv.conf that leads to it. */
  readonly resolvConf: string;
  close(): Promise<void>;
}

/** Starts it with lines of its configuration (host-record=, srv-host=, naptr-record=, cname=); it knows nothing else. */
export async function startDnsmasq(records: readonly string[]): Promise<Dnsmasq> {
  const directory = mkdtempSync(join(tmpdir(), "portico-dns-"));
  const port = await freePort();
  const lines = [
    ...[`port=${port}`, "listen-address=127.0.0.1", "bind-interfaces", "no-resolv", "no-hosts", "local=/test/"],
    ...["log-facility=-", "user=", ...records],
  ];
  const conf = join(directory, "dnsmasq.conf");
  const resolvConf = join(directory, "resolv.conf");
  writeFileSync(conf, `${lines.join("\n")}\n`);
  writeFileSync(resolvConf, `nameserver 127.0.0.1:${port}\noptions timeout:1 attempts:2\n`);
  const running = start(["dnsmasq", "--keep-in-foreground", `--conf-file=${conf}`, `--pid-file=${directory}/pid`]);
  await started(running);
  return {
    resolvConf,
    close: async () => {
      await stop(running);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function started(running: Running): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!running.output().includes("started")) {
    if (running.child.exitCode !== null || Date.now() > deadline) throw new Error(`dnsmasq: ${running.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
