// An attacker as a process of its own: attacker.ts KIND PORT COUNT. It goes to 127.0.0.1:PORT from 127.0.0.2, as fast as it can, and writes what it
// has seen as JSON when it is done. Kinds that hold connections say "held" first, and end with their standard input.
//
//   connections  opens and drops COUNT connections, some at a time
//   garbage      sends COUNT datagrams that are no SIP, or nearly SIP
//   slowloris    holds COUNT connections and gives each a byte of a request now and then
//   silent       holds COUNT connections that say nothing
//   half-tls     holds COUNT connections that begin a handshake of TLS and leave it at that
//   storm        tries COUNT connections, 10,000 a second if it can, and breaks each off
//   endless      on COUNT connections, one after the other: a head or a body that never ends, until the other side has enough

import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import process from "node:process";

const FROM = "127.0.0.2";
const [kind = "", portText = "", countText = ""] = process.argv.slice(2);
const port = Number(portText);
const count = Number(countText);

interface Attempt {
  readonly socket: Socket;
  connected: boolean;
  readonly ended: Promise<void>;
}

function open(): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, localAddress: FROM });
    const ended = new Promise<void>((done) => socket.once("close", () => done()));
    const attempt: Attempt = { socket, connected: false, ended };
    socket.on("error", () => {});
    socket.once("connect", () => {
      attempt.connected = true;
      resolve(attempt);
    });
    socket.once("close", () => resolve(attempt));
    socket.resume();
  });
}

async function connections(): Promise<object> {
  const began = Date.now();
  let [left, made] = [count, 0];
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const { socket, connected, ended } = await open();
      if (connected) made++;
      // every other one stays a moment, so that the far end gets to see it
      if (left % 2 === 0) await Promise.race([ended, new Promise((done) => setTimeout(done, 10))]);
      socket.resetAndDestroy?.();
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: 50 }, one));
  return { tried: count, made, seconds: (Date.now() - began) / 1000 };
}

async function storm(): Promise<object> {
  const began = performance.now();
  let [tried, made, open] = [0, 0, 0];
  while (tried < count || open > 0) {
    const due = Math.min(count, Math.floor((performance.now() - began) * 10));
    for (; tried < due && open < 5000; tried++) {
      const socket = connect({ host: "127.0.0.1", port, localAddress: FROM });
      open++;
      socket.on("error", () => {});
      socket.once("connect", () => {
        made++;
        socket.resetAndDestroy?.();
        socket.destroy();
      });
      socket.once("close", () => void open--);
    }
    await new Promise((done) => setTimeout(done, 2));
  }
  return { tried, made, seconds: (performance.now() - began) / 1000 };
}

async function garbage(): Promise<object> {
  const socket = createSocket("udp4");
  let answers = 0;
  socket.on("message", () => {
    answers++;
  });
  await new Promise<void>((done) => socket.bind(0, FROM, done));
  const texts = [
    "garbage",
    "OPTIONS sip:x SIP/2.0\r\n",
    "\x00\x01\x02\x03".repeat(50),
    "INVITE  SIP/2.0\r\nVia: x\r\n\r\n",
  ];
  const nearly = `OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP ${FROM}:9;branch=z9hG4bKg;rport\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCSeq: x\r\n\r\n`;
  const all = [...texts, nearly].map((t) => new TextEncoder().encode(t));
  for (let i = 0; i < count; i++) {
    const bytes = all[i % all.length]!;
    await new Promise<void>((done) => socket.send(bytes, port, "127.0.0.1", () => done()));
  }
  await new Promise((done) => setTimeout(done, 300)); // what is still under way
  socket.close();
  return { sent: count, answers };
}

/** Holds connections until standard input ends. */
async function hold(speak: boolean, first = ""): Promise<object> {
  const held: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const { socket, connected } = await open();
    if (connected && first !== "") socket.write(Buffer.from(first, "latin1"));
    if (connected) held.push(socket);
  }
  const text = `OPTIONS sip:x SIP/2.0\r\nX: ${"a".repeat(10_000)}`;
  let at = 0;
  const timer = setInterval(() => {
    const byte = text[at++ % text.length]!;
    if (speak) for (const socket of held) if (socket.writable) socket.write(byte);
  }, 50);
  console.log("held");
  process.stdin.resume();
  await new Promise<void>((done) => process.stdin.once("end", done));
  clearInterval(timer);
  const alive = held.filter((socket) => !socket.destroyed).length;
  for (const socket of held) socket.destroy();
  return { held: held.length, alive };
}

async function endless(): Promise<object> {
  const starts = [
    "OPTIONS sip:x SIP/2.0\r\nX: ",
    "OPTIONS sip:x SIP/2.0\r\nContent-Length: 999999999\r\n\r\n",
    "OPTIONS sip:x SIP/2.0\r\nContent-Length: 150000\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  ];
  const chunk = "a".repeat(16_384);
  let [closed, bytes] = [0, 0];
  for (let i = 0; i < count; i++) {
    const { socket, ended } = await open();
    socket.write(starts[i % starts.length]!);
    let over = false;
    void ended.then(() => {
      over = true;
    });
    for (let sent = 0; !over && sent < 64; sent++) {
      bytes += chunk.length;
      await new Promise<void>((done) => socket.write(chunk, () => done()));
    }
    await Promise.race([ended, new Promise((done) => setTimeout(done, 5000))]);
    if (over) closed++;
    socket.destroy();
  }
  return { tried: count, closed, bytes };
}

/** The first octets of a greeting of TLS 1.2. */
const HALF_GREETING = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaa";
const kinds: Readonly<Record<string, () => Promise<object>>> = {
  connections,
  storm,
  garbage,
  endless,
  slowloris: () => hold(true),
  silent: () => hold(false),
  "half-tls": () => hold(false, HALF_GREETING),
};
const begin = kinds[kind];
if (begin === undefined) throw new Error(`no attack is called ${kind}`);
console.log(JSON.stringify(await begin()));
process.exit(0);
