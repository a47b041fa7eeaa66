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

/** What destinationSet tells of each contact beside URI and q (module tm's rich_redirect), as bits. */
const Tell = { FLAGS: 1, PATH: 2 } as const;

// With its path as a header of the URI and its branch flags as a parameter, as Kamailio writes them.
function richContact(uri: string, q: number, flags: number, path: string | null, tell: number): string {
  const route = (tell & Tell.PATH) !== 0 && path !== null && path !== "" ? `?Route=${escapeHeader(path)}` : "";
  return contact(uri + route, q) + ((tell & Tell.FLAGS) !== 0 ? `;flags=${flags}` : "");
}

// RFC 3261 25.1, hvalue; "/" and ":" and what else may stand stays.
function escapeHeader(text: string): string {
  return text.replace(/[^\w\-.!~*'()[\]/?:+$]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The Contact line a 3xx carries, as a whole header line; "" when the set is empty. `tell`: bits of Tell. */
export function destinationSet(ctx: RouteContext, tell = 0): string {
  const { message: msg, branches } = ctx;
  const parts: string[] = [];
  if (msg.newUri !== null) parts.push(richContact(msg.newUri, msg.q, msg.branchFlags, msg.path, tell));
  for (const b of branches) parts.push(richContact(b.uri, b.q, b.flags, b.path, tell));
  return parts.length === 0 ? "" : `Contact: ${parts.join(", ")}\r\n`;
}
