// Places of entries with fields.

import { expect, test } from "vitest";
import { copyXavp, type Xavp, XavpStore } from "./xavp.ts";

const entry = (value: string | null): Xavp => ({ value, fields: null });
const values = (store: XavpStore): (string | number | null)[] => store.all("x").map((e) => e.value);

test("insert: what stands at the place moves on, an empty entry gives way, missing ones are made", () => {
  const store = new XavpStore(false);
  store.insert("x", 2, entry("c"));
  expect(values(store)).toEqual([null, null, "c"]);
  store.insert("x", 1, entry("b"));
  expect(values(store)).toEqual([null, "b", "c"]);
  store.insert("x", 1, entry("a"));
  store.insert("x", 4, entry("d"));
  expect(values(store)).toEqual([null, "a", "b", "c", "d"]);
});

test("a copy shares no entry that was put away; assigning a field drops it", () => {
  const original: Xavp = { value: null, fields: [{ name: "f", value: "<<xavp:f>>", entry: entry("kept") }] };
  const copy = copyXavp(original);
  copy.fields![0]!.entry!.value = "other";
  expect(original.fields![0]!.entry!.value).toBe("kept");
  const store = new XavpStore(false);
  store.add("x", original);
  store.setField("x", 0, "f", null, 1);
  expect(original.fields![0]).toEqual({ name: "f", value: 1, entry: undefined });
});
