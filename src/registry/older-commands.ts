// Names that commands had in release 3.1, where management and RPC were two things: they run today's commands, with the same arguments.

const OLDER: Readonly<Record<string, string>> = {
  arg: "core.arg",
  kill: "core.kill",
  pwd: "core.pwd",
  uptime: "core.uptime",
  version: "core.version",
  which: "system.listMethods",
  address_dump: "permissions.addressDump",
  address_reload: "permissions.addressReload",
  subnet_dump: "permissions.subnetDump",
  trusted_dump: "permissions.trustedDump",
  trusted_reload: "permissions.trustedReload",
  domain_dump: "domain.dump",
  domain_reload: "domain.reload",
  cleanup: "presence.cleanup",
  refreshWatchers: "presence.refreshWatchers",
  dlg_end_dlg: "dlg.end_dlg",
  dlg_list: "dlg.list",
  dlg_list_ctx: "dlg.list_ctx",
  profile_get_size: "dlg.profile_get_size",
  profile_list_dlgs: "dlg.profile_list",
  sht_dump: "htable.dump",
  sht_reload: "htable.reload",
  pike_list: "pike.list",
  t_hash: "tm.hash_stats",
  t_reply: "tm.reply",
  t_uac_cancel: "tm.cancel",
  t_uac_dlg: "tm.t_uac_wait",
};

/** What asks for one dialog has a name of its own now. */
const OF_ONE: Readonly<Record<string, string>> = { dlg_list: "dlg.dlg_list", dlg_list_ctx: "dlg.dlg_list_ctx" };

/** Today's name of a command of release 3.1 that is given so many arguments; null for any other name. */
export function todaysCommand(name: string, args: number): string | null {
  const found =
    args > 0 && Object.hasOwn(OF_ONE, name) ? OF_ONE[name] : Object.hasOwn(OLDER, name) ? OLDER[name] : null;
  return found ?? null;
}
