// Whole calls through the functions of rtpengine and rtpproxy in every kind of route, compared with Kamailio's: offer and answer as the manage function
// chooses them, late offers, changes of a call, failures, cancellation, serial forking, and the end of the session with its dialog.

import type { Call, CallGroup } from "./dialog-call.ts";

const sdp = (n: number, more = ""): string =>
  `v=0\r\no=- ${n} 1 IN IP4 10.0.0.${n}\r\ns=-\r\nc=IN IP4 10.0.0.${n}\r\nt=0 0\r\nm=audio ${n}000 RTP/AVP 0\r\n${more}`;
const OFFER = sdp(1);
const ANSWER = sdp(2);

// What the script does is chosen by the letters of X-F: r request, b branch, a reply, f failure, n again after a failure, w within.
function call(name: string, letters: string, run: (call: Call) => Promise<void>, body = OFFER) {
  return {
    name: `${name} (${letters})`,
    run: async (call: Call): Promise<void> => {
      await call.invite([`X-F: ${letters}`], 60, body);
      await run(call);
      await call.wait(50);
    },
  };
}

async function answered(call: Call, by: "uac" | "uas" = "uac"): Promise<void> {
  await call.answer(200, { body: ANSWER });
  await call.ack();
  await call.within(by, "BYE");
}

async function changed(call: Call, by: "uac" | "uas", method: string): Promise<void> {
  await call.answer(200, { body: ANSWER });
  await call.ack();
  const other = by === "uac" ? call.uas : call.uac;
  other.bodies[method] = sdp(4);
  await call.within(by, method, [], 0, sdp(3, "a=sendonly\r\n"));
  if (method === "INVITE") await call.ack();
  await call.within("uac", "BYE");
}

const cases = (): CallGroup["cases"] => [
  call("answered", "ra w", (c) => answered(c)),
  call("answered", "ba w", (c) => answered(c, "uas")),
  call("early media", "ba w", async (c) => {
    await c.answer(180);
    await c.answer(183, { body: ANSWER });
    await answered(c);
  }),
  call(
    "offer in the 200",
    "rba w",
    async (c) => {
      await c.answer(200, { body: ANSWER });
      await c.within("uac", "ACK", [], 0, OFFER);
      await c.within("uas", "BYE");
    },
    "",
  ),
  call("no description in the 200", "ba w", async (c) => {
    await c.answer(200);
    await c.ack();
    await c.within("uac", "BYE");
  }),
  call("held by the caller", "ba w", (c) => changed(c, "uac", "INVITE")),
  call("held by the callee", "ba w", (c) => changed(c, "uas", "INVITE")),
  call("UPDATE", "ba w", (c) => changed(c, "uac", "UPDATE")),
  call("INFO with a description", "ba w", (c) => changed(c, "uac", "INFO")),
  call("refused", "baf", (c) => c.answer(486)),
  call("refused", "ba", (c) => c.answer(486)),
  call("refused", "bf", (c) => c.answer(603)),
  call("tried again", "bafn w", async (c) => {
    await c.answer(486);
    await answered(c);
  }),
  call("canceled", "baf", async (c) => {
    await c.answer(180);
    await c.cancel();
    await c.wait(100);
  }),
  call("silence", "bf", (c) => c.wait(1900)),
  call("nothing in the way back", "b", (c) => answered(c)),
];

function routes(module: "rtpengine" | "rtpproxy"): string {
  const manage = (where: string): string => `{ ${module}_manage(); xlog("L_ALERT", "@$ci ${where} $rc\\n"); }`;
  return `branch_route[OUT] { if (isflagset(2)) ${manage("branch")} }
onreply_route[BACK] { if (isflagset(1)) ${manage("reply")} }
failure_route[NOT] {
  if (isflagset(3)) ${manage("failure")}
  if ($hdr(X-F) =~ "n" && !isflagset(5)) { setflag(5); $ru = $ru + ";again=1"; t_on_branch("OUT"); t_on_failure("NOT"); t_relay(); }
}
`;
}

function group(module: "rtpengine" | "rtpproxy", params: string): CallGroup {
  const manage = (where: string): string => `{ ${module}_manage(); xlog("L_ALERT", "@$ci ${where} $rc\\n"); }`;
  return {
    name: `${module} in all routes`,
    relay: module,
    modules: [module],
    params,
    first: `  if (is_method("CANCEL")) ${manage("cancel")}
`,
    initial: `    dlg_manage();
    if ($hdr(X-F) =~ "a") setflag(1);
    if ($hdr(X-F) =~ "b") setflag(2);
    if ($hdr(X-F) =~ "f") setflag(3);
    if ($hdr(X-F) =~ "r") ${manage("request")}
    t_on_branch("OUT"); t_on_reply("BACK"); t_on_failure("NOT");
`,
    within: `    if (isflagset(31)) exit;
    else ${manage("within")}
    setflag(1);
    if (!is_method("ACK|BYE")) t_on_reply("BACK");
`,
    routes: routes(module),
    cases: cases(),
  };
}

/** All groups. */
export const MEDIA_CALL_GROUPS: readonly CallGroup[] = [
  group("rtpengine", `modparam("rtpengine", "rtpengine_sock", "udp:{RELAY}")\n`),
  group("rtpproxy", `modparam("rtpproxy", "rtpproxy_sock", "udp:{RELAY}")\n`),
  {
    name: "a session ends with its dialog",
    relay: "rtpengine",
    modules: ["rtpengine"],
    params: `modparam("rtpengine", "rtpengine_sock", "udp:{RELAY}")\n`,
    initial: `    dlg_manage(); rtpengine_offer();
`,
    routes: `event_route[dialog:end] { rtpengine_delete(); xlog("L_ALERT", "@$ci end $rc\\n"); }
event_route[dialog:failed] { rtpengine_delete(); xlog("L_ALERT", "@$ci failed $rc\\n"); }
`,
    cases: [
      call("answered", "", (c) => answered(c)),
      call("answered, callee hangs up", "", (c) => answered(c, "uas")),
      call("refused", "", (c) => c.answer(486)),
      call("canceled", "", async (c) => {
        await c.answer(180);
        await c.cancel();
        await c.wait(100);
      }),
    ],
  },
];
