// What a finding shows of the source.

import { expect, test } from "vitest";
import { Diagnostics } from "./diagnostics.ts";
import { SourceFile } from "./source.ts";

test("passwords in URLs are not shown, and the caret stays at its place", () => {
  const text = 'modparam("usrloc", "db_url", "mysql://kam:p@ss/w:1@host/db") x "sip:a@b"';
  const file = new SourceFile("f", text);
  const found = new Diagnostics();
  found.error("x", { file, start: 61, end: 62 }, "odd");
  const excerpt = 'modparam("usrloc", "db_url", "mysql://kam:********@host/db") x "sip:a@b"';
  expect(found.list[0]).toMatchObject({ excerpt, column: 62 });
});
