// The flows to the targets of a name, one after the other (RFC 3263 4.3): the next one is looked for when the one before has failed.

import type { Target, Targets } from "../net/dns/index.ts";
import type { Flow } from "../net/flow.ts";
import { type Maybe, whenThere } from "../util/maybe.ts";

/** What a request to a name can still be sent to. */
export class Walk {
  private readonly targets: Targets;
  private readonly reach: (target: Target) => Flow | null;

  /** `reach` gives the flow to a target, null when there is none from here. */
  constructor(targets: Targets, reach: (target: Target) => Flow | null) {
    this.targets = targets;
    this.reach = reach;
  }

  /** Whether there may be another target. */
  get more(): boolean {
    return this.targets.more;
  }

  /**
   * The flow to the next target that can be reached; null when there is none. A promise when a name must be looked up or a connection is
   * opened; one that was refused is not `open`, and sending by it fails.
   */
  next(): Maybe<Flow | null> {
    return whenThere(this.targets.next(), (target) => {
      if (target === null) return null;
      const flow = this.reach(target);
      return flow === null ? this.next() : settled(flow);
    });
  }
}

/** Whoever sends over a new connection is told when it was refused at once, as a send that fails. */
export function settled(flow: Flow | null): Maybe<Flow | null> {
  return flow === null || flow.settling === null ? flow : flow.settling.then(() => flow);
}
