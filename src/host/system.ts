// What a server asks of the system around it besides sockets and files: who it runs as, its limits, the log daemon, the background.

/** A user as the system knows it. */
export interface Account {
  readonly uid: number;
  /** The user's own group; null when only a number was given that belongs to nobody. */
  readonly gid: number | null;
}

/** A way to the log daemon. */
export interface SyslogSocket {
  /** Hands a line over without waiting; "full" when the daemon does not keep up, "gone" when it is not there (any more). */
  send(line: Uint8Array): "sent" | "full" | "gone";
  close(): void;
}

/** A FIFO that we read. */
export interface FifoChannel {
  /** What was written into it since; null when nothing. Never waits. */
  read(): Uint8Array | null;
  /** Takes its name away too. */
  close(): void;
}

/** A unix datagram socket with a name. */
export interface DatagramChannel {
  /** The next datagram and the name of who sent it, in the system's own form; null when there is none. Never waits. */
  receive(): { readonly bytes: Uint8Array; readonly from: Uint8Array } | null;
  /** "full" when the far end does not take it now, "failed" when it is gone or has no name. */
  send(to: Uint8Array, bytes: Uint8Array): "sent" | "full" | "failed";
  /** Takes its name away too. */
  close(): void;
}

/** Scheduling policies of `System.schedule`. */
export const Scheduling = { OTHER: 0, FIFO: 1, ROUND_ROBIN: 2 } as const;

/** How a command ended. */
export interface ShellResult {
  /** What it wrote to its standard output. */
  readonly output: Uint8Array;
  /** Its exit code; -1 when it could not be started. */
  readonly code: number;
  /** The number of the signal that killed it; 0 when none did. */
  readonly signal: number;
}

/** Calls that throw throw HostError with the system's code ("EPERM", "ENOENT" …), "ENOSYS" where the system offers no such thing. */
export interface System {
  /** A user by name or number; null when there is none of that name. */
  user(name: string): Account | null;
  /** A group by name or number. */
  group(name: string): number | null;
  /** Gives a file to a user. */
  give(path: string, uid: number, gid: number): void;
  /** Acts as that user until `actAsOneself`; what is opened meanwhile is opened with that user's rights. */
  actAs(uid: number, gid: number): void;
  actAsOneself(): void;
  /** Becomes that user for good; supplementary groups are dropped. Null leaves one as it is. */
  become(uid: number | null, gid: number | null): void;
  /** Makes a directory the root of all paths, and the working directory, from now on. */
  changeRoot(path: string): Promise<void>;
  /** Raises the limit of open files to `count` unless it is that high. */
  allowFiles(count: number): void;
  /** Core dumps of any size the system permits, or none. */
  allowCoreDumps(allowed: boolean): void;
  /** Keeps the memory in use from being swapped out. */
  lockMemory(): void;
  /** `policy` is one of Scheduling. */
  schedule(policy: number, priority: number): void;
  /** Opens the log daemon's socket; null when it is not there. */
  openSyslog(path: string): SyslogSocket | null;
  /** Opens a FIFO for reading, made with those permissions when it is not there. */
  openFifo(path: string, mode: number): FifoChannel;
  /** Writes into a FIFO that is there; "nobody" when nobody reads it yet. Never waits. */
  writeFifo(path: string, bytes: Uint8Array): "sent" | "nobody" | "failed";
  /** Opens a unix datagram socket of that name and permissions. */
  bindUnixDatagram(path: string, mode: number): DatagramChannel;
  /** Local time as log daemons want it: "Nov  3 09:05:01". */
  timestamp(): string;
  /** Runs this very program again, detached from the terminal, and waits until it called `ready` or ended; the exit code. */
  startInBackground(): number;
  /**
   * Runs a command line by /bin/sh, with nothing on its standard input and ours as its outputs; its exit code, -1 when it could not be started,
   * was killed or took longer than `limit` milliseconds (it is killed then).
   */
  run(command: string, limit: number): Promise<number>;
  /** Runs a command line by /bin/sh with `input` on its standard input, its error output being ours. Killed after `limit` milliseconds. */
  shell(command: string, input: Uint8Array, limit: number): Promise<ShellResult>;
  /** The same, everything else standing still meanwhile: for the start of the program only. */
  shellNow(command: string, input: Uint8Array, limit: number): ShellResult;
  /** In the process so started: what to call when it serves. Null in any other. */
  background(): Background | null;
}

export interface Background {
  /** Lets the starting process go; closes the standard streams, standard error only when not `keepsErrors`. */
  ready(keepsErrors: boolean): void;
}
