// Selects of the further destinations (@branch…), of the process and the time (@sys…), and of parameters (@cfg_get.group.name).

import type { BranchTarget, RouteContext } from "../proxy/context.ts";
import type { ParameterGroups } from "../proxy/groups.ts";
import { hex8 } from "../proxy/proxy.ts";
import type { Segment, SelectReader, SelectRoot } from "./select-parts.ts";

const BRANCH: Readonly<Record<string, (branch: BranchTarget) => string>> = {
  uri: (b) => b.uri,
  q: qOf,
  dst_uri: (b) => b.dstUri ?? "",
  uriq: (b) => (b.q < 0 ? b.uri : `<${b.uri}>;q=${qOf(b)}`),
};

function qOf({ q }: BranchTarget): string {
  return q < 0 ? "" : String(q / 1000);
}

/** @branch.uri, .q, .dst_uri, .uriq: of all further destinations, joined by commas; [n], from 0: of one. */
export function branchRoot(segments: readonly Segment[]): (SelectRoot & { used: number }) | null {
  const what = segments[1]?.text.toLowerCase() ?? "";
  if (!Object.hasOwn(BRANCH, what) || segments[1]!.isIndex) return null;
  const read = BRANCH[what]!;
  const index = segments[2]?.isIndex === true ? Number(segments[2].text) : null;
  if (index === null) return { read: (ctx) => ctx.branches.map(read).join(","), is: "text", used: 2 };
  const one: SelectReader = (ctx) => {
    const branch = ctx.branches[index];
    return branch === undefined ? null : read(branch);
  };
  return { read: one, is: what === "uri" || what === "dst_uri" ? "uri" : "text", used: 3 };
}

/** @cfg_get.group.name; a text says what is wrong with it. Without `groups` names are not looked up. */
export function parameterRoot(
  segments: readonly Segment[],
  groups: ParameterGroups | null,
): (SelectRoot & { used: number }) | string {
  const [, group, name] = segments;
  if (group === undefined || name === undefined || group.isIndex || name.isIndex) return "write @cfg_get.group.name";
  if (groups !== null && !groups.has(group.text)) return `there is no group of parameters ${group.text}`;
  if (groups !== null && !groups.has(group.text, name.text)) return `there is no ${name.text} in group ${group.text}`;
  const read: SelectReader = (ctx) => {
    const value = ctx.proxy.groups.get(ctx, group.text, name.text);
    return value === null ? null : String(value);
  };
  return { read, is: "text", used: 3 };
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// As C's asctime writes it, without the end of line: Sat Nov  7 10:12:53 2026.
function dateText(ms: number, utc: boolean): string {
  const date = new Date(utc ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const day = String(date.getUTCDate()).padStart(2, " ");
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${time} ${date.getUTCFullYear()}`;
}

const wall = ({ proxy }: RouteContext): number => proxy.host.clock.wall();
const utcDate: SelectReader = (ctx) => dateText(wall(ctx), true);

/** What the process and the clock tell. */
export const SERVER: Readonly<Record<string, SelectReader>> = {
  "sys.now": (ctx) => String(Math.floor(wall(ctx) / 1000)),
  "sys.now.local": (ctx) => dateText(wall(ctx), false),
  "sys.now.utc": utcDate,
  "sys.now.gmt": utcDate,
  "sys.pid": ({ proxy }) => String(proxy.host.process.pid),
  "sys.unique": ({ proxy: { host } }) =>
    [host.process.pid.toString(16), hex8(host.random.uint32()), hex8(host.random.uint32())].join("-"),
  "sys.server_id": ({ proxy }) => String(proxy.serverId),
};
