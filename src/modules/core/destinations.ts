// The destination set: the R-URI where the script changed it, and the branches beside it.

import type { BranchTarget, RouteContext } from "../../proxy/context.ts";

/** q in thousandths as it is written: "0.5", "1"; Kamailio keeps no trailing zeros. */
export function formatQ(q: number): string {
  return String(q / 1000);
}

/** q as text in thousandths; -1 when it is none (RFC 3261 25.1 qvalue). */
export function parseQText(text: string): number {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?|\.\d{1,3})$/.test(text) ? Math.round(Number(text) * 1000) : -1;
}

function contact(uri: string, q: number): string {
  return q >= 0 ? `<${uri}>;q=${formatQ(q)}` : `<${uri}>`;
}

/** One branch as $br and $bR show it. */
export function branchText(b: BranchTarget): string {
  return b.q >= 0 ? contact(b.uri, b.q) : b.uri;
}

/** The Contact line a 3xx carries, as a whole header line; "" when the set is empty. */
export function destinationSet(ctx: RouteContext): string {
  const { message: msg, branches } = ctx;
  const parts: string[] = [];
  if (msg.newUri !== null) parts.push(contact(msg.newUri, msg.q));
  for (const b of branches) parts.push(contact(b.uri, b.q));
  return parts.length === 0 ? "" : `Contact: ${parts.join(", ")}\r\n`;
}
