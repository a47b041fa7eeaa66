// Between a Contact and a row of table location, in the form Kamailio 5.6 writes it with db_sqlite.

import type { Cell, Moment, Row } from "../../store/database.ts";
import { dateCell, secondsOfText } from "../../store/dates.ts";
import { Contact, ContactState, common } from "./contact.ts";
import type { Columns, UsrlocSettings } from "./settings.ts";

const JULIAN_1970 = 2440587.5;
const DAY = 86400;

/** Seconds since 1970 as the column holds them. */
export function timeCell(seconds: number, expiresType: number): number | Moment {
  return expiresType === 1 ? seconds : dateCell(seconds);
}

/** Seconds since 1970 from a column, whichever way it was written: Julian days, Unix seconds, "YYYY-MM-DD HH:MM:SS". */
export function secondsOf(cell: Cell, hasLocalTime = false): number {
  if (typeof cell === "number")
    return cell > 0 && cell < 10_000_000 ? Math.round((cell - JULIAN_1970) * DAY) : Math.trunc(cell);
  return typeof cell === "string" ? secondsOfText(cell, hasLocalTime) : 0;
}

/** The columns written, in the order of `cells`. */
export function writtenColumns(c: Columns, useDomain: boolean): readonly string[] {
  const names = [
    c.ruid,
    c.user,
    c.contact,
    c.received,
    c.path,
    c.expires,
    c.q,
    c.callid,
    c.cseq,
    "last_modified",
    c.flags,
    c.cflags,
  ];
  names.push(
    c.userAgent,
    c.socket,
    c.methods,
    c.instance,
    c.regId,
    c.serverId,
    c.connectionId,
    c.keepalive,
    c.partition,
  );
  if (useDomain) names.push(c.domain);
  return names;
}

/** The row of a binding. */
export function cells(contact: Contact, s: UsrlocSettings): Cell[] {
  const at = s.useDomain ? contact.aor.lastIndexOf("@") : -1;
  const row: Cell[] = [
    contact.ruid,
    at < 0 ? contact.aor : contact.aor.slice(0, at),
    contact.contact,
    orNull(contact.received),
    orNull(contact.path),
    timeCell(contact.expires, s.expiresType),
    contact.q < 0 ? -1 : contact.q / 1000,
    contact.callid,
    contact.cseq,
    timeCell(contact.lastModified, s.expiresType),
    0,
    contact.cflags,
    contact.userAgent,
    orNull(contact.socket),
    contact.methods < 0 ? null : contact.methods,
    orNull(contact.instance),
    contact.regId,
    contact.serverId,
    contact.flowId === 0 ? -1 : contact.flowId,
    0,
    0,
  ];
  if (s.useDomain) row.push(at < 0 ? null : contact.aor.slice(at + 1));
  return row;
}

function orNull(text: string): string | null {
  return text === "" ? null : text;
}

/** The binding a row stands for; null when it lacks what makes one. */
export function contactOf(row: Row, s: UsrlocSettings, hasLocalTime = false): Contact | null {
  const c = s.columns;
  const user = text(row[c.user]);
  const uri = text(row[c.contact]);
  const ruid = text(row[c.ruid]);
  const domain = s.useDomain ? text(row[c.domain]) : "";
  if ((user === "" && domain === "") || uri === "" || ruid === "") return null;
  const contact = new Contact(domain === "" ? user : user === "" ? domain : `${user}@${domain}`, ruid);
  contact.contact = uri;
  contact.received = text(row[c.received]);
  contact.path = text(row[c.path]);
  contact.expires = secondsOf(row[c.expires] ?? null, hasLocalTime);
  const q = number(row[c.q], -1);
  contact.q = q < 0 ? -1 : Math.min(1000, Math.round(q * 1000));
  contact.callid = text(row[c.callid]);
  contact.cseq = number(row[c.cseq], 0);
  contact.lastModified = secondsOf(row["last_modified"] ?? null, hasLocalTime);
  contact.cflags = number(row[c.cflags], 0);
  contact.userAgent = common(text(row[c.userAgent]));
  contact.socket = common(text(row[c.socket]));
  contact.methods = number(row[c.methods], -1);
  contact.instance = text(row[c.instance]);
  contact.regId = number(row[c.regId], 0);
  contact.serverId = number(row[c.serverId], 0);
  contact.state = ContactState.SYNC;
  return contact;
}

function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}

function number(cell: Cell | undefined, otherwise: number): number {
  const n = typeof cell === "number" ? cell : typeof cell === "string" && cell !== "" ? Number(cell) : otherwise;
  return Number.isFinite(n) ? n : otherwise;
}
