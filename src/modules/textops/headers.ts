// Functions of textops that add, remove and look for headers. All changes are edits: later reads do not see them.

import { RouteKind } from "../../proxy/context.ts";
import { int, optional, str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { matches, type Pattern } from "../../script/posix-regex.ts";
import { formatDate } from "../../sip/date.ts";
import type { SipMessage } from "../../sip/message.ts";
import {
  appendLines,
  findNamed,
  type HeaderName,
  headerArg,
  insertLines,
  nameText,
  receivedUri,
  regexArg,
  regexOf,
  regexTextArg,
  removeLine,
  removeNamed,
  wholeLines,
} from "../core/index.ts";

const ANY = RouteKind.ANY;

// Only those that `keep` does not match; names are matched whole or in part as the expression says.
function removeMatching(msg: SipMessage, re: Pattern, keep: Pattern | null): number {
  let removed = -1;
  for (let h = 0; h < msg.headerCount; h++) {
    const name = nameText(msg, h);
    if (!matches(re, name) || (keep !== null && matches(keep, name))) continue;
    removeLine(msg, h);
    removed = 1;
  }
  return removed;
}

/** The index counts from 0; negative ones from the end, -1 being the last. 2 when there is no such one, as on Kamailio. */
function removeNth(msg: SipMessage, name: HeaderName, index: number): number {
  const found: number[] = [];
  for (let h = findNamed(msg, name); h >= 0; h = findNamed(msg, name, h + 1)) found.push(h);
  const h = found.at(index);
  if (h === undefined) return 2;
  removeLine(msg, h);
  return 1;
}

function removeByValue(msg: SipMessage, name: HeaderName, op: string, text: string, re: Pattern | null): number {
  let removed = -2;
  for (let h = findNamed(msg, name); h >= 0; h = findNamed(msg, name, h + 1)) {
    if (!compares(msg.value(h), op, text, re)) continue;
    removeLine(msg, h);
    removed = 1;
  }
  return removed;
}

function compares(value: string, op: string, text: string, re: Pattern | null): boolean {
  switch (op) {
    case "eq":
      return value === text;
    case "ne":
      return value !== text;
    case "in":
      return value.includes(text);
    case "re":
      return re !== null && matches(re, value);
    default:
      return false;
  }
}

function presentMatching(msg: SipMessage, re: Pattern): number {
  for (let h = 0; h < msg.headerCount; h++) if (matches(re, nameText(msg, h))) return 1;
  return -1;
}

/** Header functions of textops. */
export const headerFunctions: Record<string, FunctionDef<unknown>> = {
  append_hf: fn({
    args: [str("text"), optional(headerArg("hdr"))],
    routes: ANY,
    doc: "Adds header lines at the end of the head, or behind the last header of a name.",
    run: (_i: unknown, ctx, text, after) => appendLines(ctx.message, text, after),
  }),
  insert_hf: fn({
    args: [str("text"), optional(headerArg("hdr"))],
    routes: ANY,
    doc: "Adds header lines at the start of the head, or in front of the first header of a name.",
    run: (_i: unknown, ctx, text, before) => insertLines(ctx.message, text, before),
  }),
  append_to_reply: fn({
    args: [str("text")],
    routes: ANY,
    doc: "Adds header lines to the replies that are made here for this request.",
    run: (_i: unknown, ctx, text) => {
      ctx.message.replyHeaders += wholeLines(text);
      return 1;
    },
  }),
  remove_hf: fn({
    args: [headerArg("hname")],
    routes: ANY,
    doc: "Removes all headers of that name; false when there is none.",
    aliases: ["remove_hf_pv"],
    run: (_i: unknown, ctx, name) => removeNamed(ctx.message, name),
  }),
  remove_hf_re: fn({
    args: [regexArg("re")],
    routes: ANY,
    doc: "Removes all headers whose name matches.",
    run: (_i: unknown, ctx, re) => removeMatching(ctx.message, re, null),
  }),
  remove_hf_re_pv: fn({
    args: [regexTextArg("re")],
    routes: ANY,
    doc: "As remove_hf_re(), with variables in its expressions.",
    run: (_i: unknown, ctx, re) => removeMatching(ctx.message, re, null),
  }),
  remove_hf_exp: fn({
    args: [regexArg("expmatch"), regexArg("expskip")],
    routes: ANY,
    doc: "Removes all headers whose name matches the first expression and not the second.",
    run: (_i: unknown, ctx, re, keep) => removeMatching(ctx.message, re, keep),
  }),
  remove_hf_exp_pv: fn({
    args: [regexTextArg("expmatch"), regexTextArg("expskip")],
    routes: ANY,
    doc: "As remove_hf_exp(), with variables in its expressions.",
    run: (_i: unknown, ctx, re, keep) => removeMatching(ctx.message, re, keep),
  }),
  remove_hf_idx: fn({
    args: [headerArg("hname"), int("idx")],
    routes: ANY,
    doc: "Removes the header of that name with that number, counted from 0, or from the end when negative.",
    run: (_i: unknown, ctx, name, index) => removeNth(ctx.message, name, index),
  }),
  remove_hf_match: fn({
    args: [headerArg("hname"), str("op"), str("expr")],
    routes: ANY,
    doc: "Removes the headers of that name whose value compares: eq, ne, in (contains), re (matches).",
    run: (_i: unknown, ctx, name, op, text) => {
      const re = op === "re" ? regexOf(text) : null;
      return removeByValue(ctx.message, name, op, text, re);
    },
  }),
  is_present_hf: fn({
    args: [headerArg("hf_name")],
    routes: ANY,
    doc: "True when the message has a header of that name, compact forms included.",
    aliases: ["is_present_hf_pv"],
    run: (_i: unknown, ctx, name) => (findNamed(ctx.message, name) >= 0 ? 1 : -1),
  }),
  is_present_hf_re: fn({
    args: [regexArg("hf_name_re")],
    routes: ANY,
    doc: "True when the name of some header matches.",
    run: (_i: unknown, ctx, re) => presentMatching(ctx.message, re),
  }),
  is_present_hf_re_pv: fn({
    args: [regexTextArg("hf_name_re")],
    routes: ANY,
    doc: "As is_present_hf_re(), with variables in its expressions.",
    run: (_i: unknown, ctx, re) => presentMatching(ctx.message, re),
  }),
  append_urihf: fn({
    args: [str("prefix"), str("suffix")],
    routes: RouteKind.REQUEST | RouteKind.FAILURE | RouteKind.BRANCH | RouteKind.LOCAL,
    doc: "Adds a header made of a prefix, the R-URI as it was received and a suffix.",
    run: (_i: unknown, ctx, prefix, suffix) =>
      ctx.message.isRequest ? appendLines(ctx.message, prefix + receivedUri(ctx.message) + suffix, undefined) : -1,
  }),
  append_time: fn({
    routes: RouteKind.REQUEST | RouteKind.FAILURE | RouteKind.BRANCH,
    doc: "Adds a Date header to the replies that are made here for this request.",
    run: (_i: unknown, ctx) => {
      ctx.message.replyHeaders += `Date: ${formatDate(ctx.proxy.host.clock.wall())}\r\n`;
      return 1;
    },
  }),
  append_time_to_request: fn({
    routes: ANY,
    doc: "Adds a Date header to the request.",
    run: (_i: unknown, ctx) =>
      appendLines(ctx.message, `Date: ${formatDate(ctx.proxy.host.clock.wall())}\r\n`, undefined),
  }),
};
