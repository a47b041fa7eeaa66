// UDP flows over every UDP transport of the runtime that runs this.
import { describe, expect, test } from "vitest";
import { rigs } from "../host/suite-rig.ts";
import { Transport } from "../sip/transports.ts";
import type { Flow } from "./flow.ts";
import { listenUdp } from "./udp.ts";

for (const rig of rigs()) {
  describe(`UDP flows, ${rig.name}`, () => {
    test("a peer has one flow, which answers it; listeners know how they are written", async () => {
      const seen: Flow[] = [];
      const server = await listenUdp(rig.host, {
        local: { family: 4, address: "127.0.0.1", port: 0 },
        advertisedHost: "sip.example.org",
        receive(buf, start, end, flow) {
          seen.push(flow);
          flow.send(buf, start, end);
        },
      });
      let answers = 0;
      const client = await listenUdp(rig.host, {
        local: { family: 4, address: "127.0.0.1", port: 0 },
        receive: () => {
          answers++;
        },
      });
      const flow = client.flowTo(server.local)!;
      for (let i = 1; i <= 3; i++) {
        expect(flow.send(new Uint8Array([1, 2, 3]), 0, 3)).toBe(true);
        await rig.until(() => answers === i);
      }
      expect(seen[0]).toBe(seen[2]);
      expect(seen[0]!.id).not.toBe(flow.id);
      expect(client.flowTo(server.local)).toBe(flow);
      expect(flow).toMatchObject({ protocol: Transport.UDP, reliable: false, open: true, listener: client });
      expect(seen[0]!.remote).toEqual(client.local);
      expect(server).toMatchObject({
        name: `udp:127.0.0.1:${server.local.port}`,
        addressText: "127.0.0.1",
        portText: String(server.local.port),
        advertisedHost: "sip.example.org",
        advertisedPort: null,
      });
      expect(client.flowTo({ family: 6, address: "::1", port: 5060 })).toBe(null);
      expect(client.flowTo({ family: 4, address: "127.0.0.1", port: 0 })).toBe(null);
      server.close();
      client.close();
      expect(flow.open || flow.send(new Uint8Array(1), 0, 1)).toBe(false);
      expect(client.flowTo(server.local)).toBe(null);
    });
  });
}
