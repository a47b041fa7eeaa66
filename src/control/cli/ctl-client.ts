// A command sent to a running server over BINRPC: unix stream socket, TCP or UDP.

import { type Host, HostError, type SocketAddress, type TcpConnection, type TcpHandlers } from "../../host/host.ts";
import { type BinValue, Frame, readHead, readRecords, requestFrame } from "../../registry/rpc/binrpc.ts";
import { ipFamily } from "../../util/ip.ts";

/** Where the server is: "unix:PATH", "tcp:HOST[:PORT]", "udp:HOST[:PORT]", or a path. */
export type Place =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp" | "udp"; readonly host: string; readonly port: number };

/** What came back. */
export type Answer =
  | { readonly values: readonly BinValue[] }
  | { readonly fault: { readonly code: number; readonly text: string } };

const PORT = 2049;
/** Milliseconds until the server must have answered: the longest commands wait for a SIP transaction. */
const PATIENCE = 90_000;
const CONNECT = 5_000;
const MAX_ANSWER = 256 << 20;

/** Reads what -s says; a text tells what is wrong. */
export function parsePlace(text: string): Place | string {
  const match = /^(unix|unixs|unixd|tcp|udp):(.+)$/.exec(text);
  if (match === null) return text.includes("/") ? { kind: "unix", path: text } : place("udp", text);
  const [, kind = "", rest = ""] = match;
  if (kind === "unixd") return "unix datagram sockets are not available: use unix:PATH";
  return kind.startsWith("unix") ? { kind: "unix", path: rest } : place(kind === "tcp" ? "tcp" : "udp", rest);
}

function place(kind: "tcp" | "udp", text: string): Place | string {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return `not an address: ${text}`;
  return { kind, host: match[1] ?? match[2]!, port: Number(match[3] ?? PORT) };
}

/** Sends one command and waits for the answer. Rejects with HostError. */
export async function ask(host: Host, to: Place, method: string, args: readonly (string | number)[]): Promise<Answer> {
  const cookie = host.random.uint32();
  const frame = requestFrame(cookie, method, args);
  return to.kind === "udp" ? askUdp(host, to, frame, cookie) : askStream(host, to, frame, cookie);
}

function askStream(
  host: Host,
  to: Exclude<Place, { kind: "udp" }>,
  frame: Uint8Array,
  cookie: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let got: Uint8Array = new Uint8Array(0);
    let connection: TcpConnection | null = null;
    const cancel = host.clock.after(PATIENCE, () => end(late()));
    const end = (result: Answer | HostError): void => {
      cancel();
      connection?.abort();
      if (result instanceof HostError) reject(result);
      else resolve(result);
    };
    const handlers: TcpHandlers = {
      onData: (_connection, buf, start, stop) => {
        got = joined(got, buf.subarray(start, stop));
        const answer = readAnswer(got, cookie);
        if (answer !== null) end(answer);
      },
      onClose: (_connection, error) => end(error ?? new HostError("ECONNRESET", "the server closed the connection")),
    };
    dial(host, to, handlers).then(
      (opened) => {
        connection = opened;
        opened.send(frame, 0, frame.length);
      },
      (error: unknown) => end(error instanceof HostError ? error : new HostError("EIO", String(error))),
    );
  });
}

async function dial(host: Host, to: Exclude<Place, { kind: "udp" }>, handlers: TcpHandlers): Promise<TcpConnection> {
  if (to.kind === "unix") return host.network.connectUnix({ path: to.path, handlers, maxQueue: 1 << 20 });
  const remote = await resolved(host, to.host, to.port);
  return host.network.connectTcp({ remote, timeout: CONNECT, handlers, maxQueue: 1 << 20 });
}

async function askUdp(
  host: Host,
  to: { readonly host: string; readonly port: number },
  frame: Uint8Array,
  cookie: number,
): Promise<Answer> {
  const remote = await resolved(host, to.host, to.port);
  const unspecified = remote.family === 4 ? "0.0.0.0" : "::";
  let settle: (answer: Answer) => void = () => {};
  const answered = new Promise<Answer>((resolve) => {
    settle = resolve;
  });
  const socket = await host.network.bindUdp({
    local: { family: remote.family, address: unspecified, port: 0 },
    light: true,
    onMessage: (buf, start, end) => {
      const answer = readAnswer(buf.slice(start, end), cookie);
      if (answer !== null && !(answer instanceof HostError)) settle(answer);
    },
  });
  const peer = socket.peer(remote)!;
  socket.send(peer, frame, 0, frame.length);
  let cancel = (): void => {};
  try {
    const timeout = new Promise<never>((_resolve, reject) => {
      cancel = host.clock.after(CONNECT, () => reject(late()));
    });
    return await Promise.race([answered, timeout]);
  } finally {
    cancel();
    socket.close();
  }
}

// Null while more is to come, and for the answer to another question.
function readAnswer(buf: Uint8Array, cookie: number): Answer | HostError | null {
  const head = readHead(buf, 0, buf.length);
  if (head === null) return null;
  if (head === "bad" || head.length > MAX_ANSWER) return new HostError("EPROTO", "what answers there is no server");
  const end = head.body + head.length;
  if (buf.length < end || (head.cookie !== cookie && head.type !== Frame.FAULT)) return null;
  const values = readRecords(buf, head.body, end);
  if (values === null) return new HostError("EPROTO", "the answer cannot be read");
  if (head.type !== Frame.FAULT) return { values };
  return { fault: { code: Number(values[0]), text: String(values[1] ?? "") } };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

function late(): HostError {
  return new HostError("ETIMEDOUT", "the server does not answer");
}

async function resolved(host: Host, name: string, port: number): Promise<SocketAddress> {
  const family = ipFamily(name);
  if (family !== 0) return { family, address: name, port };
  const [address] = await host.network.lookup(name, 4);
  if (address === undefined) throw new HostError("ENOTFOUND", `the name ${name} has no address`);
  return { family: 4, address, port };
}
