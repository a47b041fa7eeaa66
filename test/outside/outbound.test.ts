// Outbound and path from outside (RFC 5626, RFC 3327): an edge proxy as in the README of module outbound, telephones by UDP, TCP and WebSocket, a registrar behind.

import { afterEach, describe, expect, test } from "vitest";
import { headerOf } from "../support/message-text.ts";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { openWs } from "../support/ws-agent.ts";

const REGISTRAR = 7100;
const EDGE = `${modules("path", "outbound", "xhttp", "websocket")}
request_route {
  if (is_method("REGISTER")) {
    add_path();
    $du = "sip:192.0.2.10:${REGISTRAR}";
    t_relay();
    exit;
  }
  if (is_method("INVITE|SUBSCRIBE")) record_route();
  if ($hdr(X-Check) != $null) { check_flow_token(); sl_send_reply("200", "check $rc"); exit; }
  loose_route();
  if ($rc == -2) { sl_send_reply("403", "Forbidden"); exit; }
  if ($rc == 2) { if (is_method("ACK")) { if (!forward()) xlog("L_ERR", "ACK not sent\\n"); exit; } t_on_failure("flow"); if (!t_relay()) sl_reply_error(); exit; }
  $du = "sip:192.0.2.10:${REGISTRAR}";
  t_relay();
}
failure_route[flow] { if (t_branch_timeout() || !t_branch_replied()) send_reply("430", "Flow Failed"); }
event_route[xhttp:request] { ws_handle_handshake(); }
`;

let bed: ProxyBed;
let registrar: BedAgent;
afterEach(() => bed.close());

async function open(params = "", config = EDGE): Promise<void> {
  bed = await openProxy(params === "" ? config : config.replace("request_route", `${params}\nrequest_route`));
  registrar = await bed.udp(REGISTRAR);
}

const INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"';

/** The user part of the Path that the registrar sees when that agent registers; "" when there is none. */
async function tokenOf(phone: Pick<BedAgent, "send">, via: string, regId = 1): Promise<string> {
  const contact = `Contact: <sip:alice@phone.invalid>;reg-id=${regId};${INSTANCE}`;
  const before = registrar.received.length;
  await phone.send(bed.request("REGISTER", "sip:example.org", ["Supported: path, outbound", contact], via));
  const path = headerOf(registrar.received[before]!, "Path") ?? "";
  expect(path).toMatch(/^<sip:[\w-]*@?192\.0\.2\.1(?:;transport=\w+)?;lr(?:;ob)?>$/);
  return /^<sip:([\w-]+)@/.exec(path)?.[1] ?? "";
}

const to = (token: string, method = "MESSAGE"): string =>
  bed.request(method, "sip:alice@phone.invalid", [`Route: <sip:${token}@192.0.2.1;lr;ob>`]);

describe("a token leads to exactly the flow it was made for", () => {
  test("of three connections of one telephone, and a UDP one", async () => {
    await open();
    const browser = await openWs(bed);
    const phones = [await bed.tcp(), await bed.tcp(), browser, await bed.udp(7000)];
    const vias = ["TCP 192.0.2.10:7000", "TCP 192.0.2.10:7000", "WS df7jal23ls0d.invalid", "UDP 192.0.2.10:7000"];
    const tokens: string[] = [];
    for (const [i, phone] of phones.entries()) tokens.push(await tokenOf(phone, vias[i]!, i + 1));
    expect(new Set(tokens).size).toBe(4);
    for (const [i, token] of tokens.entries()) {
      const before = phones.map((phone) => phone.received.length);
      await registrar.send(to(token));
      const phone = phones[i]!;
      browser.take();
      const grown = phones.map((p, k) => p.received.length - before[k]!);
      expect(grown.map((n) => n > 0)).toEqual(phones.map((_, k) => k === i));
      expect(phone.received.at(-1)).toContain("MESSAGE sip:alice@phone.invalid SIP/2.0");
      expect(phone.received.at(-1)).not.toContain("\r\nRoute:");
    }
  });

  test("when the connection has gone it is 430, at once, and no other is opened", async () => {
    await open();
    const gone = await bed.tcp();
    const other = await bed.tcp();
    const token = await tokenOf(gone, "TCP 192.0.2.10:7000");
    await tokenOf(other, "TCP 192.0.2.10:7000", 2);
    await gone.send("\0\0\0 no SIP\r\n\r\n");
    expect(gone.isClosed()).toBe(true);
    const before = other.received.length;
    const [answer] = await registrar.send(to(token));
    expect(answer).toMatch(/^SIP\/2\.0 430 Flow Failed\r\n/);
    expect(other.received.length).toBe(before);
    // An ACK has no answer, and goes nowhere.
    expect(await registrar.send(to(token, "ACK"))).toEqual([]);
    expect(bed.log.join("\n")).toContain("ACK not sent");
  });

  test("a connection that is lost before the telephone has answered: 430, other requests 500", async () => {
    const plain = EDGE.replace('t_on_failure("flow");', "").replace(
      '  $du = "sip:192.0.2.10:7100";\n  t_relay();\n}',
      "  t_relay();\n}",
    );
    await open("", plain);
    for (const method of ["INVITE", "MESSAGE"]) {
      const phone = await bed.tcp();
      const token = await tokenOf(phone, "TCP 192.0.2.10:7000");
      await registrar.send(to(token, method));
      expect(phone.received.at(-1)).toContain(`${method} sip:alice@phone.invalid`);
      await phone.send("\0\0\0 no SIP\r\n\r\n");
      expect(registrar.received.at(-1)).toMatch(/^SIP\/2\.0 430 Flow Failed\r\n/);
    }
  });

  test("a telephone that does not answer over its flow: the script says 430", async () => {
    await open('modparam("tm", "fr_timer", 1000)');
    const phone = await bed.tcp();
    const token = await tokenOf(phone, "TCP 192.0.2.10:7000");
    await registrar.send(to(token));
    expect(phone.received.at(-1)).toContain("MESSAGE sip:alice@phone.invalid");
    await bed.world.advance(1500);
    expect(registrar.received.at(-1)).toMatch(/^SIP\/2\.0 430 Flow Failed\r\n/);
  });

  test("its requests within the dialog go on, and others' come to it", async () => {
    await open();
    const phone = await bed.tcp();
    const via = "TCP 192.0.2.10:7000";
    await phone.send(bed.request("INVITE", "sip:bob@example.org", ["Contact: <sip:alice@phone.invalid;ob>"], via));
    const invite = registrar.received.at(-1)!;
    const routes = invite.split("\r\n").filter((line) => line.startsWith("Record-Route: "));
    expect(routes).toHaveLength(2);
    const asRoute = routes.map((line) => line.replace("Record-Route", "Route"));
    const tag = "To: <sip:bob@example.org>;tag=b";
    await registrar.send(bed.request("BYE", "sip:alice@phone.invalid", [tag, ...asRoute]));
    expect(phone.received.at(-1)).toMatch(/^BYE sip:alice@phone\.invalid SIP\/2\.0\r\n/);
    await phone.send(bed.request("BYE", "sip:bob@192.0.2.10:7100", [tag, ...asRoute.toReversed()], via));
    expect(registrar.received.at(-1)).toMatch(/^BYE sip:bob@192\.0\.2\.10:7100 SIP\/2\.0\r\n/);
  });
});

test("two flows of one telephone at the registrar: 430 of the first leads to the second, without a word to the caller", async () => {
  await open(
    "",
    `${modules("usrloc", "registrar")}modparam("registrar", "outbound_mode", 1)\nmodparam("registrar", "use_path", 1)
modparam("tm", "contacts_avp", "tm_contacts")\nmodparam("tm", "contact_flows_avp", "tm_flows")
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if (is_method("ACK")) exit;
  lookup("location");
  t_load_contacts();
  t_next_contacts();
  t_on_branch_failure("flow");
  t_relay();
}
event_route[tm:branch-failure:flow] {
  if (t_check_status("430") && t_next_contact_flow()) { t_on_branch_failure("flow"); t_relay(); }
}
`,
  );
  const edge = registrar;
  const via = `UDP 192.0.2.10:${REGISTRAR}`;
  for (const regId of [1, 2, 3]) {
    const contact = `Contact: <sip:alice@192.0.2.77>;reg-id=${regId};${INSTANCE}`;
    const path = `Path: <sip:flow${regId}@192.0.2.10:${REGISTRAR};lr;ob>`;
    const lines = ["To: <sip:alice@example.org>", "Supported: path, outbound", path, contact];
    const register = bed
      .request("REGISTER", "sip:example.org", lines, via)
      .replace("\r\nMax-", "\r\nVia: SIP/2.0/TCP 192.0.2.77;branch=z9hG4bKp\r\nMax-");
    const [answer = ""] = await edge.send(register);
    expect(answer).toMatch(/^SIP\/2\.0 200 [\s\S]*\r\nRequire: outbound\r\n/);
  }
  const caller = await bed.udp(7001);
  const heard = (await caller.send(bed.request("MESSAGE", "sip:alice@192.0.2.1", [], "UDP 192.0.2.10:7001"))).length;
  const tried: string[] = [];
  for (const status of ["430 Flow Failed", "430 Flow Failed", "200 OK"]) {
    const request = edge.received.at(-1)!;
    expect(request).toMatch(/^MESSAGE sip:alice@192\.0\.2\.77 SIP/);
    tried.push(/^Route: <sip:(flow\d)@/m.exec(request)![1]!);
    expect(caller.received.slice(heard)).toEqual([]);
    const kept = request.split("\r\n").filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
    const tagged = kept.map((line) => (line.startsWith("To:") ? `${line};tag=x` : line));
    await edge.send(`SIP/2.0 ${status}\r\n${tagged.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
  }
  expect(tried.toSorted()).toEqual(["flow1", "flow2", "flow3"]);
  expect(caller.received.at(-1)).toMatch(/^SIP\/2\.0 200 OK\r\n/);
});

describe("tokens of others", () => {
  test("are refused when they were changed anywhere, and ordinary users are left alone", async () => {
    await open();
    const phone = await bed.tcp();
    const token = await tokenOf(phone, "TCP 192.0.2.10:7000");
    const before = phone.received.length;
    for (let i = 0; i < token.length; i++) {
      const changed = token.slice(0, i) + (token[i] === "A" ? "B" : "A") + token.slice(i + 1);
      const [answer = ""] = await registrar.send(to(changed));
      // A change of the last letter's unused bits leaves the token as it is.
      if (!answer.startsWith("SIP/2.0 403")) expect([i, phone.received.length]).toEqual([token.length - 1, before + 1]);
    }
    await registrar.send(bed.request("MESSAGE", "sip:alice@phone.invalid", ["Route: <sip:bob@192.0.2.1;lr>"]));
    expect(registrar.received.at(-1)).toContain("MESSAGE sip:alice@phone.invalid");
  });

  test("flow_token_secret: tokens stay good when the program starts again, and without it they do not", async () => {
    for (const [params, status] of [
      ['modparam("outbound", "flow_token_secret", "a secret")', "MESSAGE"],
      ["", "SIP/2.0 403"],
    ] as const) {
      await open(params);
      const token = await tokenOf(await bed.udp(7000), "UDP 192.0.2.10:7000");
      await bed.close();
      await open(params);
      await bed.world.advance(1);
      const phone = await bed.udp(7000);
      // The simulation gives the same random bytes again; a process does not.
      const used = params === "" ? `${token.slice(0, 3)}x${token.slice(4)}` : token;
      const answers = await registrar.send(to(used));
      expect([...answers, ...phone.received][0]!.startsWith(status)).toBe(true);
      await bed.close();
    }
    await open();
  });

  test("check_flow_token", async () => {
    await open();
    const phone = await bed.tcp();
    const via = "TCP 192.0.2.10:7000";
    const token = await tokenOf(phone, via);
    const ask = async (who: BedAgent, lines: string[], by = via): Promise<string> =>
      (await who.send(bed.request("OPTIONS", "sip:x@192.0.2.1", ["X-Check: 1", ...lines], by)))[0]!.split("\r\n")[0]!;
    const route = (user: string): string[] => [`Route: <sip:${user}@192.0.2.1;lr>`];
    expect(await ask(phone, route(token))).toBe("SIP/2.0 200 check 1");
    expect(await ask(registrar, route(token), "UDP 192.0.2.10:7100")).toBe("SIP/2.0 200 check 2");
    expect(await ask(phone, [])).toBe("SIP/2.0 200 check -1");
    expect(await ask(phone, route("bob"))).toBe("SIP/2.0 200 check -1");
    expect(await ask(phone, route(`A${token.slice(1)}`))).toBe("SIP/2.0 200 check -2");
  });
});

test("what the parameters do not take", async () => {
  const LINES = [
    'modparam("rr", "add_username", 1)',
    'modparam("path", "received_name", "a b")',
    `modparam("outbound", "flow_token_secret", "${"x".repeat(1025)}")`,
  ];
  for (const line of LINES)
    await expect(openProxy(`${modules("outbound", "path")}${line}\nrequest_route { exit; }`)).rejects.toThrow(
      "the configuration cannot be used",
    );
  await expect(
    openProxy('loadmodule "path.so"\nmodparam("path", "use_received", 1)\nrequest_route { exit; }'),
  ).rejects.toThrow("the configuration cannot be used");
  await open();
});

test("add_path_advertised_address() and its kin write the given host in the place of ours", async () => {
  const config = `${modules("path")}
request_route {
  $var(a) = $hdr(X-Address);
  if ($hdr(X-Do) == "plain") add_path_advertised_address("$var(a)");
  if ($hdr(X-Do) == "user") add_path_advertised_address("$var(a)", "inbound", "ob");
  if ($hdr(X-Do) == "received") add_path_received_advertised_address("$var(a)", "inbound");
  if ($rc < 0) { sl_send_reply("503", "Internal Path Error"); exit; }
  $du = "sip:192.0.2.10:${REGISTRAR}";
  forward();
}
`;
  await open("", config);
  const phone = await bed.udp(7000);
  const path = async (does: string, address: string): Promise<string | undefined> => {
    const before = registrar.received.length;
    const answers = await phone.send(
      bed.request("REGISTER", "sip:example.org", [`X-Do: ${does}`, `X-Address: ${address}`]),
    );
    return answers[0]?.slice(8, 11) ?? headerOf(registrar.received[before]!, "Path") ?? "";
  };
  expect(await path("plain", "proxy.example.com")).toBe("<sip:proxy.example.com;lr>");
  expect(await path("user", "1.2.3.4:5080")).toBe("<sip:inbound@1.2.3.4:5080;lr;ob>");
  expect(await path("received", "[2001:db8::1]")).toBe("<sip:inbound@[2001:db8::1];lr;received=sip:192.0.2.10:7000>");
  expect(await path("plain", "a>b")).toBe("503");
});
