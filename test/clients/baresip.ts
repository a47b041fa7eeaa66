// The softphone Baresip as a user agent under test: one process with one account, driven by its module ctrl_tcp (JSON in
// netstrings). Two accounts of one process could call each other past the proxy, so each telephone is a process.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/ports.ts";
import { type Running, start, stop } from "../support/programs.ts";

/** What a telephone is set up with. */
export interface PhoneOptions {
  readonly user: string;
  readonly password: string;
  readonly transport: "udp" | "tcp";
  /** Address and port of the proxy, IPv6 in brackets. */
  readonly server: string;
  /** Own address; 127.0.0.1 when left out. */
  readonly address?: string;
  /** Seconds a registration is asked for. */
  readonly expires?: number;
}

/** An event as ctrl_tcp tells it: `type` such as CALL_ESTABLISHED. */
export interface PhoneEvent {
  readonly type: string;
  readonly param: string;
  /** The other side. */
  readonly peer: string;
}

/** Milliseconds a step may take. */
const LIMIT = 30_000;

/** A running telephone. */
export class Phone {
  readonly options: PhoneOptions;
  /** All events, oldest first. */
  readonly events: PhoneEvent[] = [];
  readonly #running: Running;
  readonly #folder: string;
  readonly #socket: Socket;
  #seen = 0;
  #wake: () => void = () => {};
  #answers: ((data: string) => void)[] = [];

  constructor(options: PhoneOptions, running: Running, folder: string, socket: Socket) {
    this.options = options;
    this.#running = running;
    this.#folder = folder;
    this.#socket = socket;
    let buffered = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => {
      buffered = Buffer.concat([buffered, data]);
      for (;;) {
        const colon = buffered.indexOf(":");
        const length = Number(buffered.subarray(0, colon).toString());
        if (colon < 0 || buffered.length < colon + length + 2) return;
        this.#take(buffered.subarray(colon + 1, colon + 1 + length).toString());
        buffered = buffered.subarray(colon + length + 2);
      }
    });
  }

  #take(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>;
    if (message["response"] === true) this.#answers.shift()?.(String(message["data"]));
    else {
      const word = (name: string): string => String(message[name] ?? "");
      this.events.push({ type: word("type"), param: word("param"), peer: word("peeruri") });
    }
    this.#wake();
  }

  /** Runs one of Baresip's long commands, such as "dial" with an address, and gives what it prints. */
  command(command: string, params = ""): Promise<string> {
    const text = JSON.stringify({ command, params, token: "t" });
    const answer = new Promise<string>((resolve) => this.#answers.push(resolve));
    this.#socket.write(`${Buffer.byteLength(text)}:${text},`);
    return within(answer, () => `${this.options.user} did not answer the command ${command}\n${this.log}`);
  }

  /** The next event of one of these types that was not taken before; events in front of it are passed over. */
  async event(...types: string[]): Promise<PhoneEvent> {
    const until = Date.now() + LIMIT;
    for (;;) {
      while (this.#seen < this.events.length) {
        const event = this.events[this.#seen++]!;
        if (types.includes(event.type)) return event;
      }
      const left = until - Date.now();
      if (left <= 0) throw new Error(`${this.options.user} did not see ${types.join(" or ")}\n${this.log}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** What it printed, messages included. */
  get log(): string {
    return `${this.events.map(({ type, param }) => `${type} ${param}`).join("\n")}\n${this.#running.output().slice(-6000)}`;
  }

  /** Ends it without a word to the proxy. */
  async close(): Promise<void> {
    this.#socket.destroy();
    this.#running.child.kill("SIGKILL");
    await stop(this.#running);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Starts a telephone and waits until it is registered (or refused: `registered` false). */
export async function startPhone(options: PhoneOptions): Promise<{ phone: Phone; registered: boolean }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      // It takes the port above for TLS, which may be taken although ours was free.
      if (attempt === 5 || !String(error).includes("Address already in use")) throw error;
    }
  }
}

async function startOnce(options: PhoneOptions): Promise<{ phone: Phone; registered: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), "portico-baresip-"));
  const [control, sip] = [await freePort(), await freePort()];
  const { user, password, transport, server, address = "127.0.0.1", expires = 600 } = options;
  const shown = address.includes(":") ? `[${address}]` : address;
  const config = [
    ...modulePath(),
    `sip_listen ${shown}:${sip}`,
    "audio_source aubridge,nowhere",
    "audio_player aubridge,nowhere",
    "audio_alert aubridge,alert",
    ...["g711", "aubridge"].map((name) => `module ${name}.so`),
    "module_tmp account.so",
    ...["menu", "ctrl_tcp"].map((name) => `module_app ${name}.so`),
    `ctrl_tcp_listen 127.0.0.1:${control}`,
    "call_local_timeout 30",
  ];
  writeFileSync(join(folder, "config"), `${config.join("\n")}\n`);
  // The account comes later, by command, so that no event is missed.
  writeFileSync(join(folder, "accounts"), "");
  writeFileSync(join(folder, "contacts"), "");
  const family = address.includes(":") ? "-6" : "-4";
  const running = start(["baresip", family, "-f", folder, "-s"], { cwd: folder });
  let socket: Socket | null = null;
  for (let i = 0; socket === null && i < 500; i++) socket = await open(control);
  if (socket === null) {
    running.child.kill("SIGKILL");
    throw new Error(`baresip cannot be reached:\n${running.output().slice(-3000)}`);
  }
  const phone = new Phone(options, running, folder, socket);
  const account = `<sip:${user}@${server};transport=${transport}>;auth_user=${user};auth_pass=${password}`;
  await phone.command("uanew", `${account};regint=${expires};answermode=manual;mwi=no`);
  const { type } = await phone.event("REGISTER_OK", "REGISTER_FAIL");
  return { phone, registered: type === "REGISTER_OK" };
}

/** Where Debian puts its modules; elsewhere Baresip knows by itself. */
function modulePath(): string[] {
  return existsSync("/usr/lib/baresip/modules") ? ["module_path /usr/lib/baresip/modules"] : [];
}

function open(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => setTimeout(() => resolve(null), 10));
  });
}

async function within<T>(promise: Promise<T>, text: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(text())), LIMIT);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
