// Variables that mean something in certain routes only: of the transaction, of what is being sent, of the reply; and how long values with
// fields live.

import { expect, test } from "vitest";
import { start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check } from "../../src/control/configuration.ts";
import { createSimulation } from "../../src/host/simulated.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { headerOf } from "../support/message-text.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";
import { writeSip } from "../support/sip-text.ts";

const CONFIG = `${modules("tmx")}
request_route {
  $xavp(call=>who) = "caller";
  $xavp(call[0]=>count) = 1;
  $xavu(one=>x) = "u";
  $vn(kept) = "n";
  $du = "sip:192.0.2.10:7001";
  t_on_branch("B");
  t_on_reply("R");
  t_on_failure("F");
  xlog("L_ERR", "request $T(branch_index) $T(id_index)|\\n");
  t_relay();
}
branch_route[B] {
  append_hf("X-Branch: $xavp(call=>who) $xavu(one=>x) $T_branch_idx $T(branch_index) $T_branch(uri) $vn(kept)\\r\\n");
}
onreply_route[R] {
  xlog("L_ERR", "reply $rs $T_reply_code $T_req($rU) $T_req($si) $T_req($avp(none)) $xavp(call=>who) $rpl(duri) $rpl(cntvia)|\\n");
  $xavp(call[0]=>count) = 2;
}
failure_route[F] {
  xlog("L_ERR", "failure $T_reply_code $T_rpl($rs) $T_rpl($ua) $xavp(call=>count) $cnt($xavp(call=>count)) $T(reply_type)|\\n");
}
onsend_route {
  xlog("L_ERR", "send $snd(ip):$snd(port) $sndfrom(sproto) $sndto(ip):$sndto(port) $sndto(proto) $sndto(af) $(sndto(buf){s.substr,0,7}) $snd(len)|\\n");
}
`;

test("variables of the transaction, of sending, of replies; values with fields live as long as the transaction", async () => {
  const bed = await openProxy(CONFIG);
  const callee = await bed.udp(7001);
  const caller = await bed.udp(7000);
  await caller.send(bed.request("MESSAGE", "sip:bob@example.org"));
  const request = callee.received.at(-1)!;
  expect(headerOf(request, "X-Branch")).toBe("caller u 0 0 sip:bob@example.org n");
  const vias = request.split("\r\n").filter((l) => l.startsWith("Via:"));
  const same = ["From", "To", "Call-ID", "CSeq"].map((name) => `${name}: ${headerOf(request, name)}`);
  const reply = ["SIP/2.0 404 Not Here", ...vias, ...same, "User-Agent: callee/1", "Content-Length: 0", "", ""];
  await callee.send(reply.join("\r\n"));
  const said = bed.log.join("\n");
  expect(said).toContain("request 0 <null>|");
  expect(said).toContain("reply 404 404 bob 192.0.2.10 <null> caller sip:192.0.2.10:7000 2|");
  expect(said).toContain("failure 404 404 callee/1 2 1 0|");
  expect(said).toMatch(/send 192\.0\.2\.1:5060 udp 192\.0\.2\.10:7001 1 2 MESSAGE \d+\|/);
  await caller.send(bed.request("MESSAGE", "sip:eve@example.org", ["Call-ID: other"]));
  expect(headerOf(callee.received.at(-1)!, "X-Branch")).toBe("caller u 0 0 sip:eve@example.org n");
  await bed.close();
});

test("a socket has the name that listen gives it; $fsn chooses by it", async () => {
  const text = `${modules()}
listen=udp:192.0.2.1:5060 name "front"
listen=udp:192.0.2.1:5070 name "side"
request_route {
  xlog("L_ERR", "$Rn $fsn|\\n");
  $fsn = "side"; xlog("L_ERR", "$fs $fsn|\\n");
  $fsn = "none"; xlog("L_ERR", "$fs|\\n");
  $fsn = $null; xlog("L_ERR", "$fs $fsn|\\n");
}
`;
  const world = createSimulation({ seed: 1 });
  const host = world.host({ addresses: ["192.0.2.1"] });
  host.files.makeDirectory("/data");
  const options = parseOptions(["--data", "/data", "-f", "/x.cfg"]);
  const config = check(host, { file: "/x.cfg", text, builtIn: false }, options);
  const log: string[] = [];
  const server = await start(host, config, { level: -1, sink: (_, line) => void log.push(line) });
  const far = world.host({ addresses: ["192.0.2.10"] });
  const local = { family: 4, address: "192.0.2.10", port: 7000 } as const;
  const socket = await far.network.bindUdp({ local, onMessage: () => undefined });
  const peer = socket.peer({ family: 4, address: "192.0.2.1", port: 5060 })!;
  const bytes = bytesOf(
    writeSip(
      [
        "OPTIONS sip:192.0.2.1 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.10:7000;branch=z9hG4bKn",
        "From: <sip:a@x>;tag=1",
        "To: <sip:b@x>",
        "Call-ID: n",
        "CSeq: 1 OPTIONS",
      ],
      "",
    ),
  );
  socket.send(peer, bytes, 0, bytes.length);
  await world.advance(50);
  const said = log.map((line) => line.slice(line.lastIndexOf(": ") + 2));
  expect(said).toEqual([
    "front <null>|",
    "udp:192.0.2.1:5070 side|",
    "no socket of ours is named none",
    "udp:192.0.2.1:5070|",
    "<null> <null>|",
  ]);
  await server.stop();
});
