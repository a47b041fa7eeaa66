// A real browser as a telephone: headless Chromium, driven by its debugging protocol, with JsSIP in a page that the proxy serves.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isInstalled, type Running, run, start, stop } from "../support/programs.ts";
import { root } from "../support/server.ts";

const NAMES = ["chromium-headless-shell", "chromium", "google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--remote-debugging-port=0",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--ignore-certificate-errors",
];

/** The program; null where no browser is installed. */
export function findBrowser(): string | null {
  return NAMES.find((name) => isInstalled(name)) ?? null;
}

/** JsSIP as one script that sets `JsSIP`. */
export async function bundleJsSip(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "portico-jssip-"));
  try {
    const entry = join(directory, "entry.js");
    const out = join(directory, "out.js");
    const library = join(root, "node_modules/jssip/lib/JsSIP.js");
    writeFileSync(entry, `import JsSIP from ${JSON.stringify(library)};\nglobalThis.JsSIP = JsSIP;\n`);
    const bun = join(root, "node_modules/bun/bin/bun.exe");
    const command = [bun, "build", entry, "--target=browser", "--format=iife", `--outfile=${out}`];
    const { code, output } = await run(command, { limit: 60_000 });
    if (code !== 0) throw new Error(`JsSIP could not be bundled: ${output}`);
    return readFileSync(out, "utf8");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Reply {
  readonly id?: number;
  readonly result?: { readonly [key: string]: unknown };
  readonly error?: { readonly message: string };
}

/** A page in a browser of its own. */
export class Browser {
  readonly #running: Running;
  readonly #directory: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #session = "";
  #last = 0;

  constructor(running: Running, directory: string, socket: WebSocket) {
    this.#running = running;
    this.#directory = directory;
    this.#socket = socket;
    socket.addEventListener("close", () => this.#giveUp());
    socket.addEventListener("message", (event) => {
      const reply = JSON.parse(String(event.data)) as Reply;
      if (reply.id === undefined) return;
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
  }

  // The browser has gone: nobody waits for it any more.
  #giveUp(): void {
    const message = `the browser has gone: ${this.#running.output().slice(-1000)}`;
    for (const told of this.#waiting.values()) told({ error: { message } });
    this.#waiting.clear();
  }

  /** A command of the debugging protocol; throws when the browser has gone or does not answer within `limit` ms. */
  async command(method: string, params: object = {}, limit = 60_000): Promise<{ readonly [key: string]: unknown }> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new Error(`${method}: the browser has gone`);
    const id = ++this.#last;
    const answer = new Promise<Reply>((resolve) => {
      const timer = setTimeout(() => resolve({ error: { message: `no answer within ${limit} ms` } }), limit);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
    });
    this.#socket.send(JSON.stringify({ id, method, params, ...(this.#session ? { sessionId: this.#session } : {}) }));
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  /** Opens a page and waits until it is there. */
  async open(url: string): Promise<void> {
    const { targetId } = await this.command("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.command("Target.attachToTarget", { targetId, flatten: true });
    this.#session = String(sessionId);
    const { errorText } = await this.command("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`${url}: ${String(errorText)}`);
    await this.until("document.readyState === 'complete' && location.href !== 'about:blank'");
  }

  /** The value of an expression in the page; a promise is awaited. */
  async evaluate(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = (await this.command("Runtime.evaluate", params)) as {
      result: { value?: unknown };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression holds; throws after `limit` ms with what the page noted in `notes`. */
  async until(expression: string, limit = 30_000): Promise<void> {
    const deadline = Date.now() + limit;
    while ((await this.evaluate(`Boolean(${expression})`)) !== true) {
      if (Date.now() > deadline) {
        const notes = await this.evaluate("JSON.stringify(globalThis.notes ?? null)");
        throw new Error(`${expression} did not come true within ${limit} ms; the page noted ${String(notes)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    // asked by SIGTERM it takes five seconds
    this.#session = "";
    await Promise.race([this.command("Browser.close", {}, 10_000), this.#running.finished]).catch(() => {});
    this.#socket.close();
    await stop(this.#running, 1000);
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Starts a browser. */
export async function startBrowser(program: string): Promise<Browser> {
  const directory = mkdtempSync(join(tmpdir(), "portico-browser-"));
  const running = start([program, ...FLAGS, `--user-data-dir=${directory}`, "about:blank"], {
    env: { HOME: directory },
  });
  const deadline = Date.now() + 60_000;
  let url: string | undefined;
  while (url === undefined) {
    url = /DevTools listening on (ws:\S+)/.exec(running.output())?.[1];
    if (url !== undefined) break;
    if (Date.now() > deadline || running.child.exitCode !== null) {
      await stop(running);
      throw new Error(`the browser did not start: ${running.output().slice(-1000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("the browser's debugging port does not answer")));
  });
  return new Browser(running, directory, socket);
}
