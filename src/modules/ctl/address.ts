// Where module ctl listens, as its parameter binrpc says it: [protocol:]address:port or [protocol:]path.

/** A place to listen on. */
export type CtlAddress =
  | { readonly kind: "unixs" | "unixd"; readonly path: string }
  | { readonly kind: "udp" | "tcp"; readonly host: string; readonly port: number };

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
    case "udp_fifo":
      return `${proto}: is not offered; use unix:, udp: or tcp:`;
    default:
      return text.includes("/") ? path("unixs", text) : socket("udp", text);
  }
}

function path(kind: "unixs" | "unixd", name: string): CtlAddress | string {
  return name === "" ? "the name of the socket is missing" : { kind, path: name };
}

// "*" or nothing before the port is every address; an IPv6 address stands in brackets.
function socket(kind: "udp" | "tcp", text: string): CtlAddress | string {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return `not an address: ${text}`;
  const [, v6, name = "", digits] = match;
  if (v6 === undefined && digits === undefined && /^\d{1,5}$/.test(name)) return withPort(kind, "*", Number(name));
  return withPort(kind, v6 ?? name, digits === undefined ? PORT : Number(digits));
}

function withPort(kind: "udp" | "tcp", host: string, port: number): CtlAddress | string {
  if (port < 1 || port > 65_535) return `not a port: ${port}`;
  return { kind, host: host === "" || host === "*" ? "0.0.0.0" : host, port };
}
