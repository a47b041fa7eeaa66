// Client transaction of methods other than INVITE: RFC 3261 figure 6. Timer K is the transaction's wait (timers.ts).

import { ClientInput, Do } from "./machine.ts";

export const Client = { TRYING: 0, PROCEEDING: 1, COMPLETED: 2, TERMINATED: 4 } as const;
const { TRYING, PROCEEDING, COMPLETED, TERMINATED } = Client;

/** The next state and actions for an input. */
export function client(state: number, input: number): number {
  switch (state) {
    case TRYING:
      return waiting(TRYING, 0, input);
    case PROCEEDING:
      return waiting(PROCEEDING, Do.SLOW, input);
    default:
      return state; // Completed absorbs, Terminated is gone
  }
}

// Trying and Proceeding differ only in how often the request is sent again.
function waiting(state: number, pace: number, input: number): number {
  switch (input) {
    case ClientInput.PROVISIONAL:
      return PROCEEDING | Do.PASS | Do.SLOW;
    case ClientInput.SUCCESS:
    case ClientInput.FAILURE:
      return COMPLETED | Do.PASS | Do.STOP;
    case ClientInput.RETRANSMIT:
      return state | Do.SEND | pace;
    case ClientInput.TIMEOUT:
      return TERMINATED | Do.TIMED_OUT | Do.STOP;
    default:
      return TERMINATED | Do.FAILED | Do.STOP;
  }
}
