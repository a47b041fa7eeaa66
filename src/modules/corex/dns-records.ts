// Records that the configuration puts into the DNS cache: "type=A;name=host;addr=ip;ttl=3600;flags=2".

import type { Proxy } from "../../proxy/proxy.ts";
import { RpcError } from "../../registry/define.ts";
import { dnsCommands } from "../core/index.ts";

const COMMANDS: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  A: ["dns.add_a", ["name", "ttl", "addr", "flags"]],
  AAAA: ["dns.add_aaaa", ["name", "ttl", "addr", "flags"]],
  SRV: ["dns.add_srv", ["name", "ttl", "priority", "weight", "port", "addr", "flags"]],
};
const NUMBERS: ReadonlySet<string> = new Set(["ttl", "flags", "priority", "weight", "port"]);

/** Puts one record into the cache, as the command of its type does. Null, or what is wrong with it. */
export function addConfigured(proxy: Proxy, record: string): string | null {
  const given = new Map<string, string>();
  for (const part of record.split(";")) {
    const at = part.indexOf("=");
    if (at > 0) given.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  const [name, fields] = COMMANDS[(given.get("type") ?? "").toUpperCase()] ?? [];
  if (name === undefined || fields === undefined) return "type must be A, AAAA or SRV";
  const args = fields.map((field) => (NUMBERS.has(field) ? Number(given.get(field) ?? 0) : (given.get(field) ?? "")));
  try {
    void dnsCommands[name]!.run({ proxy }, args);
    return null;
  } catch (error) {
    if (error instanceof RpcError) return error.message;
    throw error;
  }
}
