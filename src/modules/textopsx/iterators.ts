// Iterators of textopsx: over the headers of a message and over the lines of its body, by name, four at a time of each kind.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { str } from "../../registry/args.ts";
import { type FunctionDef, fn, type PvDef, pvClass } from "../../registry/define.ts";
import type { SipMessage } from "../../sip/message.ts";
import { textOf } from "../../util/bytes.ts";
import { lineEnd, lineStart, nameText, wholeLines } from "../core/index.ts";

const ANY = RouteKind.ANY;
/** As many iterators of one kind may be open at a time (README). */
const MAX_OPEN = 4;
const LINE_FEED = 10;

/** Where an iterator over headers stands: -1 before the first one, the number of headers behind the last one. */
class HeaderIterator {
  at = -1;

  /** The number of the header; -1 when it stands on none. */
  header(msg: SipMessage): number {
    return this.at >= 0 && this.at < msg.headerCount ? this.at : -1;
  }
}

/** Where an iterator over lines stands: [start, end) with the line end; start -1 before the first one. */
class LineIterator {
  start = -1;
  end = -1;
  done = false;
}

/** The open iterators of one run, by name. */
class Open {
  readonly headers = new Map<string, HeaderIterator>();
  readonly lines = new Map<string, LineIterator>();
}

const KEY = {};

function openOf(ctx: RouteContext): Open {
  let open = ctx.attachment<Open>(KEY);
  if (open === undefined) {
    open = new Open();
    ctx.attach(KEY, open);
  }
  return open;
}

function begin<T>(map: Map<string, T>, name: string, made: T): number {
  if (!map.has(name) && map.size >= MAX_OPEN) return -1;
  map.set(name, made);
  return 1;
}

// ---- headers ----

function headerIterator(ctx: RouteContext, name: string): HeaderIterator | undefined {
  return ctx.attachment<Open>(KEY)?.headers.get(name);
}

function nextHeader(ctx: RouteContext, name: string): number {
  const it = headerIterator(ctx, name);
  if (it === undefined) return -1;
  const { headerCount } = ctx.message;
  it.at = Math.min(it.at + 1, headerCount);
  return it.at < headerCount ? 1 : -1;
}

// In front of the first one it stays where it is; from behind the last one there is no way back.
function previousHeader(ctx: RouteContext, name: string): number {
  const it = headerIterator(ctx, name);
  if (it === undefined || it.at >= ctx.message.headerCount) return -1;
  if (it.at >= 0) it.at--;
  return 1;
}

function atHeader(ctx: RouteContext, name: string, act: (msg: SipMessage, h: number) => void): number {
  const h = headerIterator(ctx, name)?.header(ctx.message) ?? -1;
  if (h < 0) return -1;
  act(ctx.message, h);
  return 1;
}

// ---- lines ----

function lineIterator(ctx: RouteContext, name: string): LineIterator | undefined {
  return ctx.attachment<Open>(KEY)?.lines.get(name);
}

function nextLine(ctx: RouteContext, name: string): number {
  const it = lineIterator(ctx, name);
  const msg = ctx.message;
  if (it === undefined || it.done) return -1;
  const start = it.start < 0 ? msg.bodyStart : it.end;
  if (start >= msg.end) {
    it.done = true;
    return -1;
  }
  let end = start;
  while (end < msg.end && msg.buf[end] !== LINE_FEED) end++;
  it.start = start;
  it.end = Math.min(end + 1, msg.end);
  return 1;
}

function currentLine(ctx: RouteContext, name: string): LineIterator | null {
  const it = lineIterator(ctx, name);
  return it === undefined || it.done || it.start < ctx.message.bodyStart || it.end > ctx.message.end ? null : it;
}

function atLine(ctx: RouteContext, name: string, act: (msg: SipMessage, it: LineIterator) => void): number {
  const it = currentLine(ctx, name);
  if (it === null) return -1;
  act(ctx.message, it);
  return 1;
}

// ---- what scripts call ----

function named(doc: string, run: (ctx: RouteContext, name: string) => number): FunctionDef<unknown> {
  return fn({ args: [str("iname")], routes: ANY, doc, run: (_i: unknown, ctx, name) => run(ctx, name) });
}

function adding(
  doc: string,
  arg: string,
  run: (ctx: RouteContext, name: string, text: string) => number,
): FunctionDef<unknown> {
  return fn({
    args: [str("iname"), str(arg)],
    routes: ANY,
    doc,
    run: (_i: unknown, ctx, name, text) => run(ctx, name, text),
  });
}

/** Iterator functions of textopsx. */
export const iteratorFunctions: Record<string, FunctionDef<unknown>> = {
  hf_iterator_start: named("Opens an iterator over the headers, or takes it back to their start.", (ctx, name) =>
    begin(openOf(ctx).headers, name, new HeaderIterator()),
  ),
  hf_iterator_end: named("Closes an iterator over headers.", (ctx, name) =>
    openOf(ctx).headers.delete(name) ? 1 : -1,
  ),
  hf_iterator_next: named("Goes to the next header, at first to the first one; false behind the last one.", nextHeader),
  hf_iterator_prev: named("Goes to the header before.", previousHeader),
  hf_iterator_rm: named("Takes the header away at which the iterator stands.", (ctx, name) =>
    atHeader(ctx, name, (msg, h) => msg.currentEdits().add(lineStart(msg, h), lineEnd(msg, h) - lineStart(msg, h), "")),
  ),
  hf_iterator_append: adding("Adds headers behind the one at which the iterator stands.", "htext", (ctx, name, text) =>
    atHeader(ctx, name, (msg, h) => msg.currentEdits().add(lineEnd(msg, h), 0, wholeLines(text))),
  ),
  hf_iterator_insert: adding(
    "Adds headers in front of the one at which the iterator stands.",
    "htext",
    (ctx, name, text) =>
      atHeader(ctx, name, (msg, h) => msg.currentEdits().add(lineStart(msg, h), 0, wholeLines(text))),
  ),
  bl_iterator_start: named(
    "Opens an iterator over the lines of the body, or takes it back to their start.",
    (ctx, name) => begin(openOf(ctx).lines, name, new LineIterator()),
  ),
  bl_iterator_end: named("Closes an iterator over lines.", (ctx, name) => (openOf(ctx).lines.delete(name) ? 1 : -1)),
  bl_iterator_next: named(
    "Goes to the next line of the body, at first to the first one; false behind the last one.",
    nextLine,
  ),
  bl_iterator_rm: named("Takes the line away at which the iterator stands.", (ctx, name) =>
    atLine(ctx, name, (msg, it) => msg.currentEdits().add(it.start, it.end - it.start, "")),
  ),
  bl_iterator_append: adding("Adds a text behind the line at which the iterator stands.", "text", (ctx, name, text) =>
    atLine(ctx, name, (msg, it) => msg.currentEdits().add(it.end, 0, text)),
  ),
  bl_iterator_insert: adding(
    "Adds a text in front of the line at which the iterator stands.",
    "text",
    (ctx, name, text) => atLine(ctx, name, (msg, it) => msg.currentEdits().add(it.start, 0, text)),
  ),
};

function about(doc: string, get: (ctx: RouteContext, name: string) => string | null): PvDef<unknown> {
  return pvClass<unknown>({
    doc,
    inner: "required",
    resolve: (_i, inner) => ({ get: (ctx) => get(ctx, inner ?? "") }),
  });
}

function ofHeader(ctx: RouteContext, name: string, get: (msg: SipMessage, h: number) => string): string | null {
  const h = headerIterator(ctx, name)?.header(ctx.message) ?? -1;
  return h < 0 ? null : get(ctx.message, h);
}

/** Variables of the iterators. */
export const iteratorVariables: Record<string, PvDef<unknown>> = {
  hfitname: about("Name of the header at which an iterator stands.", (ctx, name) => ofHeader(ctx, name, nameText)),
  hfitbody: about("Value of the header at which an iterator stands.", (ctx, name) =>
    ofHeader(ctx, name, (msg, h) => msg.value(h)),
  ),
  blitval: about("The line of the body at which an iterator stands, its line end included.", (ctx, name) => {
    const it = currentLine(ctx, name);
    return it === null ? null : textOf(ctx.message.buf, it.start, it.end);
  }),
};
