// DNS messages: what is read from good answers, and that no bytes do harm.

import { encode } from "dns-packet";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeAnswer, dnsName, encodeQuery, RecordType } from "./wire.ts";

const ANSWERS = [
  { type: "A", name: "A.example", ttl: 60, data: "192.0.2.1" },
  { type: "AAAA", name: "a.example", ttl: 61, data: "2001:db8::1" },
  { type: "SRV", name: "_sip._udp.example", ttl: 62, data: { priority: 1, weight: 2, port: 3, target: "a.example" } },
  {
    type: "NAPTR",
    name: "example",
    ttl: 63,
    data: { order: 1, preference: 2, flags: "s", services: "SIP+D2U", regexp: "", replacement: "_sip._udp.example" },
  },
  { type: "CNAME", name: "b.example", ttl: 64, data: "A.Example" },
  { type: "TXT", name: "t.example", ttl: 65, data: ["one", "two"] },
  { type: "MX", name: "m.example", ttl: 66, data: { preference: 1, exchange: "a.example" } },
];

function message(answers: readonly object[] = ANSWERS): Uint8Array {
  const questions = [{ type: "SRV", name: "_sip._udp.Example" }];
  return encode({ type: "response", id: 4711, flags: 0, questions, answers });
}

describe("answers", () => {
  test("records of all kinds", () => {
    const bytes = message();
    const shifted = new Uint8Array(bytes.length + 7);
    shifted.set(bytes, 3);
    const answer = decodeAnswer(shifted, 3, 3 + bytes.length);
    expect(answer).toMatchObject({ id: 4711, rcode: 0, truncated: false, name: "_sip._udp.example", type: 33 });
    expect(answer?.answers).toEqual([
      { type: RecordType.A, name: "a.example", ttl: 60, address: "192.0.2.1" },
      { type: RecordType.AAAA, name: "a.example", ttl: 61, address: "2001:db8::1" },
      { type: 33, name: "_sip._udp.example", ttl: 62, priority: 1, weight: 2, port: 3, target: "a.example" },
      {
        ...{ type: 35, name: "example", ttl: 63, order: 1, preference: 2, flags: "s", service: "SIP+D2U" },
        ...{ regexp: "", replacement: "_sip._udp.example" },
      },
      { type: RecordType.CNAME, name: "b.example", ttl: 64, text: "a.example" },
      { type: RecordType.TXT, name: "t.example", ttl: 65, text: "onetwo" },
    ]);
  });

  test("a query is not an answer", () => {
    const query = encodeQuery(1, "a.example", RecordType.A);
    expect(decodeAnswer(query, 0, query.length)).toBeNull();
  });

  test("any bytes are an answer or none", () => {
    const whole = message();
    const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(whole.length), (changes, end) => {
        const bytes = whole.slice();
        for (const { at, to } of changes) bytes[at] = to;
        decodeAnswer(bytes, 0, bytes.length);
        decodeAnswer(bytes, 0, end);
      }),
      { seed: 1, numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const answer = decodeAnswer(bytes, 0, bytes.length);
        expect(answer === null || answer.answers.length < 600).toBe(true);
      }),
      { seed: 2, numRuns: 2000 },
    );
  });

  test("names that point at themselves or at each other end", () => {
    const header = [0, 1, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0];
    for (const name of [
      [0xc0, 12],
      [0xc0, 14, 0xc0, 12],
      [1, 97, 0xc0, 12],
      [0xff, 0xff],
    ]) {
      const bytes = new Uint8Array([...header, ...name, 0, 1, 0, 1, ...name, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4]);
      expect(decodeAnswer(bytes, 0, bytes.length)).toBeNull();
    }
  });

  test("counts that promise more than there is", () => {
    const bytes = message().slice();
    bytes[6] = 0xff;
    bytes[7] = 0xff;
    expect(decodeAnswer(bytes, 0, bytes.length)).toBeNull();
  });
});

test("names that can be asked for", () => {
  expect(dnsName("Example.ORG.")).toBe("example.org");
  expect(dnsName("_sip._udp.example.org")).toBe("_sip._udp.example.org");
  for (const bad of ["", ".", "a..b", "x".repeat(64), `${"a.".repeat(127)}a`, "a b", "ä"])
    expect(dnsName(bad)).toBeNull();
});
