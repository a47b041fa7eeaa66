// Global parameters of sockets on real processes, seen from outside: what the system shows of a socket, who is closed when, and that a far end
// that takes nothing delays nobody. Kamailio passes the same (PORTICO_TARGETS=kamailio) but where the test says so.

import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { isInstalled } from "../support/programs.ts";
import { describeTargets, type Group } from "../support/targets.ts";

const GROUP = "239.77.1.9";
const mcastPort = await freePort();
const second = await freePort();
const ROUTE = `loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
request_route {
  if ($rU == "long") append_to_reply("X-Long: ${"y".repeat(8000)}\\r\\n");
  sl_send_reply("200", "OK");
}
`;

let count = 0;
const options = (user = "x", more = "", length = true): string =>
  `OPTIONS sip:${user}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKs${++count}\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\n` +
  `Call-ID: s${count}\r\nCSeq: 1 OPTIONS\r\n${more}${length ? "Content-Length: 0\r\n" : ""}\r\n`;

interface Client {
  readonly socket: Socket;
  text(): string;
  /** When the server has ended it, in milliseconds; null when it has not in that time. */
  ended(limit: number): Promise<number | null>;
}

async function open(port: number, how: { allowHalfOpen?: boolean } = {}): Promise<Client> {
  const socket = connect({ host: "127.0.0.1", port, ...how });
  let text = "";
  let closed = false;
  let wake = (): void => {};
  socket.on("data", (data: Buffer) => {
    text += data.toString("latin1");
    wake();
  });
  for (const event of ["error", "end", "close"])
    socket.on(event, () => {
      closed = true;
      wake();
    });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const ended = (limit: number): Promise<number | null> => {
    const start = performance.now();
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), limit);
      wake = () => {
        if (!closed) return;
        clearTimeout(timer);
        resolve(performance.now() - start);
      };
      wake();
    });
  };
  return { socket, text: () => text, ended };
}

async function until(holds: () => boolean, limit = 15_000): Promise<boolean> {
  for (const end = Date.now() + limit; !holds(); await new Promise((done) => setTimeout(done, 20)))
    if (Date.now() > end) return false;
  return true;
}

/** Has many long replies made for a client that reads nothing, until `enough` or it is closed. */
async function stuff(group: Group, bytes: number): Promise<Client> {
  const client = await open(group.server.port);
  client.socket.pause();
  for (let sent = 0; sent < bytes && !client.socket.destroyed; sent += 8000) {
    client.socket.write(options("long"));
    if (sent % 400_000 === 0) await new Promise((done) => setTimeout(done, 5));
  }
  return client;
}

const noSs = !isInstalled("ss") && process.env.CI !== "true";
/** What the system says of the server's end of a connection, or of its UDP socket. */
const ss = (args: readonly string[]): string => spawnSync("ss", args).stdout.toString();

/** Milliseconds that a request takes, as the middle one of some has it: on a busy machine one may take long. */
async function quick(group: Group, times = 3): Promise<number> {
  const all: number[] = [];
  while (all.length < times) all.push(await once(group));
  return all.sort((a, b) => a - b)[times >> 1]!;
}

async function once(group: Group): Promise<number> {
  const phone = await open(group.server.port);
  const start = performance.now();
  phone.socket.write(options());
  expect(await until(() => phone.text().includes("200 OK"))).toBe(true);
  const took = performance.now() - start;
  phone.socket.destroy();
  return took;
}

const WIDE = `#!KAMAILIO
debug=0
listen=udp:${GROUP}:${mcastPort}
mcast_loopback=yes
mcast_ttl=1
maxbuffer=524288
tcp_connection_lifetime=2
tcp_keepidle=7
tcp_linger2=23
tcp_send_timeout=2
tcp_conn_wq_max=67108864
tcp_wq_max=134217728
tcp_rd_buf_size=16384
${ROUTE}`;

const NARROW = `#!KAMAILIO
debug=0
tcp_keepalive=no
tcp_conn_wq_max=65536
tcp_accept_no_cl=yes
${ROUTE}`;

const SHARED = `#!KAMAILIO
debug=0
tcp_send_timeout=60
tcp_connection_lifetime=100
tcp_conn_wq_max=67108864
tcp_wq_max=4000000
tcp_defer_accept=9
${ROUTE}`;

const UNIQUE = `#!KAMAILIO
debug=0
tcp_accept_unique=yes
tcp_accept_haproxy=yes
listen=tcp:127.0.0.1:${second}
${ROUTE}`;

describe("sockets", () => {
  describeTargets(
    "wide",
    { config: WIDE.replace(`listen=udp:${GROUP}`, `mcast="lo"\nlisten=udp:${GROUP}`) },
    (group) => {
      const at = (): string => `sport = :${group.server.port}`;
      let left: Client | null = null; // does not close when the server has; it waits while other tests run

      test.skipIf(noSs)("tcp_keepidle: the system asks after seven seconds whether the far end is there", async () => {
        left = await open(group.server.port, { allowHalfOpen: true });
        const client = await open(group.server.port);
        client.socket.write(options());
        await until(() => client.text() !== "");
        expect(ss(["-tno", "state", "established", at()])).toMatch(/timer:\(keepalive,[4-7](?:\.\d+)?m?s/);
        client.socket.destroy();
      });

      test.skipIf(noSs)("maxbuffer: the receive buffer of the UDP socket", () => {
        const sizes = [...ss(["-uanm", at()]).matchAll(/rb(\d+)/g)].map((m) => Number(m[1]));
        expect(sizes.length).toBeGreaterThan(0);
        for (const size of sizes) expect(size).toBeGreaterThanOrEqual(524_288);
      });

      test("mcast: requests to the group are answered", async () => {
        const socket = createSocket("udp4");
        const answer = new Promise<string>((resolve) =>
          socket.once("message", (data) => resolve(data.toString("latin1"))),
        );
        await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
        socket.setMulticastInterface("127.0.0.1");
        const { port } = socket.address();
        socket.send(options().replace("SIP/2.0/TCP 127.0.0.1:9", `SIP/2.0/UDP 127.0.0.1:${port}`), mcastPort, GROUP);
        expect(await answer).toContain("SIP/2.0 200 OK");
        socket.close();
      });

      test("tcp_rd_buf_size: a message that is larger ends its connection, one that is not is answered", async () => {
        const fine = await open(group.server.port);
        fine.socket.write(options("x", `X: ${"x".repeat(12_000)}\r\n`));
        expect(await until(() => fine.text().includes("200 OK"))).toBe(true);
        fine.socket.destroy();
        const large = await open(group.server.port);
        large.socket.write(options("x", `X: ${"x".repeat(40_000)}\r\n`));
        expect(await large.ended(15_000)).not.toBeNull();
        expect(large.text()).not.toContain("200 OK");
      });

      test.concurrent("tcp_connection_lifetime: an idle connection is closed, one in use is not", async () => {
        const idle = await open(group.server.port);
        idle.socket.write(options());
        const used = await open(group.server.port);
        const timer = setInterval(() => used.socket.write(options()), 500);
        const took = await idle.ended(15_000);
        expect(took).toBeGreaterThan(1500);
        expect(await used.ended(50)).toBeNull();
        clearInterval(timer);
        used.socket.destroy();
      }, 30_000);

      test.skipIf(noSs).concurrent(
        "tcp_send_timeout: who takes nothing for so long is closed, and delays nobody meanwhile",
        async () => {
          const stuck = await stuff(group, 24_000_000);
          expect(await quick(group, 9)).toBeLessThan(1500);
          const gone = (): boolean =>
            !ss(["-tn", "state", "established", at()]).includes(`:${stuck.socket.localPort!}`);
          expect(await until(gone, 20_000)).toBe(true);
          stuck.socket.destroy();
        },
        60_000,
      );

      test.skipIf(noSs).concurrent(
        "tcp_linger2: the system waits so long for the far end's close",
        async () => {
          left ??= await open(group.server.port, { allowHalfOpen: true });
          const own = `dport = :${left.socket.localPort!}`;
          const waits = (): boolean =>
            /timer:\(timewait,(?:1\d|2[0-3])sec/.test(ss(["-tno", "state", "fin-wait-2", own]));
          expect(await until(waits, 15_000)).toBe(true);
          left.socket.destroy();
        },
        20_000,
      );
    },
  );

  describeTargets("narrow", { config: NARROW }, (group) => {
    const at = (): string => `sport = :${group.server.port}`;

    test.skipIf(noSs)("tcp_keepalive=no: the system does not ask", async () => {
      const client = await open(group.server.port);
      client.socket.write(options());
      await until(() => client.text() !== "");
      expect(ss(["-tno", "state", "established", at()])).not.toContain("keepalive");
      client.socket.destroy();
    });

    test("tcp_accept_no_cl: a message without Content-Length has no body", async () => {
      const client = await open(group.server.port);
      client.socket.write(options("x", "", false) + options("x", "", false));
      expect(await until(() => client.text().split("200 OK").length === 3)).toBe(true);
      client.socket.destroy();
    });

    test.skipIf(noSs)(
      "tcp_conn_wq_max: for whom more would wait than that is closed at once",
      async () => {
        const greedy = await stuff(group, 24_000_000);
        const gone = (): boolean =>
          !ss(["-tn", "state", "established", at()]).includes(`:${greedy.socket.localPort ?? 0}`);
        expect(greedy.socket.destroyed || (await until(gone, 5000))).toBe(true);
        expect(await quick(group)).toBeLessThan(1500);
        greedy.socket.destroy();
      },
      60_000,
    );
  });

  describeTargets("shared", { config: SHARED }, (group) => {
    const at = (): string => `sport = :${group.server.port}`;

    test.skipIf(noSs)(
      "tcp_wq_max: of those for whom all that waits those with much of it are closed, and others go on",
      async () => {
        const other = await open(group.server.port);
        other.socket.write(options());
        const greedy: Client[] = [];
        for (let i = 0; i < 3; i++) greedy.push(await stuff(group, 24_000_000));
        const left = (): number => {
          const shown = ss(["-tn", "state", "established", at()]);
          return greedy.filter(({ socket }) => shown.includes(`:${socket.localPort ?? 0}`)).length;
        };
        expect(await until(() => left() < 2)).toBe(true);
        expect(await quick(group, 5)).toBeLessThan(1500);
        other.socket.write(options("x") + options("x"));
        expect(await until(() => other.text().split("200 OK").length === 4)).toBe(true);
        expect(ss(["-tn", "state", "established", at()])).toContain(`:${other.socket.localPort!}`);
        for (const { socket } of [...greedy, other]) socket.destroy();
      },
      60_000,
    );

    test.skipIf(noSs)("tcp_defer_accept: the server is told of a connection when something comes over it", async () => {
      const silent = await open(group.server.port);
      const own = `dport = :${silent.socket.localPort!}`;
      expect(ss(["-tn", "state", "syn-recv", own])).toContain(`:${group.server.port}`);
      silent.socket.write(options());
      expect(await until(() => silent.text().includes("200 OK"))).toBe(true);
      expect(ss(["-tn", "state", "established", own])).toContain(`:${group.server.port}`);
      silent.socket.destroy();
    });
  });

  // By a balancer, which is the only way that two connections can come from one address and port. Kamailio serves them both.
  describeTargets("unique", { config: UNIQUE, without: ["kamailio"] }, (group) => {
    const openFrom = async (sourcePort: number, port: number): Promise<Client> => {
      const client = await open(port);
      client.socket.write(`PROXY TCP4 192.0.2.7 127.0.0.1 ${sourcePort} ${port}\r\n${options()}`);
      return client;
    };

    test("tcp_accept_unique: a second connection from the address and port of another one is refused", async () => {
      const first = await openFrom(7001, group.server.port);
      expect(await until(() => first.text().includes("200 OK"))).toBe(true);
      const same = await openFrom(7001, group.server.port);
      expect(await same.ended(15_000)).not.toBeNull();
      expect(same.text()).toBe("");
      const others = [await openFrom(7002, group.server.port), await openFrom(7001, second)];
      for (const { text } of others) expect(await until(() => text().includes("200 OK"))).toBe(true);
      for (const { socket } of [first, same, ...others]) socket.destroy();
    });
  });
});
