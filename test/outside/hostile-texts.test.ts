// One datagram must neither hold up all others nor take memory for long: headers and bodies made to take long are handled in a moment. What
// is measured here took from one to fourteen seconds before it was found.

import { afterEach, expect, test } from "vitest";
import { heapInUse } from "../support/heap.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

/** Milliseconds one message may take; in proportion to its length it is some ten. */
const MOST = 600;

let bed: ProxyBed;
afterEach(() => bed.close());

const long = (part: string, length = 60_000): string => part.repeat(Math.ceil(length / part.length)).slice(0, length);

/** How long a message takes to be handled, by the real clock. */
async function time(config: string, message: (bed: ProxyBed) => string): Promise<number> {
  bed = await openProxy(config);
  const agent = await bed.tcp();
  await agent.send(bed.request("OPTIONS", "sip:warm@192.0.2.1", [], "TCP 192.0.2.10:7000"));
  const text = message(bed);
  const { requests } = bed.server.proxy.counters;
  const since = performance.now();
  await agent.send(text);
  const taken = performance.now() - since;
  expect(bed.server.proxy.counters.requests, "it was taken as a message").toBe(requests + 1);
  expect(bed.server.proxy.counters.routeErrors).toBe(0);
  return taken;
}

/** A request with a header in place of the usual one. */
const request =
  (method: string, lines: readonly string[], body = "") =>
  (b: ProxyBed) =>
    b.request(method, "sip:bob@example.org", lines, "TCP 192.0.2.10:7000", body);

const route = (text: string, ...more: readonly string[]): string =>
  `${modules(...more)}request_route { if (!is_method("OPTIONS")) { ${text}; } exit; }\n`;
const PRESENCE = `${modules("presence", "presence_xml")}modparam("presence_xml", "force_active", 1)
request_route { if (is_method("SUBSCRIBE")) handle_subscribe(); else if (is_method("PUBLISH")) handle_publish(); exit; }`;
const SUBSCRIBE = ["Event: presence", "Expires: 60"];
const CONTACT = "Contact: <sip:alice@192.0.2.10:7000>";

test.each([
  ["P-Charging-Vector", route('sip_p_charging_vector("f")'), request("INVITE", [`P-Charging-Vector: ${long("a")}`])],
  ["blanks in Contact", route("dlg_manage()", "dialog"), request("INVITE", [`Contact: <sip:a@b>;x=y${long(" ")}z`])],
  [
    "blanks in Record-Route",
    route("dlg_manage()", "dialog"),
    request("INVITE", [CONTACT, `Record-Route: <sip:a@b;lr>;x=y${long("\t")}z`]),
  ],
  [
    "Record-Route of a subscription without an address",
    PRESENCE,
    request("SUBSCRIBE", [...SUBSCRIBE, CONTACT, `Record-Route: ${long("a", 2000)}`]),
  ],
  [
    "blanks in a part of the body",
    route('get_body_part("text/plain", "$avp(x)")'),
    request(
      "MESSAGE",
      ["Content-Type: multipart/mixed;boundary=b"],
      `--b\r\nContent-Type: a${long(" ")}x\r\n\r\ny\r\n--b--\r\n`,
    ),
  ],
  ["the comment of a Via", route("$avp(x) = @via[2].comment"), request("INVITE", [`v: SIP/2.0/UDP a ${long("(")}`])],
  ["blanks in Event", route("$avp(x) = @event"), request("INVITE", [`Event: a${long(" ")}b`])],
  [
    "headers for a request made here",
    route('t_uac_send("OPTIONS", "sip:a@192.0.2.10", "", "", "$hdr(Subject)", "")'),
    request("INVITE", [`Subject: X: a${long("\t")}b`]),
  ],
] as const)("%s", async (_, config, message) => {
  expect(await time(config, message)).toBeLessThan(MOST);
});

test("a dialog, which may last for hours, keeps no long texts of strangers", async () => {
  bed = await openProxy(`${modules("dialog")}request_route { dlg_manage(); record_route(); t_relay(); exit; }\n`);
  const caller = await bed.udp(7000);
  const callee = await bed.udp(7001);
  const call = async (lines: readonly string[], more: readonly string[]): Promise<string> => {
    await caller.send(bed.request("INVITE", "sip:bob@192.0.2.10:7001", lines));
    const kept = callee.received
      .at(-1)!
      .split("\r\n")
      .filter((l) => /^(?:Via|Record-Route|From|To|Call-ID|CSeq):/.test(l));
    await callee.send(
      [`SIP/2.0 200 OK`, ...kept, ...more, "Content-Length: 0\r\n\r\n"].join("\r\n").replace(/^To:.*$/m, "$&;tag=b"),
    );
    return JSON.stringify(await bed.rpc("dlg.list"));
  };
  expect(await call([`Contact: <sip:a@192.0.2.10;x=${long("a", 9000)}>`], [])).toBe("[]");
  expect(bed.log.join("\n")).toContain("its call is not tracked");
  const listed = await call(["Contact: <sip:a@192.0.2.10:7000>"], [`Contact: <sip:b@192.0.2.10;x=${long("b", 9000)}>`]);
  expect(listed).toContain("sip:a@192.0.2.10:7000");
  expect(listed.length).toBeLessThan(3000);
});

test("neither does a binding", async () => {
  bed = await openProxy(
    `${modules()}modparam("registrar", "use_path", 1)\nmodparam("registrar", "path_mode", 0)\nrequest_route { save("location"); exit; }\n`,
  );
  const phone = await bed.udp(7000);
  const register = async (...lines: string[]): Promise<string> =>
    (await phone.send(bed.request("REGISTER", "sip:example.org", [CONTACT, ...lines])))[0]!.slice(0, 12);
  for (const header of [
    "To: <sip:bob@example.org;x=$>",
    "Call-ID: $",
    "Path: <sip:$@192.0.2.9;lr>",
    "k: path\r\nPath: <sip:p;lr>,<sip:$;lr>",
  ])
    expect(await register(header.replace("$", long("a", 5000))), header).toBe("SIP/2.0 400 ");
  expect(await register(`User-Agent: ${long("a", 5000)}`)).toBe("SIP/2.0 200 ");
  expect(JSON.stringify(await bed.rpc("ul.dump")).length).toBeLessThan(2000);
});

test("no cache keeps long texts of strangers", async () => {
  bed = await openProxy(`${modules("kex")}modparam("siputils", "ring_timeout", 3600)
request_route { $var(x) = $hdr($rU); is_myself("$ru"); ring_insert_callid(); t_relay(); exit; }
`);
  const phone = await bed.udp(7000);
  await bed.udp(7001);
  const round = async (count: number): Promise<number> => {
    for (let n = 0; n < count; n++) {
      const own = `${long("a", 20_000)}${n}`;
      await phone.send(bed.request("MESSAGE", `sip:${own}@192.0.2.10:7001`, [`Call-ID: ${own}`]));
    }
    phone.received.length = 0;
    await bed.world.advance(100_000);
    return heapInUse();
  };
  const before = await round(10);
  expect(((await round(800)) - before) / 2 ** 20, "MB").toBeLessThan(12);
});
