// Flow tokens (RFC 5626 5.2): which connection, or which pair of addresses, a request came by, in a form that only we can make.
// They hold addresses and no connection's number: those of UDP stay good when the program starts again with the same secret.

import type { Hashing } from "../../host/host.ts";
import type { Flow } from "../../net/flow.ts";

/** What a user part is that looks like a token of ours, but was changed or made by somebody else. */
export const TAMPERED = 1;

/** What a token names. */
export interface FlowName {
  /** A `Transport` number. */
  readonly protocol: number;
  /** Our side and theirs; IPv6 without brackets. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** 96 bits of HMAC-SHA-256, as hex. */
const MAC = 24;
const NAME = /^\d [0-9a-f.:]+ \d+ [0-9a-f.:]+ \d+$/;
/** Longer ones are not looked at. */
const MAX_TOKEN = 256;

/** Makes and reads tokens with one key. */
export class FlowTokens {
  private readonly hashing: Hashing;
  private readonly key: Uint8Array;

  constructor(hashing: Hashing, key: Uint8Array) {
    this.hashing = hashing;
    this.key = key;
  }

  /** The token of a flow: nothing but letters, digits, "-" and "_", so that it can stand as the user of a URI. */
  make({ protocol, local, remote, listener }: Flow): string {
    const ours = protocol === listener.protocol ? listener.local : local;
    const name = [protocol, ours.address, ours.port, remote.address, remote.port].join(" ");
    return encode(this.mac(name) + name);
  }

  /** What a token names; null when it is no token but some user, or TAMPERED. */
  read(token: string): FlowName | typeof TAMPERED | null {
    const text = token.length > MAX_TOKEN ? null : decode(token);
    if (text === null) return null;
    const mac = text.slice(0, MAC);
    const name = text.slice(MAC);
    if (!isEqual(this.mac(name), mac)) return /^[0-9a-f]{24}$/.test(mac) || NAME.test(name) ? TAMPERED : null;
    const parts = name.split(" ");
    const [protocol, localAddress, localPort, remoteAddress, remotePort] = parts as [
      string,
      string,
      string,
      string,
      string,
    ];
    return {
      protocol: Number(protocol),
      localAddress,
      localPort: Number(localPort),
      remoteAddress,
      remotePort: Number(remotePort),
    };
  }

  private mac(name: string): string {
    return this.hashing.hmacSha256(this.key, name).slice(0, MAC);
  }
}

/** Without telling by the time it takes how much of it was right. */
function isEqual(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let different = 0;
  for (let i = 0; i < a.length; i++) different |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return different === 0;
}

function encode(text: string): string {
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function decode(token: string): string | null {
  if (!/^[\w-]+$/.test(token)) return null;
  try {
    return atob(token.replace(/-/g, "+").replace(/_/g, "/"));
  } catch {
    return null;
  }
}
