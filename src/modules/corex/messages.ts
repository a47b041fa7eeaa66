// Functions of corex on messages: flags, sending texts and the message as it came, files.

import type { Flow } from "../../net/flow.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { forwardReply } from "../../proxy/forward-reply.ts";
import { isUnasked } from "../../proxy/unasked.ts";
import { int, optional, str, variable } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import { findListener, sendAsIs, uriOf } from "../core/index.ts";
import { isIncoming } from "./network.ts";

const ANY = RouteKind.ANY;
const SENDING = RouteKind.REQUEST | RouteKind.FAILURE | RouteKind.BRANCH | RouteKind.EVENT | RouteKind.LOCAL;
/** The most that file_read() puts into a variable, in bytes. */
const MAX_FILE = 1 << 20;

/** Internal flags of a message, kept for scripts that look at them: nothing here acts on them. */
const INTERNAL: Readonly<Record<string, number>> = { USE_UAC_FROM: 1, USE_UAC_TO: 2, UAC_AUTH: 4 };
const KEY = {};

function internalFlags(ctx: RouteContext): number {
  return ctx.attachment<number>(KEY) ?? 0;
}

// 0 to 31 are the flags of setflag().
function extended(ctx: RouteContext, flag: number, on: boolean): number {
  if (flag < 0 || flag > 63) return -1;
  const { message } = ctx;
  const bit = 1 << (flag & 31);
  if (flag < 32) message.flags = on ? message.flags | bit : message.flags & ~bit;
  else message.highFlags = on ? message.highFlags | bit : message.highFlags & ~bit;
  return 1;
}

function isExtendedSet(ctx: RouteContext, flag: number): boolean {
  const word = flag < 32 ? ctx.message.flags : ctx.message.highFlags;
  return flag >= 0 && flag <= 63 && (word & (1 << (flag & 31))) !== 0;
}

function sendText(ctx: RouteContext, uri: string, socket: string | null, data: string): number | Promise<number> {
  if (uriOf(uri) === null) return -1;
  const from = socket === null ? null : findListener(ctx, socket);
  const bytes = bytesOf(data);
  const found = ctx.proxy.resolver.uriFlow(uri, from ?? ctx.sendFrom ?? ctx.flow.listener, false, from !== null);
  const { wire } = ctx.proxy.transports;
  const send = (flow: Flow | null): number => (flow !== null && wire.sendPast(flow, bytes, 0, bytes.length) ? 1 : -1);
  return found instanceof Promise ? found.then(send) : send(found);
}

/** What is in a file; null when it cannot be read or is too large. */
export function readText(ctx: RouteContext, path: string): string | null {
  try {
    const bytes = ctx.proxy.host.files.read(path);
    return bytes.length > MAX_FILE ? null : textOf(bytes, 0, bytes.length);
  } catch (error) {
    ctx.proxy.log.error(`file_read: ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function writeText(ctx: RouteContext, path: string, text: string): number {
  try {
    ctx.proxy.host.files.write(path, bytesOf(text));
    return 1;
  } catch (error) {
    ctx.proxy.log.error(`file_write: ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return -1;
  }
}

/** Functions of corex on messages. */
export const messageFunctions: Record<string, FunctionDef<unknown>> = {
  setxflag: fn({
    args: [int("flag")],
    routes: ANY,
    doc: "Sets an extended message flag, 0 to 63; those below 32 are the flags of setflag().",
    run: (_i: unknown, ctx, flag) => extended(ctx, flag, true),
  }),
  resetxflag: fn({
    args: [int("flag")],
    routes: ANY,
    doc: "Clears an extended message flag.",
    run: (_i: unknown, ctx, flag) => extended(ctx, flag, false),
  }),
  isxflagset: fn({
    args: [int("flag")],
    routes: ANY,
    doc: "True when the extended message flag is set.",
    run: (_i: unknown, ctx, flag) => (isExtendedSet(ctx, flag) ? 1 : -1),
  }),
  msg_iflag_set: fn({
    args: [str("flagname")],
    routes: ANY,
    doc: "Sets an internal flag: USE_UAC_FROM, USE_UAC_TO or UAC_AUTH.",
    run: (_i: unknown, ctx, name) => {
      ctx.attach(KEY, internalFlags(ctx) | (INTERNAL[name.toUpperCase()] ?? 0));
      return 1;
    },
  }),
  msg_iflag_reset: fn({
    args: [str("flagname")],
    routes: ANY,
    doc: "Clears an internal flag.",
    run: (_i: unknown, ctx, name) => {
      const bit = INTERNAL[name.toUpperCase()];
      if (bit === undefined) return -1;
      ctx.attach(KEY, internalFlags(ctx) & ~bit);
      return 1;
    },
  }),
  msg_iflag_is_set: fn({
    args: [str("flagname")],
    routes: ANY,
    doc: "True when the internal flag is set; -1 when there is none of that name, -2 when it is not set.",
    run: (_i: unknown, ctx, name) => {
      const bit = INTERNAL[name.toUpperCase()];
      return bit === undefined ? -1 : (internalFlags(ctx) & bit) !== 0 ? 1 : -2;
    },
  }),
  send_udp: fn({
    args: [optional(str("address"))],
    routes: SENDING,
    waits: "maybe",
    doc: "Sends the request as it came, without a Via of ours, over UDP to host[:port], else to $du or the R-URI.",
    run: (_i: unknown, ctx, to) => sendAsIs(ctx, to),
  }),
  send_data: fn({
    args: [str("uri"), str("data")],
    routes: ANY,
    waits: "maybe",
    doc: "Sends a text to the address of a SIP URI.",
    run: (_i: unknown, ctx, uri, data) => sendText(ctx, uri, null, data),
  }),
  sendx: fn({
    args: [str("uri"), str("sock"), str("data")],
    routes: ANY,
    waits: "maybe",
    doc: "As send_data(), from a socket of ours, proto:ip:port.",
    run: (_i: unknown, ctx, uri, socket, data) => sendText(ctx, uri, socket, data),
  }),
  file_read: fn({
    args: [str("fpath"), variable("var")],
    routes: ANY,
    doc: "Puts the content of a file into a variable; false when it cannot be read or is longer than 1 MiB.",
    run: (_i: unknown, ctx, path, target) => {
      const text = readText(ctx, path);
      if (text === null || target.set === undefined) return -1;
      target.set(ctx, text);
      return 1;
    },
  }),
  file_write: fn({
    args: [str("fpath"), str("content")],
    routes: ANY,
    doc: "Writes a text to a file, in place of what it held.",
    run: (_i: unknown, ctx, path, text) => writeText(ctx, path, text),
  }),
  forward_reply: fn({
    routes: RouteKind.REPLY,
    doc: "Forwards the reply now, as it is; the script goes on.",
    run: (_i: unknown, ctx) => (!ctx.message.isRequest && forwardReply(ctx.proxy, ctx.message, ctx.flow) ? 1 : -1),
  }),
  is_faked_msg: fn({
    routes: ANY,
    doc: "True when the route runs without a message from the network.",
    run: (_i: unknown, ctx) => (isUnasked(ctx) ? 1 : -1),
  }),
  is_incoming: fn({
    routes: ANY,
    doc: "True when event_route[network:msg] looks at what came in.",
    run: (_i: unknown, ctx) => (isIncoming(ctx) ? 1 : -1),
  }),
};
