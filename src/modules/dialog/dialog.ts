// One tracked dialog: what is known of a call and its two sides. It is its own timer.

import type { Listener } from "../../net/flow.ts";
import type { Transaction } from "../../tm/index.ts";
import { TimerNode } from "../../util/timer-wheel.ts";

/** States, as commands show and databases hold them. */
export const State = { UNCONFIRMED: 1, EARLY: 2, ANSWERED: 3, ACTIVE: 4, DELETED: 5 } as const;

/** What has happened to a dialog (`dflags`). */
export const Seen = {
  ANSWERED: 1,
  ACK: 2,
  BYE: 4,
  CALLER_BYE: 16,
  CALLEE_BYE: 32,
  VARIABLES: 128,
  RELAYED: 512,
  PROFILES: 1024,
} as const;

/** How a dialog is to be treated (`iflags`, written to databases). */
export const Wish = { TIMEOUT_BYE: 1, KA_CALLER: 2, KA_CALLEE: 4, TIMEOUT_NO_RESET: 8 } as const;

/** What the timer of a dialog waits for. */
export const Waits = { NOTHING: 0, EARLY: 1, ACK: 2, LIFETIME: 3, REMOVAL: 4 } as const;

/** The most variables and profiles one dialog may have. */
export const MAX_VARIABLES = 256;
export const MAX_PROFILES = 64;

/** One of the two parties, as seen from the server. */
export class Side {
  tag = "";
  contact = "";
  /** Number of the last request it has sent. */
  cseq = 0;
  /** Values of Route for requests to it, joined by commas. */
  routes = "";
  /** Whether tag, contact and routes are known. */
  known = false;
  /** The listener its messages come to. */
  socket: Listener | null = null;
  /** The same as text; kept when no listener of ours has that address. */
  socketText = "";
}

/** A dialog's place in a profile. */
export interface InProfile {
  readonly name: string;
  /** Null in a profile without values. */
  readonly value: string | null;
}

/** Whom the timer of a dialog calls. */
export interface DialogOwner {
  dialogTimer(dialog: Dialog): void;
}

/** A dialog. Texts are byte strings, times seconds since 1970. */
export class Dialog extends TimerNode {
  readonly owner: DialogOwner;
  /** Its identifier: place in the hash table of Kamailio, and number there. */
  readonly entry: number;
  readonly id: number;
  readonly callId: string;
  fromUri = "";
  toUri = "";
  /** R-URI of the request that made it. */
  requestUri = "";
  readonly caller = new Side();
  readonly callee = new Side();
  state: number = State.UNCONFIRMED;
  createdAt = 0;
  /** When it was answered, and when it ended; 0 not yet. */
  startedAt = 0;
  endedAt = 0;
  /** How long it may last after the last request in it, and when that is over; 0 while it is not answered. */
  lifetime = 0;
  expiresAt = 0;
  waits: number = Waits.NOTHING;
  /** Flags of the script, internal ones (Wish), and what has happened (Seen). */
  flags = 0;
  wishes = 0;
  seen = 0;
  /** Name of the route that runs when its time is over; "" none. */
  timeoutRoute = "";
  readonly variables = new Map<string, string>();
  profiles: InProfile[] = [];
  /** The INVITE transaction while it is not answered finally; null else. */
  transaction: Transaction | null = null;
  /** Keep-alives that failed one after another. */
  kaFailed = 0;
  /** When the next keep-alive is due, in milliseconds of the clock that never goes back. */
  kaDueAt = 0;
  /** BYEs of ours whose answers are awaited. */
  byes = 0;
  /** Its end was told to those who listen. */
  endTold = false;
  /** It is in the table. */
  listed = false;
  /** A row of it is in the database; what is in memory differs from it. */
  stored = false;
  dirty = false;
  /** The next dialog of the same Call-ID. */
  nextOfCall: Dialog | null = null;
  private attachments: Map<object, unknown> | null = null;

  constructor(owner: DialogOwner, entry: number, id: number, callId: string) {
    super();
    this.owner = owner;
    this.entry = entry;
    this.id = id;
    this.callId = callId;
  }

  /** Whether it has neither been answered nor failed. */
  get isEarly(): boolean {
    return this.state <= State.EARLY;
  }

  /** Whether it was answered and goes on. */
  get isConfirmed(): boolean {
    return this.state === State.ANSWERED || this.state === State.ACTIVE;
  }

  /** What a module keeps with the dialog under its key; undefined when nothing. */
  attachment<T>(key: object): T | undefined {
    return this.attachments?.get(key) as T | undefined;
  }
  attach(key: object, value: unknown): void {
    this.attachments ??= new Map();
    this.attachments.set(key, value);
  }

  /** Sets a variable, or takes it away with null. False when there are too many. */
  setVariable(name: string, value: string | null): boolean {
    if (value === null) {
      if (!this.variables.delete(name)) return true;
    } else if (this.variables.size >= MAX_VARIABLES && !this.variables.has(name)) return false;
    else this.variables.set(name, value);
    this.seen |= Seen.VARIABLES;
    return true;
  }

  override fire(): void {
    this.owner.dialogTimer(this);
  }
}
