// The table of addresses: single addresses, networks and names in groups.

import { canonicalIp, ipFamily, parseIp } from "../../util/ip.ts";

/** An entry as a database row or a line of the file gives it. */
export interface AddressRow {
  readonly group: number;
  readonly address: string;
  /** Bits of the network; 0 for a single address. */
  readonly mask: number;
  /** 0 for any. */
  readonly port: number;
  readonly tag: string | null;
}

interface Network extends AddressRow {
  readonly family: 4 | 6;
  readonly base: Uint8Array;
}

const scratch = new Uint8Array(16);

/** All entries, ready to be asked. Of equal ones the last counts, as on Kamailio; of networks the first, or the longest where so configured. */
export class Addresses {
  private readonly longest: boolean;
  readonly hosts = new Map<string, AddressRow[]>();
  readonly names = new Map<string, AddressRow[]>();
  readonly networks: Network[] = [];

  constructor(longest = false) {
    this.longest = longest;
  }

  /** Adds an entry; says what is wrong with it. */
  add(row: AddressRow): string | null {
    if (!(row.group > 0)) return "its group is not above 0";
    if (!(row.port >= 0 && row.port <= 65_535)) return "its port is none";
    const bare = bareIp(row.address);
    const family = ipFamily(bare);
    const width = family === 4 ? 32 : 128;
    if (family === 0) put(this.names, row.address, row);
    else if (!(row.mask >= 0 && row.mask <= width)) return "its mask is none";
    else if (row.mask === 0 || row.mask === width) put(this.hosts, canonicalIp(bare)!, { ...row, address: bare });
    else {
      const base = new Uint8Array(16);
      parseIp(bare, base);
      this.networks.push({ ...row, address: bare, family, base });
    }
    return null;
  }

  /** The entry for an address or name and a port, in a group or (null) in any; null without one. */
  find(group: number | null, address: string, port: number): AddressRow | null {
    const fits = (row: AddressRow): boolean =>
      (group === null || row.group === group) && (row.port === 0 || row.port === port);
    const bare = bareIp(address);
    const family = parseIp(bare, scratch);
    if (family === 0) return this.names.get(address)?.find(fits) ?? null;
    const host = this.hosts.get(canonicalIp(bare)!)?.find(fits);
    if (host !== undefined) return host;
    parseIp(bare, scratch);
    let best: Network | null = null;
    for (const n of this.networks) {
      if (n.family !== family || !fits(n) || (best !== null && best.mask >= n.mask) || !isWithin(n, scratch)) continue;
      if (!this.longest) return n;
      best = n;
    }
    return best;
  }
}

function put(map: Map<string, AddressRow[]>, key: string, row: AddressRow): void {
  const rows = map.get(key);
  if (rows === undefined) map.set(key, [row]);
  else rows.unshift(row);
}

function bareIp(text: string): string {
  return text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
}

function isWithin({ base, mask }: Network, address: Uint8Array): boolean {
  const whole = mask >> 3;
  for (let i = 0; i < whole; i++) if (base[i] !== address[i]) return false;
  const rest = mask & 7;
  return rest === 0 || (base[whole]! ^ address[whole]!) >> (8 - rest) === 0;
}

/** Reads a file: `group address mask port tag`, the last three may be missing. `problem` is told of lines left out. */
export function parseAddressFile(text: string, problem: (line: number, what: string) => void): AddressRow[] {
  const rows: AddressRow[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    const words = line.replace(/#.*/, "").trim().split(/\s+/);
    if (words[0] === "") return;
    const [group, address, ...more] = words;
    const number = (): number => (/^\d+$/.test(more[0] ?? "") ? Number(more.shift()) : 0);
    if (!/^\d+$/.test(group!) || address === undefined) problem(i + 1, "a line is: group address mask port tag");
    else rows.push({ group: Number(group), address, mask: number(), port: number(), tag: more[0] ?? null });
  });
  return rows;
}
