// Between a Dialog and a row of table dialog, in the form Kamailio 5.6 writes it.

import type { Cell, Row } from "../../store/database.ts";
import { Dialog, type DialogOwner, type InProfile, MAX_PROFILES, State } from "./dialog.ts";
import { isRecord } from "./json.ts";
import type { DialogColumns } from "./settings.ts";

/** The columns written, in the order of `cells`. */
export function writtenColumns(c: DialogColumns): readonly string[] {
  return [
    c.entry,
    c.id,
    c.callId,
    c.fromUri,
    c.fromTag,
    c.toUri,
    c.toTag,
    c.callerCseq,
    c.calleeCseq,
    c.callerRoutes,
    c.calleeRoutes,
    c.callerContact,
    c.calleeContact,
    c.callerSocket,
    c.calleeSocket,
    c.state,
    c.startTime,
    c.timeout,
    c.flags,
    "iflags",
    c.timeoutRoute,
    "req_uri",
    "xdata",
  ];
}

/** The row of a dialog. */
export function cells(d: Dialog): Cell[] {
  const { caller, callee } = d;
  return [
    d.entry,
    d.id,
    d.callId,
    d.fromUri,
    caller.tag,
    d.toUri,
    callee.tag,
    String(caller.cseq),
    String(callee.cseq),
    orNull(caller.routes),
    orNull(callee.routes),
    caller.contact,
    callee.contact,
    caller.socketText,
    callee.socketText,
    d.state,
    d.startedAt,
    d.expiresAt,
    d.flags,
    d.wishes,
    orNull(d.timeoutRoute),
    d.requestUri,
    d.profiles.length === 0 ? null : profileText(d),
  ];
}

function orNull(text: string): string | null {
  return text === "" ? null : text;
}

// The identifier of a place in a profile is for servers that share profiles.
function profileText(d: Dialog): string {
  const profiles = d.profiles.map(({ name, value }, n) => ({
    name,
    ...(value === null ? {} : { value }),
    puid: `dlgp-${d.entry.toString(16)}-${d.id.toString(16)}-${n}`,
  }));
  return JSON.stringify({ profiles });
}

/** What a row says beside its identifier. */
export interface LoadedRow {
  readonly dialog: Dialog;
  readonly profiles: readonly InProfile[];
}

/** The dialog a row stands for; null when it lacks what makes one, or is not a call in progress. */
export function dialogOf(row: Row, c: DialogColumns, owner: DialogOwner): LoadedRow | null {
  const state = number(row[c.state]);
  const callId = text(row[c.callId]);
  if (callId === "" || (state !== State.ANSWERED && state !== State.ACTIVE)) return null;
  const d = new Dialog(owner, number(row[c.entry]), number(row[c.id]), callId);
  d.state = state;
  d.fromUri = text(row[c.fromUri]);
  d.toUri = text(row[c.toUri]);
  d.requestUri = text(row["req_uri"]);
  const { caller, callee } = d;
  caller.tag = text(row[c.fromTag]);
  callee.tag = text(row[c.toTag]);
  caller.cseq = number(row[c.callerCseq]);
  callee.cseq = number(row[c.calleeCseq]);
  caller.routes = text(row[c.callerRoutes]);
  callee.routes = text(row[c.calleeRoutes]);
  caller.contact = text(row[c.callerContact]);
  callee.contact = text(row[c.calleeContact]);
  caller.socketText = text(row[c.callerSocket]);
  callee.socketText = text(row[c.calleeSocket]);
  caller.known = callee.known = true;
  d.startedAt = number(row[c.startTime]);
  d.createdAt = d.startedAt;
  d.expiresAt = number(row[c.timeout]);
  d.flags = number(row[c.flags]);
  d.wishes = number(row["iflags"]);
  d.timeoutRoute = text(row[c.timeoutRoute]);
  d.stored = true;
  return { dialog: d, profiles: profilesOf(text(row["xdata"])) };
}

function profilesOf(json: string): InProfile[] {
  if (json === "") return [];
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch {
    return [];
  }
  const list = isRecord(data) ? data["profiles"] : null;
  if (!Array.isArray(list)) return [];
  const found: InProfile[] = [];
  for (const item of list as unknown[]) {
    if (!isRecord(item) || typeof item["name"] !== "string" || found.length >= MAX_PROFILES) continue;
    found.push({ name: item["name"], value: typeof item["value"] === "string" ? item["value"] : null });
  }
  return found;
}

function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}

function number(cell: Cell | undefined): number {
  const n = Number(cell ?? 0);
  return Number.isFinite(n) ? Math.trunc(n) : 0;
}
