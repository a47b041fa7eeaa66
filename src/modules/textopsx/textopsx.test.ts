import { describe, expect, test } from "vitest";
import { ModuleBed } from "../../../test/support/module-bed.ts";
import { core } from "../core/index.ts";
import { textops } from "../textops/index.ts";
import { textopsx } from "./index.ts";

const REQUEST =
  "MESSAGE sip:bob@x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bK1\r\nFrom: <sip:al@h>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: p\r\nCSeq: 3 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
const REPLY =
  "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: p\r\nCSeq: 3 INVITE\r\nContent-Length: 0\r\n\r\n";

function bed(): ModuleBed {
  const made = new ModuleBed();
  for (const module of [core, textops, textopsx]) made.load(module);
  return made;
}

describe("msg_apply_changes", () => {
  test("a new body brings its length along, and what the script set stays", async () => {
    const b = bed();
    const ctx = b.context(REQUEST);
    ctx.message.dstUri = "sip:10.0.0.9";
    ctx.message.flags = 8;
    await b.call(textops, "set_body", ctx, "a longer body", "text/html");
    expect((await b.call(textopsx, "msg_apply_changes", ctx)).code).toBe(1);
    const { message: msg } = ctx;
    expect(new TextDecoder().decode(msg.buf.subarray(msg.bodyStart, msg.end))).toBe("a longer body");
    expect([msg.header(10), msg.header(11), msg.dstUri, msg.flags, msg.owned]).toEqual([
      "13",
      "text/html",
      "sip:10.0.0.9",
      8,
      true,
    ]);
  });

  test("a text that would break the head changes nothing", async () => {
    const b = bed();
    const ctx = b.context(REQUEST);
    await b.call(textops, "append_hf", ctx, "no colon here\r\n");
    expect((await b.call(textopsx, "msg_apply_changes", ctx)).code).toBe(-1);
    expect(ctx.message.header(1)).toContain("z9hG4bK1");
  });
});

describe("remove_body and change_reply_status", () => {
  test("the body and its type go", async () => {
    const b = bed();
    const ctx = b.context(REQUEST);
    await b.call(textopsx, "remove_body", ctx);
    await b.call(textopsx, "msg_apply_changes", ctx);
    expect([ctx.message.header(10), ctx.message.header(11), ctx.message.end - ctx.message.bodyStart]).toEqual([
      "0",
      null,
      0,
    ]);
  });

  test("a failure becomes another failure, never a success", async () => {
    const b = bed();
    const ctx = b.context(REPLY);
    expect((await b.call(textopsx, "change_reply_status", ctx, 200, "OK")).code).toBe(-1);
    expect((await b.call(textopsx, "change_reply_status", ctx, 404, "Not Found")).code).toBe(1);
    await b.call(textopsx, "msg_apply_changes", ctx);
    expect(ctx.message.status).toBe(404);
  });
});
