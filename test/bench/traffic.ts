// The messages that the benches send, and a proxy on the simulated network to send them to.

import { type Server, start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource, renderAll } from "../../src/control/configuration.ts";
import type { UdpPeer, UdpSocket } from "../../src/host/host.ts";
import { createSimulation, type Simulation } from "../../src/host/simulated.ts";
import { bytesOf } from "../../src/util/bytes.ts";

/** Ports and addresses that the messages name. */
export interface Place {
  readonly from: string;
  readonly proxy: string;
  readonly to: string;
}

export const SIMULATED: Place = { from: "192.0.2.10:5060", proxy: "192.0.2.1:5060", to: "192.0.2.20:5060" };

function head(method: string, n: number, uri: string, { from, proxy }: Place, user = "bob"): string {
  return (
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${from};branch=z9hG4bK-bench-${n};rport\r\nMax-Forwards: 70\r\n` +
    `From: <sip:alice@${proxy}>;tag=a${n}\r\nTo: <sip:${user}@${proxy}>\r\nCall-ID: bench-${n}@${from}\r\nCSeq: 1 ${method}\r\n`
  );
}

export const options = (n: number, place = SIMULATED): string =>
  `${head("OPTIONS", n, `sip:${place.proxy}`, place)}Contact: <sip:alice@${place.from}>\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n`;

export const message = (n: number, place = SIMULATED): string =>
  `${head("MESSAGE", n, `sip:bob@${place.to}`, place)}Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello`;

export const register = (n: number, place = SIMULATED): string =>
  `${head("REGISTER", n, `sip:${place.proxy}`, place, `user${n}`)}Contact: <sip:user${n}@${place.from};line=${n}>\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n`;

const SDP =
  "v=0\r\no=alice 53655765 2353687637 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n" +
  "m=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

export const invite = (n: number, place = SIMULATED): string =>
  `${head("INVITE", n, `sip:bob@${place.to}`, place)}Contact: <sip:alice@${place.from}>\r\nUser-Agent: bench\r\n` +
  `Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nSupported: replaces, timer\r\nContent-Type: application/sdp\r\n` +
  `Content-Length: ${SDP.length}\r\n\r\n${SDP}`;

/** What all benches run: the script of an ordinary proxy without passwords, registrations in memory. */
export const CONFIG = `
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_mode", 0)
modparam("tm", "wt_timer", 1000)
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (is_method("REGISTER")) { save("location"); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not here"); exit;
  }
  t_check_trans();
  if (is_method("INVITE")) record_route();
  if (!t_relay()) sl_reply_error();
}
`;

/** A proxy, a caller and a callee on the simulated network. */
export interface Rig {
  readonly world: Simulation;
  readonly server: Server;
  /** Sends from the caller; the world has to run for it to arrive. */
  readonly send: (bytes: Uint8Array) => void;
  /** Replies of success that the caller has got. */
  readonly replies: () => number;
  readonly close: () => Promise<void>;
}

/** Starts the rig. The callee answers every request with 200, or nothing at all when `mute`. */
export async function openRig(mute = false): Promise<Rig> {
  const world = createSimulation({ seed: 1 });
  const host = world.host({ addresses: ["192.0.2.1"] });
  host.files.write("/portico.cfg", bytesOf(CONFIG));
  const commandLine = parseOptions(["-f", "/portico.cfg", "-l", "udp:192.0.2.1:5060"]);
  const config = check(host, await readSource(host, commandLine.config), commandLine);
  if (!config.ok) throw new Error(renderAll(config.diagnostics));
  const server = await start(host, config, { level: -5, sink: () => {} });
  let replies = 0;
  const caller = await world.host({ addresses: ["192.0.2.10"] }).network.bindUdp({
    local: { family: 4, address: "192.0.2.10", port: 5060 },
    onMessage: (buf, from) => {
      // 2xx only
      if (buf[from + 8] === 50) replies++;
    },
  });
  const callee: UdpSocket = await world.host({ addresses: ["192.0.2.20"] }).network.bindUdp({
    local: { family: 4, address: "192.0.2.20", port: 5060 },
    onMessage: (buf, from, to, peer) => {
      if (!mute) answer(callee, peer, buf, from, to);
    },
  });
  const peer = caller.peer({ family: 4, address: "192.0.2.1", port: 5060 })!;
  return {
    world,
    server,
    send: (bytes) => caller.send(peer, bytes, 0, bytes.length),
    replies: () => replies,
    close: () => server.stop(),
  };
}

const OK = bytesOf("SIP/2.0 200 OK");
const scratch = new Uint8Array(65_536);

/** 200 to a request, the cheap way: the status line in place of the request line, all else as it came. */
export function answer(socket: UdpSocket, peer: UdpPeer, buf: Uint8Array, from: number, to: number): void {
  const lineEnd = buf.indexOf(13, from);
  if (lineEnd < 0 || lineEnd > to || buf[from] === 83) return;
  scratch.set(OK, 0);
  scratch.set(buf.subarray(lineEnd, to), OK.length);
  socket.send(peer, scratch, 0, OK.length + to - lineEnd);
}
