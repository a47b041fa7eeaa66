// What a listener offers beyond loopback, on real processes: SIP alone, unless the configuration opens HTTP, WebSocket or commands. Pages that are built in
// answer on loopback only. An address of this machine that is not of loopback stands for the world.

import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { describeTargets } from "../support/targets.ts";

const outside = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ internal, family }) => !internal && String(family).endsWith("4"))?.address;
const port = await freePort();
const COMMON = `#!KAMAILIO
debug=0
tcp_accept_no_cl=yes
loadmodule "sl.so"
loadmodule "pv.so"
listen=tcp:${outside}:${port}
request_route { sl_send_reply("200", "OK"); }
`;

/** What comes back for a text until the far end closes or is silent. */
async function ask(address: string, at: number, text: string): Promise<string> {
  const socket = connect({ host: address, port: at });
  let got = "";
  return new Promise((resolve) => {
    const done = (): void => {
      socket.destroy();
      resolve(got);
    };
    let timer = setTimeout(done, 3000);
    socket.on("connect", () => void socket.write(text));
    socket.on("data", (data: Buffer) => {
      got += data.toString("latin1");
      clearTimeout(timer);
      timer = setTimeout(done, 60);
    });
    socket.on("close", done);
    socket.on("error", done);
  });
}

const http = (path: string, method = "GET", more = "", body = ""): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nVia: SIP/2.0/TCP 1.2.3.4:9\r\nConnection: close\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const UPGRADE =
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n";
const RPC = '{"jsonrpc":"2.0","method":"core.version","id":1}';
const OPTIONS =
  "OPTIONS sip:x@x SIP/2.0\r\nVia: SIP/2.0/TCP 1.2.3.4:9;branch=z9hG4bKo\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
const KNOCKS: readonly (readonly [string, string])[] = [
  ["a page", http("/")],
  ["connections", http("/connections")],
  ["RPC", http("/RPC", "POST", "Content-Type: application/json\r\n", RPC)],
  ["RPC by another path", http("/rpc", "POST", "Content-Type: application/json\r\n", RPC)],
  ["WebSocket", http("/", "GET", UPGRADE).replace("Connection: close\r\n", "")],
];
/** Neither content nor an upgrade. */
const NOTHING = /^(?:|HTTP\/1\.1 (?:403|404|405|500|503) [\s\S]*)$/;

describeTargets("nothing is opened", { config: COMMON, without: ["kamailio"] }, (group) => {
  test.skipIf(outside === undefined).each(KNOCKS)("beyond loopback: %s", async (_, text) => {
    const got = await ask(outside!, port, text);
    expect(got).toMatch(NOTHING);
    expect(got).not.toMatch(/result|connections|<html|101 Switching/i);
  });

  test.skipIf(outside === undefined)("beyond loopback SIP is answered, and nothing else listens", async () => {
    expect(await ask(outside!, port, OPTIONS)).toContain("SIP/2.0 200 OK");
    expect(await ask(outside!, group.server.port, OPTIONS)).toBe("");
  });

  test("on loopback there are pages", async () => {
    expect(await ask("127.0.0.1", group.server.port, http("/connections"))).toMatch(/^HTTP\/1\.1 200 /);
    // but not for a name that was bent to loopback
    const bent = http("/").replace("Host: 127.0.0.1", "Host: evil.example");
    expect(await ask("127.0.0.1", group.server.port, bent)).toMatch(/^HTTP\/1\.1 404 /);
  });
});

const OPENED = `${COMMON}loadmodule "tm.so"\nloadmodule "xhttp.so"\nloadmodule "websocket.so"\nloadmodule "jsonrpcs.so"
event_route[xhttp:request] {
  if ($hu == "/RPC") { jsonrpc_dispatch(); exit; }
  if ($hdr(Upgrade) == "websocket") { ws_handle_handshake(); exit; }
  xhttp_reply("200", "OK", "text/plain", "hello");
}
`;
describeTargets("the configuration opens them", { config: OPENED, without: ["kamailio"] }, () => {
  test.skipIf(outside === undefined)("xhttp, jsonrpcs and websocket answer beyond loopback", async () => {
    expect(await ask(outside!, port, http("/"))).toMatch(/^HTTP\/1\.1 200 [\s\S]*hello$/);
    expect(await ask(outside!, port, KNOCKS[2]![1])).toMatch(/"jsonrpc"[\s\S]*result[\s\S]*portico/);
    expect(await ask(outside!, port, KNOCKS[4]![1])).toMatch(/^HTTP\/1\.1 101 /);
  });
});
