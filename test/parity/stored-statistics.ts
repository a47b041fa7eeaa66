// What is counted: groups and names as the commands list them, with the modules loaded that count.

import type { LanguageCase, Setup } from "./language-bed.ts";

export const setup: Setup = {
  head: [
    ...["counters", "usrloc", "registrar", "dialog", "pike", "auth"].map((m) => `loadmodule "${m}.so"`),
    'modparam("counters", "script_counter", "calls of the office")',
  ].join("\n"),
};

const groups = ["dialog", "registrar", "sl", "tmx", "usrloc", "pike", "script", "none"];

export const cases: readonly LanguageCase[] = [
  ...groups.map((group): LanguageCase => ({ name: `statistics: ${group}`, run: "", rpc: [["cnt.var_list", group]] })),
  { name: "statistics: core", run: "", rpc: [["cnt.var_list", "core"]] },
  {
    name: "statistics: a table in use",
    run: 'if (is_method("REGISTER")) save("location");',
    show: ["$stat(location_users) $stat(location-users)"],
  },
  { name: "statistics: groups", run: "", rpc: [["cnt.grps_list"]] },
  {
    name: "statistics: values",
    run: "",
    rpc: [
      ["cnt.grp_get_all", "registrar"],
      ["cnt.grp_get_all", "sl"],
      ["cnt.get", "usrloc", "registered_users"],
      ["cnt.get", "sl", "nothing"],
      ["stats.fetchn", "dialog:"],
      ["stats.get_statistics", "registrar:"],
      ["stats.fetch", "accepted_regs", "script:"],
    ],
  },
  {
    name: "statistics: $stat",
    run: "",
    show: ["$stat(1xx_replies) $stat(registered_users) $stat(max_contacts) $stat(default_expire)"],
  },
];
