// Where routes differ from Kamailio on purpose: what we do instead, and why. docs/semantics.md lists the same.

import type { Seen } from "./routes-case.ts";

interface Difference {
  readonly why: string;
  /** What of the recorded answer we show instead. */
  readonly ours: Partial<Seen>;
}

const LEAKS =
  "Kamailio keeps $var for the life of a process, so that it is seen by whatever message comes next; here it belongs to one message";
const LEAKS_FLAGS = `${LEAKS}; script flags of the message before are seen in core:pre-routing there`;

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "state: the next message's request_route": {
    why: LEAKS,
    ours: {
      log: [
        "begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=200 du=<null> branches=<null> hf=<null> rc=0",
        "end var=v1 avp=a1 mf=2 bf=2 sf=2 ru=200 du=sip:{UAS} branches=1 hf=<null> rc=1",
        "begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=200 du=<null> branches=<null> hf=<null> rc=0",
        "end var=v1 avp=a1 mf=2 bf=2 sf=2 ru=200 du=sip:{UAS} branches=1 hf=<null> rc=1",
      ],
    },
  },
  "state: branches keep their own flags": {
    why: LEAKS,
    ours: {
      log: [
        "var=0 avp=<null> mf=0 bf=16 sf=0 ru=200 du=<null> branches=1 hf=<null> rc=0",
        "var=0 avp=<null> mf=0 bf=2 sf=0 ru=two.200 du=<null> branches=1 hf=<null> rc=0",
        "after var=0 avp=<null> mf=0 bf=16 sf=0 ru=200 du=<null> branches=<null> hf=<null> rc=1",
      ],
    },
  },
  "state: a failure_route relays with what request_route changed": {
    why: LEAKS,
    ours: { log: ["var=0 avp=<null> mf=0 bf=0 sf=0 ru=first.486 du=<null> branches=<null> hf=<null> rc=0"] },
  },
  "state: edits of one failure_route and the next": {
    why: LEAKS,
    ours: { log: ["var=0 avp=<null> mf=32 bf=0 sf=0 ru=486 du=<null> branches=<null> hf=<null> rc=0"] },
  },
  "state: edits of a branch-failure and the failure_route": {
    why: LEAKS,
    ours: { log: ["var=0 avp=<null> mf=0 bf=0 sf=0 ru=486 du=<null> branches=<null> hf=<null> rc=0"] },
  },
  "state: a failure_route adds a branch": {
    why: LEAKS,
    ours: {
      log: [
        "var=0 avp=<null> mf=0 bf=0 sf=0 ru=486 du=<null> branches=1 hf=<null> rc=1",
        "relayed var=0 avp=<null> mf=0 bf=0 sf=0 ru=486 du=<null> branches=<null> hf=<null> rc=1",
      ],
    },
  },
  "state: onreply_route begins with": {
    why: LEAKS,
    ours: {
      log: [
        "180 begin var=0 avp=a1 mf=2 bf=2 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "180 end var=v2 avp=a2 mf=6 bf=6 sf=4 ru=<null> du=<null> branches=<null> hf=<null> rc=1",
        "200 begin var=0 avp=a2 mf=6 bf=6 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "200 end var=v2 avp=a2 mf=6 bf=6 sf=4 ru=<null> du=<null> branches=<null> hf=<null> rc=1",
      ],
    },
  },
  "state: from onreply_route to failure_route": {
    why: LEAKS,
    ours: {
      log: [
        "180 begin var=0 avp=a1 mf=2 bf=2 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "486 begin var=0 avp=a2 mf=6 bf=6 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "begin var=v1 avp=a2 mf=6 bf=6 sf=0 ru=180-486 du=<null> branches=<null> hf=<null> rc=0",
      ],
    },
  },
  "state: from reply_route to onreply_route": {
    why: LEAKS,
    ours: {
      log: [
        "180 begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "180 end var=v2 avp=a2 mf=4 bf=4 sf=4 ru=<null> du=<null> branches=<null> hf=<null> rc=1",
        "180 named var=v2 avp=a1 mf=2 bf=2 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "200 begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "200 end var=v2 avp=a2 mf=4 bf=4 sf=4 ru=<null> du=<null> branches=<null> hf=<null> rc=1",
        "200 named var=v2 avp=a3 mf=10 bf=10 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
      ],
    },
  },
  "state: reply_route of a stateless reply": {
    why: LEAKS,
    ours: {
      log: [
        "begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "end var=v2 avp=a2 mf=4 bf=4 sf=4 ru=<null> du=<null> branches=<null> hf=<null> rc=1",
      ],
    },
  },
  "state: event_route[core:pre-routing] and request_route": {
    why: LEAKS_FLAGS,
    ours: {
      log: [
        "begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=200 du=<null> branches=<null> hf=<null> rc=0",
        "request var=v1 avp=a1 mf=2 bf=2 sf=0 ru=pre.200 du=sip:{UAS} branches=1 hf=<null> rc=0",
        "begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
      ],
    },
  },
  "state: event_route[core:pre-routing] and reply_route": {
    why: LEAKS_FLAGS,
    ours: {
      log: [
        "180 begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "180 reply var=v1 avp=a1 mf=2 bf=2 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "200 begin var=0 avp=<null> mf=0 bf=0 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
        "200 reply var=v1 avp=a1 mf=2 bf=2 sf=0 ru=<null> du=<null> branches=<null> hf=<null> rc=0",
      ],
    },
  },
  "names: a computed name that does not exist": {
    why: "a route that is not there fails: $rc says so",
    ours: { log: ["rc=-1"] },
  },
  "names: t_on_branch and t_on_failure by variable": {
    why: "Kamailio takes constant names only",
    ours: { log: ["branch", "failure"] },
  },
  "onsend_route drops one of two branches": {
    why: "here each branch goes through branch_route and onsend_route in turn; Kamailio runs all branch routes first",
    ours: { uas: ["MESSAGE sip:two.200@{UAS} SIP/2.0"] },
  },
  "state: event_route[core:msg-received] and request_route": {
    why: "what runs before the message is parsed leaves nothing with it here",
    ours: { log: ["var=0 avp=<null> mf=0 rc=0", "var=0 avp=<null> mf=0 rc=0"] },
  },
  "onsend for replies: drop, stateful": {
    why: "Kamailio withholds the 200 too once the 180 was dropped",
    ours: { uac: ["SIP/2.0 100 trying -- your call is important to us", "SIP/2.0 200 R200"] },
  },
  "core:receive-parse-error: a line that is no header": {
    why: "here the event runs wherever in the head the fault is; Kamailio parses up to Via only",
    ours: { log: ["other error"] },
  },
};

/** What we must show for a case, given what Kamailio showed. */
export function expectedOf(name: string, recorded: Seen): Seen {
  return { ...recorded, ...DIFFERENCES[name]?.ours };
}
