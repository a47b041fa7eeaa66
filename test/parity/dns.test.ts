// Names on Kamailio and on ours: what each parameter makes of look-ups, which next hop is chosen, failover, commands. Kamailio is asked again where
// it is installed and network namespaces can be made.

import { fileURLToPath } from "node:url";
import type { DnsAnswer, DnsGroup } from "./dns-case.ts";
import { DNS_GROUPS } from "./dns-cases.ts";
import { reasonOf, unusedReasons } from "./dns-differences.ts";
import { askDns, haveDnsOracle } from "./dns-oracle.ts";
import { runDns } from "./dns-ours.ts";
import { compareWithRecord } from "./recorded-groups.ts";

compareWithRecord<DnsGroup, DnsAnswer>({
  file: fileURLToPath(new URL("./dns.json", import.meta.url)),
  groups: DNS_GROUPS,
  ours: runDns,
  kamailio: askDns,
  canAsk: haveDnsOracle(),
  reasonOf,
  unusedReasons,
});
