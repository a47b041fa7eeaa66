// SCTP sockets: the same tests on the simulated network and on the system's, where that has SCTP (test/lab/sctp shows how to have one that does).

import { describe, expect, test } from "vitest";
import { SctpPeer as Peer } from "../../test/support/sctp-peer.ts";
import { type Rig, rigs, simulatedRig } from "./suite-rig.ts";

const native = rigs()[0]!;
const missing = native.host.network.noSctp();

function suite(name: string, open: () => Rig): void {
  describe(name, () => {
    test.each(["127.0.0.1", "::1"])("messages go there and back over %s, each whole", async (address) => {
      const rig = open();
      const a = await Peer.open(rig.host, address);
      const b = await Peer.open(rig.host, address);
      const to = a.socket.associate(b.local)!;
      expect(a.socket.associate(b.local)).toBe(to);
      expect(a.send(to, "one")).toBe(true);
      expect(a.send(to, "")).toBe(false);
      await rig.until(() => b.texts.length === 1);
      expect(b.last!.remote).toEqual(a.local);
      const long = "x".repeat(60_000);
      b.send(b.last!, long);
      b.send(b.last!, "short");
      await rig.until(() => a.texts.length === 2);
      expect([...a.texts].sort()).toEqual(["short", long]);
      expect([a.events, b.events]).toEqual([["open"], ["open"]]);
      expect(a.last!.remote).toEqual(b.local);
      a.socket.close();
      await rig.until(() => b.events.length === 2);
      expect(b.events).toEqual(["open", "end"]);
      b.socket.close();
    });

    test("many associations at once, none takes the messages of another", async () => {
      const rig = open();
      const server = await Peer.open(rig.host, "127.0.0.1");
      const peers = await Promise.all(Array.from({ length: 20 }, () => Peer.open(rig.host, "127.0.0.1")));
      peers.forEach((peer, i) => {
        const to = peer.socket.associate(server.local)!;
        for (let k = 0; k < 20; k++) peer.send(to, `${i}-${k}`);
      });
      await rig.until(() => server.texts.length === 400);
      expect(new Set(server.texts).size).toBe(400);
      expect(server.events).toEqual(Array(20).fill("open"));
      for (const peer of peers) peer.socket.close();
      await rig.until(() => server.events.length === 40);
      expect(server.events.slice(20)).toEqual(Array(20).fill("end"));
      server.socket.close();
    });

    test("a refused association tells what could not be sent, then that it is gone", async () => {
      const rig = open();
      const a = await Peer.open(rig.host, "127.0.0.1");
      const b = await Peer.open(rig.host, "127.0.0.1");
      const nobody = b.local;
      b.socket.close();
      const to = a.socket.associate(nobody)!;
      a.send(to, "lost", 3);
      await rig.until(() => a.events.length === 1);
      expect(a.events).toEqual(["ECONNREFUSED"]);
      expect(a.unsent).toEqual(["3 lost"]);
      expect(a.send(to, "again")).toBe(false);
      expect(a.socket.associate(nobody)).not.toBe(to);
      await rig.until(() => a.events.length === 2);
      a.socket.close();
    });

    test("one end throws it away, or ends it in order", async () => {
      const rig = open();
      const a = await Peer.open(rig.host, "127.0.0.1");
      const b = await Peer.open(rig.host, "127.0.0.1");
      for (const abort of [true, false]) {
        const to = a.socket.associate(b.local)!;
        a.send(to, "x");
        await rig.until(() => b.texts.length > 0);
        b.texts.length = 0;
        b.send(b.last!, "last words");
        if (!abort) b.socket.end(b.last!, false);
        await rig.until(() => a.texts.length === 1);
        a.texts.length = 0;
        if (abort) b.socket.end(b.last!, true);
        expect(b.send(b.last!, "more")).toBe(false);
        await rig.until(() => a.events.length === 2);
        expect(a.events).toEqual(["open", abort ? "ECONNRESET" : "end"]);
        expect(b.events).toEqual(["open"]); // who ends it is not told
        a.events.length = 0;
        b.events.length = 0;
      }
      a.socket.close();
      b.socket.close();
    });

    test("an association that is not welcome ends at once", async () => {
      const rig = open();
      const a = await Peer.open(rig.host, "127.0.0.1");
      const b = await Peer.open(rig.host, "127.0.0.1");
      b.welcome = false;
      a.send(a.socket.associate(b.local)!, "x");
      await rig.until(() => a.events.length === 2);
      expect(a.events).toEqual(["open", "ECONNRESET"]);
      expect(b.texts).toEqual([]);
      a.socket.close();
      b.socket.close();
    });

    test("a message that is too long ends its association and no other", async () => {
      const rig = open();
      const a = await Peer.open(rig.host, "127.0.0.1");
      const c = await Peer.open(rig.host, "127.0.0.1");
      const b = await Peer.open(rig.host, "127.0.0.1", {}, { maxMessage: 1000 });
      c.send(c.socket.associate(b.local)!, "x");
      await rig.until(() => b.texts.length === 1);
      a.send(a.socket.associate(b.local)!, "y".repeat(1001));
      await rig.until(() => a.events.length === 2);
      expect(b.events).toEqual(["open", "open", "EMSGSIZE"]);
      c.send(c.socket.associate(b.local)!, "z");
      await rig.until(() => b.texts.length === 2);
      expect(b.texts).toEqual(["x", "z"]);
      for (const peer of [a, b, c]) peer.socket.close();
    });

    test("autoclose ends an idle association on both ends", async () => {
      const rig = open();
      const a = await Peer.open(rig.host, "127.0.0.1", { autoclose: 1 });
      const b = await Peer.open(rig.host, "127.0.0.1");
      a.send(a.socket.associate(b.local)!, "x");
      await rig.until(() => a.events.length === 2 && b.events.length === 2);
      expect(a.events).toEqual(["open", "end"]);
      expect(b.events).toEqual(["open", "end"]);
      a.socket.close();
      b.socket.close();
    });

    test("settings are in force from the start and when they are changed", async () => {
      const rig = open();
      const a = await Peer.open(rig.host, "127.0.0.1", {
        srto_initial: 1500,
        srto_max: 9000,
        hbinterval: -1,
        autoclose: 7,
      });
      expect(a.socket.settings()).toMatchObject({ srto_initial: 1500, srto_max: 9000, hbinterval: -1, autoclose: 7 });
      expect(a.socket.change({ srto_min: 800, pathmaxrxt: 6, asocmaxrxt: 12, max_burst: 9, sack_delay: 150 })).toBe(
        null,
      );
      expect(a.socket.change({ init_max_attempts: 3, init_max_timeo: 4000, hbinterval: 20_000, send_ttl: 5 })).toBe(
        null,
      );
      expect(a.socket.settings()).toMatchObject({
        ...{ srto_initial: 1500, srto_min: 800, pathmaxrxt: 6, asocmaxrxt: 12, max_burst: 9, sack_delay: 150 },
        ...{ init_max_attempts: 3, init_max_timeo: 4000, hbinterval: 20_000, send_ttl: 5 },
      });
      a.socket.close();
    });

    test("a queue is bounded, and a full one does not lose what it has taken", async () => {
      const rig = open();
      const a = await Peer.open(rig.host, "127.0.0.1", { socket_sndbuf: 20_000 }, { maxQueue: 300_000 });
      const b = await Peer.open(rig.host, "127.0.0.1");
      const to = a.socket.associate(b.local)!;
      let taken = 0;
      while (a.send(to, `${taken} `.padEnd(1000, "."))) taken++;
      expect(taken).toBe(300);
      await rig.until(() => b.texts.length === taken);
      expect(new Set(b.texts.map((text) => Number.parseInt(text, 10))).size).toBe(taken);
      await rig.until(() => to.queued === 0);
      a.socket.close();
      b.socket.close();
    });

    test("an address that is taken", async () => {
      const rig = open();
      const a = await Peer.open(rig.host, "127.0.0.1");
      const again = rig.host.network.bindSctp({
        ...{ local: a.local, settings: {}, maxMessage: 1, maxQueue: 1 },
        ...{ onOpen: () => true, onMessage: () => {}, onUnsent: () => {}, onClose: () => {} },
      });
      await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
      expect(a.socket.associate({ family: 6, address: "::1", port: 9 })).toBe(null);
      a.socket.close();
    });
  });
}

suite("SCTP, simulated", simulatedRig);

if (missing === null) suite(`SCTP, ${native.name}`, () => native);
else
  test(`SCTP, ${native.name}`, ({ skip }) =>
    skip(`the kernel has no SCTP (${missing.code}): it was tried in a virtual machine, see test/lab/sctp`));

test.runIf(missing !== null)("without SCTP in the kernel nothing is bound, and the error says so", async () => {
  const binding = native.host.network.bindSctp({
    ...{ local: { family: 4, address: "127.0.0.1", port: 0 }, settings: {}, maxMessage: 1, maxQueue: 1 },
    ...{ onOpen: () => true, onMessage: () => {}, onUnsent: () => {}, onClose: () => {} },
  });
  await expect(binding).rejects.toMatchObject({ code: missing!.code });
});
