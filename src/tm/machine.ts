// Vocabulary of the four machines. A machine maps (state, input) to a number: the next state and what to do, without doing it.
//
//   bits 0-2: next state    bits 3-: actions (Do)

/** Inputs of a client machine (towards the next hop). */
export const ClientInput = {
  PROVISIONAL: 0,
  SUCCESS: 1, // 2xx
  FAILURE: 2, // 3xx to 6xx
  RETRANSMIT: 3, // timers A, E
  TIMEOUT: 4, // timers B, C, F
  TRANSPORT: 5, // could not be sent
} as const;

/** Inputs of a server machine (towards the client). */
export const ServerInput = {
  REQUEST: 0, // the request again
  ACK: 1,
  PROVISIONAL: 2, // replies to be sent
  SUCCESS: 3,
  FAILURE: 4,
  RETRANSMIT: 5, // timer G
  GIVE_UP: 6, // timer H: no ACK came
} as const;

/** What a machine wants done. */
export const Do = {
  /** Send: the request again, or in a server machine the reply given. */
  SEND: 8,
  /** Hand the reply up. */
  PASS: 16,
  /** Acknowledge a failure (RFC 3261 17.1.1.3). */
  ACK: 32,
  /** Stop retransmitting. */
  STOP: 64,
  /** Go on retransmitting at T2. */
  SLOW: 128,
  /** Wait anew for the final reply (timer C). */
  EXTEND: 256,
  /** Tell above that no reply came in time. */
  TIMED_OUT: 512,
  /** Tell above that it could not be sent. */
  FAILED: 1024,
  /** Ask the next hop to give up. */
  CANCEL: 2048,
  /** Send the last reply again. */
  RESEND: 4096,
  /** Keep the reply for that. */
  KEEP: 8192,
  /** Send it again until it is acknowledged (timers G, H). */
  REPEAT: 16384,
} as const;

const STATE = 7;

/** The next state in a machine's answer. */
export function stateOf(answer: number): number {
  return answer & STATE;
}
