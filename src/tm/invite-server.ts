// INVITE server transaction: RFC 3261 figure 7 with the Accepted state of RFC 6026. Timers I and L are the transaction's wait.

import { Do, ServerInput } from "./machine.ts";

export const InviteServer = { PROCEEDING: 0, COMPLETED: 1, CONFIRMED: 2, ACCEPTED: 3, TERMINATED: 4 } as const;
const { PROCEEDING, COMPLETED, CONFIRMED, ACCEPTED, TERMINATED } = InviteServer;

/** The next state and actions for an input. */
export function inviteServer(state: number, input: number): number {
  switch (state) {
    case PROCEEDING:
      return proceeding(input);
    case COMPLETED:
      return completed(input);
    case CONFIRMED:
      return confirmed(input);
    case ACCEPTED:
      return accepted(input);
    default:
      return terminated(input);
  }
}

function proceeding(input: number): number {
  switch (input) {
    case ServerInput.REQUEST:
      return PROCEEDING | Do.RESEND;
    case ServerInput.PROVISIONAL:
      return PROCEEDING | Do.SEND | Do.KEEP;
    case ServerInput.SUCCESS:
      return ACCEPTED | Do.SEND;
    case ServerInput.FAILURE:
      return COMPLETED | Do.SEND | Do.KEEP | Do.REPEAT;
    default:
      return PROCEEDING;
  }
}

function completed(input: number): number {
  switch (input) {
    case ServerInput.REQUEST:
    case ServerInput.RETRANSMIT:
      return COMPLETED | Do.RESEND;
    case ServerInput.ACK:
      return CONFIRMED | Do.STOP;
    case ServerInput.SUCCESS:
      return COMPLETED | Do.SEND; // a late 2xx of a branch passes all the same (16.7, step 5)
    case ServerInput.GIVE_UP:
      return TERMINATED | Do.STOP;
    default:
      return COMPLETED;
  }
}

function confirmed(input: number): number {
  return input === ServerInput.SUCCESS ? CONFIRMED | Do.SEND : CONFIRMED;
}

// A repeated INVITE is absorbed without a reply: who accepted the call repeats the 2xx (RFC 6026 7.1).
function accepted(input: number): number {
  return input === ServerInput.SUCCESS ? ACCEPTED | Do.SEND : input === ServerInput.ACK ? ACCEPTED | Do.PASS : ACCEPTED;
}

function terminated(input: number): number {
  return input === ServerInput.SUCCESS ? TERMINATED | Do.SEND : TERMINATED;
}
