// A proxy on the simulated host under attack, with a callee behind it that answers as it likes.

import { type Server, start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource, renderAll } from "../../src/control/configuration.ts";
import { createSimulation, type SimHost, type Simulation } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { heapInUse } from "../support/heap.ts";
import { writeSip } from "../support/sip-text.ts";
import { mutate, type Random, SEED } from "./mutate.ts";

export const megabytes = () => heapInUse() / 2 ** 20;

export const PROXY = { family: 4, address: "192.0.2.1", port: 5060 } as const;

/** Relays what anybody sends, records itself, registers without a password: the most code for a stranger to reach. */
export const OPEN_RELAY = `
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "xlog.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_contacts", 10)
request_route {
  force_rport();
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (is_method("REGISTER")) { save("location"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  $var(x) = $fU + $tU + $rd + $ct + $ua + $ci + $hdr(X) + $(hdr(Via)[-1]) + $rb;
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not here"); exit;
  }
  t_check_trans();
  append_hf("X-Seen: $var(x)\\r\\n");
  if (is_method("INVITE")) record_route();
  if (uri == myself && !lookup("location")) { send_reply("404", "Not Found"); exit; }
  if (!t_relay()) sl_reply_error();
}
`;

/** A peer that answers every request with a reply of its own choice, mutated now and then. */
export async function openCallee(host: SimHost, next: Random): Promise<void> {
  const local = { family: 4, address: "192.0.2.20", port: 5060 } as const;
  const socket = await host.network.bindUdp({
    local,
    onMessage: (buf, from, to, peer) => {
      const text = textOf(buf, from, to);
      if (text.startsWith("SIP/2.0") || text.startsWith("ACK") || next() % 4 === 0) return;
      const status = [100, 180, 200, 200, 302, 404, 486, 503, 604][next() % 9]!;
      const head = text.slice(0, text.indexOf("\r\n\r\n")).split("\r\n");
      const kept = head.filter((line) => /^(?:via|v|from|f|to|t|call-id|i|cseq|record-route)\s*:/i.test(line));
      const reply = writeSip([`SIP/2.0 ${status} Fine`, ...kept, "Contact: <sip:bob@192.0.2.20>"]);
      const bytes = bytesOf((next() % 3 === 0 ? mutate(reply, next) : reply).slice(0, 65_000));
      socket.send(peer, bytes, 0, bytes.length);
    },
  });
}

/** Starts the proxy on a configuration (null: the embedded one), UDP and TCP at PROXY. */
export async function openTarget(config: string | null, next: Random): Promise<{ world: Simulation; server: Server }> {
  const world = createSimulation({ seed: SEED });
  const host = world.host({ addresses: [PROXY.address] });
  host.files.makeDirectory("/data");
  if (config !== null) host.files.write("/portico.cfg", bytesOf(config));
  const listen = ["-l", "udp:192.0.2.1:5060", "-l", "tcp:192.0.2.1:5060"];
  const options = parseOptions([...listen, "--data", "/data", ...(config === null ? [] : ["-f", "/portico.cfg"])]);
  const checked = check(host, await readSource(host, options.config), options);
  if (checked.diagnostics.length > 0) throw new Error(renderAll(checked.diagnostics));
  const server = await start(host, checked, { level: -5, sink: () => {} });
  await openCallee(world.host({ addresses: ["192.0.2.20"] }), next);
  return { world, server };
}
