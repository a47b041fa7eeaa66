// Names: what the rest of the program uses of this folder.

export { DnsCache, type DnsEntry } from "./cache.ts";
export { Dns, type DnsEnvironment } from "./dns.ts";
export { locate, orderSrv, type Place, type Target, Targets } from "./locate.ts";
export { DEFAULT_DNS_SETTINGS, type DnsSettings } from "./settings.ts";
export { type DnsRecord, dnsName, RecordType, recordType, recordTypeName } from "./wire.ts";
