// A request that was sent to the first of several targets of a name (RFC 3263 4.3): what is kept to send it to the next one. It is
// made from the bytes that were sent, so that what the script did for its branch stays (tm's reparse_on_dns_failover); only our Via is new.

import type { Flow } from "../net/flow.ts";
import type { SendOptions } from "../sip/send-options.ts";
import { type Branch, type Further, type Outgoing, RelayError } from "../tm/index.ts";
import { bytesOf } from "../util/bytes.ts";
import { type Maybe, whenThere } from "../util/maybe.ts";
import type { RouteContext } from "./context.ts";
import { mayLeave } from "./onsend.ts";
import type { Proxy } from "./proxy.ts";
import type { Walk } from "./walk.ts";

/** The request of one branch, and where else it may go. */
export class Detour implements Further {
  readonly runsRoute = false;
  private readonly proxy: Proxy;
  private readonly walk: Walk;
  private readonly bytes: Uint8Array;
  private readonly options: SendOptions | null;
  /** For onsend_route, which sees each try; null without one. */
  private readonly ctx: RouteContext | null;

  /** `bytes`: what was sent first, a copy. */
  constructor(proxy: Proxy, walk: Walk, bytes: Uint8Array, options: SendOptions | null, ctx: RouteContext | null) {
    this.proxy = proxy;
    this.walk = walk;
    this.bytes = bytes;
    this.options = options;
    this.ctx = ctx;
  }

  /** Builds the request of `branch` for the next target that may be used. 0, or a RelayError when none is left. */
  next(branch: Branch, out: Outgoing, mayUse: (flow: Flow) => boolean): Maybe<number> {
    return whenThere(this.walk.next(), (flow) => {
      if (flow === null) return RelayError.UNRESOLVABLE;
      const { proxy, options, ctx } = this;
      const target = proxy.roomier(flow, this.bytes.length, options) ?? flow;
      if (!mayUse(target)) return this.next(branch, out, mayUse);
      const bytes = withVia(this.bytes, proxy.viaLine(target, branch.id(), options));
      if (bytes === null) return RelayError.BAD_REQUEST;
      out.buf = bytes;
      out.start = 0;
      out.end = bytes.length;
      out.target = target;
      out.last = options?.forwardClose === true;
      out.further = this.walk.more ? this : null;
      if (ctx === null || ctx.routes.onsend === null) return 0;
      return whenThere(mayLeave(ctx, ctx.routes.onsend, target, bytes.length), (may) =>
        may ? 0 : this.next(branch, out, mayUse),
      );
    });
  }
}

/** The request with another topmost Via line; null when it has none. */
function withVia(bytes: Uint8Array, line: string): Uint8Array | null {
  for (let start = lineEnd(bytes, 0); start < bytes.length; start = lineEnd(bytes, start)) {
    if (bytes[start] === 13) return null; // the end of the headers
    if (!isVia(bytes, start)) continue;
    const end = lineEnd(bytes, start);
    const via = bytesOf(line);
    const out = new Uint8Array(bytes.length - (end - start) + via.length);
    out.set(bytes.subarray(0, start));
    out.set(via, start);
    out.set(bytes.subarray(end), start + via.length);
    return out;
  }
  return null;
}

// Ours is written by us: "Via: " it is.
function isVia(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 86 && bytes[at + 1] === 105 && bytes[at + 2] === 97 && bytes[at + 3] === 58;
}

function lineEnd(bytes: Uint8Array, from: number): number {
  const at = bytes.indexOf(10, from);
  return at < 0 ? bytes.length : at + 1;
}
