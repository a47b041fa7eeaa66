// Module textops: reading and changing messages as text.

import { RouteKind } from "../../proxy/context.ts";
import { type Arg, ArgError, parsed } from "../../registry/args.ts";
import { defineModule, fn } from "../../registry/define.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method, methodFromName } from "../../sip/methods.ts";
import { core } from "../core/index.ts";
import { bodyFunctions } from "./body.ts";
import { headerFunctions } from "./headers.ts";
import { multipartFunctions } from "./multipart.ts";
import { SUBST_TRANSFORMS } from "./subst-transform.ts";
import { textFunctions, textScripting } from "./text.ts";

/** Methods to test for: known ones as bits by their number, others by name. */
interface MethodSet {
  readonly bits: number;
  readonly others: readonly string[];
}

function parseMethods(text: string): MethodSet | ArgError {
  let bits = 0;
  const others: string[] = [];
  for (const part of text.split(/[|,]/)) {
    const name = part.trim();
    if (name === "") return new ArgError(`an empty method in "${text}"`, 'write methods as "INVITE|CANCEL"');
    const id = methodFromName(name.toUpperCase());
    if (id === Method.UNKNOWN) others.push(name);
    else bits |= 1 << id;
  }
  return { bits, others };
}

function methodsArg(name: string): Arg<MethodSet> {
  return parsed(name, parseMethods);
}

// In a reply the method is that of CSeq.
function isMethod(msg: SipMessage, set: MethodSet): number {
  const id = msg.isRequest ? msg.method : (msg.cseq()?.method ?? Method.UNKNOWN);
  if (id !== Method.UNKNOWN) return (set.bits & (1 << id)) !== 0 ? 1 : -1;
  return set.others.length > 0 && set.others.includes(msg.methodText()) ? 1 : -1;
}

/** Kamailio's module textops. */
export const textops = defineModule({
  name: "textops",
  doc: "Tests, searches and changes messages: method, headers, body, and text in general.",
  uses: [core],
  state: () => null,
  configure: () => null,
  kemi: {
    ...textScripting,
    set_body_multipart_boundary: "set_body_multipart",
    has_body_type: "has_body",
    set_body_multipart_mode: "set_body_multipart",
    set_body_multipart_content: "set_body_multipart",
    append_body_part_cd: "append_body_part",
    append_body_part_hex_cd: "append_body_part_hex",
  },
  functions: {
    is_method: fn({
      args: [methodsArg("name")],
      routes: RouteKind.ANY,
      doc: 'True when the method is one of those given, separated by "|"; in a reply that of CSeq.',
      run: (_i: unknown, ctx, set) => isMethod(ctx.message, set),
    }),
    ...headerFunctions,
    ...textFunctions,
    ...bodyFunctions,
    ...multipartFunctions,
  },
  transforms: SUBST_TRANSFORMS,
});
