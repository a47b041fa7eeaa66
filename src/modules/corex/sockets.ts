// Functions and variables of corex about sockets: which one a message came by and leaves by, and where it is said to come from.

import type { SocketAddress } from "../../host/host.ts";
import type { TlsInfo } from "../../host/tls.ts";
import type { Flow, FlowStage, Listener } from "../../net/flow.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, str } from "../../registry/args.ts";
import { type FunctionDef, fn, type PvDef, pvClass } from "../../registry/define.ts";
import { canonicalIp, ipFamily } from "../../util/ip.ts";
import { findListener } from "../core/index.ts";

const ANY = RouteKind.ANY;

/** A connection that shows another source or socket than its own; replies go over it all the same. */
class RelabelledFlow implements Flow {
  readonly remote: SocketAddress;
  readonly listener: Listener;
  private readonly flow: Flow;

  constructor(flow: Flow, remote: SocketAddress, listener: Listener) {
    this.flow = flow;
    this.remote = remote;
    this.listener = listener;
  }
  get protocol(): number {
    return this.flow.protocol;
  }
  get local(): SocketAddress {
    return this.listener.local;
  }
  get id(): number {
    return this.flow.id;
  }
  get reliable(): boolean {
    return this.flow.reliable;
  }
  get open(): boolean {
    return this.flow.open;
  }
  get settling(): Promise<void> | null {
    return this.flow.settling;
  }
  get dialled(): boolean {
    return this.flow.dialled;
  }
  get tls(): TlsInfo | null {
    return this.flow.tls ?? null;
  }
  get stage(): FlowStage {
    return this.flow.stage;
  }
  send(buf: Uint8Array, start: number, end: number): boolean {
    return this.flow.send(buf, start, end);
  }
  close(): void {
    this.flow.close();
  }
  finish(): void {
    this.flow.finish();
  }
}

// Datagrams get the peer of that address, so that replies go there; connections only another label.
function relabel(ctx: RouteContext, remote: SocketAddress, listener: Listener): number {
  const { flow } = ctx;
  const found = flow.reliable
    ? new RelabelledFlow(flow, remote, listener)
    : ctx.proxy.transports.flowTo(flow.protocol, remote.address, remote.port, listener, true);
  if (found === null) return -1;
  ctx.flow = found;
  return 1;
}

/** "proto:address:port", protocol and port left out at will; null when the address is none, or of another family than the socket. */
function addressOf(text: string, family: number): SocketAddress | null {
  const m = /^(?:[a-z]+:)?(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text.trim());
  if (m === null) return null;
  const address = canonicalIp(m[1]!.replace(/^\[|\]$/g, ""));
  const port = m[2] === undefined ? 5060 : Number(m[2]);
  if (address === null || ipFamily(address) !== family || port < 1 || port > 65535) return null;
  return { family: family === 6 ? 6 : 4, address, port };
}

function setSource(ctx: RouteContext, text: string): number {
  const remote = addressOf(text, ctx.flow.local.family);
  return remote === null ? -1 : relabel(ctx, remote, ctx.flow.listener);
}

// What names no socket of ours changes nothing, and is no failure, as on Kamailio.
function setReceiver(ctx: RouteContext, listener: Listener | null): number {
  return listener === null || listener.protocol !== ctx.flow.protocol ? 1 : relabel(ctx, ctx.flow.remote, listener);
}

function listenerNamed(ctx: RouteContext, name: string): Listener | null {
  return ctx.proxy.transports.listeners.find((l) => l.socketName === name) ?? null;
}

/** Functions of corex about sockets. */
export const socketFunctions: Record<string, FunctionDef<unknown>> = {
  set_source_address: fn({
    args: [str("saddr")],
    routes: ANY,
    doc: "Takes another address for where the message came from, proto:ip:port; replies over UDP go there too.",
    run: (_i: unknown, ctx, text) => setSource(ctx, text),
  }),
  set_recv_socket: fn({
    args: [str("saddr")],
    routes: ANY,
    doc: "Takes another socket of ours, proto:ip:port, for the one the message came by.",
    run: (_i: unknown, ctx, text) => setReceiver(ctx, findListener(ctx, text)),
  }),
  set_recv_socket_name: fn({
    args: [str("sname")],
    routes: ANY,
    doc: "Takes the socket of that name for the one the message came by.",
    run: (_i: unknown, ctx, name) => setReceiver(ctx, listenerNamed(ctx, name)),
  }),
  set_send_socket_name: fn({
    args: [str("sname")],
    routes: ANY,
    doc: "Sends from the socket of that name.",
    run: (_i: unknown, ctx, name) => {
      const listener = listenerNamed(ctx, name);
      if (listener !== null) ctx.sendFrom = listener;
      return 1;
    },
  }),
  is_socket_name: fn({
    args: [str("sockname")],
    routes: ANY,
    doc: "True when a socket of ours has that name.",
    run: (_i: unknown, ctx, name) => (listenerNamed(ctx, name) === null ? -1 : 1),
  }),
};

// n/NAME/field or l/proto:ip:port/field
function socketField(ctx: RouteContext, expression: string): string | null {
  const m = /^([nl])\/(.*)\/(name|listen)$/.exec(expression);
  if (m === null) return null;
  const found = m[1] === "n" ? listenerNamed(ctx, m[2]!) : findListener(ctx, m[2]!);
  if (found === null) return null;
  return m[3] === "listen" ? found.name : (found.socketName ?? "");
}

/** $lsock(…). */
export const socketVariables: Record<string, PvDef<unknown>> = {
  lsock: pvClass<unknown>({
    doc: "A field, name or listen, of the socket with a name, (n/name/field), or an address, (l/proto:ip:port/field).",
    inner: "required",
    resolve: (_i, inner) => {
      if (inner === null) return new ArgError("an expression is missing", "write $lsock(n/name/listen)");
      return { get: (ctx) => socketField(ctx, inner) };
    },
  }),
};
