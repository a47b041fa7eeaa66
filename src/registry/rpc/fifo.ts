// FIFOs that commands come through, and those that answers go into.

import type { Host } from "../../host/host.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import type { Log } from "../../util/log.ts";
import { lookEvery } from "./unix-datagrams.ts";

/** Milliseconds until a FIFO for an answer is tried again. */
const AGAIN = 50;
/** Looks until what does not become whole is dropped, and until an answer whose FIFO nobody reads is. */
const PATIENT_LOOKS = 40;

/** What reads the stream of a FIFO: it gets what came, and is told when half of something has been there for too long. */
export interface FifoReader {
  take(text: string): void;
  readonly hasPart: boolean;
  drop(): void;
}

/** Reads a FIFO, which is made if it is not there. Throws HostError. */
export function listenFifo(host: Host, path: string, mode: number, reader: FifoReader): { close(): void } {
  const fifo = host.system.openFifo(path, mode);
  let looks = 0;
  const stop = lookEvery(host, () => {
    const bytes = fifo.read();
    if (bytes === null) {
      if (reader.hasPart && ++looks > PATIENT_LOOKS) reader.drop();
      return;
    }
    looks = 0;
    reader.take(textOf(bytes, 0, bytes.length));
  });
  return {
    close() {
      stop();
      fifo.close();
    },
  };
}

/** Writes an answer into a FIFO of a client, below `directory` and nowhere else. The client may open it after it has asked. */
export function answerIntoFifo(host: Host, log: Log, directory: string, name: string, answer: string): void {
  if (!/^[\w.-]+$/.test(name) || name.startsWith(".")) {
    log.warn(`the name of a reply fifo is not taken: ${name.slice(0, 64)}`);
    return;
  }
  const path = host.files.resolve(directory, name);
  const bytes = bytesOf(answer);
  let looks = 0;
  const attempt = (): void => {
    const sent = host.system.writeFifo(path, bytes);
    if (sent === "nobody" && ++looks < PATIENT_LOOKS) host.clock.after(AGAIN, attempt);
    else if (sent !== "sent") log.info(`nobody took the answer from ${path}`);
  };
  attempt();
}
