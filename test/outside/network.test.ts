// event_route[network:msg] and [corex:reply-out]: what the script puts in place of what comes in and goes out.

import { afterEach, describe, expect, test } from "vitest";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed | null = null;
afterEach(async () => {
  await bed?.close();
  bed = null;
});

const HEAD = `${modules("corex", "textopsx", "xhttp")}tcp_accept_no_cl=yes
modparam("corex", "nio_intercept", 1)
modparam("corex", "nio_min_msg_len", 20)
modparam("corex", "nio_msg_avp", "$avp(msg)")
`;

const ROUTES = `
request_route {
  if ($rU == "keep") { append_to_reply("X-In: $hdr(X-In) $avp(o)\\r\\n"); sl_send_reply("200", "Fine"); exit; }
  if ($rU == "data") { send_data("sip:192.0.2.10:7100", "a text longer than twenty bytes"); send_udp("192.0.2.10:7100"); exit; }
  $du = "sip:192.0.2.10:7100";
  t_relay();
}
event_route[network:msg] {
  xlog("L_ALERT", "$ml $(mb{s.substr,0,12})\\n");
  if (is_incoming()) {
    if ($mb =~ "X-Secret: ") { $avp(o) = "kept"; $avp(msg) = $(mb{s.replace,X-Secret: ,X-In: }); }
    if ($mb =~ "X-Empty: ") { $avp(msg) = ""; }
    if ($mb =~ "X-Number: ") { $avp(msg) = 7; }
    if ($mb =~ "X-Drop: ") { drop; }
    if ($mb =~ "^GET /tunnel ") { $avp(msg) = $(mb{s.select,1,<}{s.select,0,>}{s.decode.base64}); }
  } else if ($mb =~ "Fine") {
    $avp(msg) = $(mb{s.replace,CSeq: 1,CSeq: 01});
  }
}
`;

async function open(more = ""): Promise<ProxyBed> {
  bed = await openProxy(HEAD + ROUTES + more);
  return bed;
}

describe("event_route[network:msg]", () => {
  test("what it leaves in the AVP is parsed and sent, AVPs go on to request_route", async () => {
    const { udp, request } = await agents();
    const [reply] = await udp.send(request("OPTIONS", "sip:keep@192.0.2.1", ["X-Secret: 5"]));
    expect(reply).toContain("X-In: 5 kept\r\n");
    expect(reply).toContain("CSeq: 01");
  });

  test("without a value, with a number, after drop: the message as it was", async () => {
    const { udp, request } = await agents();
    for (const line of ["X-Other: 1", "X-Number: 1", "X-Drop: 1"])
      expect((await udp.send(request("OPTIONS", "sip:keep@192.0.2.1", [line])))[0], line).toContain("X-In: <null>");
  });

  test("an empty text leaves nothing to parse; what is shorter than nio_min_msg_len is not looked at", async () => {
    const { udp, request, log } = await agents();
    expect(await udp.send(request("OPTIONS", "sip:keep@192.0.2.1", ["X-Empty: 1"]))).toEqual([]);
    log.length = 0;
    expect(await udp.send("OPTIONS short")).toEqual([]);
    expect(log.filter((line) => line.includes("OPTIONS sho"))).toEqual([]);
  });

  test("relayed requests and replies pass it; send_data and send_udp do not", async () => {
    const { bed, udp, request, log } = await agents();
    const far = await bed.udp(7100);
    await udp.send(request("OPTIONS", "sip:relay@192.0.2.1"));
    const relayed = far.received[0]!;
    const lines = relayed.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
    await far.send(["SIP/2.0 200 Fine", ...lines, "Content-Length: 0", "", ""].join("\r\n"));
    expect(udp.received.at(-1)).toContain("CSeq: 01");
    expect(log.filter((line) => / (OPTIONS|SIP\/2)/.test(line))).toHaveLength(4);
    log.length = 0;
    await udp.send(request("OPTIONS", "sip:data@192.0.2.1"));
    expect(far.received.slice(1)).toEqual(["a text longer than twenty bytes", expect.stringContaining("sip:data@")]);
    expect(log.filter((line) => / (OPTIONS|a text)/.test(line))).toHaveLength(1);
  });

  test("over TCP; answers to HTTP are left alone, SIP may travel in requests that look like HTTP", async () => {
    const { bed, request } = await agents(
      'event_route[xhttp:request] { xhttp_reply("200", "Fine", "text/plain", "x"); }',
    );
    const tcp = await bed.tcp();
    const sip = request("OPTIONS", "sip:keep@192.0.2.1", ["X-Secret: 5"], "TCP 192.0.2.10:7000");
    expect((await tcp.send(sip))[0]).toContain("CSeq: 01");
    const http = "GET /page HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    expect((await tcp.send(http)).join("")).not.toContain("CSeq: 01");
    const hidden = btoa(request("OPTIONS", "sip:keep@192.0.2.1", ["X-In: 6"], "TCP 192.0.2.10:7000"));
    const tunnel = `GET /tunnel HTTP/1.1\r\nHost: a\r\nX-Sip: <${hidden}>\r\nContent-Length: 0\r\n\r\n`;
    expect((await tcp.send(tunnel)).join("")).toContain("X-In: 6 <null>");
    expect((await tcp.send(http)).join("")).toMatch(/^HTTP\/1.1 200 Fine/);
  });

  test("does not run without nio_intercept", async () => {
    bed = await openProxy(HEAD.replace('"nio_intercept", 1', '"nio_intercept", 0') + ROUTES);
    const udp = await bed.udp(7000);
    expect((await udp.send(bed.request("OPTIONS", "sip:keep@192.0.2.1", ["X-Secret: 1"])))[0]).toContain(
      "X-In: <null>",
    );
  });
});

test("event_route[corex:reply-out] sees replies made here and passed on; drop there changes nothing", async () => {
  bed = await openProxy(`${modules("corex")}
request_route {
  if ($rU == "here") { sl_send_reply("200", "Fine"); exit; }
  if ($rU == "tm") { t_newtran(); t_reply("486", "Busy"); exit; }
  $du = "sip:192.0.2.10:7100";
  t_relay();
}
event_route[corex:reply-out] { xlog("L_ALERT", "out $rs $rr $cs\\n"); drop; }`);
  const udp = await bed.udp(7000);
  expect(await udp.send(bed.request("OPTIONS", "sip:here@192.0.2.1"))).toHaveLength(1);
  expect(await udp.send(bed.request("OPTIONS", "sip:tm@192.0.2.1"))).toHaveLength(1);
  const far = await bed.udp(7100);
  await udp.send(bed.request("MESSAGE", "sip:relay@192.0.2.1"));
  const lines = far.received[0]!.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  await far.send(["SIP/2.0 202 Taken", ...lines, "Content-Length: 0", "", ""].join("\r\n"));
  expect(bed.log.filter((line) => line.includes("out "))).toEqual(
    ["200 Fine", "486 Busy", "202 Taken"].map((what) => expect.stringContaining(`out ${what} 1`)),
  );
});

async function agents(more = "") {
  const opened = await open(more);
  const udp = await opened.udp(7000);
  return { bed: opened, udp, log: opened.log, request: opened.request.bind(opened) };
}

test.each(["evcb_reply_out", "event_callback"])(
  "%s names the function of a Lua script that runs in its place",
  async (param) => {
    const script = `function ksr_request_route() KSR.sl.sl_send_reply(200, "Fine") end
function reply_leaves(event) KSR.err(event .. " " .. KSR.pv.get("$rs") .. "\\n") end`;
    const config = `${modules("corex", "app_lua")}cfgengine "lua"
modparam("app_lua", "load", "/r.lua")
modparam("corex", "${param}", "reply_leaves")`;
    bed = await openProxy(config, -1, undefined, undefined, { "/r.lua": script });
    const udp = await bed.udp(7000);
    expect(await udp.send(bed.request("OPTIONS", "sip:here@192.0.2.1"))).toHaveLength(1);
    expect(bed.log).toContainEqual(expect.stringContaining("corex:reply-out 200"));
  },
);
