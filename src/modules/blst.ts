// Module blst: the destination blocklist in the hands of the script. The list itself is net/blocklist.ts.

import { Failure } from "../net/blocklist.ts";
import { type RouteContext, RouteKind } from "../proxy/context.ts";
import { type Arg, ArgError, int, optional, parsed } from "../registry/args.ts";
import { defineModule, type FunctionDef, fn } from "../registry/define.ts";
import { retryAfter } from "../sip/retry-after.ts";
import { SendOptions } from "../sip/send-options.ts";

const ANY = RouteKind.ANY;
/** What the functions without an argument mean. */
const ALL_REASONS = 0xff;

// The source of the message at hand goes on the list. Below zero the time is over before it begins, which takes it off.
function add({ proxy, flow }: RouteContext, seconds: number): void {
  const { protocol, remote } = flow;
  const { blocklist } = proxy;
  if (seconds === 0) blocklist.add(protocol, remote.address, remote.port, Failure.ADMIN);
  else if (seconds > 0) blocklist.add(protocol, remote.address, remote.port, Failure.ADMIN, seconds);
  else blocklist.remove(protocol, remote.address, remote.port);
}

// As Kamailio, true when the list is not used.
function addRetryAfter(ctx: RouteContext, least: number, most: number): number {
  if (!ctx.proxy.blocklist.on) return 1;
  const asked = retryAfter(ctx.message);
  if (asked < 0) return -1;
  const seconds = Math.min(Math.max(asked, least), most);
  if (seconds > 0) add(ctx, seconds);
  return 1;
}

const mask: Arg<number> = parsed("mask", (text) => {
  const n = Number(text);
  return text.trim() !== "" && Number.isInteger(n) ? n : new ArgError(`not a number: ${text}`);
});

/** A function that changes one of the message's masks. */
function masking(doc: string, change: (options: SendOptions, mask: number) => void): FunctionDef<unknown> {
  return fn({
    args: [optional(mask)],
    routes: ANY,
    doc,
    run: (_self: unknown, { message }, given) => {
      message.send ??= new SendOptions();
      change(message.send, given ?? ALL_REASONS);
      return 1;
    },
  });
}

/** Kamailio's module blst. */
export const blst = defineModule({
  name: "blst",
  doc: "Puts the source of a message on the destination blocklist (use_dst_blocklist), and says which failures do not.",
  state: () => null,
  configure: () => null,
  kemi: {
    blst_add_default: "blst_add",
    blst_set_ignore_all: "blst_set_ignore",
    blst_clear_ignore_all: "blst_clear_ignore",
    blst_rpl_set_ignore_all: "blst_rpl_set_ignore",
    blst_rpl_clear_ignore_all: "blst_rpl_clear_ignore",
  },
  functions: {
    blst_add: fn({
      args: [optional(int("seconds"))],
      routes: ANY,
      doc: "Puts the source of the message on the blocklist; 0 or nothing: for dst_blocklist_expire seconds.",
      run: (_self: null, ctx, seconds) => {
        add(ctx, seconds ?? 0);
        return 1;
      },
    }),
    blst_add_retry_after: fn({
      args: [int("min"), int("max")],
      routes: ANY,
      doc: "The same for the time in its Retry-After, kept between min and max seconds; false without that header.",
      run: (_self: null, ctx, least, most) => addRetryAfter(ctx, least, most),
    }),
    blst_del: fn({
      routes: ANY,
      doc: "Takes the source of the message off the blocklist; false when it is not on it.",
      run: (_self: null, { proxy, flow }) =>
        proxy.blocklist.remove(flow.protocol, flow.remote.address, flow.remote.port) ? 1 : -1,
    }),
    blst_is_blocklisted: fn({
      routes: ANY,
      doc: "True when the source of the message is on the blocklist.",
      aliases: ["blst_is_blacklisted"],
      run: (_self: null, { proxy, flow }) => (proxy.blocklist.isBlocked(flow) ? 1 : -1),
    }),
    blst_set_ignore: masking(
      "Failures of this request that do not put its destination on the blocklist: 2 send, 4 connect, 8 ICMP, 16 timeout, 32 answer 503; all without an argument.",
      (options, bits) => {
        options.ignoreFailures |= bits;
      },
    ),
    blst_clear_ignore: masking("Takes back blst_set_ignore().", (options, bits) => {
      options.ignoreFailures &= ~bits;
    }),
    blst_rpl_set_ignore: masking("As blst_set_ignore(), for replies made here to this request.", (options, bits) => {
      options.ignoreReplyFailures |= bits;
    }),
    blst_rpl_clear_ignore: masking("Takes back blst_rpl_set_ignore().", (options, bits) => {
      options.ignoreReplyFailures &= ~bits;
    }),
  },
});
