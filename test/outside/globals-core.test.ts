// Global parameters that change what is done with messages: how they are read, and where replies go.

import { expect, test } from "vitest";
import { createSimulation } from "../../src/host/simulated.ts";
import { firstLine } from "../support/message-text.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

const NOTHING = "request_route { exit; }\n";

test("sip_parser_mode: 1, the default, refuses a message that has a header twice which stands once; 0 takes the first", async () => {
  const answer = `${modules()}request_route { sl_send_reply("299", "Got it"); }\n`;
  const seen: string[][] = [];
  for (const mode of ["", "sip_parser_mode=1\n", "sip_parser_mode=0\n"]) {
    const bed = await openProxy(mode + answer);
    const phone = await bed.udp(7000);
    const lines: string[] = [];
    for (const twice of ["To: <sip:c@x>", "From: <sip:c@x>;tag=9", "Call-ID: zz", "CSeq: 2 OPTIONS", "X-Other: 1"]) {
      const text = bed.request("OPTIONS", "sip:192.0.2.1").replace("\r\n\r\n", `\r\n${twice}\r\n\r\n`);
      lines.push(...(await phone.send(text)).map(firstLine));
    }
    seen.push(lines.map((l) => l.slice(8, 11)));
    await bed.close();
  }
  const strict = ["400", "400", "400", "400", "299"];
  expect(seen).toEqual([strict, strict, ["299", "299", "299", "299", "299"]]);
});

test("reply_to_via sends replies to the address in Via, to the source port where rport asks", async () => {
  const route = `${modules()}request_route { sl_send_reply("299", "Got it"); }\n`;
  const bed = await openProxy(`reply_to_via=1\n${route}`);
  const source = await bed.udp(7000);
  const named = await bed.udp(7010);
  const via = (text: string) => source.send(bed.request("OPTIONS", "sip:192.0.2.1", [`Via: SIP/2.0/UDP ${text}`]));
  expect(await via("192.0.2.10:7010;branch=z9hG4bKa")).toEqual([]);
  expect(named.received.map(firstLine)).toEqual(["SIP/2.0 299 Got it"]);
  expect((await via("192.0.2.10:7010;branch=z9hG4bKb;rport")).map(firstLine)).toEqual(["SIP/2.0 299 Got it"]);
  expect((await via("phone.example;branch=z9hG4bKc;rport")).map(firstLine)).toEqual(["SIP/2.0 299 Got it"]); // a name: back to the source
  await bed.close();
});

test("phone2tel: the user part of a telephone number ends before its parameters, and its scheme is tel", async () => {
  const route = `${modules()}request_route {
  $var(u) = "sip:+55;x=1@q;user=phone";
  sl_send_reply("299", "z=$rz U=$rU fU=$fU vu=$(var(u){uri.user})");
}\n`;
  const seen: string[] = [];
  for (const setting of ["", "phone2tel=0\n"]) {
    const bed = await openProxy(setting + route);
    const phone = await bed.udp(7000);
    for (const uri of ["sip:+1234;isub=1@h.x;user=phone", "sip:1234@h.x;user=Phone", "sips:+1234;a=b@h.x;user=phone"]) {
      const from = "From: <sip:+88;t=1@y.x;user=phone>;tag=1";
      seen.push(...(await phone.send(bed.request("OPTIONS", uri, [from]))).map((r) => firstLine(r).slice(12)));
    }
    await bed.close();
  }
  // as the installed Kamailio answers
  expect(seen).toEqual([
    "z=tel U=+1234 fU=+88 vu=+55",
    "z=sip U=1234 fU=+88 vu=+55",
    "z=tel U=+1234 fU=+88 vu=+55",
    "z=sip U=+1234;isub=1 fU=+88;t=1 vu=+55;x=1",
    "z=sip U=1234 fU=+88;t=1 vu=+55;x=1",
    "z=sips U=+1234;a=b fU=+88;t=1 vu=+55;x=1",
  ]);
});

test("uri_host_extra_chars lets host names hold more, until the next start", async () => {
  const route = `${modules()}request_route { sl_send_reply("299", "d=$rd"); }\n`;
  const ask = async (setting: string): Promise<string[]> => {
    const bed = await openProxy(setting + route);
    const got = await (await bed.udp(7000)).send(bed.request("OPTIONS", "sip:a@b~c.example"));
    await bed.close();
    return got.map(firstLine);
  };
  expect(await ask("")).toEqual(["SIP/2.0 299 d=<null>"]);
  expect(await ask('uri_host_extra_chars="~;"\n')).toEqual(["SIP/2.0 299 d=b~c.example"]);
  expect(await ask("")).toEqual(["SIP/2.0 299 d=<null>"]);
});

test("version_table names the table that holds the versions", async () => {
  const database = 'modparam("usrloc", "db_url", "sqlite:///data/x.sqlite")\nmodparam("usrloc", "db_mode", 1)\n';
  const bed = await openProxy(`version_table="version44"\n${modules("db_sqlite")}${database}${NOTHING}`);
  const rows = bed.host.openSqlite("/data/x.sqlite").prepare("SELECT table_name FROM version44").all();
  expect(rows).toContainEqual({ table_name: "location" });
  await bed.close();
});

test("mhomed: a request leaves by the socket that the system's route shows, a forced one stays", async () => {
  const route = `request_route { force_rport(); if ($hdr(X-Force) == "1") $fs = "udp:192.0.2.1:5060"; t_relay(); }\n`;
  const sockets = "listen=udp:192.0.2.1:5060\nlisten=udp:10.0.0.1:5060\n";
  const seen: string[] = [];
  for (const setting of ["", "mhomed=1\n"]) {
    const bed = await openProxy(`${setting}${sockets}${modules()}${route}`, -1, ["192.0.2.1", "10.0.0.1"]);
    const phone = await bed.udp(7000);
    const inside = await bed.udpAt("10.0.0.10", 7001);
    for (const force of ["0", "1"]) {
      await phone.send(bed.request("OPTIONS", "sip:x@10.0.0.10:7001", [`X-Force: ${force}`]));
      seen.push(/^Via: SIP\/2.0\/UDP ([\d.]+)/m.exec(inside.received.at(-1) ?? "")?.[1] ?? "nothing");
    }
    await bed.close();
  }
  expect(seen).toEqual(["192.0.2.1", "192.0.2.1", "10.0.0.1", "192.0.2.1"]);
});

test("auto_aliases counts the names of our addresses as ours, in its own time", async () => {
  const route = `${modules()}request_route { if (uri == myself) sl_send_reply("299", "Ours"); else sl_send_reply("298", "Not ours"); }\n`;
  for (const [setting, reply] of [
    ["", "299 Ours"],
    ["auto_aliases=no\n", "298 Not ours"],
  ] as const) {
    const world = createSimulation({ seed: 7 });
    world.setName("edge.example", ["192.0.2.1"]);
    const bed = await openProxy(setting + route, -1, undefined, world);
    const phone = await bed.udp(7000);
    const got = await phone.send(bed.request("OPTIONS", "sip:x@edge.example:5060"));
    expect(got.map(firstLine)).toEqual([`SIP/2.0 ${reply}`]);
    await bed.close();
  }
});
