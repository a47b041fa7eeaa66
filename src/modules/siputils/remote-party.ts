// Remote-Party-ID made of a URI that an AVP holds (authentication puts it there).

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { optional, str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { NameAddrRange, parseNameAddr } from "../../sip/name-addr.ts";
import { toText } from "../../sip/value.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import { oneLine, uriOf } from "../core/index.ts";

/** What these functions are told by the configuration. */
export interface RemoteParty {
  /** Key of the AVP. */
  readonly rpidAvp: string;
  readonly rpidPrefix: string;
  readonly rpidSuffix: string;
  readonly e164Max: number;
}

const range = new NameAddrRange();

function rpidOf(self: RemoteParty, ctx: RouteContext): string {
  return toText(ctx.avpsOrNull?.all(self.rpidAvp)?.[0] ?? null);
}

function append(self: RemoteParty, ctx: RouteContext, prefix: string, suffix: string): number {
  const rpid = rpidOf(self, ctx);
  if (rpid === "") return -1;
  const msg = ctx.message;
  msg.currentEdits().add(msg.headEnd, 0, `Remote-Party-ID: ${oneLine(prefix + rpid + suffix)}\r\n`);
  return 1;
}

/** Functions of siputils on Remote-Party-ID. */
export const remotePartyFunctions: Record<string, FunctionDef<RemoteParty>> = {
  append_rpid_hf: fn({
    args: [optional(str("prefix")), optional(str("suffix"))],
    routes: RouteKind.REQUEST | RouteKind.FAILURE | RouteKind.BRANCH,
    doc: "Adds Remote-Party-ID: prefix, the URI of the AVP, suffix; without them those of the parameters.",
    run: (self: RemoteParty, ctx, prefix, suffix) =>
      append(self, ctx, prefix ?? self.rpidPrefix, suffix ?? self.rpidSuffix),
  }),
  is_rpid_user_e164: fn({
    routes: RouteKind.REQUEST,
    doc: "True when the user part of the AVP's URI is + and up to 15 digits.",
    run: (self: RemoteParty, ctx) => {
      const bytes = bytesOf(rpidOf(self, ctx));
      if (parseNameAddr(bytes, 0, bytes.length, range) !== 0) return -1;
      const uri = uriOf(textOf(bytes, range.uriStart, range.uriEnd));
      return uri !== null && /^\+\d+$/.test(uri.user) && uri.user.length <= self.e164Max ? 1 : -1;
    },
  }),
};
