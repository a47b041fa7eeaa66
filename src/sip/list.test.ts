// Lists of values: what separates them and what does not.

import { expect, test } from "vitest";
import { listValues } from "./list.ts";

test("values are told apart by commas outside of quotes and angle brackets", () => {
  expect(listValues("")).toEqual([]);
  expect(listValues(" , ,")).toEqual([]);
  expect(listValues("<sip:10.9.9.9;lr>,<sip:10.9.9.8;lr;x=a,b>, <sip:c>;p=1")).toEqual([
    "<sip:10.9.9.9;lr>",
    "<sip:10.9.9.8;lr;x=a,b>",
    "<sip:c>;p=1",
  ]);
  expect(listValues('"a, <b>" <sip:x;lr>,<sip:y>')).toEqual(['"a, <b>" <sip:x;lr>', "<sip:y>"]);
});

test("octet A0 is the end of a letter, no blank", () => {
  expect(listValues("a\xc3\xa0\t, \xc3\xa0b \r\n")).toEqual(["a\xc3\xa0", "\xc3\xa0b"]);
});
