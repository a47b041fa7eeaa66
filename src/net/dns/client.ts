// Asks name servers (RFC 1035 7, RFC 5452): a socket, a port and an id of its own for each query, TCP for what UDP cannot carry,
// the next server when one is silent or unwilling. A bounded number of questions is out at a time.

import type { Host, SocketAddress, TcpConnection, UdpSocket } from "../../host/host.ts";
import { canonicalIp } from "../../util/ip.ts";
import type { DnsSettings } from "./settings.ts";
import type { ResolvConf } from "./system-files.ts";
import { type DnsAnswer, decodeAnswer, encodeQuery, Rcode } from "./wire.ts";

/** Questions that are out at a time; what is beyond waits its turn. */
const MAX_OUT = 64;
/** Questions that wait their turn; what is beyond is not answered. */
const MAX_WAITING = 1024;
/** Most bytes of an answer by TCP. */
const MAX_TCP = 65_535 + 2;

/** What a client counts, in queries. */
export interface DnsClientStats {
  sent: number;
  timeouts: number;
  /** Datagrams that answer no question of ours, or cannot be read. */
  stray: number;
  byTcp: number;
  /** Questions not asked, since too many waited. */
  refused: number;
}

/** How one server dealt with a question: its answer, or null for silence, refusal, breakage. */
type Outcome = DnsAnswer | null;

/** Why a question has no answer: all servers were silent or unwilling; it was not even asked. */
export type NoAnswer = "silent" | "busy";

/** The stub resolver of one process. */
export class DnsClient {
  readonly stats: DnsClientStats = { sent: 0, timeouts: 0, stray: 0, byTcp: 0, refused: 0 };
  private readonly host: Host;
  private readonly conf: () => ResolvConf;
  private out = 0;
  private readonly waiting: (() => void)[] = [];
  private turn = 0;

  constructor(host: Host, conf: () => ResolvConf) {
    this.host = host;
    this.conf = conf;
  }

  /** Asks for records of a name that dnsName() gave. Never rejects. */
  async ask(name: string, type: number, settings: DnsSettings): Promise<DnsAnswer | NoAnswer> {
    if (this.out >= MAX_OUT) {
      if (this.waiting.length >= MAX_WAITING) {
        this.stats.refused++;
        return "busy";
      }
      await new Promise<void>((go) => void this.waiting.push(go));
    } else this.out++;
    try {
      return (await this.askAll(name, type, settings)) ?? "silent";
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.out--;
      else next(); // takes over our place
    }
  }

  private async askAll(name: string, type: number, settings: DnsSettings): Promise<Outcome> {
    const conf = this.conf();
    const servers = conf.servers.slice(0, settings.servers ?? conf.servers.length);
    const first = conf.rotate ? this.turn++ % Math.max(1, servers.length) : 0;
    const tries = settings.tries ?? conf.attempts;
    const timeout = settings.timeout ?? conf.timeout;
    for (let round = 0; round < tries; round++) {
      for (let i = 0; i < servers.length; i++) {
        const answer = await this.askOne(servers[(first + i) % servers.length]!, name, type, timeout);
        if (answer !== null && (answer.rcode === Rcode.NOERROR || answer.rcode === Rcode.NXDOMAIN)) return answer;
      }
    }
    return null;
  }

  private async askOne(server: SocketAddress, name: string, type: number, timeout: number): Promise<Outcome> {
    const answer = await this.byUdp(server, name, type, timeout);
    return answer?.truncated === true ? this.byTcp(server, name, type, timeout) : answer;
  }

  private byUdp(server: SocketAddress, name: string, type: number, timeout: number): Promise<Outcome> {
    const { clock, network } = this.host;
    const question = new Question(this.randomId(), name, type);
    return new Promise((resolve) => {
      let socket: UdpSocket | null = null;
      let over = false;
      const end = (outcome: Outcome): void => {
        if (over) return;
        over = true;
        cancel();
        resolve(outcome);
        const done = socket;
        if (done !== null) clock.soon(() => done.close()); // not while it is being read
      };
      const cancel = clock.after(timeout, () => {
        this.stats.timeouts++;
        end(null);
      });
      const opening = network.bindUdp({
        local: { family: server.family, address: server.family === 4 ? "0.0.0.0" : "::", port: 0 },
        light: true,
        icmp: true,
        onMessage: (buf, start, stop, peer) => {
          const answer = isFrom(server, peer.remote) ? question.answeredBy(buf, start, stop) : null;
          if (answer === null) this.stats.stray++;
          else end(answer);
        },
        onError: () => end(null), // the port is closed: the next server
      });
      opening.then(
        (opened) => {
          if (over) return opened.close();
          socket = opened;
          const peer = opened.peer(server);
          if (peer === null) return end(null);
          this.stats.sent++;
          opened.send(peer, question.bytes, 0, question.bytes.length);
        },
        () => end(null),
      );
    });
  }

  private byTcp(server: SocketAddress, name: string, type: number, timeout: number): Promise<Outcome> {
    const { clock, network } = this.host;
    const question = new Question(this.randomId(), name, type);
    const received = new Framed();
    this.stats.byTcp++;
    return new Promise((resolve) => {
      let connection: TcpConnection | null = null;
      let over = false;
      const end = (outcome: Outcome): void => {
        if (over) return;
        over = true;
        cancel();
        resolve(outcome);
        connection?.abort();
      };
      const cancel = clock.after(timeout, () => end(null));
      const handlers = {
        onData: (_: TcpConnection, buf: Uint8Array, start: number, stop: number): void => {
          const whole = received.add(buf, start, stop);
          if (whole === null) end(null);
          else if (whole > 0) end(question.answeredBy(received.bytes, 2, whole));
        },
        onClose: (): void => end(null),
      };
      network.connectTcp({ remote: server, timeout, maxQueue: 1 << 16, handlers }).then(
        (opened) => {
          if (over) return opened.abort();
          connection = opened;
          const { bytes } = question;
          const framed = new Uint8Array(bytes.length + 2);
          framed[0] = bytes.length >> 8;
          framed[1] = bytes.length & 255;
          framed.set(bytes, 2);
          opened.send(framed, 0, framed.length);
        },
        () => end(null),
      );
    });
  }

  private randomId(): number {
    const bytes = new Uint8Array(2);
    this.host.random.fill(bytes);
    return (bytes[0]! << 8) | bytes[1]!;
  }
}

/** A question that is out, and how its answer is told from others. */
class Question {
  readonly bytes: Uint8Array;
  private readonly id: number;
  private readonly name: string;
  private readonly type: number;

  constructor(id: number, name: string, type: number) {
    this.id = id;
    this.name = name;
    this.type = type;
    this.bytes = encodeQuery(id, name, type);
  }

  /** The answer to this question in those bytes; null when they are something else. */
  answeredBy(buf: Uint8Array, start: number, end: number): DnsAnswer | null {
    if (end - start < 12 || ((buf[start]! << 8) | buf[start + 1]!) !== this.id) return null;
    const answer = decodeAnswer(buf, start, end);
    if (answer === null) return null;
    // A server that understands nothing of it may repeat no question; then its refusal is all that counts.
    if (answer.name === null) return answer.rcode === Rcode.NOERROR || answer.rcode === Rcode.NXDOMAIN ? null : answer;
    return answer.name === this.name && answer.type === this.type ? answer : null;
  }
}

/** Gathers one message of DNS over TCP: two octets of length, then the message. */
class Framed {
  bytes: Uint8Array = new Uint8Array(2048);
  private length = 0;

  /** Adds what came; returns where the message ends, 0 while it is not whole, null when it is too long. */
  add(buf: Uint8Array, start: number, end: number): number | null {
    const total = this.length + end - start;
    if (total > MAX_TCP) return null;
    if (total > this.bytes.length) {
      const larger = new Uint8Array(MAX_TCP);
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(buf.subarray(start, end), this.length);
    this.length = total;
    const whole = total < 2 ? MAX_TCP : 2 + ((this.bytes[0]! << 8) | this.bytes[1]!);
    return total >= whole ? whole : 0;
  }
}

function isFrom(server: SocketAddress, from: SocketAddress): boolean {
  return from.port === server.port && canonicalIp(from.address) === canonicalIp(server.address);
}
