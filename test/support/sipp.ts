// Runs sipp on one of the flows in test/scenarios/sipp, bounded in time, and reports what it complained about.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AS_ROOT } from "./namespaces.ts";
import { freePort } from "./ports.ts";
import { isInstalled, type Running, start, stop } from "./programs.ts";
import { root, type Server } from "./server.ts";
import type { Transport } from "./sip-agent.ts";

/** sipp is a Debian package (sip-tester) and may be missing on a developer's machine. */
export const hasSipp = isInstalled("sipp");

export interface SippOptions {
  /** Name of the flow: a file of test/scenarios/sipp without .xml. */
  readonly flow: string;
  readonly transport: Transport;
  /** Own port; a free one when left out. */
  readonly port?: number;
  /** Where it sends to on 127.0.0.1; the server's port when left out. */
  readonly to?: number;
  /** The user in the request URI (a callee) or who registers: sipp's -s. */
  readonly user?: string;
  /** Login: sipp's -au and -ap. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Values of [NAME] in the flow: sipp's -key. */
  readonly keys?: Readonly<Record<string, string | number>>;
  /** Values of @NAME@ in the flow, put in before sipp reads it. */
  readonly words?: Readonly<Record<string, string | number>>;
  /** How many calls, one after the other at 10 a second. */
  readonly calls?: number;
  /** Per cent of its messages that sipp loses, both ways. */
  readonly loss?: number;
  /** Files that the flow names, by their names. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Its port for audio, where it sends back what it hears; it runs as root then, so that it can play captures. */
  readonly echo?: number;
  /** Seconds before sipp gives up. */
  readonly limit?: number;
}

/** A running sipp; `done` throws when it was not content. */
export interface Sipp {
  readonly port: number;
  readonly done: Promise<void>;
  /** Ends it, whatever it has reached. */
  readonly stop: () => Promise<void>;
}

let runs = 0;

/** Starts sipp against a server. As a callee it listens when this returns. */
export async function startSipp(server: Server, options: SippOptions): Promise<Sipp> {
  const port = options.port ?? (await freePort());
  const directory = join(server.directory, `sipp-${++runs}-${options.flow}`);
  mkdirSync(directory);
  let flow = readFileSync(join(root, "test/scenarios/sipp", `${options.flow}.xml`), "utf8");
  for (const [name, value] of Object.entries(options.words ?? {})) flow = flow.replaceAll(`@${name}@`, String(value));
  writeFileSync(join(directory, "flow.xml"), flow);

  for (const [name, data] of Object.entries(options.files ?? {})) writeFileSync(join(directory, name), data);

  const limit = options.limit ?? 15;
  const { user, login, keys = {}, calls = 1, loss = 0, echo } = options;
  const args = [
    `127.0.0.1:${options.to ?? server.port}`,
    ...["-sf", "flow.xml", "-i", "127.0.0.1", "-p", String(port), "-t", options.transport === "udp" ? "u1" : "t1"],
    ...["-m", String(calls), "-r", "10", "-l", "20", "-nostdin", "-timeout", `${limit}s`, "-timeout_error"],
    ...["-trace_err", "-error_file", "errors.log", "-trace_msg", "-message_file", "messages.log"],
    ...(user === undefined ? [] : ["-s", user]),
    ...(login === undefined ? [] : ["-au", login.user, "-ap", login.password]),
    ...(echo === undefined ? [] : ["-rtp_echo", "-mi", "127.0.0.1", "-mp", String(echo)]),
    ...(loss === 0 ? [] : ["-lost", String(loss)]),
    ...Object.entries(keys).flatMap(([name, value]) => ["-key", name, String(value)]),
  ];
  const running = start([...(echo === undefined ? [] : AS_ROOT), "sipp", ...args], {
    cwd: directory,
    limit: (limit + 10) * 1000,
  });
  const done = verdict(running, directory, options);
  // Whoever stops it early is not interested; whoever waits for it still gets the error.
  done.catch(() => {});
  if (options.flow.startsWith("uas")) await untilBound(running, port, options.transport);
  return { port, done, stop: async () => void (await stop(running)) };
}

/** Runs sipp to its end; throws with its errors and messages when it was not content. */
export async function runSipp(server: Server, options: SippOptions): Promise<void> {
  const sipp = await startSipp(server, options);
  await sipp.done;
}

async function verdict(running: Running, directory: string, options: SippOptions): Promise<void> {
  const { code, output } = await running.finished;
  if (code === 0) return;
  const read = (name: string) => {
    try {
      return readFileSync(join(directory, name), "utf8");
    } catch {
      return "";
    }
  };
  const files = readdirSync(directory).join(" ");
  const errors = read("errors.log").slice(0, 4000) || `none written (${files}); it printed:\n${output.slice(-1500)}`;
  throw new Error(
    `sipp ${options.flow} over ${options.transport} ended with ${code}\n${errors}\n--- messages\n${read("messages.log").slice(-12_000)}`,
  );
}

/** Waits until the kernel knows of sipp's socket: a first INVITE that finds nobody would be lost. Linux only. */
export async function untilBound(running: Running, port: number, transport: Transport): Promise<void> {
  const hex = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  for (let i = 0; i < 500 && running.child.exitCode === null; i++) {
    try {
      if (readFileSync(`/proc/net/${transport}`, "utf8").includes(` ${hex}`)) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
