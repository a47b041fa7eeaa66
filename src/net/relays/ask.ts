// Asks media relays over UDP: "COOKIE request", answered by "COOKIE answer" (the protocols of rtpproxy and rtpengine). A question is
// repeated under the same cookie, so that the relay does nothing twice.

import type { Host, SocketAddress, UdpMarks, UdpSocket } from "../../host/host.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import { canonicalIp } from "../../util/ip.ts";
import { Timer, type TimerWheel } from "../../util/timer-wheel.ts";

/** Questions that may be out at a time; what is beyond is not asked. */
const MAX_OUT = 20_000;
/** No cookie of ours is longer. */
const MAX_COOKIE = 40;

/** How often a question is sent, and how long each time is waited for its answer. */
export interface AskOptions {
  readonly tries: number;
  /** Milliseconds. */
  readonly timeout: number;
}

interface Question {
  readonly to: SocketAddress;
  readonly done: (answer: string | null) => void;
  readonly timer: Timer;
}

/** Asks relays from one socket for each address family. */
export class RelayClient {
  private readonly host: Host;
  private readonly wheel: TimerWheel;
  private readonly sockets: (Promise<UdpSocket> | null)[] = [null, null];
  private readonly questions = new Map<string, Question>();
  private readonly prefix: string;
  private count = 0;
  private closed = false;
  /** Numeric addresses to send from, by family; "" leaves it to the system. Read when the socket is opened. */
  local: Readonly<Record<4 | 6, string>> = { 4: "", 6: "" };
  marks: UdpMarks | null = null;

  constructor(host: Host, wheel: TimerWheel) {
    this.host = host;
    this.wheel = wheel;
    this.prefix = host.random.uint32().toString(16);
  }

  /** The answer to a byte string, without its cookie; null when none came in time or the relay cannot be reached. Never rejects. */
  ask(to: SocketAddress, request: string, options: AskOptions): Promise<string | null> {
    if (this.closed || this.questions.size >= MAX_OUT) return Promise.resolve(null);
    const cookie = `${this.prefix}_${++this.count}_${(this.host.random.uint32() >>> 8).toString(16)}`;
    return new Promise((resolve) => {
      const bytes = bytesOf(`${cookie} ${request}`);
      let left = options.tries;
      const send = (socket: UdpSocket): void => {
        const peer = socket.peer(to);
        if (peer === null || left <= 0) {
          end(null);
          return;
        }
        left--;
        socket.send(peer, bytes, 0, bytes.length);
        this.wheel.arm(timer, options.timeout, this.host.clock.mono());
      };
      const again = (): void => {
        this.socket(to.family).then(send, () => end(null));
      };
      const timer = new Timer(again);
      const end = (answer: string | null): void => {
        if (!this.questions.delete(cookie)) return;
        this.wheel.cancel(timer);
        resolve(answer);
      };
      this.questions.set(cookie, { to, done: end, timer });
      again();
    });
  }

  /** Answers all that are waiting with null, and closes the sockets. */
  close(): void {
    this.closed = true;
    for (const question of [...this.questions.values()]) question.done(null);
    for (const socket of this.sockets) void socket?.then((s) => s.close()).catch(() => undefined);
  }

  private socket(family: 4 | 6): Promise<UdpSocket> {
    const at = family === 4 ? 0 : 1;
    const any = family === 4 ? "0.0.0.0" : "::";
    let socket = this.sockets[at]!;
    if (socket === null) {
      socket = this.host.network.bindUdp({
        local: { family, address: this.local[family] || any, port: 0 },
        light: true,
        ...(this.marks === null ? {} : { marks: this.marks }),
        onMessage: (buf, start, end, peer) => this.came(buf, start, end, peer.remote),
      });
      this.sockets[at] = socket;
      socket.catch(() => {
        this.sockets[at] = null; // the next question tries again
      });
    }
    return socket;
  }

  private came(buf: Uint8Array, start: number, end: number, from: SocketAddress): void {
    let space = start;
    while (space < end && space - start <= MAX_COOKIE && buf[space] !== 0x20) space++;
    const question = this.questions.get(textOf(buf, start, space));
    if (question === undefined || space >= end) return;
    const { to } = question;
    if (from.port !== to.port || canonicalIp(from.address) !== canonicalIp(to.address)) return;
    question.done(textOf(buf, space + 1, end));
  }
}
