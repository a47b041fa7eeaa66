// Names: what the rest of the program uses of this folder.

export type { DnsEntry } from "./cache.ts";
export { Dns } from "./dns.ts";
export { locate, type Place, type Target, Targets } from "./locate.ts";
export { DEFAULT_DNS_SETTINGS, type DnsSettings } from "./settings.ts";
export { type DnsRecord, dnsName, RecordType, recordTypeName } from "./wire.ts";
