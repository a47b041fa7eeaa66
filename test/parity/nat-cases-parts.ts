// What the groups of settings are made of: requests, modparam lines, groups.

import {
  HOP,
  type NatCase,
  type NatGroup,
  type NatLogin,
  type NatStep,
  natRequest,
  PRIVATE,
  PUBLIC,
} from "./nat-case.ts";

const MODULES = ["kex", "corex", "tm", "sl", "pv", "textops", "textopsx", "siputils", "xlog", "rr"];

let next = 0;

/** A number that no other request of these groups has. */
export const fresh = (): string => `t${next++}`;

export function send(
  does: string,
  method = "OPTIONS",
  lines: readonly string[] = [],
  login?: NatLogin,
  from = PUBLIC,
  body = "",
): NatStep {
  const n = `t${next++}`;
  const head = [`X-Do: ${does}`, ...lines, ...(login === undefined ? [] : ["{AUTH}"])];
  const text = natRequest(n, method, "sip:bob@office.example", PUBLIC, head, body);
  return login === undefined ? { from, text } : { from, text, login };
}

export const p = (module: string, name: string, value: string | number): string =>
  `modparam("${module}", "${name}", ${typeof value === "number" ? value : `"${value}"`})\n`;

export function group(
  name: string,
  modules: readonly string[],
  params: string,
  request: string,
  cases: readonly NatCase[],
  more: Partial<NatGroup> = {},
): NatGroup {
  return {
    name: `settings: ${name}`,
    modules: [...MODULES, ...modules],
    params,
    request,
    agents: [PUBLIC, PRIVATE, HOP],
    cases,
    ...more,
  };
}

export const TELL = 'append_to_reply("R: $rc\\r\\n"); sl_send_reply("299", "Done"); exit;';
