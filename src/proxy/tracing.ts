// How actions of the script are traced (cfgtrace): the core says so in the configuration, module debugger changes it while the program runs.

/** The settings of the trace. */
export class Tracing {
  /** Whether it is on, where the script was compiled for it. */
  on = true;
  /** Log level of its lines, Kamailio's L_ERR. */
  level = -1;
  /** The word for the level in them; undefined for the level's own. */
  word: string | undefined = undefined;
  /** Number of their syslog facility; null for the usual one. */
  facility: number | null = null;
  /** What they begin with. */
  prefix = "*** cfgtrace:";
  /** Whether values are logged after assignments (log_assign). */
  assigns = false;
  /** Whether they name the file. */
  showsFile = true;
}
