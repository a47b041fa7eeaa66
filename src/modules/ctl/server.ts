// The sockets of module ctl and who is connected to them.

import { HostError, type SocketAddress, type TcpConnection, type TcpHandlers } from "../../host/host.ts";
import type { RpcValue } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { answerDatagram, type CommandServer, MAX_QUEUE, RpcConnections } from "../../registry/rpc/server.ts";
import { listenUnixDatagrams } from "../../registry/rpc/unix-datagrams.ts";
import { ipFamily } from "../../util/ip.ts";
import { Level } from "../../util/log.ts";
import type { CtlAddress, FifoAddress } from "./address.ts";
import { FifoServer } from "./fifo-doors.ts";

/** Datagrams whose commands are still running, at most; what comes then is dropped. */
const MAX_RUNNING = 64;

/** Permissions and owner of unix sockets; null leaves what the process has. */
export interface SocketOwner {
  readonly mode: number;
  readonly user: string | null;
  readonly group: string | null;
}

/** Where it listens, as ctl.listen shows it, and how to end that. */
interface Door {
  readonly shown: readonly (string | number)[];
  close(): void;
}

interface Client {
  /** As ctl.who shows it. */
  readonly shown: readonly (string | number)[];
}

/** What the module keeps while the process runs. */
export class CtlServer {
  private readonly host: ModuleHost;
  private readonly doors: Door[] = [];
  private readonly clients = new Set<Client>();
  private readonly server: CommandServer;
  private readonly fifo: FifoServer;
  private running = 0;

  constructor(host: ModuleHost) {
    this.host = host;
    this.server = { commands: host.commands, onFault: (text) => host.log.write(Level.BUG, text) };
    this.fifo = new FifoServer(host);
  }

  /** ctl.listen. */
  listed(): RpcValue {
    return this.doors.flatMap(({ shown }) => shown);
  }

  /** ctl.who. */
  who(): RpcValue {
    return [...this.clients].flatMap(({ shown }) => shown);
  }

  /** ctl.connections. */
  get count(): number {
    return this.clients.size;
  }

  /** Listens on one more place. Throws HostError. */
  async listen(address: CtlAddress, owner: SocketOwner): Promise<void> {
    switch (address.kind) {
      case "unixs":
        return this.listenUnix(address.path, owner);
      case "unixd":
        return this.listenDatagrams(address.path, owner);
      case "tcp":
        return this.listenTcp(await this.resolved(address.host, address.port));
      case "udp":
        return this.listenUdp(await this.resolved(address.host, address.port));
    }
  }

  /** Listens on one more place for the FIFO protocol. Throws HostError. */
  async listenFifo(address: FifoAddress, owner: SocketOwner): Promise<void> {
    const { network } = this.host.host;
    if (address.kind === "fifo") {
      const { path } = address;
      const door = this.fifo.listen(path, owner.mode);
      this.doors.push({ shown: ["fifo", "fifo", path, ""], close: () => door.close() });
      this.give(path, owner);
      return;
    }
    const local = await this.resolved(address.host, address.port);
    if (address.kind === "udp") {
      const socket = await network.bindUdp({
        local,
        light: true,
        onMessage: (buf, start, end, peer) => this.fifo.datagram(socket, buf, start, end, peer),
      });
      this.bound("fifo", "udp", socket);
      return;
    }
    const listener = await network.listenTcp({
      local,
      maxQueue: MAX_QUEUE,
      onConnection: (connection) => {
        const client: Client = { shown: ["fifo", "tcp", ...endsOf(connection)] };
        const handlers = this.fifo.connection(connection, () => this.clients.delete(client));
        if (handlers !== null) this.clients.add(client);
        return handlers;
      },
    });
    this.bound("fifo", "tcp", listener);
  }

  private bound(protocol: string, transport: string, door: { readonly local: SocketAddress; close(): void }): void {
    const { address, port } = door.local;
    this.doors.push({ shown: [protocol, transport, address, String(port)], close: () => door.close() });
  }

  close(): void {
    for (const door of this.doors.splice(0)) door.close();
  }

  private async listenUnix(path: string, owner: SocketOwner): Promise<void> {
    const { host } = this.host;
    const connections = new RpcConnections(this.server);
    const here = ["<anonymous unix socket>", "", path, ""];
    const door = await host.network.listenUnix({
      path,
      mode: owner.mode,
      maxQueue: MAX_QUEUE,
      onConnection: (connection) => this.admit(connections, connection, ["binrpc", "unix_stream", ...here]),
    });
    this.doors.push({ shown: ["binrpc", "unix_stream", path, ""], close: () => door.close() });
    this.give(path, owner);
  }

  private listenDatagrams(path: string, owner: SocketOwner): void {
    const door = listenUnixDatagrams(this.host.host, path, owner.mode, (bytes, answer) =>
      this.serve(bytes, 0, bytes.length, answer),
    );
    this.doors.push({ shown: ["binrpc", "unix_dgram", path, ""], close: () => door.close() });
    this.give(path, owner);
  }

  private async listenTcp(local: SocketAddress): Promise<void> {
    const connections = new RpcConnections(this.server);
    const listener = await this.host.host.network.listenTcp({
      local,
      maxQueue: MAX_QUEUE,
      onConnection: (connection) => this.admit(connections, connection, ["binrpc", "tcp", ...endsOf(connection)]),
    });
    this.bound("binrpc", "tcp", listener);
  }

  private async listenUdp(local: SocketAddress): Promise<void> {
    const socket = await this.host.host.network.bindUdp({
      local,
      light: true,
      onMessage: (buf, start, end, peer) =>
        this.serve(buf, start, end, (bytes) => socket.send(peer, bytes, 0, bytes.length)),
    });
    this.bound("binrpc", "udp", socket);
  }

  // One datagram; what comes while too many commands run is dropped.
  private serve(buf: Uint8Array, start: number, end: number, send: (answer: Uint8Array) => void): void {
    if (this.running >= MAX_RUNNING) return;
    const answer = answerDatagram(this.server, buf, start, end);
    if (answer === null) return;
    if (answer instanceof Uint8Array) {
      send(answer);
      return;
    }
    this.running++;
    void answer.then((bytes) => {
      this.running--;
      send(bytes);
    });
  }

  private give(path: string, { user, group }: SocketOwner): void {
    if (user === null && group === null) return;
    const { uid, gid } = idsOf(this.host, user, group);
    this.host.host.system.give(path, uid, gid);
  }

  // Each place has connections of its own: who fills one that is open to many leaves the others alone.
  private admit(
    connections: RpcConnections,
    connection: TcpConnection,
    shown: readonly (string | number)[],
  ): TcpHandlers | null {
    const client: Client = { shown };
    const handlers = connections.take(connection, () => this.clients.delete(client));
    if (handlers !== null) this.clients.add(client);
    return handlers;
  }

  private async resolved(name: string, port: number): Promise<SocketAddress> {
    const family = ipFamily(name);
    if (family !== 0) return { family, address: name, port };
    const [address] = await this.host.host.network.lookup(name, 4);
    if (address === undefined) throw new HostError("ENOTFOUND", `the name ${name} has no address`);
    return { family: 4, address, port };
  }
}

/** Both ends of a connection as ctl.who shows them, the client's first. */
function endsOf({ remote, local }: TcpConnection): string[] {
  return [remote.address, String(remote.port), local.address, String(local.port)];
}

const KEEP = 0xffff_ffff;

// chown's -1 leaves one as it is.
function idsOf({ host }: ModuleHost, user: string | null, group: string | null): { uid: number; gid: number } {
  const account = user === null ? null : host.system.user(user);
  if (user !== null && account === null) throw new HostError("ENOENT", `there is no user ${user}`);
  const gid = group === null ? (account?.gid ?? KEEP) : host.system.group(group);
  if (gid === null) throw new HostError("ENOENT", `there is no group ${group}`);
  return { uid: account?.uid ?? KEEP, gid };
}
