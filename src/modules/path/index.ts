// Module path (RFC 3327): puts this server into the path of later requests to a registration, with the source address or a flow token where wanted.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { optional, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, strParam } from "../../registry/define.ts";
import type { SocketFace } from "../../sip/edits.ts";
import { H } from "../../sip/headers.ts";
import { NAME_START, STRIDE } from "../../sip/scan.ts";
import { Transport } from "../../sip/transports.ts";
import { unescapeUri } from "../../sip/uri-text.ts";
import { ipFamily } from "../../util/ip.ts";
import { bracketed, core, uriTransport } from "../core/index.ts";
import { type Outbound, outbound } from "../outbound/index.ts";
import { routeParams, rr } from "../rr/index.ts";

/** Whether `received` is a URI or address, port and transport number with "~" between. */
const Form = { URI: 0, TILDES: 1 } as const;

interface Instance {
  readonly state: State;
  readonly useReceived: boolean;
  readonly form: number;
  readonly name: string;
  readonly double: boolean;
  readonly named: boolean;
}

/** What the module knows of the others. */
class State {
  /** The configuration in force. */
  instance: Instance | null = null;
  outbound: Outbound | null = null;
}

/** Adds Path. `received`: with the address the request came from; `host`: with that host, and port, in the place of ours. */
function addPath(
  self: Instance,
  ctx: RouteContext,
  received: boolean,
  user: string | undefined,
  params: string | undefined,
  host: string | null = null,
): number {
  const { outbound: flows } = self.state;
  const token = user === undefined && flows !== null ? flows.tokenFor(ctx) : null;
  const who = token ?? user ?? "";
  const more = [
    ...(received ? [`${self.name}=${receivedText(self, ctx)}`] : []),
    ...(token === null ? [] : ["ob"]),
    ...(params === undefined || params === "" ? [] : [params]),
  ];
  const tail = `;lr${more.map((p) => `;${p}`).join("")}`;
  const line = (face: SocketFace, r2: string): string =>
    `Path: <sip:${who === "" ? "" : `${who}@`}${host ?? hostPort(face)}${socketParams(self, ctx, face)}${tail}${r2}>\r\n`;
  const lines = self.double
    ? (from: SocketFace, to: SocketFace): string => line(to, ";r2=on") + line(from, ";r2=on")
    : (_: SocketFace, to: SocketFace): string => line(to, "");
  const msg = ctx.message;
  const first = msg.find(H.PATH);
  const at = first < 0 ? msg.headEnd : msg.index[first * STRIDE + NAME_START]!;
  msg.currentEdits().addLate(at, lines, ctx.flow.listener);
  return 1;
}

// -1 for what cannot stand behind the user of a URI.
function addAdvertised(
  self: Instance,
  ctx: RouteContext,
  received: boolean,
  address: string,
  user: string | undefined,
  params: string | undefined,
): number {
  if (!/^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(address)) return -1;
  return addPath(self, ctx, received, user, params, address);
}

function receivedText(self: Instance, { flow }: RouteContext): string {
  const { address, port } = flow.remote;
  if (self.form === Form.TILDES) return `${bracketed(address)}~${port}~${flow.protocol}`;
  const transport = flow.protocol === Transport.UDP ? "" : `%3Btransport%3D${uriTransport(flow.protocol)}`;
  return `sip:${bracketed(address)}:${port}${transport}`;
}

// The usual port is left out, for every transport, as the README says.
function hostPort({ addressText, portText, advertisedHost, advertisedPort }: SocketFace): string {
  const host = advertisedHost === null ? addressText : bracketed(advertisedHost);
  const port = String(advertisedPort ?? portText);
  return port === "5060" ? host : `${host}:${port}`;
}

function socketParams(self: Instance, ctx: RouteContext, face: SocketFace): string {
  const transport = face.protocol === Transport.UDP ? "" : `;transport=${uriTransport(face.protocol)}`;
  if (!self.named) return transport;
  const name = ctx.proxy.transports.listeners.find(
    (l) => l.protocol === face.protocol && l.addressText === face.addressText && l.portText === face.portText,
  )?.socketName;
  return name === undefined || name === null ? transport : `${transport};sn=${name}`;
}

/** use_received: the first of our Routes tells where the request goes. */
function takeReceived(self: Instance, ctx: RouteContext, params: string): void {
  const value = params
    .split(";")
    .find((p) => p.toLowerCase().startsWith(`${self.name.toLowerCase()}=`))
    ?.slice(self.name.length + 1);
  if (value === undefined || value === "") return;
  const uri = self.form === Form.TILDES ? uriOfTildes(value) : unescapeUri(value);
  if (uri !== null) ctx.message.dstUri = uri;
}

function uriOfTildes(value: string): string | null {
  const parts = /^(\[[0-9a-f:.]+\]|[0-9.]+)~(\d{1,5})~(\d)$/i.exec(value);
  if (parts === null) return null;
  const [, address, port, protocol] = parts as unknown as [string, string, string, string];
  if (ipFamily(address.replace(/^\[|\]$/g, "")) === 0 || Number(port) > 65535) return null;
  const transport = Number(protocol) === Transport.UDP ? "" : `;transport=${uriTransport(Number(protocol))}`;
  return `sip:${address}:${port}${transport}`;
}

const { REQUEST } = RouteKind;
const args = [optional(str("user")), optional(str("parameters"))] as const;
const advertised = [str("address"), ...args] as const;

/** Kamailio's module path. */
export const path = defineModule({
  name: "path",
  doc: "Path (RFC 3327): later requests to a registration come by this server, which may find the telephone behind NAT by it.",
  uses: [core],
  mayUse: [rr, outbound],
  params: {
    use_received: intParam(0, "Whether `received` in the first of our Routes tells where the request goes.", {
      min: 0,
      max: 1,
    }),
    received_format: intParam(0, "How `received` is written: 0 as a URI, 1 as address~port~transport.", {
      min: 0,
      max: 1,
    }),
    received_name: strParam("received", "Name of that parameter."),
    enable_r2: intParam(0, "Whether two headers are written, for the socket it leaves by and for the one it came by.", {
      min: 0,
      max: 1,
    }),
    sockname_mode: intParam(0, "Whether Path has the name of the socket (`sn`), where it has one.", { min: 0, max: 1 }),
  },
  state: () => new State(),
  configure: (state, p, host): Instance => {
    if (!/^[\w.!%*+`'~-]+$/.test(p.received_name))
      throw new ConfigError(`"${p.received_name}" cannot be the name of a parameter`, "received_name");
    const routing = host.useIfLoaded(rr);
    if (p.use_received === 1 && routing === null)
      throw new ConfigError("use_received needs module rr", "use_received", 'loadmodule "rr.so"');
    const first = state.instance === null;
    const instance: Instance = {
      state,
      useReceived: p.use_received === 1,
      form: p.received_format,
      name: p.received_name,
      double: p.enable_r2 === 1,
      named: p.sockname_mode === 1,
    };
    state.outbound = host.useIfLoaded(outbound);
    if (first)
      routing?.onOwnRoute.push((ctx) => {
        const { instance: now } = state;
        if (now?.useReceived === true) takeReceived(now, ctx, routeParams(ctx));
      });
    state.instance ??= instance;
    return instance;
  },
  start: (self) => {
    self.state.instance = self;
  },
  kemi: {
    add_path_user: "add_path",
    add_path_user_params: "add_path",
    add_path_received_user: "add_path_received",
    add_path_received_user_params: "add_path_received",
  },
  functions: {
    add_path_advertised_address: fn({
      args: advertised,
      routes: REQUEST,
      doc: "As add_path(), with the given host, and port, in the place of ours.",
      run: (self: Instance, ctx, address, user, params) => addAdvertised(self, ctx, false, address, user, params),
    }),
    add_path_received_advertised_address: fn({
      args: advertised,
      routes: REQUEST,
      doc: "As add_path_received(), with the given host, and port, in the place of ours.",
      run: (self: Instance, ctx, address, user, params) => addAdvertised(self, ctx, true, address, user, params),
    }),
    add_path: fn({
      args,
      routes: REQUEST,
      doc: "Adds Path with the address it leaves by, and a user and URI parameters if given; with a flow token when the request asks for outbound and no user is given.",
      run: (self: Instance, ctx, user, params) => addPath(self, ctx, false, user, params),
    }),
    add_path_received: fn({
      args,
      routes: REQUEST,
      doc: "As add_path(), and the Path tells the address the request came from.",
      run: (self: Instance, ctx, user, params) => addPath(self, ctx, true, user, params),
    }),
  },
});
