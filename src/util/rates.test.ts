import fc from "fast-check";
import { expect, test } from "vitest";
import { Rates, sourceOf } from "./rates.ts";

test("a burst, then the steady rate", () => {
  const rates = new Rates(10, 5, 100);
  const taken = (now: number, n: number): number =>
    Array.from({ length: n }, () => rates.take("a", now)).filter((x) => x).length;
  expect(taken(0, 20)).toBe(5);
  expect(taken(100, 20)).toBe(1);
  expect(taken(1100, 20)).toBe(5);
  expect(rates.take("b", 1100)).toBe(true);
});

test("rate 0 lets everything pass and remembers nobody", () => {
  const rates = new Rates(0, 1, 10);
  for (let i = 0; i < 100; i++) expect(rates.take("a", 0)).toBe(true);
  expect(rates.size).toBe(0);
});

test("the table is bounded, and who goes on is not forgotten before who is quiet", () => {
  const rates = new Rates(0.001, 1, 10);
  expect(rates.take("busy", 0)).toBe(true);
  for (let i = 0; i < 100; i++) {
    rates.take(`k${i}`, i * 2000);
    expect(rates.take("busy", i * 2000), String(i)).toBe(false);
  }
  expect(rates.size).toBe(10);
});

test("never more than burst plus rate times time", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 200 }), (steps) => {
      const rates = new Rates(20, 7, 4);
      let now = 0;
      let taken = 0;
      for (const step of steps) {
        now += step;
        if (rates.take("x", now)) taken++;
      }
      expect(taken).toBeLessThanOrEqual(7 + (now * 20) / 1000);
    }),
    { seed: 5 },
  );
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:0001:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1:2:3:4", "fe80:0:0:0::/64"],
  ["1:2:3:4:5::", "1:2:3:4::/64"],
])("%s counts as %s", (address, source) => {
  expect(sourceOf(address)).toBe(source);
});
