// Runs the calls of a group on our proxy, whole, in virtual time, one after another.

import { RpcError } from "../../src/registry/define.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { Call, type CallEnds, type CallGroup, type CallWorld, callConfig, type Side } from "./dialog-call.ts";
import { MediaPeers } from "./media-peer.ts";

const ENDS: CallEnds = { me: "192.0.2.1:5060", uac: "192.0.2.20:7001", uas: "192.0.2.20:7002" };
const RELAY = { family: 4, address: "192.0.2.30", port: 22_222 } as const;
const STEP = 10;

/** What was seen in each call of a group. Throws with the diagnostics when the configuration is refused. */
export async function runCalls(group: CallGroup): Promise<string[][]> {
  const bed = await openProxy(configHere(group));
  try {
    for (const statement of group.sql ?? []) bed.host.openSqlite("/data/dialog.sqlite").prepare(statement).run();
    const calls = await openCalls(bed, group.relay);
    const seen: string[][] = [];
    for (const c of group.cases) {
      const call = calls.next();
      bed.log.length = 0;
      await c.run(call);
      await call.wait(50);
      call.end();
      seen.push(call.seen);
    }
    return seen;
  } finally {
    await bed.close();
  }
}

/** The configuration of a group for our proxy. */
export function configHere(group: CallGroup): string {
  return callConfig(group, false, "")
    .replaceAll("{DB}", "sqlite:///data/dialog.sqlite")
    .replaceAll("{ME}", ENDS.me)
    .replaceAll("{RELAY}", `${RELAY.address}:${RELAY.port}`);
}

/** Phones at a proxy: each call that `next` gives is the one that hears them from then on. */
export async function openCalls(bed: ProxyBed, relay?: CallGroup["relay"]): Promise<{ next(): Call }> {
  const host = bed.world.host({ addresses: ["192.0.2.20"] });
  let current: Call | null = null;
  if (relay !== undefined) await openRelay(bed, relay, () => (current === null ? [] : [current]));
  let count = 0;
  const clock = new Clock(bed);
  const open = async (side: Side, port: number): Promise<(text: string) => void> => {
    const onMessage = (buf: Uint8Array, from: number, to: number): void => {
      const text = textOf(buf, from, to);
      if (current !== null && text.includes(`Call-ID: ${current.callId}`)) current.got(side, text);
    };
    const socket = await host.network.bindUdp({ local: { family: 4, address: "192.0.2.20", port }, onMessage });
    const peer = socket.peer({ family: 4, address: "192.0.2.1", port: 5060 })!;
    return (text) => {
      const bytes = bytesOf(text);
      socket.send(peer, bytes, 0, bytes.length);
    };
  };
  const send = { uac: await open("uac", 7001), uas: await open("uas", 7002) };
  const world: CallWorld = {
    ends: ENDS,
    send: (side, text) => send[side](text),
    wait: (ms) => clock.pass(ms, () => current),
    later: (ms, act) => clock.later(ms, act),
    rows: async (table) => bed.host.openSqlite("/data/dialog.sqlite").prepare(`SELECT * FROM ${table}`).all(),
    rpc: async (name, args) => {
      try {
        return await bed.rpc(name, ...args);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        return { error: `${error.code} ${error.message}` };
      }
    },
  };
  return {
    next: () => {
      current = new Call(world, count++, "o");
      return current;
    },
  };
}

async function openRelay(bed: ProxyBed, module: "rtpengine" | "rtpproxy", calls: () => Call[]): Promise<void> {
  const peers = new MediaPeers(module);
  const socket = await bed.world.host({ addresses: [RELAY.address] }).network.bindUdp({
    local: RELAY,
    onMessage: (buf, start, end, from) => {
      const said = peers.answer(textOf(buf, start, end), calls());
      if (said !== null) socket.send(from, bytesOf(said), 0, said.length);
    },
  });
}

// Lets the world go on, and notes what is logged meanwhile.
class Clock {
  private readonly bed: ProxyBed;
  private now = 0;
  private due: { readonly at: number; readonly act: () => void }[] = [];

  constructor(bed: ProxyBed) {
    this.bed = bed;
  }

  later(ms: number, act: () => void): void {
    this.due.push({ at: this.now + ms, act });
  }

  async pass(ms: number, call: () => Call | null): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      await this.bed.world.advance(STEP);
      this.now += STEP;
      for (const line of this.bed.log) call()?.logged(line);
      this.bed.log.length = 0;
      const ready = this.due.filter((d) => d.at <= this.now);
      this.due = this.due.filter((d) => d.at > this.now);
      for (const { act } of ready) act();
    }
  }
}
