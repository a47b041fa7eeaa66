// Modules path and outbound on Kamailio and on ours: Path, flow tokens, and where they lead. Kamailio is asked again where it has module outbound
// (Debian package kamailio-outbound-modules, or KAMAILIO_MODULES names a folder with all modules).

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { NatAnswer, NatGroup } from "./nat-case.ts";
import { askNat, haveNatOracle } from "./nat-oracle.ts";
import { runNat } from "./nat-ours.ts";
import { OUTBOUND, PATHS } from "./outbound-cases.ts";
import { reasonOf, unusedReasons } from "./outbound-differences.ts";
import { compareWithRecord } from "./recorded-groups.ts";

const FOLDER = process.env["KAMAILIO_MODULES"] ?? "/usr/lib/x86_64-linux-gnu/kamailio/modules";

compareWithRecord<NatGroup, NatAnswer>({
  file: fileURLToPath(new URL("./outbound.json", import.meta.url)),
  groups: [...PATHS, ...OUTBOUND],
  ours: runNat,
  kamailio: askNat,
  canAsk: haveNatOracle() && existsSync(`${FOLDER}/outbound.so`),
  reasonOf,
  unusedReasons,
});
