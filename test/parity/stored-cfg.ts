// Module cfg_rpc: parameters of the script read and changed by commands.

import type { LanguageCase, Setup } from "./language-bed.ts";

export const setup: Setup = {
  head: `loadmodule "cfg_rpc.so"
grp.num = 5 desc "a number"
grp.txt = "abc" desc "a text"
grp.other = 7 desc "another"
grp[3].num = 9`,
};

const rpc = (name: string, ...commands: (readonly [string, ...(string | number)[]])[]): LanguageCase => ({
  name: `cfg: ${name}`,
  run: "",
  rpc: commands,
});

// A process of Kamailio sees what was changed with the next message only: what is read stands in a case of its own.
const get = (name: string, group = "grp"): LanguageCase =>
  rpc(name, ["cfg.get", group, "num"], ["cfg.get", group, "txt"]);

export const cases: readonly LanguageCase[] = [
  rpc("get", ["cfg.get", "grp", "num"], ["cfg.get", "grp"], ["cfg.get", "grp[3]", "num"], ["cfg.get", "grp[3]", "txt"]),
  rpc("get what is not there", ["cfg.get", "grp[4]", "num"], ["cfg.get", "nope", "num"], ["cfg.get", "grp", "nope"]),
  rpc("list", ["cfg.list", "grp"], ["cfg.list", "nope"]),
  rpc("set", ["cfg.seti", "grp", "num", 8], ["cfg.sets", "grp", "txt", "new"]),
  get("set before"),
  { name: "cfg: the script sees it", run: "", show: ["$sel(cfg_get.grp.num) $sel(cfg_get.grp.txt)"] },
  rpc("set by the older names", ["cfg.set_now_int", "grp", "num", 9], ["cfg.set_now_string", "grp", "txt", "x"]),
  get("set by the older names before"),
  rpc("set either", ["cfg.set", "grp", "num", 77]),
  get("set either before"),
  rpc(
    "set what is not there",
    ["cfg.seti", "nope", "num", 8],
    ["cfg.seti", "grp", "nope", 8],
    ["cfg.seti", "core", "children", 3],
  ),
  rpc("set the level of the log", ["cfg.get", "core", "debug"], ["cfg.seti", "core", "debug", -4]),
  rpc("the level before", ["cfg.get", "core", "debug"]),
  rpc(
    "prepared",
    ["cfg.set_delayed_int", "grp", "num", 100],
    ["cfg.set_delayed_string", "grp", "txt", "later"],
    ["cfg.set_delayed", "grp", "other", 55],
  ),
  get("prepared before"),
  rpc("forgotten", ["cfg.rollback"], ["cfg.diff"], ["cfg.commit"]),
  get("forgotten before"),
  rpc("prepared and made", ["cfg.set_delayed_int", "grp", "num", 101], ["cfg.commit"], ["cfg.commit"]),
  get("made before"),
  rpc("an instance is made", ["cfg.add_group_inst", "grp[7]"]),
  get("a new instance", "grp[7]"),
  rpc("an instance is set", ["cfg.seti", "grp[7]", "num", 70]),
  get("an instance set before", "grp[7]"),
  { name: "cfg: the script chooses it", run: 'cfg_select("grp", 7);', show: ["$sel(cfg_get.grp.num)"] },
  rpc("its value is taken away", ["cfg.del", "grp[7]", "num"], ["cfg.del", "grp", "num"]),
  get("its value taken away before", "grp[7]"),
  rpc("taking away is prepared", ["cfg.del_delayed", "grp[3]", "num"], ["cfg.commit"]),
  get("taken away before", "grp[3]"),
  rpc("the instance goes", ["cfg.del_group_inst", "grp[7]"]),
  rpc(
    "no instance",
    ["cfg.del_group_inst", "grp[7]"],
    ["cfg.get", "grp[7]", "num"],
    ["cfg.add_group_inst", "grp"],
    ["cfg.add_group_inst", "nope[1]"],
  ),
];
