// INVITE client transaction: RFC 3261 figure 5 with the Accepted state of RFC 6026, and timer C of a proxy (16.8).
// Timers D and M are one with the others' wait at the end, kept by the transaction (timers.ts).

import { ClientInput, Do } from "./machine.ts";

export const InviteClient = { CALLING: 0, PROCEEDING: 1, COMPLETED: 2, ACCEPTED: 3, TERMINATED: 4 } as const;
const { CALLING, PROCEEDING, COMPLETED, ACCEPTED, TERMINATED } = InviteClient;

/** The next state and actions for an input. */
export function inviteClient(state: number, input: number): number {
  switch (state) {
    case CALLING:
      return calling(input);
    case PROCEEDING:
      return proceeding(input);
    case COMPLETED:
      return completed(input);
    case ACCEPTED:
      return accepted(input);
    default:
      return TERMINATED;
  }
}

function calling(input: number): number {
  switch (input) {
    case ClientInput.PROVISIONAL:
      return PROCEEDING | Do.PASS | Do.STOP | Do.EXTEND;
    case ClientInput.SUCCESS:
      return ACCEPTED | Do.PASS | Do.STOP;
    case ClientInput.FAILURE:
      return COMPLETED | Do.ACK | Do.PASS | Do.STOP;
    case ClientInput.RETRANSMIT:
      return CALLING | Do.SEND;
    case ClientInput.TIMEOUT:
      return COMPLETED | Do.TIMED_OUT | Do.STOP; // Completed, not Terminated: a reply that comes late is still acknowledged
    default:
      return TERMINATED | Do.FAILED | Do.STOP;
  }
}

function proceeding(input: number): number {
  switch (input) {
    case ClientInput.PROVISIONAL:
      return PROCEEDING | Do.PASS | Do.EXTEND;
    case ClientInput.SUCCESS:
      return ACCEPTED | Do.PASS | Do.STOP;
    case ClientInput.FAILURE:
      return COMPLETED | Do.ACK | Do.PASS | Do.STOP;
    case ClientInput.TIMEOUT:
      return COMPLETED | Do.TIMED_OUT | Do.CANCEL | Do.STOP;
    default:
      return PROCEEDING;
  }
}

function completed(input: number): number {
  switch (input) {
    case ClientInput.FAILURE:
      return COMPLETED | Do.ACK;
    case ClientInput.SUCCESS:
      return ACCEPTED | Do.PASS; // a phone answered after we gave up: its 2xx must reach the caller (16.7, step 5)
    case ClientInput.TRANSPORT:
      return TERMINATED;
    default:
      return COMPLETED;
  }
}

function accepted(input: number): number {
  return input === ClientInput.SUCCESS ? ACCEPTED | Do.PASS : ACCEPTED;
}
