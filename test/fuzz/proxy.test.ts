// Mutated messages through a whole proxy on the simulated host: it must go on answering, and keep nothing for good.

import { describe, expect, test } from "vitest";
import { start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource } from "../../src/control/configuration.ts";
import { createSimulation, type SimHost } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { heapInUse } from "../support/heap.ts";
import { readSip, writeSip } from "../support/sip-text.ts";
import { corpus, mutate, type Random, ROUNDS, randomFrom, SEED } from "./mutate.ts";

const megabytes = () => heapInUse() / 2 ** 20;

const PROXY = { family: 4, address: "192.0.2.1", port: 5060 } as const;

/** Relays what anybody sends, records itself, registers without a password: the most code for a stranger to reach. */
const OPEN_RELAY = `
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
async function openCallee(host: SimHost, next: Random): Promise<void> {
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

/** Feeds `rounds` messages; returns how many replies of which class the stranger got. */
async function attack(config: string | null, rounds: number): Promise<Map<number, number>> {
  const world = createSimulation({ seed: SEED });
  const next = randomFrom(SEED);
  const host = world.host({ addresses: [PROXY.address] });
  host.files.makeDirectory("/data");
  if (config !== null) host.files.write("/portico.cfg", bytesOf(config));
  const args = ["-l", "udp:192.0.2.1:5060", "--data", "/data", ...(config === null ? [] : ["-f", "/portico.cfg"])];
  const options = parseOptions(args);
  const checked = check(host, await readSource(host, options.config), options);
  expect(checked.diagnostics).toEqual([]);
  const server = await start(host, checked, { level: -5, sink: () => {} });
  await openCallee(world.host({ addresses: ["192.0.2.20"] }), next);

  const classes = new Map<number, number>();
  let answered = "";
  const stranger = await world.host({ addresses: ["192.0.2.10"] }).network.bindUdp({
    local: { family: 4, address: "192.0.2.10", port: 5060 },
    onMessage: (buf, from, to) => {
      const text = textOf(buf, from, Math.min(to, from + 12));
      const type = Number(text.slice(8, 9));
      classes.set(type, (classes.get(type) ?? 0) + 1);
      if (textOf(buf, from, to).includes("Call-ID: probe-")) answered = readSip(textOf(buf, from, to)).first("Call-ID");
    },
  });
  const peer = stranger.peer(PROXY)!;
  const send = (text: string) => {
    const bytes = bytesOf(text);
    stranger.send(peer, bytes, 0, bytes.length);
  };
  const probe = async (round: number) => {
    const lines = [
      "Max-Forwards: 9",
      "From: <sip:p@x>;tag=p",
      "To: <sip:192.0.2.1>",
      `Call-ID: probe-${round}`,
      "CSeq: 1 OPTIONS",
    ];
    const via = `Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKprobe${round}`;
    send(writeSip(["OPTIONS sip:192.0.2.1 SIP/2.0", via, ...lines]));
    await world.advance(20);
    expect(answered, `no answer after round ${round}, seed ${SEED}`).toBe(`probe-${round}`);
  };

  const seeds = corpus();
  const early = Math.floor(rounds / 5);
  let heap = 0;
  for (let round = 0; round < rounds; round++) {
    // A branch of its own, or every request of a kind would be taken for a repetition of the first.
    const text = seeds[next() % seeds.length]!.replace(/z9hG4bK/, `z9hG4bK${round.toString(36)}`);
    send(mutate(text, next));
    if (round % 20 === 0) world.runSync(world.now + 10);
    if (round % 1000 === 0) await probe(round);
    if (round === early) {
      await world.advance(200_000);
      heap = megabytes();
    }
  }
  // Everything has ended by then: transactions, registrations, connections.
  await world.advance(4_000_000);
  await probe(rounds);
  expect(megabytes() - heap, "MB of heap more than after a fifth of the messages").toBeLessThan(96);
  expect(server.proxy.counters.routeErrors).toBe(0);
  await server.stop();
  return classes;
}

describe("a proxy under mutated messages", () => {
  const half = ROUNDS / 2;
  test(`open relay: ${half} of them`, { timeout: 3_600_000 }, async () => {
    const classes = await attack(OPEN_RELAY, half);
    for (const type of [1, 2, 4]) expect(classes.get(type) ?? 0, `replies ${type}xx`).toBeGreaterThan(half / 1000);
  });
  test(`default configuration: ${half} of them`, { timeout: 3_600_000 }, async () => {
    const classes = await attack(null, half);
    for (const type of [2, 4]) expect(classes.get(type) ?? 0, `replies ${type}xx`).toBeGreaterThan(half / 1000);
  });
});
