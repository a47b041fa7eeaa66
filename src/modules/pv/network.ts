// Variables for how the message came and goes: addresses, ports, transports, sockets, Via.

import type { RouteContext } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass } from "../../registry/define.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { findParam, ParamRange } from "../../sip/params.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { Transport, transportName } from "../../sip/transports.ts";
import { toInt, toText, type Value } from "../../sip/value.ts";
import { parseVia, ViaRange } from "../../sip/via.ts";
import { textOf } from "../../util/bytes.ts";
import { own } from "../../util/own.ts";
import { bracketed, findListener, listenerText, protocolName, socketText, uriTransport } from "../core/index.ts";

function def(doc: string, get: (ctx: RouteContext) => Value, aliases: readonly string[] = []): PvDef<unknown> {
  return pv(doc, (_i: unknown, ctx) => get(ctx), undefined, aliases);
}

/** "sip:host:port", with the transport when it is not UDP or when `always`. */
function socketUri(protocol: number, address: string, port: number, always: boolean): string {
  const transport = always || protocol !== Transport.UDP ? `;transport=${uriTransport(protocol)}` : "";
  return `sip:${bracketed(address)}:${port}${transport}`;
}

function advertised(ctx: RouteContext): { readonly host: string; readonly port: number } {
  const l = ctx.flow.listener;
  return { host: l.advertisedHost ?? l.local.address, port: l.advertisedPort ?? l.local.port };
}

// ---- Via ----

const lastRange = new ViaRange();

function lastVia(msg: SipMessage): ViaRange | null {
  let last = -1;
  for (let h = msg.find(H.VIA); h >= 0; h = msg.find(H.VIA, h + 1)) last = h;
  if (last < 0) return null;
  const end = msg.index[last * STRIDE + VALUE_END]!;
  for (let at = msg.index[last * STRIDE + VALUE_START]!; at >= 0; at = lastRange.next)
    if (parseVia(msg.buf, at, end, lastRange) !== 0) return null;
  return lastRange;
}

const VIA_PARTS: Readonly<Record<string, (buf: Uint8Array, via: ViaRange) => Value>> = {
  host: (buf, via) => textOf(buf, via.hostStart, via.hostEnd),
  port: (_buf, via) => (via.port < 0 ? 5060 : via.port),
  proto: (_buf, via) => transportName(via.transport),
  protoid: (_buf, via) => via.transport,
  branch: (buf, via) => part(buf, via.branchStart, via.branchEnd),
  rport: (buf, via) => part(buf, via.rportValueStart, via.rportValueEnd),
  received: (buf, via) => part(buf, via.receivedStart, via.receivedEnd),
  i: (buf, via) => viaParam(buf, via, "i"),
};

const viaRange = new ParamRange();

function viaParam(buf: Uint8Array, via: ViaRange, lowerName: string): Value {
  const { paramsStart, paramsEnd } = via;
  if (paramsStart < 0 || !findParam(buf, paramsStart, paramsEnd, lowerName, viaRange)) return null;
  return part(buf, viaRange.valueStart, viaRange.valueEnd);
}

function part(buf: Uint8Array, start: number, end: number): Value {
  return start < 0 ? null : textOf(buf, start, end);
}

function viaVariable(which: string, find: (msg: SipMessage) => ViaRange | null): PvDef<unknown> {
  return pvClass<unknown>({
    doc: `A part of the ${which} Via: ${Object.keys(VIA_PARTS).join(", ")}.`,
    inner: "required",
    resolve: (_i, name) => {
      const read = own(VIA_PARTS, name);
      if (read === undefined)
        return new ArgError(`unknown part of a Via "${name}"`, `one of ${Object.keys(VIA_PARTS).join(", ")}`);
      return {
        get: (ctx) => {
          const via = find(ctx.message);
          return via === null ? null : read(ctx.message.buf, via);
        },
      };
    },
  });
}

// ---- where a reply goes ----

/** The address of the second Via: received and rport count before host and port (RFC 3261 18.2.2, RFC 3581 4). */
function replyTarget(
  msg: SipMessage,
): { readonly host: string; readonly port: number; readonly protocol: number } | null {
  const via = msg.secondVia();
  if (via === null) return null;
  const { buf } = msg;
  const host =
    via.receivedStart >= 0 ? textOf(buf, via.receivedStart, via.receivedEnd) : textOf(buf, via.hostStart, via.hostEnd);
  const rport = via.rportValueStart < 0 ? "" : textOf(buf, via.rportValueStart, via.rportValueEnd);
  const port = rport === "" ? (via.port < 0 ? 5060 : via.port) : toInt(rport);
  return { host, port, protocol: via.transport };
}

const REPLY_PARTS: Readonly<Record<string, (msg: SipMessage) => Value>> = {
  duri: (msg) => {
    const to = replyTarget(msg);
    return to === null ? null : socketUri(to.protocol, to.host.replace(/^\[|\]$/g, ""), to.port, false);
  },
  dhost: (msg) => replyTarget(msg)?.host ?? null,
  dport: (msg) => replyTarget(msg)?.port ?? null,
  dproto: (msg) => {
    const to = replyTarget(msg);
    return to === null ? null : protocolName(to.protocol);
  },
  dprotoid: (msg) => replyTarget(msg)?.protocol ?? null,
  cntvia: (msg) => countVias(msg),
};

function countVias(msg: SipMessage): number {
  let count = 0;
  for (let h = msg.find(H.VIA); h >= 0; h = msg.find(H.VIA, h + 1)) {
    const end = msg.index[h * STRIDE + VALUE_END]!;
    for (let at = msg.index[h * STRIDE + VALUE_START]!; at >= 0; at = lastRange.next) {
      if (parseVia(msg.buf, at, end, lastRange) !== 0) return count;
      count++;
    }
  }
  return count;
}

// ---- constants ----

const CONSTANTS: Readonly<Record<string, number>> = {
  UDP: Transport.UDP,
  TCP: Transport.TCP,
  TLS: Transport.TLS,
  SCTP: Transport.SCTP,
  WS: Transport.WS,
  WSS: Transport.WSS,
  IPv4: 2,
  IPv6: 10,
  INET: 2,
  INET6: 10,
};

function family(ctx: RouteContext): number {
  return ctx.flow.remote.family === 6 ? 10 : 2;
}

/** Variables of the network. */
export const networkVariables: Record<string, PvDef<unknown>> = {
  si: def("Address the message came from.", (ctx) => ctx.flow.remote.address, ["src_ip"]),
  siz: def("Address the message came from, IPv6 in brackets.", (ctx) => bracketed(ctx.flow.remote.address)),
  sp: def("Port the message came from.", (ctx) => ctx.flow.remote.port),
  sas: def("Where the message came from as proto:address:port.", (ctx) =>
    socketText(ctx.flow.protocol, ctx.flow.remote.address, ctx.flow.remote.port),
  ),
  su: def("Where the message came from as a URI, with its transport when it is not UDP.", (ctx) =>
    socketUri(ctx.flow.protocol, ctx.flow.remote.address, ctx.flow.remote.port, false),
  ),
  sut: def("Where the message came from as a URI with its transport.", (ctx) =>
    socketUri(ctx.flow.protocol, ctx.flow.remote.address, ctx.flow.remote.port, true),
  ),
  Ri: def("Our address the message came to.", (ctx) => ctx.flow.listener.local.address),
  Rp: def("Our port the message came to.", (ctx) => ctx.flow.listener.local.port),
  Ru: def("Our socket the message came to as a URI.", (ctx) =>
    socketUri(ctx.flow.protocol, ctx.flow.listener.local.address, ctx.flow.listener.local.port, false),
  ),
  Rut: def("Our socket the message came to as a URI with its transport.", (ctx) =>
    socketUri(ctx.flow.protocol, ctx.flow.listener.local.address, ctx.flow.listener.local.port, true),
  ),
  Ras: def("Our socket the message came to as proto:address:port.", (ctx) => {
    const { local } = ctx.flow.listener;
    return socketText(ctx.flow.protocol, local.address, local.port);
  }),
  Rn: def("Name of our socket the message came to; null when it has none.", (ctx) => ctx.flow.listener.socketName),
  RAi: def("Advertised address of the socket the message came to.", (ctx) => advertised(ctx).host),
  RAp: def("Advertised port of the socket the message came to.", (ctx) => advertised(ctx).port),
  RAu: def("Advertised socket the message came to as a URI.", (ctx) =>
    socketUri(ctx.flow.protocol, advertised(ctx).host, advertised(ctx).port, false),
  ),
  RAut: def("Advertised socket the message came to as a URI with its transport.", (ctx) =>
    socketUri(ctx.flow.protocol, advertised(ctx).host, advertised(ctx).port, true),
  ),
  pr: def("Transport the message came by: udp, tcp, tls, sctp, ws, wss.", (ctx) => protocolName(ctx.flow.protocol), [
    "proto",
  ]),
  prid: def(
    "Transport the message came by as a number: udp 1, tcp 2, tls 3, sctp 4, ws 5, wss 6.",
    (ctx) => ctx.flow.protocol,
  ),
  conid: def("Number of the connection the message came by; null for datagrams.", (ctx) =>
    ctx.flow.reliable ? ctx.flow.id : null,
  ),
  af: pvClass<unknown>({
    doc: "Address family the message came by: the number, or with (name) IPv4 or IPv6.",
    inner: "optional",
    resolve: (_i, form) => {
      if (form === null || form === "id") return { get: family };
      if (form === "name") return { get: (ctx) => (family(ctx) === 10 ? "IPv6" : "IPv4") };
      return new ArgError(`unknown form of address family "${form}"`, "use id or name");
    },
  }),
  fs: pv(
    "Socket the message is to be sent from as proto:address:port; $null leaves the choice to the server.",
    (_i: unknown, ctx): Value => {
      const l = ctx.sendFrom;
      return l === null ? null : listenerText(l);
    },
    (_i: unknown, ctx, value) => {
      const listener = value === null ? null : findListener(ctx, toText(value));
      if (value === null || listener !== null) ctx.sendFrom = listener;
      else ctx.proxy.limited.error(ctx.proxy.log, `$fs: ${toText(value)} is none of our sockets`);
    },
  ),
  fsn: pv(
    "Name of the socket the message is to be sent from; null when it has none or none is chosen.",
    (_i: unknown, ctx): Value => ctx.sendFrom?.socketName ?? null,
    (_i: unknown, ctx, value) => {
      const name = value === null ? null : toText(value);
      const listener =
        name === null ? null : (ctx.proxy.transports.listeners.find((l) => l.socketName === name) ?? null);
      if (name === null || listener !== null) ctx.sendFrom = listener;
      else ctx.proxy.limited.error(ctx.proxy.log, `$fsn: no socket of ours is named ${name}`);
    },
  ),
  fsp: pv(
    "Port of the socket the message is to be sent from; null when none is chosen.",
    (_i: unknown, ctx): Value => ctx.sendFrom?.local.port ?? null,
  ),
  rpl: pvClass<unknown>({
    doc: `Where a reply goes when it is forwarded, by its second Via: ${Object.keys(REPLY_PARTS).join(", ")}; null for a request.`,
    inner: "required",
    resolve: (_i, name) => {
      const read = own(REPLY_PARTS, name);
      if (read === undefined)
        return new ArgError(`unknown part of a reply "${name}"`, `one of ${Object.keys(REPLY_PARTS).join(", ")}`);
      return { get: (ctx) => (ctx.message.isRequest ? null : read(ctx.message)) };
    },
  }),
  via0: viaVariable("first", (msg) => msg.via()),
  via1: viaVariable("second", (msg) => msg.secondVia()),
  viaZ: viaVariable("last", lastVia),
  K: pvClass<unknown>({
    doc: `A constant by its name: ${Object.keys(CONSTANTS).join(", ")}.`,
    inner: "required",
    resolve: (_i, name) => {
      const value = own(CONSTANTS, name);
      return value === undefined
        ? new ArgError(`unknown constant "${name}"`, `one of ${Object.keys(CONSTANTS).join(", ")}`)
        : { get: () => value };
    },
  }),
};
