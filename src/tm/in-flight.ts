// Requests whose script waits and that have no transaction yet (design.md, D5): repetitions of them are absorbed, and an ACK or
// CANCEL that overtakes its INVITE is held until the script is done. Bounded: what does not fit goes on as if nothing were in flight.

import type { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { keyHash } from "./key.ts";

/** What `offer` says of a request: nothing in flight concerns it. */
export const NEW = 0;
/** It repeats one in flight, and goes no further. */
export const REPEATED = 1;
/** It is an ACK or CANCEL for an INVITE in flight; `leave` gives it back. The message is now owned by the table. */
export const HELD = 2;

/** The most ACKs and CANCELs held for one request: each is sent again anyway. */
const MAX_HELD = 4;
/** The largest of them that is held, octets: usual ones take some hundred. */
const MAX_HELD_SIZE = 8192;

const nobody = (): boolean => false;

interface Entry<T> {
  /** What came meanwhile, in order, with what the caller gave beside it. */
  readonly held: { readonly msg: SipMessage; readonly origin: T }[];
}

/** `T` is what the caller wants back with a held message: the flow it came by. */
export class InFlight<T> {
  private readonly seed: number;
  private readonly max: number;
  // Two requests whose 32-bit keys agree by chance would be taken for one; both ends then send again, and the second passes.
  private readonly entries = new Map<number, Entry<T>>();

  /** `seed` is random, so that strangers cannot make keys agree; `max` bounds the table. */
  constructor(seed: number, max: number) {
    this.seed = seed;
    this.max = max;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The script of a request begins to wait. Returns its handle for `leave`, or -1 when it is not kept. */
  enter(msg: SipMessage): number {
    if (this.entries.size >= this.max || msg.method === Method.ACK) return -1;
    const key = keyHash(msg, msg.method, this.seed);
    if (this.entries.has(key)) return -1;
    this.entries.set(key, { held: [] });
    return key;
  }

  /** The script is done. Returns what was held for it, in the order of arrival, to be handled now. */
  leave(handle: number): readonly { readonly msg: SipMessage; readonly origin: T }[] {
    const entry = this.entries.get(handle);
    if (entry === undefined) return [];
    this.entries.delete(handle);
    return entry.held;
  }

  /**
   * Whether a request concerns one in flight: NEW, REPEATED or HELD. Cheap when nothing is in flight. `known` says whether the INVITE of a CANCEL
   * has its transaction already, which then deals with it.
   */
  offer(msg: SipMessage, origin: T, known: (cancel: SipMessage) => boolean = nobody): number {
    if (this.entries.size === 0) return NEW;
    const { method } = msg;
    if (method !== Method.ACK && this.entries.has(keyHash(msg, method, this.seed))) return REPEATED;
    if (method !== Method.ACK && method !== Method.CANCEL) return NEW;
    const entry = this.entries.get(keyHash(msg, Method.INVITE, this.seed));
    if (entry === undefined || (method === Method.CANCEL && known(msg))) return NEW;
    if (msg.end - msg.start > MAX_HELD_SIZE) return NEW;
    if (entry.held.length >= MAX_HELD) return REPEATED;
    msg.own();
    entry.held.push({ msg, origin });
    return HELD;
  }
}
