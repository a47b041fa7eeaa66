// What strangers could otherwise make a proxy do: relay for them, fill its memory, ask names for them.

import { describe, expect, test } from "vitest";
import { asset } from "../../src/host/assets.ts";
import { textOf } from "../../src/util/bytes.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

const DEFAULT = ((bytes) => textOf(bytes, 0, bytes.length))(asset("default.cfg"));
const INNER = "<sip:192.0.2.1;lr>";

describe("the default configuration", () => {
  test.each(["INVITE", "MESSAGE", "BYE", "SUBSCRIBE"])(
    "relays no %s that claims to be within a call",
    async (method) => {
      const bed = await openProxy(DEFAULT);
      const victim = await bed.udp(7999);
      const stranger = await bed.udp(7000);
      for (const route of [INNER, "<sip:192.0.2.1;lr;p=0123456789abcdef0123456789abcdef>", `${INNER}, ${INNER}`]) {
        const lines = [`Route: ${route}`, "To: <sip:x@example.org>;tag=made-up"];
        const replies = await stranger.send(bed.request(method, "sip:x@192.0.2.10:7999", lines));
        expect(replies.map((r) => r.slice(0, 11))).toEqual(["SIP/2.0 404"]);
      }
      expect(victim.received).toEqual([]);
      await bed.close();
    },
  );
});

describe("any configuration", () => {
  const RELAY = `${modules()}modparam("tm", "max_memory", 1)\nrequest_route { t_relay(); }`;

  test("transactions are bounded by the memory their requests take", async () => {
    const bed = await openProxy(RELAY);
    await bed.udp(7999);
    const stranger = await bed.udp(7000);
    const codes: string[] = [];
    for (let i = 0; i < 30; i++) {
      const request = bed.request("INVITE", "sip:x@192.0.2.10:7999", [], undefined, "x".repeat(50_000));
      codes.push(...(await stranger.send(request)).map((r) => r.slice(8, 11)));
    }
    expect(codes.filter((c) => c === "100").length).toBeLessThan(24);
    expect(codes).toContain("503");
    await bed.close();
  });

  test("a datagram that is shorter than its Content-Length is refused", async () => {
    const bed = await openProxy(RELAY);
    const stranger = await bed.udp(7000);
    const request = (length: string): string =>
      bed
        .request("MESSAGE", "sip:x@192.0.2.10:7999", [], undefined, "abc")
        .replace(/Content-Length: 3/, `Content-Length: ${length}`);
    for (const length of ["4", "-1", "1e3", "", "99999999999999999999"]) {
      expect((await stranger.send(request(length))).map((r) => r.slice(8, 11))).toEqual(["400"]);
    }
    await bed.close();
  });
});
