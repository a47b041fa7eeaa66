// Commands that come as unix datagrams: a socket that is looked into every now and then, since neither runtime tells when there is something.

import type { Host } from "../../host/host.ts";

/** Milliseconds between two looks. */
const LOOK = 50;
/** Datagrams of one look, and answers that wait for room. */
const MAX_AT_ONCE = 32;

/** Calls `fn` every 50 ms until what it returns is called. */
export function lookEvery({ clock }: Host, fn: () => void): () => void {
  let cancel = clock.after(LOOK, function again() {
    cancel = clock.after(LOOK, again);
    fn();
  });
  return () => cancel();
}

/**
 * Listens on a unix datagram socket; `onMessage` gets each datagram and how to answer it, at once or later. An answer that the client has no room
 * for is tried again for `patience` milliseconds. Throws HostError.
 */
export function listenUnixDatagrams(
  host: Host,
  path: string,
  mode: number,
  onMessage: (bytes: Uint8Array, answer: (bytes: Uint8Array) => void) => void,
  patience = 0,
): { close(): void } {
  const socket = host.system.bindUnixDatagram(path, mode);
  let open = true;
  let waiting = 0;
  const stop = lookEvery(host, () => {
    for (let n = 0; n < MAX_AT_ONCE; n++) {
      const got = socket.receive();
      if (got === null) return;
      const attempt = (bytes: Uint8Array, left: number): void => {
        if (!open || socket.send(got.from, bytes) !== "full" || left < LOOK || waiting >= MAX_AT_ONCE) return;
        waiting++;
        host.clock.after(LOOK, () => {
          waiting--;
          attempt(bytes, left - LOOK);
        });
      };
      onMessage(got.bytes, (bytes) => attempt(bytes, patience));
    }
  });
  return {
    close() {
      open = false;
      stop();
      socket.close();
    },
  };
}
