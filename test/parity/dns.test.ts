// Names on Kamailio and on ours: what each parameter makes of look-ups, which next hop is chosen, failover, commands. Kamailio is asked again where
// it is installed and network namespaces can be made.

import { fileURLToPath } from "node:url";
import type { DnsAnswer, DnsGroup } from "./dns-case.ts";
import { DNS_GROUPS } from "./dns-cases.ts";
import { reasonOf, unusedReasons } from "./dns-differences.ts";
import { askDns, haveDnsOracle } from "./dns-oracle.ts";
import { runDns } from "./dns-ours.ts";
import { compareWithRecord } from "./recorded-groups.ts";

/** How many groups are asked ahead, most of whose time is waiting. */
const AHEAD = process.env["PORTICO_GROUP"] === undefined ? 3 : 0;
const asked = new Map<DnsGroup, Promise<DnsAnswer[]>>();
let next = 0;

function ask(group: DnsGroup): Promise<DnsAnswer[]> {
  const answer = asked.get(group) ?? askDns(group);
  asked.delete(group);
  next = Math.max(next, DNS_GROUPS.indexOf(group) + 1);
  for (; next < DNS_GROUPS.length && asked.size < AHEAD; next++) {
    const ahead = askDns(DNS_GROUPS[next]!);
    ahead.catch(() => undefined); // told to whoever asks for it
    asked.set(DNS_GROUPS[next]!, ahead);
  }
  return answer;
}

compareWithRecord<DnsGroup, DnsAnswer>({
  file: fileURLToPath(new URL("./dns.json", import.meta.url)),
  groups: DNS_GROUPS,
  ours: runDns,
  kamailio: ask,
  canAsk: haveDnsOracle(),
  isApart: true,
  reasonOf,
  unusedReasons,
});
