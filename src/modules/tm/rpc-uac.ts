// Commands of module tm that send requests: tm.t_uac_start and its kin, tm.cancel. Arguments, results and errors are Kamailio's.

import type { LocalReply } from "../../proxy/local-requests.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { wayFromReply } from "../../sip/build-local.ts";
import { findByCallId, RelayError, type Timers } from "../../tm/index.ts";
import { textOf } from "../../util/bytes.ts";
import type { TmInstance } from "./settings.ts";
import { BadArguments, requestOf } from "./uac-arguments.ts";

type Args = readonly (string | number | undefined)[];

/** How long a command that waits does so at most, in ms. */
const LONGEST = 80_000;

interface Mode {
  readonly wait: "start" | "wait" | "block";
  readonly noAck: boolean;
  /** The body is written in hexadecimal. */
  readonly hex: boolean;
  readonly timers: Partial<Timers>;
}

const REQUEST = [
  { name: "method", kind: "str", optional: false },
  { name: "ruri", kind: "str", optional: false },
  { name: "nexthop", kind: "str", optional: false },
  { name: "socket", kind: "str", optional: false },
  { name: "headers", kind: "str", optional: false },
  { name: "body", kind: "str", optional: true },
] as const;

/** The commands. */
export const uacCommands: Readonly<Record<string, RpcDef<TmInstance>>> = {
  ...variants("start", "Sends a request"),
  ...variants(
    "wait",
    "Sends a request and answers with its final reply: code, phrase, R-URI, next hop, routes, headers",
  ),
  ...variants("block", "Sends a request and answers with code and phrase of its final reply"),
  "tm.t_uac_attrs": {
    doc: 'One of the others, as "mode=start|wait|block;cbflags=noack;rpflags=1;fr_timeout=MS;fr_inv_timeout=MS" says; rpflags 1: the body is hexadecimal.',
    args: [{ name: "attributes", kind: "str", optional: false }, ...REQUEST],
    run: (self, args) => send(self, args.slice(1), attributes(String(args[0] ?? ""))),
  },
  "tm.cancel": {
    doc: "Cancels an INVITE by Call-ID and CSeq number.",
    args: [
      { name: "callid", kind: "str", optional: false },
      { name: "cseq", kind: "str", optional: false },
    ],
    run: cancel,
  },
};

function variants(wait: Mode["wait"], doc: string): Record<string, RpcDef<TmInstance>> {
  const out: Record<string, RpcDef<TmInstance>> = {};
  const name = wait === "block" ? "wait_block" : wait;
  for (const noAck of [false, true]) {
    for (const hex of [false, true]) {
      const how = `${noAck ? "; a 2xx to INVITE is not acknowledged" : ""}${hex ? "; the body is hexadecimal" : ""}`;
      out[`tm.t_uac_${name}${noAck ? "_noack" : ""}${hex ? "_hex" : ""}`] = {
        doc: `${doc}${how}. "." stands for no next hop, no socket.`,
        args: REQUEST,
        run: (self, args) => send(self, args, { wait, noAck, hex, timers: {} }),
      };
    }
  }
  return out;
}

function attributes(text: string): Mode {
  const given = new Map(
    text
      .split(";")
      .map((part) => part.trim())
      .filter((part) => part !== "" && part !== ".")
      .map((part): [string, string] => {
        const eq = part.indexOf("=");
        return eq < 0 ? [part, ""] : [part.slice(0, eq).trim(), part.slice(eq + 1).trim()];
      }),
  );
  // "reply" is what the example of Kamailio's documentation calls the mode
  const mode = given.get("mode") ?? given.get("reply") ?? "start";
  if (mode !== "start" && mode !== "wait" && mode !== "block") throw new RpcError(400, `Invalid mode "${mode}"`);
  const fr = milliseconds(given.get("fr_timeout"));
  const frInv = milliseconds(given.get("fr_inv_timeout"));
  return {
    wait: mode,
    noAck: given.get("cbflags") === "noack",
    hex: (Number(given.get("rpflags") ?? 0) & 1) !== 0,
    timers: { ...(fr > 0 ? { fr } : {}), ...(frInv > 0 ? { frInv } : {}) },
  };
}

function milliseconds(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,9}$/.test(text)) throw new RpcError(400, `Invalid timeout "${text}"`);
  return Number(text);
}

function send({ engine }: TmInstance, args: Args, mode: Mode): RpcValue | Promise<RpcValue> {
  const [method = "", ruri = "", hop = "", socket = "", headers = "", body = ""] = args.map((a) => String(a ?? ""));
  const spec = requestOf(engine.proxy, method, ruri, hop, socket, headers, mode.hex ? unhex(body) : body);
  if (spec instanceof BadArguments) throw new RpcError(400, spec.message);
  const whole = { ...spec, timers: mode.timers, autoAck: !mode.noAck };
  if (mode.wait === "start") {
    const sent = engine.request(whole);
    return typeof sent === "number" ? outcome(sent) : sent.then(outcome);
  }
  const show = mode.wait === "wait" ? listed : named;
  return new Promise((resolve, reject) => {
    const stop = engine.proxy.host.clock.after(LONGEST, () => reject(new RpcError(500, "timeout")));
    const failed = (error: unknown): void => {
      stop();
      reject(error);
    };
    const on = (sent: number): void => {
      if (sent < 0) failed(refusal(sent));
    };
    const told = (reply: LocalReply): void => {
      if (reply.status < 200) return;
      stop();
      resolve(show(reply));
    };
    const sent = engine.request(whole, told);
    if (typeof sent === "number") on(sent);
    else sent.then(on, failed);
  });
}

function outcome(sent: number): RpcValue {
  if (sent < 0) throw refusal(sent);
  return {};
}

// Numbers and phrases as Kamailio's.
function refusal(error: number): RpcError {
  if (error === RelayError.DROPPED) return new RpcError(500, "No error (0/RPC/UAC)");
  if (error === RelayError.TOO_MANY) return new RpcError(500, "Too Many Transactions (RPC/UAC)");
  if (error === RelayError.SEND)
    return new RpcError(477, "Unfortunately error on sending to next hop occurred (477/RPC/UAC)");
  const n = error === RelayError.UNRESOLVABLE || error === RelayError.BAD_REQUEST ? 7 : 1;
  return new RpcError(500, `I'm terribly sorry, server error occurred (${n}/RPC/UAC)`);
}

function unhex(text: string): string {
  const digits = text.replace(/\s/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) throw new RpcError(400, "Invalid hexa body");
  return digits.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}

function named({ status, reason }: LocalReply): RpcValue {
  return { code: status, text: reason };
}

// What belongs to a dialog is shown for a 2xx only.
function listed({ status, reason, message }: LocalReply): RpcValue {
  if (message === null) return [status, reason, "", "", "", ""];
  const raw = textOf(message.buf, message.firstLineEnd, message.end);
  if (status >= 300) return [status, reason, raw];
  const way = wayFromReply(message, "");
  // Kamailio does not show the routes behind a strict router
  const routes = way.routes.length === 0 || way.uri === way.nextHop ? "" : `Route: ${way.routes.join(", ")}`;
  return [status, reason, way.uri, way.nextHop, routes, raw];
}

function cancel({ engine }: TmInstance, args: Args): RpcValue {
  const cseq = Number.parseInt(String(args[1]), 10);
  const tx = findByCallId(engine.tm, String(args[0]), cseq);
  if (tx === null || !tx.isInvite) throw new RpcError(400, "Transaction not found");
  engine.tm.cancel(tx, "");
  return tx.branches.some((branch) => !branch.final) ? "branches remaining (waiting for timeout)" : {};
}
