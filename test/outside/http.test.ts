// HTTP on the port of SIP: order while routes wait, errors, bounds in time and size, and connections that change to another protocol.

import { afterEach, describe, expect, test } from "vitest";
import type { TcpConnection } from "../../src/host/host.ts";
import type { StreamReader } from "../../src/net/http-flow.ts";
import type { RouteContext, RouteResult } from "../../src/proxy/context.ts";
import { exchangeOf } from "../../src/proxy/http-exchange.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { NO_ROUTES } from "../support/module-bed.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const HEAD = `server_header=""\n${modules("xhttp")}request_route { sl_send_reply("200", "SIP"); }\n`;
const EVENT = `event_route[xhttp:request] {
  switch ($hu) {
    case "/inject": xhttp_reply("200", "OK\\r\\nX: y", "text/plain", ""); xhttp_reply("200", "OK", "a\\r\\nb", "");
      append_to_reply("Content-Length: 99\\r\\nX-A: 1\\r\\ntransfer-encoding: chunked\\r\\n"); xhttp_reply("200", "OK", "text/plain", "ok"); break;
    case "/close": append_to_reply("Connection: close\\r\\n"); xhttp_reply("200", "OK", "text/plain", "ok"); break;
    case "/minus": xhttp_reply("200", "OK", "text/plain", "ok"); return -1; break;
    case "/100": xhttp_reply("100", "Continue", "", ""); xhttp_reply("200", "OK", "text/plain", "rc $rc"); break;
    default: xhttp_reply("200", "OK", "text/plain", "$rm $hu [$rb]");
  }
}\n`;

let bed: ProxyBed;
afterEach(() => bed?.close());

const get = (path: string, lines = ""): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${lines}\r\n`;
const ok = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Runs that function as event_route[xhttp:request]. */
async function openWith(route: (ctx: RouteContext) => RouteResult): Promise<void> {
  bed = await openProxy(HEAD + EVENT);
  const { proxy } = bed.server;
  proxy.routes = {
    ...NO_ROUTES,
    request: ({ message, flow }) => proxy.replyStateless(message, flow, 200, "SIP", ""),
    event: (name) => (name === "xhttp:request" ? route : null),
  };
}

function hu(ctx: RouteContext): string {
  return textOf(ctx.message.buf, ctx.message.uriStart, ctx.message.uriEnd);
}

function reply(ctx: RouteContext, body: string): void {
  exchangeOf(ctx.message)!.send(200, "OK", "Content-Type: text/plain\r\n", body);
}

/** Waits as long as the URL says. */
function slow(ctx: RouteContext): RouteResult {
  const ms = Number(/\d+/.exec(hu(ctx))?.[0] ?? 0);
  if (ms === 0) {
    reply(ctx, hu(ctx));
    return 1;
  }
  return new Promise((resolve) => {
    bed.server.proxy.host.clock.after(ms, () => {
      reply(ctx, hu(ctx));
      resolve(1);
    });
  });
}

describe("order", () => {
  test("requests of one connection are answered in order while a route waits, and SIP behind them waits too", async () => {
    await openWith(slow);
    const client = await bed.tcp();
    const sip = bed.request("OPTIONS", "sip:a@b", [], "TCP 192.0.2.10:7000");
    await client.send(get("/300") + get("/") + get("/100") + sip + get("/0"));
    expect(client.received).toEqual([]);
    await client.send(get("/last"));
    await bed.world.advance(600);
    const all = client.received.join("");
    expect(all.replace(/SIP\/2.0 200 SIP[\s\S]*?\r\n\r\n/, "<sip>")).toBe(
      [ok("/300"), ok("/"), ok("/100"), "<sip>", ok("/0"), ok("/last")].join(""),
    );
  });

  test("many waiting requests in one segment come one by one", async () => {
    let most = 0;
    let now = 0;
    await openWith((ctx) => {
      most = Math.max(most, ++now);
      return Promise.resolve(slow(ctx)).finally(() => now--);
    });
    const client = await bed.tcp();
    const paths = Array.from({ length: 50 }, (_, i) => `/${i % 3}`);
    await client.send(paths.map((p) => get(p)).join(""));
    await bed.world.advance(500);
    expect(client.received.join("")).toBe(paths.map(ok).join(""));
    expect(most).toBe(1);
  });

  test("a route that goes on behind its answer holds up what follows, so that few run at a time", async () => {
    let running = 0;
    await openWith((ctx) => {
      running++;
      reply(ctx, "");
      return new Promise((resolve) => void bed.server.proxy.host.clock.after(1000, () => resolve(running--)));
    });
    const client = await bed.tcp();
    await client.send(get("/").repeat(100));
    expect(running).toBe(1);
    expect(client.received.join("")).toBe(ok(""));
    await bed.world.advance(2500);
    expect(client.received.join("")).toBe(ok("").repeat(3));
  });

  test("a request that waits does not hold other connections up, and its own connection may end meanwhile", async () => {
    await openWith(slow);
    const [first, second] = [await bed.tcp(), await bed.tcp()];
    await first.send(get("/5000"));
    expect(await second.send(get("/"))).toEqual([ok("/")]);
    bed.server.proxy.transports.flowById(1)?.close();
    await bed.world.advance(6000);
  });

  test("what is refused comes behind the answers before it", async () => {
    await openWith(slow);
    const client = await bed.tcp();
    await client.send(`${get("/200")}GET / HTTP/1.1\r\n\r\n`);
    await bed.world.advance(300);
    const all = client.received.join("");
    expect(all.startsWith(`${ok("/200")}HTTP/1.1 400 Bad Request\r\n`)).toBe(true);
    expect(client.isClosed()).toBe(true);
  });
});

describe("what becomes of a request", () => {
  test("an error in the route is a 500 and the end of the connection", async () => {
    for (const route of [
      () => {
        throw new Error("bug");
      },
      () => Promise.reject(new Error("bug")),
    ]) {
      await openWith(route);
      const client = await bed.tcp();
      await client.send(get("/") + get("/"));
      await bed.world.advance(50);
      expect(client.received.join("")).toMatch(/^HTTP\/1.1 500 Internal Server Error\r\n[\s\S]*Connection: close\r\n/);
      expect(client.received.join("").split("HTTP/1.1").length).toBe(2);
      expect(client.isClosed()).toBe(true);
      await bed.close();
    }
  });

  test("a script cannot frame an answer twice, nor break its head", async () => {
    bed = await openProxy(HEAD + EVENT);
    const client = await bed.tcp();
    expect(await client.send(get("/inject"))).toEqual([
      "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok",
    ]);
    expect(await client.send(get("/100"))).toEqual([ok("rc -1")]);
  });

  test("a close that the script asks for is one", async () => {
    for (const path of ["/close", "/minus"]) {
      bed = await openProxy(HEAD + EVENT);
      const client = await bed.tcp();
      const [answer] = await client.send(get(path) + get("/"));
      await bed.world.advance(50);
      expect(answer).toMatch(/\r\n\r\nok$/);
      expect(client.isClosed()).toBe(true);
      await bed.close();
    }
  });

  test("versions and Connection: who is kept", async () => {
    bed = await openProxy(HEAD + EVENT);
    const cases: readonly (readonly [string, boolean, string])[] = [
      ["GET /a HTTP/1.0\r\n\r\n", true, ""],
      ["GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false, "Connection: keep-alive"],
      ["GET /a HTTP/1.0\r\nConnection: x, Keep-Alive ,y\r\n\r\n", false, "Connection: keep-alive"],
      ["GET /a HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", true, ""],
      [get("/a"), false, ""],
      [get("/a", "Connection: close\r\n"), true, "Connection: close"],
      [get("/a", "Connection: keep-alive\r\nConnection: CLOSE\r\n"), true, "Connection: close"],
      [get("/a", "Connection: closed\r\n"), false, ""],
    ];
    for (const [text, closes, line] of cases) {
      const client = await bed.tcp();
      const got = (await client.send(text)).join("");
      await bed.world.advance(50);
      expect([text, client.isClosed()]).toEqual([text, closes]);
      expect(/^Connection: .*$/m.exec(got)?.[0]?.trim() ?? "").toBe(line);
    }
  });

  test("HEAD is answered without the body, with its length", async () => {
    bed = await openProxy(HEAD + EVENT);
    const client = await bed.tcp();
    const got = await client.send(`HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n${get("/b")}`);
    expect(got.join("")).toBe(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n${ok("GET /b []")}`,
    );
  });

  test("100 Continue is sent when the body waits to be asked for, and only then", async () => {
    bed = await openProxy(HEAD + EVENT);
    const client = await bed.tcp();
    const head = "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n";
    expect(await client.send(`${head}Content-Length: 2\r\n\r\n`)).toEqual(["HTTP/1.1 100 Continue\r\n\r\n"]);
    expect(await client.send("ab")).toEqual([ok("POST /a [ab]")]);
    expect(await client.send(`${head}Content-Length: 2\r\n\r\nab`)).toEqual([ok("POST /a [ab]")]);
    expect(await client.send(`${head}Content-Length: 0\r\n\r\n`)).toEqual([ok("POST /a []")]);
    expect(await client.send(`${head}Transfer-Encoding: chunked\r\n\r\n`)).toEqual(["HTTP/1.1 100 Continue\r\n\r\n"]);
    expect(await client.send("2\r\nab\r\n0\r\n\r\n")).toEqual([ok("POST /a [ab]")]);
    expect(await client.send(`${head}Content-Length: 999999\r\n\r\n`)).toEqual([
      expect.stringMatching(/^HTTP\/1.1 413 Content Too Large\r\n/),
    ]);
  });

  test("without module xhttp, and for other machines, nothing is served", async () => {
    bed = await openProxy(`${modules()}server_header=""\nrequest_route { exit; }\n`);
    const client = await bed.tcp();
    for (const path of ["/", "/health", "/connections"])
      expect((await client.send(get(path)))[0]).toMatch(/^HTTP\/1.1 404 Not Found\r\n[\s\S]*nothing is served here\n$/);
    expect(client.isClosed()).toBe(false);
  });
});

describe("bounds", () => {
  test("a body, a head or chunks that dribble end in time", async () => {
    bed = await openProxy(HEAD + EVENT);
    for (const text of [
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
      "POST /a HTTP/1.1\r\nHost: x\r\nX-A: ",
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: ",
    ]) {
      const client = await bed.tcp();
      await client.send(get("/"));
      await client.send(text);
      const piece = text.endsWith("chunked\r\n\r\n") ? "1\r\na\r\n" : "a";
      for (let s = 0; s < 40 && !client.isClosed(); s++) {
        await client.send(piece);
        await bed.world.advance(1000);
      }
      expect([text, client.isClosed()]).toEqual([text, true]);
    }
  });

  test("a connection whose route takes long is not ended for it", async () => {
    await openWith(slow);
    const client = await bed.tcp();
    await client.send(`${get("/40000")}POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n`);
    await bed.world.advance(41_000);
    expect(client.received.join("")).toBe(ok("/40000"));
    expect(client.isClosed()).toBe(false);
    await client.send("12345");
    expect(client.received.join("")).toBe(ok("/40000") + ok("/a"));
  });

  test("an answer larger than any buffer of ours leaves whole", async () => {
    await openWith((ctx) => {
      reply(ctx, "x".repeat(400_000));
      return 1;
    });
    const client = await bed.tcp();
    await client.send(get("/"));
    expect(client.received.join("").length).toBe(ok("x".repeat(400_000)).length);
  });
});

test("a client that asks for much at once gets all of it, in order and in time", async () => {
  let count = 0;
  await openWith((ctx) => {
    reply(ctx, String(count++).padEnd(4000));
    return count % 3 === 0 ? Promise.resolve(1) : 1;
  });
  const client = await bed.tcp();
  await client.send(get("/").repeat(1500));
  await bed.world.advance(5000);
  const all = client.received.join("");
  expect([...all.matchAll(/^(\d+) {3}/gm)].map((m) => Number(m[1]))).toEqual(Array.from({ length: 1500 }, (_, i) => i));
  expect(client.isClosed()).toBe(false);
  expect(await client.send(get("/"))).toHaveLength(1);
});

describe("another protocol", () => {
  test("after 101 all bytes are the new reader's, those that came with the request included", async () => {
    const got: string[] = [];
    let ended = 0;
    const reader: StreamReader = {
      onData: (buf, start, end) => void got.push(textOf(buf, start, end)),
      onClose: () => void ended++,
    };
    for (const wait of [0, 100]) {
      got.length = 0;
      ended = 0;
      await openWith((ctx) => {
        const exchange = exchangeOf(ctx.message)!;
        const take = (): number => {
          expect(exchange.wantsUpgrade).toBe(true);
          expect(exchange.upgrade("Upgrade: test\r\nConnection: Upgrade\r\n", reader)).toBe(true);
          expect(exchange.upgrade("", reader)).toBe(false);
          return 1;
        };
        if (wait === 0) return take();
        return new Promise((resolve) => {
          bed.server.proxy.host.clock.after(wait, () => resolve(take()));
        });
      });
      const client = await bed.tcp();
      const request = get("/", "Upgrade: test\r\nConnection: Upgrade\r\n");
      await client.send(`${request}\u0001\u0002`);
      await client.send("INVITE");
      await bed.world.advance(200);
      expect(client.received.join("")).toBe(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n",
      );
      expect(got.join("")).toBe("\u0001\u0002INVITE");
      await client.send("more");
      expect(got.join("")).toBe("\u0001\u0002INVITEmore");
      bed.server.proxy.transports.openFlow(2, "192.0.2.10", bed.server.proxy.transports.listeners.length)?.close();
      await bed.close();
      await bed.world.advance(100);
      expect(ended).toBe(1);
    }
  });

  test("a request that does not ask for it is not upgraded", async () => {
    await openWith((ctx) => {
      const done = exchangeOf(ctx.message)!.upgrade("", { onData: () => {}, onClose: () => {} });
      reply(ctx, String(done));
      return 1;
    });
    const client = await bed.tcp();
    expect(await client.send(get("/"))).toEqual([ok("false")]);
  });
});

test("/connections: a line for each, in chunks, for this machine alone", async () => {
  bed = await openProxy(
    `listen=tcp:127.0.0.1:5060\nlisten=udp:192.0.2.1:5060\n${modules()}server_header=""\nrequest_route { sl_send_reply("200", "OK"); }\n`,
    -1,
    ["192.0.2.1", "127.0.0.1"],
  );
  const received: string[] = [];
  const remote = { family: 4, address: "127.0.0.1", port: 5060 } as const;
  const open = async (keep: string[]): Promise<TcpConnection> => {
    const handlers = {
      onData: (_: TcpConnection, buf: Uint8Array, from: number, to: number) => void keep.push(textOf(buf, from, to)),
      onClose: () => undefined,
    };
    const connecting = bed.host.network.connectTcp({ remote, timeout: 5000, maxQueue: 1 << 20, handlers });
    await bed.world.advance(50);
    return connecting;
  };
  for (let i = 0; i < 300; i++) await open([]);
  const client = await open(received);
  const ask = bytesOf("GET /connections HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  client.send(ask, 0, ask.length);
  await bed.world.advance(200);
  const text = received.join("");
  expect(text).toContain("Transfer-Encoding: chunked\r\n");
  expect(text.match(/^\d+ TCP 127\.0\.0\.1 \d+ tcp:127\.0\.0\.1:5060 \d+$/gm)).toHaveLength(301);
  expect(text.split(/^[0-9a-f]+\r$/m).length).toBeGreaterThan(3); // more than one piece
  expect(text.endsWith("0\r\n\r\n")).toBe(true);
});

test("streamed answers: chunks in 1.1, up to the end of the connection in 1.0, nothing for HEAD", async () => {
  await openWith((ctx) => {
    const stream = exchangeOf(ctx.message)!.begin(200, "OK", "")!;
    for (const piece of ["abc", "", "0123456789abcdef0"]) stream.write(bytesOf(piece));
    stream.end();
    return 1;
  });
  const client = await bed.tcp();
  const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunks = "3\r\nabc\r\n11\r\n0123456789abcdef0\r\n0\r\n\r\n";
  expect((await client.send(get("/"))).join("")).toBe(head + chunks);
  expect((await client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")).join("")).toBe(head);
  expect((await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")).join("")).toBe(
    "HTTP/1.0 200 OK\r\n\r\nabc0123456789abcdef0",
  );
  await bed.world.advance(50);
  expect(client.isClosed()).toBe(true);
});
