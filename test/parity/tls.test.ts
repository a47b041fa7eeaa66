// TLS of Kamailio and of ours, with openssl s_client as the other side of both: names, client certificates, versions, ciphers, variables and
// commands. Kamailio is asked again where it is installed (recorded-groups.ts).

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { haveOracle } from "./oracle.ts";
import { compareWithRecord } from "./recorded-groups.ts";
import { TLS_GROUPS, type TlsGroup } from "./tls-cases.ts";
import { reasonOf, unusedReasons } from "./tls-differences.ts";
import { makeCertificates, tlsOfKamailio, tlsOfOurs } from "./tls-run.ts";

const MODULE = "/usr/lib/x86_64-linux-gnu/kamailio/modules/tls.so";
const isDeno = "Deno" in globalThis;
const files = makeCertificates();
afterAll(() => files.remove());

const groups = TLS_GROUPS.map((group) => ({ ...group, cases: group.cases.filter((c) => !(isDeno && c.notOnDeno)) }));

compareWithRecord<TlsGroup, string>({
  file: fileURLToPath(new URL("./tls.json", import.meta.url)),
  groups: groups.filter(({ cases }) => cases.length > 0),
  ours: (group) => tlsOfOurs(group, files),
  kamailio: (group) => tlsOfKamailio(group, files),
  canAsk: haveOracle() && existsSync(MODULE),
  reasonOf,
  unusedReasons,
});
