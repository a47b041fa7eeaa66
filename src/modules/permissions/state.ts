// One generation of module permissions: its tables and files, and how they are read.

import { HostError } from "../../host/host.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { Cell, Later, Row } from "../../store/database.ts";
import { textOf } from "../../util/bytes.ts";
import { whenThere } from "../../util/maybe.ts";
import { Addresses, type AddressRow, parseAddressFile } from "./addresses.ts";
import { parseRules, Rules } from "./rules.ts";
import { type Peer, Peers, peerOf, type TrustedColumns } from "./trusted.ts";

/** Kamailio's version numbers of tables trusted and address. */
export const VERSION = 6;
/** Files of rules that are kept; names computed by scripts could make more. */
const MAX_FILES = 256;

/** What may be loaded, as bits (load_backends). */
export const Backend = { ADDRESS: 1, TRUSTED: 2, ALLOW: 4, DENY: 8 } as const;

/** The parameters of the module. */
export interface Settings {
  readonly url: string;
  readonly allowFile: string;
  readonly denyFile: string;
  readonly allBranches: boolean;
  readonly allowSuffix: string;
  readonly denySuffix: string;
  readonly addressFile: string;
  readonly addressTable: string;
  readonly address: {
    readonly group: string;
    readonly ip: string;
    readonly mask: string;
    readonly port: string;
    readonly tag: string;
  };
  readonly trustedTable: string;
  readonly trusted: TrustedColumns;
  /** Whether trusted peers are kept in memory. */
  readonly cached: boolean;
  /** AVP for tags; "" none. */
  readonly tagAvp: string;
  readonly allTags: boolean;
  readonly maxSubnets: number;
  /** Whether of several networks the longest prefix counts, not the first. */
  readonly longestSubnet: boolean;
  readonly backends: number;
  /** Milliseconds between two reloads. */
  readonly reloadDelta: number;
}

const EMPTY = new Rules([]);

/** What functions and commands of one generation get. */
export class Permissions {
  readonly host: ModuleHost;
  readonly settings: Settings;
  addresses = new Addresses();
  peers = new Peers([]);
  private readonly files = new Map<string, Rules>();
  private reloaded = Number.NEGATIVE_INFINITY;

  constructor(host: ModuleHost, settings: Settings) {
    this.host = host;
    this.settings = settings;
  }

  /** Reads the tables. Rejects with StoreError. */
  async start(): Promise<void> {
    const { url, backends, addressFile, cached } = this.settings;
    if ((backends & Backend.ADDRESS) !== 0 && (url !== "" || addressFile !== "")) await this.loadAddresses();
    if ((backends & Backend.TRUSTED) === 0 || url === "") return;
    if (cached) await this.loadPeers();
    else await this.ensureTrusted();
  }

  /** Whether a table may be read again now: of both together one within reload_delta. */
  mayReload(): boolean {
    const now = this.host.host.clock.mono();
    if (now - this.reloaded < this.settings.reloadDelta) return false;
    this.reloaded = now;
    return true;
  }

  /** Reads the addresses anew; those there are stay when it fails. */
  async loadAddresses(): Promise<void> {
    const rows = this.settings.addressFile === "" ? await this.addressRows() : this.addressLines();
    const fresh = new Addresses(this.settings.longestSubnet);
    for (const row of rows) {
      const wrong = fresh.add(row);
      if (wrong !== null) this.host.log.error(`address ${row.address} is left out: ${wrong}`);
    }
    if (fresh.networks.length > this.settings.maxSubnets)
      throw new Error(
        `there are ${fresh.networks.length} networks, more than max_subnets (${this.settings.maxSubnets})`,
      );
    this.addresses = fresh;
  }

  private async addressRows(): Promise<AddressRow[]> {
    const { url, addressTable: table, address: c } = this.settings;
    const db = this.host.database(url);
    await db.ensureTable({ name: table, layout: "address", version: VERSION });
    const rows = await db.query(table, [c.group, c.ip, c.mask, c.port, c.tag], []);
    return rows.map((row) => ({
      group: Number(row[c.group]),
      address: textCell(row[c.ip]).trim(),
      mask: Number(row[c.mask] ?? 0),
      port: Number(row[c.port] ?? 0),
      tag: row[c.tag] === null || row[c.tag] === undefined ? null : String(row[c.tag]),
    }));
  }

  private addressLines(): AddressRow[] {
    const path = this.path(this.settings.addressFile);
    const bytes = this.host.host.files.read(path);
    return parseAddressFile(textOf(bytes, 0, bytes.length), (line, what) =>
      this.host.log.error(`${path}:${line} is left out: ${what}`),
    );
  }

  /** Reads the trusted peers anew. */
  async loadPeers(): Promise<void> {
    await this.ensureTrusted();
    this.peers = new Peers(this.peersOf(await this.peerRows(null)));
  }

  private async ensureTrusted(): Promise<void> {
    const { trustedTable, url } = this.settings;
    await this.host.database(url).ensureTable({ name: trustedTable, layout: "trusted", version: VERSION });
  }

  /** The peers of a source, from memory or from the database. */
  peersFor(source: string): Later<readonly Peer[]> {
    const { cached, url, backends } = this.settings;
    if (url === "" || (backends & Backend.TRUSTED) === 0) return [];
    if (cached) return this.peers.bySource.get(source) ?? [];
    return whenThere(this.peerRows(source), (rows) => this.peersOf(rows));
  }

  private peerRows(source: string | null): Later<Row[]> {
    const { trustedTable, trusted: c } = this.settings;
    const columns = [c.source, c.proto, c.from, c.ruri, c.tag, c.priority];
    const where = source === null ? [] : [{ column: c.source, value: source }];
    return this.host.database(this.settings.url).query(trustedTable, columns, where, { order: c.priority });
  }

  private peersOf(rows: readonly Row[]): Peer[] {
    const peers: Peer[] = [];
    for (const row of rows) {
      const peer = peerOf(row, this.settings.trusted);
      if (typeof peer === "string") this.host.log.error(`a trusted peer is left out: ${peer}`);
      else peers.push(peer);
    }
    return peers;
  }

  /** The rules of a file; none when it is not there. Read when first asked for. */
  rules(name: string, backend: number): Rules {
    if ((this.settings.backends & backend) === 0) return EMPTY;
    const path = this.path(name);
    let rules = this.files.get(path);
    if (rules === undefined) {
      rules = this.read(path);
      if (this.files.size < MAX_FILES) this.files.set(path, rules);
    }
    return rules;
  }

  private read(path: string): Rules {
    const { log, host } = this.host;
    let bytes: Uint8Array;
    try {
      bytes = host.files.read(path);
    } catch (error) {
      if (error instanceof HostError && error.code === "ENOENT") log.info(`${path} is not there: it counts as empty`);
      else log.error(`${path} cannot be read and counts as empty: ${error instanceof Error ? error.message : error}`);
      return EMPTY;
    }
    return parseRules(textOf(bytes, 0, bytes.length), (line, what) =>
      log.error(`${path}:${line} is left out: ${what}`),
    );
  }

  private path(name: string): string {
    return this.host.host.files.resolve(this.host.proxy.places.config, name);
  }
}

function textCell(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}
