// $sbranch and sbranch_*(): a branch that is put together before it becomes the R-URI's or a further one. It lasts as long as the run of
// a route (on Kamailio as long as the process).

import { type BranchTarget, type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import { type FunctionDef, fn, type PvDef, pvClass } from "../../registry/define.ts";
import { own } from "../../util/own.ts";
import { ATTRIBUTES, newBranch } from "./branches.ts";

const KEY = {};

interface Holder {
  branch: BranchTarget | null;
}

function holderOf(ctx: RouteContext): Holder {
  let holder = ctx.attachment<Holder>(KEY);
  if (holder === undefined) {
    holder = { branch: null };
    ctx.attach(KEY, holder);
  }
  return holder;
}

function current(ctx: RouteContext): BranchTarget | null {
  return ctx.attachment<Holder>(KEY)?.branch ?? null;
}

// Replies have no branches: there these functions are taken, as by Kamailio, and fail.
const SENDING =
  RouteKind.REQUEST | RouteKind.BRANCH | RouteKind.FAILURE | RouteKind.ONREPLY | RouteKind.REPLY | RouteKind.ONSEND;

/** The class $sbranch. */
export const staticBranchVariables: Record<string, PvDef<unknown>> = {
  sbranch: pvClass<unknown>({
    doc: `An attribute of the static branch: ${Object.keys(ATTRIBUTES).join(", ")}; $null as uri empties it.`,
    inner: "required",
    writable: true,
    resolve: (_i, name) => {
      if (name === "count") return { get: (ctx) => ctx.branches.length };
      const attribute = own(ATTRIBUTES, name);
      if (attribute === undefined)
        return new ArgError(
          `unknown attribute of a branch "${name}"`,
          `one of count, ${Object.keys(ATTRIBUTES).join(", ")}`,
        );
      const get = (ctx: RouteContext) => {
        const branch = current(ctx);
        return branch === null ? null : attribute.get(branch);
      };
      const { set } = attribute;
      if (set === undefined) return { get };
      return {
        get,
        set: (ctx, value) => {
          const holder = holderOf(ctx);
          holder.branch = name === "uri" && value === null ? null : set(holder.branch ?? newBranch(""), value, ctx);
        },
      };
    },
  }),
};

/** The functions on it. */
export const staticBranchFunctions: Record<string, FunctionDef<unknown>> = {
  sbranch_reset: fn({
    routes: SENDING,
    doc: "Empties the static branch.",
    run: (_i: unknown, ctx) => {
      holderOf(ctx).branch = null;
      return 1;
    },
  }),
  sbranch_append: fn({
    routes: SENDING,
    doc: "Adds the static branch as a further destination.",
    run: (_i: unknown, ctx) => {
      const branch = current(ctx);
      if (branch === null || branch.uri === "" || !ctx.message.isRequest) return -1;
      ctx.addBranch(branch);
      return 1;
    },
  }),
  sbranch_set_ruri: fn({
    routes: SENDING,
    doc: "Makes the static branch the destination of the R-URI.",
    run: (_i: unknown, ctx) => {
      const branch = current(ctx);
      if (branch === null || branch.uri === "" || !ctx.message.isRequest) return -1;
      const { message } = ctx;
      message.newUri = branch.uri;
      message.dstUri = branch.dstUri;
      message.path = branch.path;
      message.branchFlags = branch.flags;
      if (branch.sendFrom !== null) ctx.sendFrom = branch.sendFrom;
      return 1;
    },
  }),
};
