// Global parameters of the core: logging, identity, script limits, process and memory. Names, defaults and meaning follow the
// core cookbook of Kamailio 5.6; `effect` says what becomes of each here.

import { facilityOf } from "../util/log.ts";
import type { GlobalDef } from "./globals.ts";
import { NO_MEMORY_POOLS, NO_PROCESSES, row, USED } from "./globals-define.ts";

const NO_STATISTICS = "Kamailio 5.6 reads no such parameter";
const NO_REPLY_VIA = "what adds them, via_reply_add_xavp_params(), is newer than Kamailio 5.6";
const NO_TIMERS = "timers run on the one event loop";

const LOGGING: readonly GlobalDef[] = [
  row("int", "debug", 0, USED, "log messages up to this level: -1 errors, 0 warnings, 2 information, 3 debugging", {
    min: -6,
    max: 9,
    clamps: true,
  }),
  row(
    "bool",
    "log_stderror",
    0,
    USED,
    "log to standard error instead of syslog; unset, syslog under the name kamailio alone",
    { aliases: ["log_stderr"] },
  ),
  row("bool", "log_color", 0, USED, "log lines on standard error in the colours of their levels"),
  row("word", "log_facility", "LOG_DAEMON", USED, "syslog facility, LOG_KERN to LOG_LOCAL7", {
    isValid: (text) => facilityOf(text) !== null,
  }),
  row("str", "log_name", null, USED, "program name in log lines"),
  row(
    "str",
    "log_prefix",
    null,
    USED,
    "text with variables put before each log line written while a message is processed",
  ),
  row("int", "log_prefix_mode", 0, USED, "0: compute the prefix once a message; 1: for each log line", {
    min: 0,
    max: 1,
    clamps: true,
  }),
  row("str", "log_engine_type", null, USED, "how log lines are written: json, as with --log-engine"),
  row(
    "str",
    "log_engine_data",
    null,
    USED,
    "flags of the log engine: M no line end in the message, N none after it, a j p forms of fields",
  ),
  row(
    "int",
    "corelog",
    -1,
    USED,
    "log level of lines about messages that cannot be used, unless sip_parser_log is set",
    { aliases: ["core_log"] },
  ),
  row("int", "sip_parser_log", -1, USED, "log level of lines about messages that cannot be used; unset, corelog"),
  row("int", "cfgtrace", 0, USED, "log each action of the script before it runs (in Kamailio: module debugger)"),
  row("int", "latency_log", -1, USED, "log level of latency messages"),
  row("int", "latency_cfg_log", 3, USED, "log level of the run time of routes"),
  row("int", "latency_limit_action", 0, USED, "log actions that take longer than so many microseconds"),
  row("int", "latency_limit_db", 0, USED, "log queries that take longer than so many microseconds"),
  row("bool", "verbose_startup", 0, USED, "log routes, listeners and modules at start"),
  row("word", "description", null, USED, "free text that describes this configuration", { aliases: ["descr", "desc"] }),
  row("int", "statistics", null, NO_STATISTICS, "statistics"),
  row("str", "stats_name_separator", "_", USED, "sign between group and name of statistics", {
    aliases: ["stats_name_separator_char"],
  }),
];

const IDENTITY: readonly GlobalDef[] = [
  row("str", "server_header", null, USED, "whole Server header of our replies, name included"),
  row("str", "user_agent_header", null, USED, "whole User-Agent header of our requests, name included"),
  row("bool", "server_signature", 1, USED, "whether our messages carry a Server or User-Agent header"),
  row("bool", "sip_warning", 0, USED, "whether our replies carry a Warning header for troubleshooting"),
  row("int", "server_id", 0, USED, "number of this server among others ($sid)"),
  row(
    "bool",
    "check_via",
    0,
    "replies whose first Via is not ours are never forwarded",
    "check that the top Via of replies is ours",
  ),
  row(
    "int",
    "syn_branch",
    1,
    "branches always come from the transaction",
    "how branch ids of stateless forwarding are made",
  ),
  row("bool", "reply_to_via", 0, USED, "send replies to the address in Via instead of where the request came from"),
  row("bool", "phone2tel", 1, USED, "treat SIP URIs with user=phone as tel URIs"),
  row("bool", "force_rport", 0, USED, "treat every request as if its Via had rport", { aliases: ["add_rport"] }),
  row("bool", "local_rport", 0, USED, "add rport to the Via of forwarded requests"),
  row("int", "max_branches", 12, USED, "most branches of a transaction", { min: 1, max: 31 }),
  row("int", "sip_parser_mode", 1, USED, "how strict parsing is"),
  row("str", "uri_host_extra_chars", null, USED, "more characters allowed in host names"),
  row("bool", "onsend_route_reply", 0, USED, "run onsend_route for replies too"),
  row("int", "received_route_mode", 0, USED, "run event_route[core:msg-received]"),
  row("bool", "http_reply_parse", 0, "HTTP replies on SIP sockets are never taken for SIP", "read HTTP replies too", {
    aliases: ["http_reply_hack"],
  }),
  row("str", "xavp_via_params", null, USED, "xavp whose values become Via parameters"),
  row("str", "xavp_via_fields", null, USED, "xavp with the address of our Via"),
  row("str", "xavp_via_reply_params", null, NO_REPLY_VIA, "xavp for Via parameters of replies"),
  row("str", "version_table", "version", USED, "table with the versions of tables"),
  row("int", "sql_buffer_size", 65535, "queries may have any length", "bytes for building SQL queries"),
];

const SCRIPT: readonly GlobalDef[] = [
  row("int", "max_while_loops", 100, USED, "most rounds of a while statement", { min: 0, max: 2147483647 }),
  row("int", "max_recursive_level", 256, USED, "how deep routes may call each other", {
    min: 1,
    max: 1000,
    clamps: true,
  }),
  row("str", "cfgengine", "native", USED, "language of the routing script", { aliases: ["cfg_engine"] }),
  row("str", "kemi.onsend_route_callback", "ksr_onsend_route", USED, "function of the script run before sending"),
  row("str", "kemi.received_route_callback", null, USED, "function of the script run for each message"),
  row("str", "kemi.reply_route_callback", "ksr_reply_route", USED, "function of the script run for replies"),
  row("str", "kemi.pre_routing_callback", null, USED, "function of the script run before routing"),
  row("word", "loadpath", null, "all modules are part of the program", "where modules are looked for", {
    aliases: ["mpath"],
  }),
  row("int", "route_locks_size", 0, "routes of one transaction never run at the same time here", "locks for routes"),
  row("int", "pv_buffer_size", 8192, NO_MEMORY_POOLS, "bytes of the buffers for printing variables"),
  row("int", "pv_buffer_slots", 10, NO_MEMORY_POOLS, "number of buffers for printing variables"),
  row("int", "pv_cache_limit", 2048, NO_MEMORY_POOLS, "most cached variables"),
  row("int", "pv_cache_action", 0, NO_MEMORY_POOLS, "what is done when the cache is full"),
];

const PROCESS: readonly GlobalDef[] = [
  row("bool", "fork", 1, USED, "run in the background when called as kamailio"),
  row("int", "fork_delay", 0, NO_PROCESSES, "microseconds between starting workers"),
  row("int", "children", 8, NO_PROCESSES, "worker processes of each UDP socket", { min: 0, max: 65535 }),
  row("int", "socket_workers", 0, NO_PROCESSES, "worker processes of the next socket", { min: 0, max: 65535 }),
  row("int", "async_workers", 0, NO_PROCESSES, "worker processes for asynchronous tasks", { min: 0, max: 65535 }),
  row("bool", "async_nonblock", 0, NO_PROCESSES, "how asynchronous workers read"),
  row("int", "async_usleep", 0, NO_PROCESSES, "microseconds an idle asynchronous worker sleeps"),
  row("str", "async_workers_group", null, NO_PROCESSES, "groups of asynchronous workers"),
  row("word", "user", null, USED, "user to run as once the sockets are bound; its group too, unless group is given", {
    aliases: ["uid"],
  }),
  row("word", "group", null, USED, "group to run as", { aliases: ["gid"] }),
  row("word", "chroot", null, USED, "directory to be confined to"),
  row("word", "workdir", null, USED, "working directory", { aliases: ["wdir"] }),
  row("word", "rundir", null, USED, "directory of control sockets and fifos", { aliases: ["run_dir"] }),
  row("word", "pidfile", null, USED, "file that holds the process id", { aliases: ["pid_file"] }),
  row("int", "exit_timeout", 60, USED, "seconds an orderly end may take; 0 for no limit", {
    aliases: ["ser_kill_timeout"],
  }),
  row("bool", "disable_core_dump", 0, USED, "yes: no core dumps; no: of any size; unset: as the system has it"),
  row("int", "open_files_limit", null, USED, "the limit of open files is raised to this"),
  row("int", "modinit_delay", 0, NO_PROCESSES, "microseconds between initialising modules"),
  row("int", "wait_worker1_mode", 0, NO_PROCESSES, "whether other workers wait for the first"),
  row("int", "wait_worker1_time", 4000000, NO_PROCESSES, "how long other workers wait for the first"),
  row("int", "wait_worker1_usleep", 100000, NO_PROCESSES, "how workers wait for the first"),
  row("int", "memdbg", 3, NO_MEMORY_POOLS, "log level of memory calls", { aliases: ["mem_dbg"] }),
  row("int", "memlog", 3, NO_MEMORY_POOLS, "log level of memory reports", { aliases: ["mem_log"] }),
  row("int", "mem_join", 1, NO_MEMORY_POOLS, "whether free memory is joined"),
  row("int", "mem_safety", 1, NO_MEMORY_POOLS, "what is done on wrong memory calls"),
  row("int", "mem_status_mode", 0, NO_MEMORY_POOLS, "what memory reports show"),
  row("int", "mem_summary", 12, NO_MEMORY_POOLS, "what memory reports show at the end"),
  row("bool", "mlock_pages", 0, USED, "keep all memory in RAM"),
  row("bool", "shm_force_alloc", 0, NO_MEMORY_POOLS, "touch shared memory at start"),
  row("int", "shm_mem_size", 64, NO_MEMORY_POOLS, "megabytes of shared memory", { aliases: ["shm", "shm_mem"] }),
  row(
    "int",
    "real_time",
    0,
    USED,
    "real-time scheduling: bit 4 is this process, 1 and 2 are timer processes, which there are none of",
  ),
  row("int", "rt_prio", 0, USED, "real-time priority"),
  row("int", "rt_policy", 0, USED, "real-time policy: 0 none, 1 round robin, 2 first in first out"),
  row("int", "rt_timer1_prio", 0, NO_TIMERS, "real-time priority of the fast timer", {
    aliases: ["rt_fast_timer_prio", "rt_ftimer_prio"],
  }),
  row("int", "rt_timer1_policy", 0, NO_TIMERS, "real-time policy of the fast timer", {
    aliases: ["rt_ftimer_policy"],
  }),
  row("int", "rt_timer2_prio", 0, NO_TIMERS, "real-time priority of the slow timer", { aliases: ["rt_stimer_prio"] }),
  row("int", "rt_timer2_policy", 0, NO_TIMERS, "real-time policy of the slow timer", {
    aliases: ["rt_stimer_policy"],
  }),
];

/** Rows that do not concern the network. */
export const CORE_GLOBALS: readonly GlobalDef[] = [...LOGGING, ...IDENTITY, ...SCRIPT, ...PROCESS];
