// $msgbuf(index): one character of the message as it came, read and written in place.

import type { RouteContext } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import { type PvDef, pvClass } from "../../registry/define.ts";
import { toText, type Value } from "../../sip/value.ts";

function read({ message }: RouteContext, index: number): Value {
  const at = message.start + index;
  return at < message.end ? String.fromCharCode(message.buf[at]!) : null;
}

function write({ message }: RouteContext, index: number, value: Value): void {
  const text = toText(value);
  if (text !== "" && message.start + index < message.end) message.putByte(index, text.charCodeAt(0));
}

/** The variable. */
export const messageBufferVariable: PvDef<unknown> = pvClass<unknown>({
  doc: "The character of the message at an index, counted from 0; assigning changes the message at once.",
  inner: "required",
  writable: true,
  resolve: (_i, inner) => {
    const text = (inner ?? "").replace(/^i:/, "");
    if (!/^\d{1,9}$/.test(text)) return new ArgError(`"${inner}" is no index`, "write a number from 0 on");
    const index = Number(text);
    return { get: (ctx) => read(ctx, index), set: (ctx, value) => write(ctx, index, value) };
  },
});
