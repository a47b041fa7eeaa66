// Cases of module rr beside those of modules-cases.ts: a request that has been record-routed comes back to the server itself.

import { type LanguageCase, type Setup, shows } from "./language-bed.ts";

export const setup: Setup = {
  head: ['modparam("rr", "custom_user_avp", "$avp(rruser)")', 'modparam("rr", "add_username", 1)'].join("\n"),
};

/** Forwards to this server after some statements, and shows the Record-Route headers that came of them. */
function recorded(name: string, run: string, more: Partial<LanguageCase> = {}): LanguageCase {
  return shows(`recorded: ${name}`, [], {
    ...more,
    run: `if ($sp == $Rp) { SAY("$(hdr(Record-Route)[0])|$(hdr(Record-Route)[1])"); exit; } ${run} $du = "sip:127.0.0.1:" + $Rp; forward(); exit;`,
  });
}

const INVITE = { line: "INVITE sip:bob@127.0.0.1:{ME}", headers: ["CSeq: 7 INVITE"] };

const records: readonly LanguageCase[] = [
  recorded("record_route", 'record_route(); SAY("$rc");', INVITE),
  recorded("twice", 'record_route(); record_route(); SAY("$rc");', INVITE),
  recorded("with parameters", 'record_route(";a=1"); SAY("$rc");', INVITE),
  recorded("parameters before", 'add_rr_param(";b=2"); SAY("$rc"); record_route();', INVITE),
  recorded("parameters after", 'record_route(); add_rr_param(";b=2"); SAY("$rc");', INVITE),
  recorded("removed", 'record_route(); remove_record_route(); SAY("$rc");', INVITE),
  recorded("removed without any", 'remove_record_route(); SAY("$rc");', INVITE),
  recorded("user of an AVP", '$avp(rruser) = "me"; record_route(); SAY("$rc");', INVITE),
  recorded("preset", 'record_route_preset("1.2.3.4:5090"); SAY("$rc");', INVITE),
  recorded("preset twice", 'record_route_preset("1.2.3.4:5090;transport=tcp", "5.6.7.8"); SAY("$rc");', INVITE),
  recorded("advertised", 'record_route_advertised_address("edge.example:5090"); SAY("$rc");', INVITE),
  recorded(
    "advertised with parameters",
    'record_route_advertised_address("edge.example:5090;transport=tcp"); SAY("$rc");',
    INVITE,
  ),
  recorded("preset and parameters", 'record_route_preset("1.2.3.4:5090"); add_rr_param(";x=y"); SAY("$rc");', INVITE),
];

const ROUTE = { line: "BYE sip:bob@127.0.0.1:9" };
const WITH = (route: string): Partial<LanguageCase> => ({
  ...ROUTE,
  headers: [route, "CSeq: 7 BYE", "To: <sip:bob@office.example>;tag=t2"],
});
const OWN = "<sip:127.0.0.1:{ME};lr;ftag=t1;x=1>";

const routes: readonly LanguageCase[] = [
  ...["0", "1"].map((mode) =>
    shows(`loose_route_mode ${mode}`, ["$du|$ru|$route_uri"], {
      ...WITH(`Route: ${OWN},<sip:next:5070;lr>`),
      run: `loose_route_mode("${mode}"); SAY("$rc");`,
    }),
  ),
  shows("loose_route_mode 1: R-URI is ours", ["$du|$ru"], {
    ...WITH(`Route: ${OWN},<sip:next:5070;lr>`),
    line: "BYE sip:127.0.0.1:{ME}",
    run: 'loose_route_mode("1"); SAY("$rc");',
  }),
  shows("loose_route: R-URI is ours", ["$du|$ru"], {
    ...WITH(`Route: ${OWN},<sip:next:5070;lr>`),
    line: "BYE sip:127.0.0.1:{ME}",
    run: 'loose_route(); SAY("$rc");',
  }),
  shows("loose_route_preloaded", ["$du"], {
    headers: [`Route: ${OWN},<sip:next:5070;lr>`],
    run: 'loose_route_preloaded(); SAY("$rc");',
  }),
  shows("loose_route_preloaded: only ours", ["$du"], {
    headers: [`Route: ${OWN}`],
    run: 'loose_route_preloaded(); SAY("$rc");',
  }),
  shows("loose_route_preloaded: none", ["$du"], { run: 'loose_route_preloaded(); SAY("$rc");' }),
  shows("questions after loose_route", ["$route_uri|$rdir(id)|$rdir(name)|$fti|$tti"], {
    ...WITH(`Route: ${OWN},<sip:next:5070;lr>`),
    run: 'loose_route(); check_route_param("x=1"); SAY("$rc"); check_route_param("y"); SAY("$rc"); is_direction("downstream"); SAY("$rc"); is_direction("upstream"); SAY("$rc"); rr_next_hop_route(); SAY("$rc");',
  }),
  shows("questions upstream", ["$rdir(id)|$rdir(name)|$fti|$tti"], {
    ...WITH("Route: <sip:127.0.0.1:{ME};lr;ftag=t2>"),
    run: 'loose_route(); SAY("$rc"); is_direction("downstream"); SAY("$rc"); is_direction("upstream"); SAY("$rc"); rr_next_hop_route(); SAY("$rc");',
  }),
  shows("questions without loose_route", [], {
    ...WITH(`Route: ${OWN}`),
    run: 'check_route_param("x=1"); SAY("$rc"); rr_next_hop_route(); SAY("$rc");',
  }),
  shows("user of the Route", ["$route_uri|$du"], {
    ...WITH("Route: <sip:me@127.0.0.1:{ME};lr>"),
    run: '$avp(rruser) = "old"; loose_route(); SAY("$rc $avp(rruser)");',
  }),
];

/** All of them. */
export const cases: readonly LanguageCase[] = [...records, ...routes];
