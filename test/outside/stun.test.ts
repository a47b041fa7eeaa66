// STUN on the ports of SIP: who asks is told the address he is seen from, only where the configuration wants it.

import { expect, test } from "vitest";
import { crc32 } from "../../src/util/bytes.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

const ROUTE = 'request_route { sl_send_reply("200", "OK"); }\n';
const ID = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c";
const COOKIE = "\x21\x12\xa4\x42";
const request = (attributes = "", cookie = COOKIE, type = "\x00\x01"): string =>
  `${type}${String.fromCharCode(attributes.length >> 8, attributes.length & 255)}${cookie}${ID}${attributes}`;

const hex = (text: string): string => Buffer.from(text, "latin1").toString("hex");

async function answers(globals: string, ...datagrams: string[]): Promise<string[][]> {
  const bed = await openProxy(`${globals}${modules()}${ROUTE}`);
  const client = await bed.udp(7000);
  const got: string[][] = [];
  for (const datagram of datagrams) got.push((await client.send(datagram)).map(hex));
  expect((await client.send(bed.request("OPTIONS", "sip:x@example.org")))[0]).toMatch(/^SIP\/2\.0 200/);
  await bed.close();
  return got;
}

test("a binding request is answered with the address it came from", async () => {
  const [[modern], [old], [long]] = (await answers(
    "stun_allow_stun=1\nstun_allow_fp=0\n",
    request(),
    request("", "\x00\x00\x00\x01"),
    request("\x00\x06\x00\x03abc\x00"),
  )) as [string[], string[], string[]];
  // 192.0.2.10:7000 with the cookie over it (RFC 5389 15.2)
  const port = (7000 ^ 0x2112).toString(16).padStart(4, "0");
  expect(modern).toBe(`0101000c2112a442${hex(ID)}002000080001${port}e112a648`);
  expect(old).toBe(`0101000c00000001${hex(ID)}0001000800011b58c000020a`);
  expect(long).toBe(modern);
});

test("REFRESH-INTERVAL and FINGERPRINT", async () => {
  const [[reply]] = (await answers("stun_allow_stun=yes\nstun_refresh_interval=30000\n", request())) as [string[]];
  expect(reply).toContain("8024000400007530");
  const bytes = Buffer.from(reply!, "hex");
  expect(bytes.readUInt16BE(2)).toBe(bytes.length - 20);
  expect(bytes.readUInt32BE(bytes.length - 4)).toBe((crc32(bytes, 0, bytes.length - 8) ^ 0x5354554e) >>> 0);
});

test("an attribute that must be understood and is not: 420 with its name", async () => {
  const [[reply]] = (await answers("stun_allow_stun=1\nstun_allow_fp=0\n", request("\x12\x34\x00\x00"))) as [string[]];
  expect(reply).toBe(`011100102112a442${hex(ID)}0009000400000414000a000212340000`);
});

test("what is no request is not answered, and nothing is without the parameter", async () => {
  const strange = [
    request("", COOKIE, "\x01\x01"), // an answer
    request("", COOKIE, "\x00\x11"), // an indication
    request().slice(0, 19),
    `${request()}xx`,
    "\x00\x01",
  ];
  expect(await answers("stun_allow_stun=1\n", ...strange)).toEqual([[], [], [], [], []]);
  expect(await answers("", request())).toEqual([[]]);
  expect(await answers("stun_allow_stun=0\n", request())).toEqual([[]]);
});
