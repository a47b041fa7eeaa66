// JSON documents out of a stream, however it is cut.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Documents } from "./documents.ts";

test("documents with anything in between, brackets in texts, in pieces of any size", () => {
  const documents = ['{"a":1}', '{"b":{"c":"}{"}}', '{"d":"\\"}"}', "{}"];
  const stream = `\n${documents.join("\n \x00, ")}\n`;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sizes) => {
      const reader = new Documents();
      const got: string[] = [];
      for (let at = 0, i = 0; at < stream.length; at += sizes[i++ % sizes.length]!)
        got.push(...reader.add(stream.slice(at, at + sizes[i % sizes.length]!)));
      expect(got).toEqual(documents);
      expect(reader.hasPart).toBe(false);
    }),
    { seed: 3, numRuns: 300 },
  );
});

test("one that never ends is not kept for ever", () => {
  const reader = new Documents();
  for (let i = 0; i < 100; i++) expect(reader.add(`{"x":"${"y".repeat(1000)}"`)).toEqual([]);
  expect(reader.add('{"a":1}').length).toBeLessThanOrEqual(1);
  reader.drop();
  expect(reader.add('{"a":1}')).toEqual(['{"a":1}']);
});
