// Where module ctl listens, as its parameters binrpc and fifo say it: [protocol:]address:port or [protocol:]path.

/** A place to listen on by UDP or TCP. */
interface SocketPlace {
  readonly kind: "udp" | "tcp";
  readonly host: string;
  readonly port: number;
}

/** A place for BINRPC. */
export type CtlAddress = { readonly kind: "unixs" | "unixd"; readonly path: string } | SocketPlace;

/** A place for the FIFO protocol. */
export type FifoAddress = { readonly kind: "fifo"; readonly path: string } | SocketPlace;

/** The port where none is given. */
const PORT = 2049;

/** Reads one; a text says what is wrong with it. */
export function parseAddress(text: string): CtlAddress | string {
  const colon = text.indexOf(":");
  const proto = colon < 0 ? "" : text.slice(0, colon).toLowerCase();
  const rest = text.slice(colon + 1);
  switch (proto) {
    case "unix":
    case "unixs":
      return path("unixs", rest);
    case "unixd":
      return path("unixd", rest);
    case "udp":
    case "tcp":
      return socket(proto, rest);
    case "fifo":
      return "fifo: is for parameter fifo; use unix:, udp: or tcp:";
    default:
      return text.includes("/") ? path("unixs", text) : socket("udp", text);
  }
}

/** Reads a value of parameter fifo; a text says what is wrong with it. */
export function parseFifoAddress(text: string): FifoAddress | string {
  const [, proto = "fifo", rest = ""] = /^(?:(fifo|udp|tcp):)?(.*)$/is.exec(text) ?? [];
  const kind = proto.toLowerCase();
  if (kind === "udp" || kind === "tcp") return socket(kind, rest);
  return /^\d*$/.test(rest) ? `not the path of a FIFO: ${rest}` : path("fifo", rest);
}

function path<K extends string>(kind: K, name: string): { kind: K; path: string } | string {
  return name === "" ? "the name of the socket is missing" : { kind, path: name };
}

// "*" or nothing before the port is every address; an IPv6 address stands in brackets.
function socket(kind: "udp" | "tcp", text: string): SocketPlace | string {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return `not an address: ${text}`;
  const [, v6, name = "", digits] = match;
  if (v6 === undefined && digits === undefined && /^\d{1,5}$/.test(name)) return withPort(kind, "*", Number(name));
  return withPort(kind, v6 ?? name, digits === undefined ? PORT : Number(digits));
}

function withPort(kind: "udp" | "tcp", host: string, port: number): SocketPlace | string {
  if (port < 1 || port > 65_535) return `not a port: ${port}`;
  return { kind, host: host === "" || host === "*" ? "0.0.0.0" : host, port };
}
