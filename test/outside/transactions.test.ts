// Functions and parameters of module tm that the installed Kamailio lacks or that loopback cannot show (call flows that it has are in
// test/parity/flows.test.ts): from outside, in virtual time.

import { expect, test } from "vitest";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const HOP = "192.0.2.10:7001";

interface Bed {
  readonly bed: ProxyBed;
  readonly client: BedAgent;
  readonly hop: BedAgent;
}

async function open(body: string, params = "", routes = ""): Promise<Bed> {
  const config = `${modules("tmx")}modparam("tm", "fr_timer", 1000)\n${params}request_route {\n  if (is_method("ACK|CANCEL")) { t_relay(); exit; }\n  ${body}\n}\n${routes}`;
  const bed = await openProxy(config);
  return { bed, client: await bed.udp(7000), hop: await bed.udp(7001) };
}

const first = (texts: readonly string[]): string[] => texts.map((t) => t.slice(0, t.indexOf("\r\n")));

function answer(request: string, code: number): string {
  const kept = request.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq):/.test(l));
  const to = request.split("\r\n").find((l) => l.startsWith("To:"))!;
  return [`SIP/2.0 ${code} R${code}`, ...kept, `${to};tag=u`, "Content-Length: 0", "", ""].join("\r\n");
}

function cancelOf(invite: string, ...lines: readonly string[]): string {
  return invite
    .replace("INVITE", "CANCEL")
    .replace("1 INVITE", "1 CANCEL")
    .replace("Content-Length", `${lines.map((l) => `${l}\r\n`).join("")}Content-Length`);
}

const param = (name: string, value: string | number): string =>
  `modparam("tm", "${name}", ${typeof value === "number" ? value : `"${value}"`})\n`;

test("reply_408_code and reply_408_reason stand for silence", async () => {
  const { bed, client } = await open("t_relay();", param("reply_408_code", 410) + param("reply_408_reason", "Gone"));
  await client.send(bed.request("MESSAGE", `sip:x@${HOP}`));
  await bed.world.advance(2000);
  expect(first(client.received)).toEqual(["SIP/2.0 410 Gone"]);
  await bed.close();
});

test("delayed_reply 0: an error of t_relay is answered before the script goes on", async () => {
  const script = `$ru = "sip:x@192.0.2.10;transport=sctp"; t_relay(); t_reply("404", "mine");`;
  const late = await open(script);
  await late.client.send(late.bed.request("MESSAGE", `sip:x@${HOP}`));
  expect(first(late.client.received)).toEqual(["SIP/2.0 404 mine"]);
  await late.bed.close();
  const early = await open(script, param("delayed_reply", 0));
  await early.client.send(early.bed.request("MESSAGE", `sip:x@${HOP}`));
  expect(first(early.client.received)).toEqual(["SIP/2.0 500 I'm terribly sorry, server error occurred (7/TM)"]);
  await early.bed.close();
});

test("headers_mode 1: headers of a CANCEL go on, but those each hop has of its own", async () => {
  const { bed, client, hop } = await open("t_relay();", param("headers_mode", 1));
  const invite = bed.request("INVITE", `sip:x@${HOP}`);
  await client.send(invite);
  await hop.send(answer(hop.received[0]!, 180));
  await client.send(cancelOf(invite, "X-Why: tired", "Reason: SIP;cause=200"));
  const cancel = hop.received.find((t) => t.startsWith("CANCEL"))!;
  expect(cancel).toContain("\r\nX-Why: tired\r\n");
  expect(cancel).toContain("\r\nReason: SIP;cause=200\r\n");
  expect(cancel.match(/^(Via|From|To|Call-ID|CSeq|Max-Forwards|Content-Length):/gm)).toHaveLength(7);
  await bed.close();
});

test("t_exists looks without taking the transaction; t_reply_error says what went wrong", async () => {
  const { bed, client, hop } = await open(
    `if (t_exists()) { xlog("early\\n"); } t_newtran(); if (t_exists()) { xlog("yes\\n"); } t_on_reply("R"); t_relay();`,
    "",
    `onreply_route[R] { if (t_exists()) { xlog("in reply\\n"); } }`,
  );
  await client.send(bed.request("MESSAGE", `sip:x@${HOP}`));
  await hop.send(answer(hop.received[0]!, 200));
  expect(bed.log.filter((l) => /early|yes|in reply/.test(l)).map((l) => l.trim())).toEqual([
    expect.stringContaining("yes"),
    expect.stringContaining("in reply"),
  ]);
  await bed.close();
  const failing = await open(
    `$ru = "sip:x@192.0.2.10;transport=sctp"; t_set_disable_internal_reply("1"); t_relay(); t_reply_error();`,
  );
  await failing.client.send(failing.bed.request("MESSAGE", `sip:x@${HOP}`));
  expect(first(failing.client.received)).toEqual(["SIP/2.0 500 I'm terribly sorry, server error occurred (7/TM)"]);
  await failing.bed.close();
});

test("t_cell_append_branches sends another transaction's request further; t_cancel_branch_idx takes one branch back", async () => {
  const { bed, client, hop } = await open(
    `if (is_method("INVITE")) { t_newtran(); $shv(i) = $T(id_index); $shv(l) = $T(id_label); t_relay(); exit; }
     if ($rU == "more") { append_branch("sip:second@${HOP}"); t_cell_append_branches("$shv(i)", "$shv(l)"); }
     else { t_cancel_branch_idx("$shv(i)", "$shv(l)", "0"); }
     sl_send_reply("200", "$rc");`,
  );
  await client.send(bed.request("INVITE", `sip:first@${HOP}`));
  await hop.send(answer(hop.received[0]!, 180));
  await client.send(bed.request("MESSAGE", `sip:more@${HOP}`));
  await client.send(bed.request("MESSAGE", `sip:less@${HOP}`));
  const seen = first(hop.received);
  expect(seen.filter((l) => l.startsWith("INVITE"))).toEqual([
    `INVITE sip:first@${HOP} SIP/2.0`,
    `INVITE sip:second@${HOP} SIP/2.0`,
  ]);
  expect(seen.filter((l) => l.startsWith("CANCEL"))).toEqual([`CANCEL sip:first@${HOP} SIP/2.0`]);
  await bed.close();
});

test("t_load_contacts(1) begins with a contact as often as its q says", async () => {
  const { bed, client, hop } = await open(
    `$ru = "sip:low@${HOP}"; append_branch("sip:one@${HOP}", "0.1"); append_branch("sip:three@${HOP}", "0.3");
     t_load_contacts("1"); t_next_contacts(); t_relay();`,
    param("contacts_avp", "c") + param("contact_flows_avp", "f"),
  );
  const count = 400;
  for (let i = 0; i < count; i++) await client.send(bed.request("MESSAGE", `sip:x@${HOP}`));
  const three = new Set(
    hop.received.filter((t) => t.startsWith("MESSAGE sip:three@")).map((t) => /^Call-ID.*$/m.exec(t)![0]),
  );
  expect(three.size / count).toBeGreaterThan(0.68);
  expect(three.size / count).toBeLessThan(0.82);
  expect(hop.received.some((t) => t.startsWith("MESSAGE sip:low@"))).toBe(false);
  await bed.close();
});

test("xavp_contact: each contact is tried with the attributes it was registered with", async () => {
  const bed = await openProxy(`${modules("tmx", "usrloc", "registrar")}
    ${param("contacts_avp", "c") + param("contact_flows_avp", "f")}modparam("tm|usrloc", "xavp_contact", "attrs")
    request_route {
      if (is_method("REGISTER")) { $xavp(attrs=>desk) = $hdr(X-Desk); save("location"); exit; }
      lookup("location"); t_load_contacts(); t_next_contacts(); t_on_branch("SEND"); t_on_failure("NEXT"); t_relay();
    }
    branch_route[SEND] { append_hf("X-Desk: $xavp(attrs=>desk)\\r\\n"); }
    failure_route[NEXT] { if (t_next_contacts()) { t_on_branch("SEND"); t_on_failure("NEXT"); t_relay(); } }`);
  const client = await bed.udp(7000);
  const hop = await bed.udp(7001);
  const call = (method: string, ...lines: readonly string[]): Promise<readonly string[]> =>
    client.send(bed.request(method, "sip:desks@x", ["To: <sip:desks@x>", ...lines]));
  await call("REGISTER", `Contact: <sip:second@${HOP}>;q=0.3`, "X-Desk: north");
  await call("REGISTER", `Contact: <sip:first@${HOP}>;q=0.8`, "X-Desk: south");
  await call("MESSAGE");
  await hop.send(answer(hop.received[0]!, 480));
  expect(hop.received.map((t) => [t.split(" ")[1], /^X-Desk: (.*)$/m.exec(t)?.[1]?.trim()])).toEqual([
    [`sip:first@${HOP}`, "south"],
    [`sip:second@${HOP}`, "north"],
  ]);
  await bed.close();
});

test("parameters that can mean nothing here say so", async () => {
  const obsolete = ["delete_timer", "exec_time_check", "reply_matching", "e2e_cancel_hop_by_hop", "unix_tx_timeout"];
  const { bed } = await open(
    "t_relay();",
    obsolete.map((name) => param(name, name === "delete_timer" ? 2 : 0)).join(""),
  );
  const said = bed.diagnostics.map((d) => d.message);
  for (const name of obsolete) expect(said).toContainEqual(expect.stringMatching(new RegExp(`${name}.*no effect`)));
  await bed.close();
});

test("reply_relay_mode 1: a 2xx whose route waits does not follow another final reply; with 0 it does", async () => {
  for (const mode of [1, 0]) {
    const { bed, client, hop } = await open(
      `if ($rU == "go") { t_reply_callid("$hdr(X-Id)", "1", "480", "away"); t_continue("$shv(i)", "$shv(l)", "GO"); sl_send_reply("200", "OK"); exit; }
       t_on_reply("WAIT"); t_relay();`,
      param("reply_relay_mode", mode),
      `onreply_route[WAIT] { if (status == 200) { $shv(i) = $T(id_index); $shv(l) = $T(id_label); t_suspend(); } }\nroute[GO] { xlog("goes on\\n"); }`,
    );
    const invite = bed.request("INVITE", `sip:x@${HOP}`);
    await client.send(invite);
    await hop.send(answer(hop.received[0]!, 200));
    await client.send(bed.request("MESSAGE", "sip:go@x", [`X-Id: ${/^Call-ID: (.*)$/m.exec(invite)![1]}`]));
    expect(first(client.received)).toContain("SIP/2.0 480 away");
    expect(first(client.received).includes("SIP/2.0 200 R200")).toBe(mode === 0);
    await bed.close();
  }
});

test("t_is_retr_async_reply: a reply comes again while the first one is put aside", async () => {
  const { bed, client, hop } = await open(
    't_on_reply("WAIT"); t_relay();',
    "",
    'reply_route { if (t_is_retr_async_reply()) { xlog("again\\n"); drop; } }\nonreply_route[WAIT] { xlog("first\\n"); t_suspend(); }',
  );
  await client.send(bed.request("MESSAGE", `sip:x@${HOP}`));
  await hop.send(answer(hop.received[0]!, 200));
  await hop.send(answer(hop.received[0]!, 200));
  expect(bed.log.map((l) => /first|again/.exec(l)?.[0])).toEqual(["first", "again"]);
  await bed.close();
});

test("t_check_status takes POSIX expressions", async () => {
  const tries = ["[[:digit:]]86", "^48.$$", "(3|4)8[^a-z]", "[[:alpha:]]", "49.", "4{2}"];
  const checks = tries.map((re, n) => `if (t_check_status("${re}")) append_to_reply("X-${n}: 1\\r\\n");`).join("\n");
  const bed =
    await openProxy(`${modules()}request_route { t_on_failure("F"); $du = "sip:192.0.2.10:7001"; t_relay(); exit; }
failure_route[F] { ${checks} t_reply("480", "Later"); }`);
  const [caller, callee] = [await bed.udp(7000), await bed.udp(7001)];
  await caller.send(bed.request("INVITE", "sip:bob@x", [], "UDP 192.0.2.10:7000"));
  const kept = callee.received[0]!.split("\r\n").filter((l) => /^(?:Via|From|To|Call-ID|CSeq):/.test(l));
  await callee.send(`SIP/2.0 486 Busy\r\n${kept.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
  expect(caller.received.at(-1)!.match(/^X-\d/gm)).toEqual(["X-0", "X-1", "X-2"]);
  await bed.close();
});
