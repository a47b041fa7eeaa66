// Cases of module kex: its functions and those of its commands that say the same everywhere.

import { type LanguageCase, type Setup, shows } from "./language-bed.ts";

export const setup: Setup = { head: 'alias="office.example"' };

type Rpc = NonNullable<LanguageCase["rpc"]>[number];

function rpc(...command: Rpc): LanguageCase {
  return { name: `rpc ${command.join(" ")}`, run: "", rpc: [command] };
}

const functions: readonly LanguageCase[] = [
  shows("script flags", [], {
    run: 'issflagset("3"); SAY("$rc"); setsflag("3"); SAY("$rc"); issflagset("3"); SAY("$rc"); resetsflag("3"); issflagset("3"); SAY("$rc");',
  }),
  shows("branch flags", [], {
    run: 'isbflagset("3"); SAY("$rc"); setbflag("3"); SAY("$rc"); isbflagset("3"); SAY("$rc"); resetbflag("3"); isbflagset("3"); SAY("$rc"); setbflag("3", "1"); SAY("$rc");',
  }),
  shows("destination URI", ["$du"], {
    run: 'isdsturiset(); SAY("$rc"); setdsturi("sip:h:5"); SAY("$rc $du"); isdsturiset(); SAY("$rc"); resetdsturi(); SAY("$rc"); isdsturiset(); SAY("$rc");',
  }),
  shows("pv_printf", ["$var(x)|$avp(y)"], {
    run: 'pv_printf("$var(x)", "a $rm"); SAY("$rc"); avp_printf("$avp(y)", "b $rm"); SAY("$rc");',
  }),
  ...[
    "sip:office.example",
    "sip:u@office.example:99",
    "sip:127.0.0.1",
    "office.example",
    "sip:other",
    "nonsense",
    "",
  ].map((u) => shows(`is_myself ${u}`, [], { run: `is_myself("${u}"); SAY("$rc");` })),
  shows("setdebug and resetdebug", [], { run: 'setdebug("-4"); SAY("$rc"); resetdebug(); SAY("$rc");' }),
  shows("$sruid", [], {
    run: '$var(a) = $sruid; $var(b) = $sruid; if ($var(a) != $var(b)) { SAY("differ"); } if ($(var(a){s.len}) > 10) { SAY("long"); }',
  }),
];

const commands: readonly LanguageCase[] = [
  rpc("core.echo", "a", "b c"),
  rpc("core.prints", "a", "b"),
  rpc("core.printi", 1, 2),
  rpc("core.udp4_raw_info"),
  rpc("system.methodHelp", "core.uptime"),
  rpc("system.methodHelp", "no.such"),
  rpc("stats.get_statistics"),
  rpc("stats.get_statistics", "nosuch"),
  rpc("stats.get_statistics", "nosuch:"),
  rpc("stats.get_statistics", "core:bad_msg_hdr"),
  rpc("stats.get_statistics", "bad_msg_hdr"),
  rpc("stats.get_statistics", "bad_msg_hdr", "bad_msg_hdr"),
  rpc("stats.fetch", "bad_msg_hdr"),
  rpc("stats.fetchn", "bad_msg_hdr"),
  rpc("stats.fetch", "nosuch"),
  rpc("stats.reset_statistics", "bad_msg_hdr"),
  rpc("stats.clear_statistics", "bad_msg_hdr"),
  rpc("stats.reset_statistics", "nosuch"),
  rpc("mod.stats", "nosuch", "pkg"),
  rpc("mod.stats"),
];

/** All of them. */
export const cases: readonly LanguageCase[] = [...functions, ...commands];
