// Server transaction of methods other than INVITE: RFC 3261 figure 8. Timer J is the transaction's wait (timers.ts).

import { Do, ServerInput } from "./machine.ts";

export const Server = { TRYING: 0, PROCEEDING: 1, COMPLETED: 2, TERMINATED: 4 } as const;
const { TRYING, PROCEEDING, COMPLETED } = Server;

/** The next state and actions for an input. */
export function server(state: number, input: number): number {
  switch (state) {
    case TRYING:
      return input === ServerInput.REQUEST ? TRYING : waiting(TRYING, input);
    case PROCEEDING:
      return input === ServerInput.REQUEST ? PROCEEDING | Do.RESEND : waiting(PROCEEDING, input);
    case COMPLETED:
      return input === ServerInput.REQUEST ? COMPLETED | Do.RESEND : COMPLETED;
    default:
      return state;
  }
}

function waiting(state: number, input: number): number {
  switch (input) {
    case ServerInput.PROVISIONAL:
      return PROCEEDING | Do.SEND | Do.KEEP;
    case ServerInput.SUCCESS:
    case ServerInput.FAILURE:
      return COMPLETED | Do.SEND | Do.KEEP;
    default:
      return state;
  }
}
