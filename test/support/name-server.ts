// A name server on the simulated network: answers from a zone in text, as late or as badly as a test wants.

import { decode, encode } from "dns-packet";
import type { TcpConnection, UdpPeer } from "../../src/host/host.ts";
import type { SimHost, Simulation } from "../../src/host/simulated.ts";
import { bytesOf } from "../../src/util/bytes.ts";

/** How it behaves; may be changed at any time. */
export interface Manners {
  /** Milliseconds until it answers. */
  delay: number;
  /** Says nothing. */
  silent: boolean;
  /** Answers every question with that code in place of records. */
  rcode: number;
  /** Cuts answers by UDP, so that they are asked for by TCP. */
  truncates: boolean;
  /** Changes an answer before it is sent. */
  mangle: ((bytes: Uint8Array) => Uint8Array) | null;
}

export type ZoneRecord = { readonly name: string; readonly type: string; readonly ttl: number; readonly data: unknown };

/** A running one. */
export interface NameServer {
  readonly manners: Manners;
  /** "A a.example" for each question it got. */
  readonly asked: string[];
  /** Replaces all records: lines "name ttl type data", as in a zone file. */
  setZone(text: string): void;
}

/** Opens one on port 53 of a new host with that address. */
export async function openNameServer(world: Simulation, address: string, zone: string): Promise<NameServer> {
  const host = world.host({ addresses: [address] });
  const manners: Manners = { delay: 0, silent: false, rcode: 0, truncates: false, mangle: null };
  const asked: string[] = [];
  let records = parseZone(zone);

  const answer = (question: Uint8Array, byTcp: boolean, reply: (bytes: Uint8Array) => void): void => {
    const bytes = answerTo(question, records, manners, byTcp, asked);
    if (bytes === null || manners.silent) return;
    host.clock.after(manners.delay, () => reply(manners.mangle?.(bytes) ?? bytes));
  };
  const local = { family: 4, address, port: 53 } as const;
  const socket = await host.network.bindUdp({
    local,
    onMessage: (buf: Uint8Array, start: number, end: number, peer: UdpPeer) =>
      answer(buf.slice(start, end), false, (bytes) => socket.send(peer, bytes, 0, bytes.length)),
  });
  await host.network.listenTcp({
    local,
    maxQueue: 1 << 20,
    onConnection: () => ({
      onData: (connection: TcpConnection, buf: Uint8Array, start: number, end: number) =>
        answer(buf.slice(start + 2, end), true, (bytes) => {
          const framed = new Uint8Array([bytes.length >> 8, bytes.length & 255, ...bytes]);
          connection.send(framed, 0, framed.length);
        }),
      onClose: () => undefined,
    }),
  });
  return { manners, asked, setZone: (text) => void (records = parseZone(text)) };
}

/** Tells a simulated host which servers to ask. */
export function useNameServers(host: SimHost, addresses: readonly string[], more = ""): void {
  host.files.makeDirectory("/etc");
  const lines = addresses.map((address) => `nameserver ${address}\n`).join("");
  host.files.write("/etc/resolv.conf", bytesOf(`${lines}${more}\n`));
}

/** The answer to a question from these records; null when it is none. What is asked for is put into `asked`. */
export function answerTo(
  bytes: Uint8Array,
  records: readonly ZoneRecord[],
  manners: Manners,
  byTcp: boolean,
  asked: string[],
): Uint8Array | null {
  const query = decode(Buffer.from(bytes));
  const question = query.questions[0] as { name: string; type: string } | undefined;
  if (question === undefined) return null;
  asked.push(`${question.type} ${question.name}`);
  const cut = manners.truncates && !byTcp;
  const answers: ZoneRecord[] = [];
  let at = question.name;
  for (let i = 0; i < 10; i++) {
    const found = records.filter((r) => r.name === at && r.type === question.type);
    answers.push(...found);
    const alias = records.find((r) => r.name === at && r.type === "CNAME");
    if (found.length > 0 || alias === undefined || question.type === "CNAME") break;
    answers.push(alias);
    at = String(alias.data);
  }
  const known = records.some((r) => r.name === question.name);
  const rcode = manners.rcode !== 0 ? manners.rcode : known ? 0 : 3;
  return encode({
    type: "response",
    id: query.id,
    flags: rcode | (cut ? 0x200 : 0),
    questions: [question],
    answers: cut || rcode !== 0 ? [] : answers,
  });
}

/** The records of lines "name ttl type data". */
export function parseZone(text: string): ZoneRecord[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.length >= 4)
    .map(([name = "", ttl = "", type = "", ...data]) => ({ name, ttl: Number(ttl), type, data: dataOf(type, data) }));
}

function dataOf(type: string, words: readonly string[]): unknown {
  const [a = "", b = "", c = "", d = "", e = "", f = ""] = words;
  if (type === "SRV") return { priority: Number(a), weight: Number(b), port: Number(c), target: d };
  if (type === "NAPTR") {
    const bare = (text: string) => text.replaceAll('"', "");
    const [flags, services, regexp] = [bare(c), bare(d), bare(e)];
    return { order: Number(a), preference: Number(b), flags, services, regexp, replacement: f };
  }
  return a;
}
