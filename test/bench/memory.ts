// What is kept for a registration and for a transaction under way, by the heap before and after many of them.

import { bytesOf } from "../../src/util/bytes.ts";
import { heapInUse } from "../support/heap.ts";
import type { Row } from "./table.ts";
import { invite, message, openRig, register } from "./traffic.ts";

async function each(build: (n: number) => string, count: number, mute: boolean): Promise<number> {
  const rig = await openRig(mute);
  const feed = async (from: number, to: number) => {
    for (let n = from; n < to; n++) {
      rig.send(bytesOf(build(n)));
      if (n % 500 === 499) rig.world.runSync(rig.world.now + 5);
    }
    await rig.world.advance(5);
  };
  // Tables and buffers that are there anyway.
  await feed(0, 500);
  const before = heapInUse();
  await feed(500, 500 + count);
  const after = heapInUse();
  await rig.close();
  return (after - before) / count;
}

/** Octets each. */
export async function measureMemory(brief: boolean): Promise<Row[]> {
  const registrations = brief ? 5000 : 100_000;
  const transactions = brief ? 2000 : 20_000;
  return [
    { what: `a registration, of ${registrations}`, value: await each(register, registrations, false), unit: "octets" },
    {
      what: `an INVITE under way with its branch, of ${transactions}`,
      value: await each(invite, transactions, true),
      unit: "octets",
    },
    {
      what: `a MESSAGE just answered, of ${transactions}`,
      value: await each(message, transactions, false),
      unit: "octets",
    },
  ];
}
