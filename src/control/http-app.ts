// What the program serves over HTTP by itself: a Hono application that modules and later pages are mounted on. It hears requests that no
// event_route[xhttp:request] has taken, and by default those of this machine only.

import { Hono } from "hono";
import { httpStatusReason } from "../net/http-flow.ts";
import type { HttpExchange, HttpStream } from "../proxy/http-exchange.ts";
import type { Proxy } from "../proxy/proxy.ts";
import { formatDate } from "../sip/date.ts";
import { NAME_END, NAME_START, STRIDE, VALUE_END, VALUE_START } from "../sip/scan.ts";
import { transportName } from "../sip/transports.ts";
import { bytesOf, copyBytes, textOf } from "../util/bytes.ts";
import { VERSION } from "../util/version.ts";

/** What a handler of the application gets beside the request: `c.env`. */
export interface PageEnv {
  /** Where the request came from. */
  readonly remote: string;
  readonly exchange: HttpExchange;
}
export type App = Hono<{ Bindings: PageEnv }>;

/** Bytes of a streamed body that may wait for a slow client before no more is asked for, and how often that is looked at, ms. */
const HIGH_WATER = 256 * 1024;
const DRAIN_STEP = 20;
/** Methods that the web's Request does not take. */
const NEVER = new Set(["CONNECT", "TRACE", "TRACK"]);

/** The application with its own pages: `/` says what this is, `/health` whether it works, `/connections` who is connected. */
export function createApp(proxy: Proxy): App {
  const app: App = new Hono<{ Bindings: PageEnv }>();
  const begun = proxy.host.clock.mono();
  app.get("/health", (c) => c.text("ok\n"));
  app.get("/", (c) => {
    const up = Math.floor((proxy.host.clock.mono() - begun) / 1000);
    const { requests, replies } = proxy.counters;
    const listeners = proxy.transports.listeners.map((l) => `  ${l.name}\n`).join("");
    return c.text(
      `portico ${VERSION}\nup ${up} s\nSIP requests ${requests}, replies ${replies}\nlistening on\n${listeners}`,
    );
  });
  app.get("/connections", (c) => {
    c.header("Transfer-Encoding", "chunked"); // there may be many thousand: they leave piece by piece
    return c.body(connectionLines(proxy));
  });
  app.onError((error, c) => {
    proxy.log.error(`a built-in page failed: ${error.message}`);
    return c.text("internal error\n", 500);
  });
  app.notFound((c) => c.text("nothing is served here\n", 404));
  return app;
}

/** Lines of a piece. */
const AT_ONCE = 200;

/** The open connections, a line each: number, transport, far end, our end, seconds until it is closed when nothing comes. */
function connectionLines({ transports }: Proxy): ReadableStream<Uint8Array> {
  const flows = transports.streams()[Symbol.iterator]();
  return new ReadableStream({
    pull(to) {
      let text = "";
      for (let n = 0; n < AT_ONCE; n++) {
        const { value: flow, done } = flows.next();
        if (done === true) {
          if (text !== "") to.enqueue(bytesOf(text));
          to.close();
          return;
        }
        const { id, protocol, remote, listener } = flow;
        const left = Math.max(0, Math.ceil(transports.idleLeft(flow) / 1000));
        text += `${id} ${transportName(protocol)} ${remote.address} ${remote.port} ${listener.name} ${left}\n`;
      }
      to.enqueue(bytesOf(text));
    },
  });
}

/** Serves exchanges by the application, those that may see it. */
export function servePages(proxy: Proxy, app: App): (exchange: HttpExchange) => void {
  return (exchange) => {
    if (!mayEnter(exchange)) {
      exchange.refuse(404, "nothing is served here");
      return;
    }
    const request = requestOf(exchange);
    if (request === null) {
      exchange.refuse(400, "no such request", false);
      return;
    }
    exchange.message.own();
    const env: PageEnv = { remote: exchange.flow.remote.address, exchange };
    new Promise<Response>((resolve) => resolve(app.fetch(request, env)))
      .then((response) => respond(proxy, exchange, response))
      .catch((error: unknown) => {
        proxy.log.error(`a built-in page failed: ${error instanceof Error ? error.message : String(error)}`);
        exchange.refuse(500, "internal error", false);
      });
  };
}

/**
 * Whether the built-in pages are for this client: on this machine, and asked for by an address or "localhost", so that neither a proxy in
 * front of us nor a page in a browser whose name was bent to 127.0.0.1 opens them to others.
 */
function mayEnter({ flow, message }: HttpExchange): boolean {
  if (!isLoopback(flow.remote.address) || !isLoopback(flow.local.address)) return false;
  for (let h = 0; h < message.headerCount; h++) {
    const name = headerName(message.buf, message.index, h);
    if (name === "forwarded" || name.startsWith("x-forwarded-")) return false;
    if (name === "host" && !/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])?(?::\d+)?$/i.test(message.value(h)))
      return false;
  }
  return true;
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function headerName(buf: Uint8Array, index: Int32Array, h: number): string {
  return textOf(buf, index[h * STRIDE + NAME_START]!, index[h * STRIDE + NAME_END]!).toLowerCase();
}

// Null when the web's Request does not know such a thing.
function requestOf({ message, flow }: HttpExchange): Request | null {
  const { buf, index } = message;
  const method = message.methodText();
  if (NEVER.has(method.toUpperCase())) return null;
  const headers = new Headers();
  let host = "";
  for (let h = 0; h < message.headerCount; h++) {
    const name = headerName(buf, index, h);
    const value = textOf(buf, index[h * STRIDE + VALUE_START]!, index[h * STRIDE + VALUE_END]!);
    if (name === "host") host = value;
    try {
      headers.append(name, value);
    } catch {
      return null;
    }
  }
  const target = textOf(buf, message.uriStart, message.uriEnd);
  const base = `http://${host === "" ? flow.listener.addressText : host}`;
  const url = target.startsWith("/") ? base + target : target === "*" ? `${base}/` : target;
  const hasBody = message.end > message.bodyStart && method !== "GET" && method !== "HEAD";
  // the exchange leaves the body of an answer to HEAD out, and tells its length
  const asked = method === "HEAD" ? "GET" : method;
  try {
    return new Request(url, { method: asked, headers, ...(hasBody ? { body: bodyOf(message) } : {}) });
  } catch {
    return null;
  }
}

function bodyOf(message: HttpExchange["message"]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(message.end - message.bodyStart);
  copyBytes(bytes, 0, message.buf, message.bodyStart, message.end);
  return bytes;
}

/** Headers that the exchange writes itself. */
const OURS = new Set(["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "date", "server"]);

async function respond(proxy: Proxy, exchange: HttpExchange, response: Response): Promise<void> {
  if (exchange.status !== 0) return; // taken over by the page itself
  let lines = `Date: ${formatDate(proxy.host.clock.wall())}\r\n${proxy.serverLine}`;
  for (const [name, value] of response.headers) if (!OURS.has(name)) lines += `${name}: ${value}\r\n`;
  const { status, statusText, body } = response;
  const reason = statusText === "" ? httpStatusReason(status) : statusText;
  const type = response.headers.get("content-type");
  if (body !== null && type === null) lines += "Content-Type: text/plain;charset=UTF-8\r\n"; // Bun fills it in too late
  const streamed = response.headers.has("transfer-encoding") || type?.startsWith("text/event-stream") === true;
  const bytes = body === null ? NOTHING : streamed ? null : new Uint8Array(await response.arrayBuffer());
  if (bytes !== null && bytes.length <= HIGH_WATER) {
    exchange.send(status, reason, lines, bytes);
    return;
  }
  const source = bytes === null ? body! : new Blob([bytes]).stream();
  const stream = exchange.begin(status, reason, lines);
  if (stream !== null && !exchange.isHead) await pour(proxy, source, stream);
  else {
    stream?.end();
    await source.cancel();
  }
}

const NOTHING = new Uint8Array(0);

// Piece by piece, no faster than the client takes it.
async function pour(proxy: Proxy, body: ReadableStream<Uint8Array>, stream: HttpStream): Promise<void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!stream.write(value)) {
        stream.end(true);
        await reader.cancel();
        return;
      }
      while (stream.flow.open && stream.flow.queued > HIGH_WATER)
        await new Promise<void>((resolve) => void proxy.host.clock.after(DRAIN_STEP, resolve));
    }
    stream.end();
  } catch (error) {
    stream.end(true);
    throw error;
  }
}
