// What scripts in other languages have under KSR.corex beside the functions of corex.

import { str } from "../../registry/args.ts";
import { type KemiDef, kemi } from "../../registry/kemi.ts";
import { H } from "../../sip/headers.ts";
import { core, currentUri } from "../core/index.ts";
import { readText } from "./messages.ts";

function ofCore(name: string): KemiDef<unknown> {
  return { ...core.functions[name]!, gives: "int" };
}

const appendBranch = ofCore("append_branch");

/** The functions, by their names there. */
export const scripting: Readonly<Record<string, KemiDef<unknown>>> = {
  append_branch: appendBranch,
  append_branch_uri: appendBranch,
  append_branch_uri_q: appendBranch,
  set_send_socket: ofCore("force_send_socket"),
  has_ruri_user: kemi({
    doc: "1 when the R-URI has a user part, else -1.",
    run: (_i: unknown, ctx) => ((currentUri(ctx.message)?.user ?? "") === "" ? -1 : 1),
  }),
  has_user_agent: kemi({
    doc: "1 when there is a header User-Agent that is not empty, else -1.",
    run: (_i: unknown, ctx) => {
      const h = ctx.message.find(H.USER_AGENT);
      return h >= 0 && ctx.message.value(h) !== "" ? 1 : -1;
    },
  }),
  file_read: kemi({
    args: [str("path")],
    gives: "value",
    doc: "What is in a file; nothing when it cannot be read.",
    run: (_i: unknown, ctx, path) => readText(ctx, path),
  }),
};
