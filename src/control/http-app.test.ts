// The built-in pages: who may see them, what handlers get of a request, what leaves of their answers.

import { expect, test } from "vitest";
import { CaughtFlow, ModuleBed } from "../../test/support/module-bed.ts";
import { HttpFlag } from "../net/frame-rules.ts";
import type { HttpFlow, StreamReader } from "../net/http-flow.ts";
import { HttpReceiver } from "../proxy/http-receive.ts";
import { Transport } from "../sip/transports.ts";
import { bytesOf } from "../util/bytes.ts";
import { type App, createApp, servePages } from "./http-app.ts";

class WebFlow extends CaughtFlow implements HttpFlow {
  override readonly remote;
  override readonly local;
  queued = 0;
  kept: boolean | null = null;
  private tell: () => void = () => {};
  readonly finished = new Promise<void>((resolve) => {
    this.tell = resolve;
  });
  constructor(remote = "127.0.0.1", local = "127.0.0.1") {
    super(Transport.TCP, 40_000);
    this.remote = { family: 4, address: remote, port: 40_000 } as const;
    this.local = { family: 4, address: local, port: 5060 } as const;
  }
  answered(keep: boolean): void {
    this.kept = keep;
    this.tell();
  }
  upgrade(_reader: StreamReader): void {
    this.tell();
  }
  get text(): string {
    return this.sent.join("");
  }
}

const bed = new ModuleBed();

async function ask(text: string, flow = new WebFlow(), change: (app: App) => void = () => {}): Promise<WebFlow> {
  const { proxy } = bed;
  const app = createApp(proxy);
  change(app);
  proxy.httpPages = servePages(proxy, app);
  const bytes = bytesOf(text);
  const flags = HttpFlag.KEEP | (text.startsWith("HEAD ") ? HttpFlag.HEAD : 0);
  new HttpReceiver(proxy, () => undefined).receive(bytes, 0, bytes.length, flow, flags);
  bytes.fill(0); // as a runtime does with its buffer
  await flow.finished;
  return flow;
}
const get = (path: string, lines = "Host: localhost:5060\r\n"): string => `GET ${path} HTTP/1.1\r\n${lines}\r\n`;

test("/health and / answer on this machine", async () => {
  const { text, kept } = await ask(get("/health"));
  expect(text).toMatch(/^HTTP\/1.1 200 OK\r\nDate: \w{3}, [^\r]* GMT\r\n[\s\S]*Content-Length: 3\r\n\r\nok\n$/);
  expect(text.toLowerCase().split("content-type: text/plain").length).toBe(2);
  expect(kept).toBe(true);
  expect((await ask(get("/"))).text).toMatch(/portico \d+\.\d+\.\d+\nup \d+ s\n/);
  expect((await ask(get("/connections"))).text).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*Transfer-Encoding: chunked\r\n/);
  expect((await ask(get("/none"))).text).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
});

test("others see nothing: by address, behind a proxy of this machine, by a name that leads here", async () => {
  const nothing = /^HTTP\/1.1 404 Not Found\r\n[\s\S]*nothing is served here\n$/;
  expect((await ask(get("/health"), new WebFlow("192.0.2.7"))).text).toMatch(nothing);
  expect((await ask(get("/health"), new WebFlow("127.0.0.1", "192.0.2.1"))).text).toMatch(nothing);
  for (const lines of [
    "Host: office.example\r\n",
    "Host: 127.0.0.1.office.example\r\n",
    "Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n",
    "Host: localhost\r\nForwarded: for=192.0.2.7\r\n",
  ])
    expect((await ask(get("/health", lines))).text).toMatch(nothing);
  for (const host of ["127.0.0.1:5060", "[::1]:5060", "LOCALHOST", ""])
    expect((await ask(get("/health", `Host: ${host}\r\n`))).text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
});

test("a handler sees method, URL, headers, body and where it came from", async () => {
  const body = "a\u0000\u00ff";
  const text = `POST /x?y=%20z HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 3\r\n\r\n${body}`;
  const flow = await ask(text, new WebFlow(), (app) => {
    app.post("/x", async (c) => {
      const bytes = [...new Uint8Array(await c.req.arrayBuffer())];
      return c.json({ y: c.req.query("y"), a: c.req.header("x-a"), bytes, from: c.env.remote });
    });
  });
  expect(flow.text.slice(flow.text.indexOf("\r\n\r\n") + 4)).toBe(
    '{"y":" z","a":"1, 2","bytes":[97,0,255],"from":"127.0.0.1"}',
  );
});

test("HEAD has the length of GET and no body; 204 and 304 have neither", async () => {
  expect((await ask(get("/health").replace("GET", "HEAD"))).text).toMatch(/Content-Length: 3\r\n\r\n$/);
  for (const status of [204, 304] as const) {
    const { text } = await ask(get("/s"), new WebFlow(), (app) => void app.get("/s", (c) => c.body(null, status)));
    expect(text).not.toMatch(/content-length/i);
  }
});

test("a stream leaves in chunks; one that breaks ends the connection", async () => {
  const streamOf = (fails: boolean) => (app: App) =>
    void app.get("/s", () => {
      let n = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (n === 3 && fails) throw new Error("broken");
          if (n === 3) controller.close();
          else controller.enqueue(bytesOf(String(n++)));
        },
      });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    });
  const whole = await ask(get("/s"), new WebFlow(), streamOf(false));
  expect(whole.text).toMatch(/Transfer-Encoding: chunked\r\n\r\n1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n$/);
  expect(whole.kept).toBe(true);
  const broken = await ask(get("/s"), new WebFlow(), streamOf(true));
  expect(broken.text).not.toMatch(/0\r\n\r\n$/);
  expect(broken.kept).toBe(false);
});

test("a large answer leaves in pieces", async () => {
  const { text } = await ask(get("/l"), new WebFlow(), (app) => void app.get("/l", (c) => c.text("x".repeat(400_000))));
  expect(text).toMatch(/Transfer-Encoding: chunked/);
  expect(text.replace(/^[\s\S]*?\r\n\r\n/, "").match(/x/g)!.length).toBe(400_000);
});

test("a handler that throws is a 500, and what the web's Request does not take a 400", async () => {
  const { text } = await ask(get("/t"), new WebFlow(), (app) => {
    app.get("/t", () => {
      throw new Error("bug");
    });
  });
  expect(text).toMatch(/^HTTP\/1.1 500 Internal Server Error\r\n/);
  expect((await ask("TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n")).text).toMatch(/^HTTP\/1.1 400 /);
});
