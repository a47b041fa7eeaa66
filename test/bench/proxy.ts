// The whole way through the proxy, script included; the simulated network's own share (1 to 2 µs a datagram) is in it.

import { bytesOf } from "../../src/util/bytes.ts";
import type { Row } from "./table.ts";
import { message, openRig, options, register } from "./traffic.ts";

/** µs per request that was answered. */
export async function measureProxy(brief: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [what, build] of [
    ["OPTIONS, answered statelessly", options],
    ["MESSAGE, relayed with its transaction, and its 200 back", message],
    ["REGISTER of a new user, in memory", register],
  ] as const) {
    const rig = await openRig();
    const total = brief ? 2000 : 60_000;
    let busy = 0;
    for (let n = 0; n < total; ) {
      const batch: Uint8Array[] = [];
      for (let i = 0; i < 500; i++) batch.push(bytesOf(build(n++)));
      const start = performance.now();
      for (const bytes of batch) rig.send(bytes);
      rig.world.runSync(rig.world.now + 50);
      // The first third warms up.
      if (n > total / 3) busy += performance.now() - start;
      await rig.world.advance(0);
    }
    if (rig.replies() < total) throw new Error(`${what}: ${rig.replies()} replies to ${total} requests`);
    rows.push({ what, value: (busy * 1000) / (total * (2 / 3)), unit: "µs" });
    await rig.close();
  }
  return rows;
}
