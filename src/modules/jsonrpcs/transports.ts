// JSON-RPC over a FIFO, a unix datagram socket and UDP: one request a datagram, or one document after the other in the FIFO.

import type { SocketAddress } from "../../host/host.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { JsonAnswer } from "../../registry/rpc/json.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import type { DatagramPlace } from "./place.ts";

/** The longest answer in one datagram. */
const MAX_DATAGRAM = 65_000;
/** Commands from here that run at a time; what comes beyond is dropped. */
const MAX_RUNNING = 64;

interface Owner {
  readonly mode: number;
  readonly user: string;
  readonly group: string;
}

/** What the parameters say; null where that transport is off. */
export interface Settings {
  readonly fifo: string | null;
  readonly fifoOwner: Owner;
  readonly replyDirectory: string;
  readonly datagrams: DatagramPlace | null;
  readonly datagramOwner: Owner;
}

type Run = (text: string) => JsonAnswer | null | Promise<JsonAnswer>;

/** The open transports of a process. */
export class JsonTransports {
  private readonly host: ModuleHost;
  private readonly doors: { close(): void }[] = [];
  private running = 0;

  constructor(host: ModuleHost) {
    this.host = host;
  }

  /** Opens what the settings ask for. Throws HostError. */
  async open({ datagrams }: Settings, run: Run): Promise<void> {
    if (datagrams !== null && "udp" in datagrams) await this.openUdp(datagrams.udp, run);
  }

  close(): void {
    for (const door of this.doors.splice(0)) door.close();
  }

  private async openUdp(local: SocketAddress, run: Run): Promise<void> {
    const socket = await this.host.host.network.bindUdp({
      local,
      light: true,
      onMessage: (buf, start, end, peer) =>
        this.serve(textOf(buf, start, end), run, ({ body }) => {
          if (body.length <= MAX_DATAGRAM) socket.send(peer, bytesOf(body), 0, body.length);
        }),
    });
    this.doors.push(socket);
  }

  // Runs a command unless too many are running.
  private serve(text: string, run: Run, send: (answer: JsonAnswer) => void): void {
    if (this.running >= MAX_RUNNING) return;
    const answer = run(text);
    if (answer === null) {
      this.host.log.info("what came is no JSON");
      return;
    }
    if (!(answer instanceof Promise)) {
      send(answer);
      return;
    }
    this.running++;
    void answer.then((value) => {
      this.running--;
      send(value);
    });
  }
}
