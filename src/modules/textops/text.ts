// Functions of textops that search and change the text of the message, and that compare strings.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { int, raw, str, variable } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { type KemiDef, kemi } from "../../registry/kemi.ts";
import { matches, type Pattern } from "../../script/posix-regex.ts";
import type { SipMessage } from "../../sip/message.ts";
import { textOf, trimmed } from "../../util/bytes.ts";
import {
  applyAll,
  changeUri,
  findNamed,
  type HeaderName,
  headerArg,
  type Replacement,
  regexArg,
  regexTextArg,
  type Substitution,
  substArg,
  substitute,
  valueEnd,
  valueStart,
  withUser,
} from "../core/index.ts";

const ANY = RouteKind.ANY;

function headers(msg: SipMessage): string {
  return textOf(msg.buf, msg.firstLineEnd, msg.headEnd);
}

function body(msg: SipMessage): string {
  return textOf(msg.buf, msg.bodyStart, msg.end);
}

/** Notes changes of a text that stands at `offset` in the message. Returns 1, or -1 when there are none. */
function change(msg: SipMessage, offset: number, changes: readonly Replacement[]): number {
  const edits = msg.currentEdits();
  for (const c of changes) edits.add(offset + c.start, c.end - c.start, c.text);
  return changes.length === 0 ? -1 : 1;
}

function replacements(re: Pattern, subject: string, text: string, all: boolean): Replacement[] {
  const out: Replacement[] = [];
  for (const m of re.matchAll(subject)) {
    const length = m.groups[0]!.length;
    if (length === 0) continue;
    out.push({ start: m.index, end: m.index + length, text });
    if (!all) break;
  }
  return out;
}

function plainReplacements(find: string, subject: string, text: string, mode: string): Replacement[] {
  const out: Replacement[] = [];
  for (let i = find === "" ? -1 : subject.indexOf(find); i >= 0; i = subject.indexOf(find, i + find.length)) {
    out.push({ start: i, end: i + find.length, text });
    if (!/^a/i.test(mode)) break;
  }
  return out;
}

function insertion(re: Pattern, subject: string, text: string): Replacement[] {
  for (const m of re.matchAll(subject)) {
    const end = m.index + m.groups[0]!.length;
    return [{ start: end, end, text }];
  }
  return [];
}

function substUri(ctx: RouteContext, s: Substitution): number {
  return changeUri(ctx.message, (uri) => {
    const changes = substitute(s, uri.text, ctx);
    return changes.length === 0 ? null : applyAll(uri.text, changes);
  });
}

function substUser(ctx: RouteContext, s: Substitution): number {
  return changeUri(ctx.message, (uri) => {
    const changes = substitute(s, uri.user, ctx);
    return changes.length === 0 ? null : withUser(uri, applyAll(uri.user, changes));
  });
}

// flags: a all headers of the name, f the first, l the last.
function substHeader(ctx: RouteContext, name: HeaderName, s: Substitution, flags: string): number {
  const msg = ctx.message;
  return onHeaders(msg, name, flags, (h) =>
    change(msg, valueStart(msg, h), substitute(s, textOf(msg.buf, valueStart(msg, h), valueEnd(msg, h)), ctx)),
  );
}

function onHeaders(msg: SipMessage, name: HeaderName, flags: string, act: (h: number) => number): number {
  const found: number[] = [];
  for (let h = findNamed(msg, name); h >= 0; h = findNamed(msg, name, h + 1)) found.push(h);
  const chosen = flags.startsWith("f") ? found.slice(0, 1) : flags.startsWith("l") ? found.slice(-1) : found;
  let result = -1;
  for (const h of chosen) if (act(h) > 0) result = 1;
  return result;
}

function truth(yes: boolean): number {
  return yes ? 1 : -1;
}

/** A function of two texts. */
function comparing(
  doc: string,
  args: readonly [string, string],
  test: (a: string, b: string) => boolean,
  otherwise = -1,
): FunctionDef<unknown> {
  return fn({
    args: [str(args[0]), str(args[1])],
    routes: ANY,
    doc,
    run: (_i: unknown, _ctx, a, b) => (test(a, b) ? 1 : otherwise),
  });
}

const sameButForCase = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function comparingScripts(doc: string, same: (a: string, b: string) => boolean): KemiDef<unknown> {
  return kemi({
    args: [str("str1"), str("str2")],
    doc,
    run: (_i: unknown, _ctx, a, b) => (same(a, b) ? 1 : -2),
  });
}

/** What scripts in other languages get otherwise: -2 where the native language gets -1. */
export const textScripting: Readonly<Record<string, KemiDef<unknown>>> = {
  cmp_str: comparingScripts("1 when the texts are the same, else -2.", (a, b) => a === b),
  cmp_istr: comparingScripts("1 when the texts are the same but for case, else -2.", sameButForCase),
};

/** Where a text begins in another, counted from 1; -1 when it is not there. */
function finding(doc: string, find: (a: string, b: string) => number): FunctionDef<unknown> {
  return fn({
    args: [str("str1"), str("str2")],
    routes: ANY,
    doc,
    run: (_i: unknown, _ctx, a, b) => {
      const at = find(a, b);
      return at < 0 ? -1 : at + 1;
    },
  });
}

/** A function that replaces what an expression matches in one part of the message. */
function replacing(
  doc: string,
  part: (msg: SipMessage) => string,
  offset: (msg: SipMessage) => number,
  all: boolean,
): FunctionDef<unknown> {
  return fn({
    args: [regexArg("re"), raw("txt", (t) => t)],
    routes: ANY,
    doc,
    run: (_i: unknown, ctx, re, text) =>
      change(ctx.message, offset(ctx.message), replacements(re, part(ctx.message), text, all)),
  });
}

/** The same for a plain text; mode "f" the first, "a" all. */
function replacingText(
  doc: string,
  part: (msg: SipMessage) => string,
  offset: (msg: SipMessage) => number,
): FunctionDef<unknown> {
  return fn({
    args: [str("match"), str("repl"), str("mode")],
    routes: ANY,
    doc,
    run: (_i: unknown, ctx, find, text, mode) => {
      change(ctx.message, offset(ctx.message), plainReplacements(find, part(ctx.message), text, mode));
      return 1; // as Kamailio, which does not tell whether the text was there
    },
  });
}

const allOf = (msg: SipMessage): string => textOf(msg.buf, msg.firstLineEnd, msg.end);
const atHeaders = (msg: SipMessage): number => msg.firstLineEnd;
const atBody = (msg: SipMessage): number => msg.bodyStart;

/** Searching, replacing and comparing functions of textops. */
export const textFunctions: Record<string, FunctionDef<unknown>> = {
  search: fn({
    args: [regexArg("re")],
    routes: ANY,
    doc: "True when the expression matches somewhere in the message, its first line included.",
    run: (_i: unknown, ctx, re) => truth(matches(re, textOf(ctx.message.buf, ctx.message.lineStart, ctx.message.end))),
  }),
  search_body: fn({
    args: [regexArg("re")],
    routes: ANY,
    doc: "True when the expression matches somewhere in the body.",
    run: (_i: unknown, ctx, re) => truth(matches(re, body(ctx.message))),
  }),
  search_hf: fn({
    args: [headerArg("hf"), regexArg("re"), str("flags")],
    routes: ANY,
    doc: "True when the expression matches the value of a header of that name: flags a all of them, f the first, l the last.",
    run: (_i: unknown, ctx, name, re, flags) =>
      onHeaders(ctx.message, name, flags, (h) => truth(matches(re, ctx.message.value(h)))),
  }),
  search_str: fn({
    args: [str("text"), regexTextArg("re")],
    routes: ANY,
    doc: "True when the expression matches the text.",
    run: (_i: unknown, _ctx, text, re) => truth(matches(re, text)),
  }),
  search_append: fn({
    args: [regexArg("re"), raw("txt", (t) => t)],
    routes: ANY,
    doc: "Puts the text behind the first match in the message behind its first line.",
    run: (_i: unknown, ctx, re, text) =>
      change(ctx.message, atHeaders(ctx.message), insertion(re, allOf(ctx.message), text)),
  }),
  search_append_body: fn({
    args: [regexArg("re"), raw("txt", (t) => t)],
    routes: ANY,
    doc: "Puts the text behind the first match in the body.",
    run: (_i: unknown, ctx, re, text) =>
      change(ctx.message, atBody(ctx.message), insertion(re, body(ctx.message), text)),
  }),
  replace: replacing("Replaces the first match in the message behind its first line.", allOf, atHeaders, false),
  replace_all: replacing("Replaces all matches in the message behind its first line.", allOf, atHeaders, true),
  replace_hdrs: replacing("Replaces the first match in the headers.", headers, atHeaders, false),
  replace_body: replacing("Replaces the first match in the body.", body, atBody, false),
  replace_body_all: replacing("Replaces all matches in the body.", body, atBody, true),
  replace_body_atonce: replacing("Replaces all matches in the body in one pass.", body, atBody, true),
  replace_str: replacingText(
    "Replaces a text in the message behind its first line: mode f the first place, a all.",
    allOf,
    atHeaders,
  ),
  replace_hdrs_str: replacingText("Replaces a text in the headers: mode f the first place, a all.", headers, atHeaders),
  replace_body_str: replacingText("Replaces a text in the body: mode f the first place, a all.", body, atBody),
  subst: fn({
    args: [substArg("subexp")],
    routes: ANY,
    doc: "Changes the headers by a substitution /re/replacement/flags; \\0 to \\9 are what the groups matched.",
    run: (_i: unknown, ctx, s) => change(ctx.message, atHeaders(ctx.message), substitute(s, headers(ctx.message), ctx)),
  }),
  subst_body: fn({
    args: [substArg("subexp")],
    routes: ANY,
    doc: "Changes the body by a substitution.",
    run: (_i: unknown, ctx, s) => change(ctx.message, atBody(ctx.message), substitute(s, body(ctx.message), ctx)),
  }),
  subst_uri: fn({
    args: [substArg("subexp")],
    routes: ANY,
    doc: "Changes the R-URI by a substitution.",
    run: (_i: unknown, ctx, s) => substUri(ctx, s),
  }),
  subst_user: fn({
    args: [substArg("subexp")],
    routes: ANY,
    doc: "Changes the user part of the R-URI by a substitution.",
    run: (_i: unknown, ctx, s) => substUser(ctx, s),
  }),
  subst_v: fn({
    args: [str("itext"), substArg("subexp"), variable("ovp")],
    routes: ANY,
    doc: "Puts a text, changed by a substitution, into a variable; false when nothing matches.",
    run: (_i: unknown, ctx, text, s, target) => {
      const changes = substitute(s, text, ctx);
      if (changes.length === 0 || target.set === undefined) return -1;
      target.set(ctx, applyAll(text, changes));
      return 1;
    },
  }),
  subst_hf: fn({
    args: [headerArg("hf"), substArg("subexp"), str("flags")],
    routes: ANY,
    doc: "Changes the values of headers of a name by a substitution: flags a all of them, f the first, l the last.",
    run: (_i: unknown, ctx, name, s, flags) => substHeader(ctx, name, s, flags),
  }),
  regex_substring: fn({
    args: [str("itext"), regexTextArg("regexp"), int("mindex"), int("mcount"), variable("dpv")],
    routes: ANY,
    doc: "Puts what group number mindex of the expression matched in the text into a variable; mcount is how many groups it may have.",
    run: (_i: unknown, ctx, text, re, index, count, target) => {
      for (const m of re.matchAll(text)) {
        const group = index >= 0 && index < count ? m.groups[index] : undefined;
        if (group === undefined || target.set === undefined) return -1;
        target.set(ctx, group);
        return 1;
      }
      return -2;
    },
  }),
  cmp_str: comparing("True when the texts are the same.", ["str1", "str2"], (a, b) => a === b),
  cmp_istr: comparing("True when the texts are the same but for case.", ["str1", "str2"], sameButForCase),
  starts_with: fn({
    args: [str("str1"), str("str2")],
    routes: ANY,
    doc: "True when the first text begins with the second; -1 when it is shorter, -2 when it begins otherwise.",
    run: (_i: unknown, _ctx, a, b) => (a.startsWith(b) ? 1 : a.length < b.length ? -1 : -2),
  }),
  ends_with: comparing("True when the first text ends with the second.", ["str1", "str2"], (a, b) => a.endsWith(b)),
  str_find: finding("True when the first text holds the second: where, counted from 1.", (a, b) => a.indexOf(b)),
  str_ifind: finding("True when the first text holds the second, case aside: where, counted from 1.", (a, b) =>
    a.toLowerCase().indexOf(b.toLowerCase()),
  ),
  str_any_in: comparing("True when the text has at least one of the listed characters.", ["txt", "clist"], (a, b) =>
    [...a].some((c) => b.includes(c)),
  ),
  str_all_in: comparing("True when the text has no other than the listed characters.", ["txt", "clist"], (a, b) =>
    [...a].every((c) => b.includes(c)),
  ),
  in_list: fn({
    args: [str("subject"), str("list"), str("separator")],
    routes: ANY,
    doc: "True when the subject is one of the items of a list; white space around items does not count.",
    run: (_i: unknown, _ctx, subject, list, separator) =>
      truth(subject !== "" && items(list, separator).includes(subject)),
  }),
  in_list_prefix: fn({
    args: [str("subject"), str("list"), str("separator")],
    routes: ANY,
    doc: "True when an item of a list is how the subject begins.",
    run: (_i: unknown, _ctx, subject, list, separator) =>
      truth(items(list, separator).some((item) => item !== "" && subject.startsWith(item))),
  }),
};

function items(list: string, separator: string): string[] {
  return separator === "" ? [trimmed(list)] : list.split(separator.charAt(0)).map(trimmed);
}
