// rtpproxy and rtpengine against Kamailio 5.6.3: what the relay is asked and what becomes of the message. The answers are recorded in media.json;
// where Kamailio is installed it is asked again. PORTICO_RECORD=1 records anew,
// PORTICO_RECORD=new groups that are not recorded yet.

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createSimulation } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";
import { configOf, groups as firstGroups, type MediaGroup, type MediaSeen, requestOf, seenOf } from "./media-cases.ts";
import { MORE_MEDIA_GROUPS } from "./media-more-cases.ts";
import { askMedia } from "./media-oracle.ts";
import { mediaPeer } from "./media-peer.ts";
import { haveOracle } from "./oracle.ts";

const FILE = new URL("./media.json", import.meta.url);
const recorded = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, MediaSeen[]>;
const NEAR = "192.0.2.10:7000";
const FAR = "192.0.2.10:7002";

async function ours(group: MediaGroup): Promise<MediaSeen[]> {
  const world = createSimulation({ seed: 7 });
  const peer = mediaPeer(group.module);
  const relay = await world.host({ addresses: ["192.0.2.30"] }).network.bindUdp({
    local: { family: 4, address: "192.0.2.30", port: 22_222 },
    onMessage: (buf, start, end, from) => {
      const said = peer.answer(textOf(buf, start, end));
      if (said === null) return;
      const bytes = bytesOf(said);
      relay.send(from, bytes, 0, bytes.length);
    },
  });
  const config = modules(group.module) + configOf(group, "192.0.2.30:22222");
  const bed = await openProxy(config, -3, undefined, world);
  await world.advance(50);
  const near = await bed.udp(7000);
  const far = await bed.udp(7002);
  const seen: MediaSeen[] = [];
  for (const [n, c] of group.cases.entries()) {
    peer.taken();
    far.received.length = 0;
    await near.send(requestOf(c, n, NEAR, FAR));
    await world.advance(50);
    // the bare answer of a relay is shown with its own address
    seen.push(seenOf(peer.taken(), (far.received[0] ?? "").replaceAll("192.0.2.30", "192.0.2.10"), NEAR));
  }
  await bed.close();
  return seen;
}

for (const group of [...firstGroups, ...MORE_MEDIA_GROUPS]) {
  const name = group.name ?? group.module;
  test(`${name}: what the relay is asked`, async () => {
    const seen = await ours(group);
    const known = recorded[name] ?? [];
    const named = (answers: readonly MediaSeen[]): object[] =>
      group.cases.map(([statement, body], n) => ({ statement, of: body, ...answers[n] }));
    expect(named(seen)).toEqual(named(known));
  });

  test.skipIf(!haveOracle())(`${name}: Kamailio says so`, { timeout: 60_000 }, async () => {
    const peer = mediaPeer(group.module);
    const answers = await askMedia(
      group,
      (datagram) => peer.answer(datagram),
      () => peer.taken(),
    );
    if (process.env["PORTICO_RECORD"] === "1" || (process.env["PORTICO_RECORD"] === "new" && !(name in recorded))) {
      recorded[name] = answers;
      writeFileSync(FILE, `${JSON.stringify(recorded, null, 1)}\n`);
    }
    expect(answers).toEqual(recorded[name]);
  });
}
