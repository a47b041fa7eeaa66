// JSON-RPC over a FIFO, a unix datagram socket and UDP: one request a datagram, or one document after the other in the FIFO.

import { HostError, type SocketAddress } from "../../host/host.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { answerIntoFifo, listenFifo } from "../../registry/rpc/fifo.ts";
import type { JsonAnswer } from "../../registry/rpc/json.ts";
import { listenUnixDatagrams } from "../../registry/rpc/unix-datagrams.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import { Documents } from "./documents.ts";
import type { DatagramPlace } from "./place.ts";

/** The longest answer in one datagram. */
const MAX_DATAGRAM = 65_000;
/** Commands from here that run at a time; what comes beyond is dropped. */
const MAX_RUNNING = 64;

export const DEFAULT_FIFO = "kamailio_rpc.fifo";
export const DEFAULT_SOCKET = "kamailio_rpc.sock";
/** chown's -1. */
const KEEP = 0xffff_ffff;

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
  /** How long an answer is tried, ms. */
  readonly datagramPatience: number;
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
  async open(settings: Settings, run: Run): Promise<void> {
    const { datagrams, fifo } = settings;
    if (fifo !== null) this.openFifo(fifo, settings, run);
    if (datagrams === null) return;
    if ("udp" in datagrams) await this.openUdp(datagrams.udp, run);
    else this.openUnix(datagrams.path, settings, run);
  }

  private openFifo(name: string, { fifoOwner, replyDirectory }: Settings, run: Run): void {
    const { host, log } = this.host;
    const path = this.pathOf(name);
    const documents = new Documents();
    const reader = {
      get hasPart(): boolean {
        return documents.hasPart;
      },
      drop: () => documents.drop(),
      take: (received: string) => {
        for (const text of documents.add(received))
          this.serve(text, run, ({ body, replyName }) => {
            if (replyName !== null) answerIntoFifo(host, log, replyDirectory, replyName, body);
          });
      },
    };
    const door = this.attempt(name, DEFAULT_FIFO, () => listenFifo(host, path, fifoOwner.mode, reader));
    if (door === null) return;
    this.give(path, fifoOwner);
    this.doors.push(door);
  }

  private openUnix(name: string, { datagramOwner: owner, datagramPatience }: Settings, run: Run): void {
    const path = this.pathOf(name);
    const { host } = this.host;
    const door = this.attempt(name, DEFAULT_SOCKET, () =>
      listenUnixDatagrams(
        host,
        path,
        owner.mode,
        (bytes, answer) => this.serve(textOf(bytes, 0, bytes.length), run, ({ body }) => answer(bytesOf(body))),
        datagramPatience,
      ),
    );
    if (door === null) return;
    this.doors.push(door);
    this.give(path, owner);
  }

  // What was asked for must be there; what is only on by default may be missing.
  private attempt<T>(name: string, usual: string, open: () => T): T | null {
    try {
      return open();
    } catch (error) {
      if (!(error instanceof HostError) || name !== usual) throw error;
      this.host.log.info(`goes without ${name}: ${error.message}`);
      return null;
    }
  }

  private pathOf(name: string): string {
    const { host, proxy } = this.host;
    return host.files.resolve(proxy.places.run ?? "/run/kamailio", name);
  }

  private give(path: string, { user, group }: Owner): void {
    if (user === "" && group === "") return;
    const { system } = this.host.host;
    const account = user === "" ? null : system.user(user);
    const gid = group === "" ? (account?.gid ?? KEEP) : system.group(group);
    if ((user !== "" && account === null) || gid === null)
      throw new HostError("ENOENT", `there is no user ${user} or group ${group} to give ${path} to`);
    system.give(path, account?.uid ?? KEEP, gid);
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
