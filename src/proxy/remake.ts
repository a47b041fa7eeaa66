// A request that is made anew for the next target of a name, branch route and all (tm's reparse_on_dns_failover 0): what is kept to do so. What
// depends on the outgoing socket (Record-Route) is then right for each target.

import { markSource } from "../sip/build.ts";
import type { Edits } from "../sip/edits.ts";
import type { SipMessage } from "../sip/message.ts";
import type { Further } from "../tm/index.ts";
import { attempt, type Maybe } from "../util/maybe.ts";
import type { RouteContext } from "./context.ts";
import type { ScriptState } from "./script-state.ts";
import type { Walk } from "./walk.ts";

/** Under this key a context that makes a request anew has the targets left. */
const LEFT: object = {};

/** The targets that a context has to use; undefined when it looks for its own. */
export function targetsLeft(ctx: RouteContext): Walk | undefined {
  return ctx.attachment<Walk>(LEFT);
}

/** A request as it is before the branch route of one of its branches. */
export class Beginning {
  private readonly ctx: RouteContext;
  private readonly newUri: string | null;
  private readonly dstUri: string | null;
  private readonly path: string | null;
  private readonly branchFlags: number;
  private readonly edits: Edits;

  /** Takes possession of the message. */
  constructor(ctx: RouteContext) {
    const msg = ctx.message;
    msg.own();
    markSource(msg, ctx.flow.remote); // before the edits are copied: each carries it
    this.ctx = ctx;
    this.newUri = msg.newUri;
    this.dstUri = msg.dstUri;
    this.path = msg.path;
    this.branchFlags = msg.branchFlags;
    this.edits = msg.edits.clone();
  }

  get message(): SipMessage {
    return this.ctx.message;
  }

  /** Has `make` build it for the targets left, with the AVPs there are now; the message is as it was afterwards. */
  again(targets: Walk, state: ScriptState | null, make: (ctx: RouteContext) => Maybe<number>): Maybe<number> {
    const { ctx } = this;
    const msg = ctx.message;
    const { newUri, dstUri, path, branchFlags } = msg;
    const edits = msg.edits.clone();
    this.putInto(ctx);
    ctx.avpsOrNull = state?.avps ?? ctx.avpsOrNull;
    ctx.attach(LEFT, targets);
    const restore = (): void => {
      ctx.attach(LEFT, undefined);
      Object.assign(msg, { newUri, dstUri, path, branchFlags });
      msg.edits.copyFrom(edits);
    };
    const made = attempt(() => make(ctx));
    if (made instanceof Promise) return made.finally(restore);
    restore();
    return made;
  }

  private putInto({ message }: RouteContext): void {
    message.newUri = this.newUri;
    message.dstUri = this.dstUri;
    message.path = this.path;
    message.branchFlags = this.branchFlags;
    message.edits.copyFrom(this.edits);
  }
}

/** Kept as the way on of a branch. */
export class Remake implements Further {
  readonly runsRoute = true;
  readonly beginning: Beginning;
  readonly targets: Walk;

  constructor(beginning: Beginning, targets: Walk) {
    this.beginning = beginning;
    this.targets = targets;
  }
}
