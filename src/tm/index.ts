// Transactions as pure machines: what the proxy and module tm use of this folder. The parts, from the wire upwards:
//   branch-id, key, table   which transaction a message belongs to
//   invite-client, client, invite-server, server   the machines of RFC 3261 17 and RFC 6026, without effects (machine)
//   downstream, upstream    do what the machines say, towards the next hop and towards the client
//   replies, pick, forward  what it means for the whole transaction (RFC 3261 16)
//   tm                      the door: requests, replies and timers come in here

export { Branch, BranchFlag } from "./branch.ts";
export { findByCallId } from "./find.ts";
export { forward } from "./forward.ts";
export { type Destination, type Further, type Hooks, Outgoing, RelayError, type Target } from "./hooks.ts";
export { InFlight, NEW } from "./in-flight.ts";
export type { Matching } from "./key.ts";
export { type LocalSide, NOBODY } from "./local.ts";
export { DEFAULT_OPTIONS, DropReplies, type TmOptions } from "./options.ts";
export { isParked, park, unpark } from "./park.ts";
export { SEND_FAILED } from "./replies.ts";
export { DEFAULT_TIMERS, type Timers } from "./timers.ts";
export { Tm } from "./tm.ts";
export { Transaction } from "./transaction.ts";
export type { Watcher } from "./watcher.ts";
