// What the core asks of whoever holds transactions: module tm when it is loaded.

import type { Flow } from "../net/flow.ts";
import type { SipMessage } from "../sip/message.ts";
import type { RouteContext } from "./context.ts";

/** What the core asks of whoever holds transactions (module tm); each returns whether it took the message. */
export interface Transactions {
  /** A reply arrived. True when a transaction took it, at once or later. */
  reply(msg: SipMessage, flow: Flow): boolean;
  /** Replies through the context's transaction. Null when it has none, so that a stateless reply is right. */
  sendReply(ctx: RouteContext, code: number, reason: string, extra: string): number | null;
  /** The To tag of replies made here in the context's transaction; null when it has none. */
  localTag(ctx: RouteContext): string | null;
  /** A flow has gone, or the system says that nothing listens at its far end: what waits for it need not wait longer. */
  flowFailed(flow: Flow): void;
  /** A request route starts and ends for this context: what it left behind can be tidied. */
  afterRequest(ctx: RouteContext): void;
  /** The request route of this context has failed: its transaction answers, unless the request is on its way. False without a transaction. */
  routeFailed(ctx: RouteContext): boolean;
  /** Whether the INVITE that a CANCEL is for has a transaction. */
  knowsInvite(cancel: SipMessage): boolean;
}
