// How commands show dialogs, with Kamailio's field names and order.

import type { RpcValue } from "../../registry/define.ts";
import { type Dialog, type Side, State } from "./dialog.ts";
import { references } from "./variables.ts";

const orNull = (text: string): string | null => (text === "" ? null : text);

/** A dialog with all its fields. */
export function shown(d: Dialog, now: number): { [key: string]: RpcValue } {
  const over = d.state === State.DELETED;
  return {
    h_entry: d.entry,
    h_id: d.id,
    ref: references(d),
    "call-id": d.callId,
    from_uri: d.fromUri,
    to_uri: d.toUri,
    state: d.state,
    start_ts: d.startedAt,
    init_ts: d.createdAt,
    end_ts: d.endedAt,
    duration: d.startedAt === 0 ? 0 : (over ? d.endedAt : now) - d.startedAt,
    timeout: d.expiresAt,
    lifetime: d.lifetime,
    dflags: d.seen,
    sflags: d.flags,
    iflags: d.wishes,
    caller: side(d.caller),
    callee: side(d.callee),
    profiles: d.profiles.map(({ name, value }) => (value === null ? name : { [name]: value })),
    variables: over ? [] : [...d.variables].reverse().map(([name, value]) => ({ [name]: value })),
  };
}

function side(s: Side): RpcValue {
  return {
    tag: orNull(s.tag),
    contact: s.known ? s.contact : null,
    cseq: s.known || s.cseq > 0 ? String(s.cseq) : null,
    route_set: s.known ? s.routes : null,
    socket: orNull(s.socketText),
  };
}

/** A dialog as dlg.dump_file writes it. */
export function dumped(d: Dialog, now: number): { [key: string]: RpcValue } {
  const { "call-id": callId, duration: _, caller, callee, profiles, variables, ...rest } = shown(d, now);
  const { h_entry, h_id, ref, ...others } = rest;
  return {
    h_entry: h_entry!,
    h_id: h_id!,
    ref: ref!,
    call_id: callId!,
    ...others,
    caller: emptied(caller!),
    callee: emptied(callee!),
    profiles: merged(profiles!),
    variables: merged(variables!),
  };
}

// Null is written as an empty text there.
function emptied(value: RpcValue): RpcValue {
  return Object.fromEntries(Object.entries(value as { [key: string]: RpcValue }).map(([k, v]) => [k, v ?? ""]));
}

function merged(list: RpcValue): RpcValue {
  const all: { [key: string]: RpcValue } = {};
  for (const item of list as RpcValue[])
    if (typeof item === "string") all[item] = "";
    else Object.assign(all, item);
  return all;
}

/** What the letters of dlg.briefing stand for. */
const BRIEF: Readonly<Record<string, readonly [string, (d: Dialog) => RpcValue]>> = {
  f: ["from_uri", (d) => d.fromUri],
  t: ["to_uri", (d) => d.toUri],
  c: ["call-id", (d) => d.callId],
  F: ["from_tag", (d) => d.caller.tag],
  T: ["to_tag", (d) => d.callee.tag],
  I: ["init_ts", (d) => d.createdAt],
  S: ["start_ts", (d) => d.startedAt],
  E: ["end_ts", (d) => d.endedAt],
  s: ["state", (d) => d.state],
};

/** A dialog with the fields that letters ask for, in Kamailio's order. */
export function brief(d: Dialog, letters: string): RpcValue {
  const row: { [key: string]: RpcValue } = { h_entry: d.entry, h_id: d.id };
  for (const [letter, [name, get]] of Object.entries(BRIEF)) if (letters.includes(letter)) row[name] = get(d);
  return row;
}
