// An end of SCTP associations for tests: a socket that keeps what happens to it.

import type { Host, HostError, SocketAddress } from "../../src/host/host.ts";
import type { SctpAssociation, SctpOptions, SctpSettings, SctpSocket } from "../../src/host/sctp.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";

/** A socket that keeps what happens to it. */
export class SctpPeer {
  readonly texts: string[] = [];
  readonly events: string[] = [];
  readonly unsent: string[] = [];
  last: SctpAssociation | null = null;
  welcome = true;
  socket!: SctpSocket;

  static async open(host: Host, address: string, settings: SctpSettings = {}, more: Partial<SctpOptions> = {}) {
    const peer = new SctpPeer();
    const family = address.includes(":") ? 6 : 4;
    peer.socket = await host.network.bindSctp({
      local: { family, address, port: 0 },
      settings,
      maxMessage: 65_535,
      maxQueue: 1 << 20,
      onOpen: (association) => {
        peer.last = association;
        peer.events.push("open");
        return peer.welcome;
      },
      onMessage: (buf, start, end, association) => {
        peer.last = association;
        peer.texts.push(textOf(buf, start, end));
      },
      onUnsent: (_, message, mark) => void peer.unsent.push(`${mark} ${textOf(message, 0, message.length)}`),
      onClose: (_, error: HostError | null) => void peer.events.push(error === null ? "end" : error.code),
      ...more,
    });
    return peer;
  }

  get local(): SocketAddress {
    return this.socket.local;
  }

  send(to: SctpAssociation, text: string, mark = 0): boolean {
    const bytes = bytesOf(text);
    return this.socket.send(to, bytes, 0, bytes.length, mark);
  }
}
