// save(): what a REGISTER does to the bindings of its address of record (RFC 3261 10.3). All of a request is checked before
// any binding changes.

import type { RouteContext } from "../../proxy/context.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { equalsText, textOf } from "../../util/bytes.ts";
import { type AorRecord, Contact, Matching } from "../usrloc/index.ts";
import { aorOf, aorOfText, aorUri } from "./aor.ts";
import { numberSetting, tellLast } from "./attributes.ts";
import { type ContactItem, ContactsError } from "./contacts.ts";
import { expiresAt, grant } from "./expires.ts";
import { fill } from "./fill.ts";
import { asksOutbound, firstHopHasOutbound, ignoreRegIds } from "./outbound.ts";
import { hasOption, joined, type Registrar } from "./registrar.ts";
import {
  contactLine,
  type GruuParts,
  outboundLines,
  Refusal,
  type RefusalRow,
  type RegisterReply,
  refusal,
} from "./reply.ts";
import { list, type Save } from "./run.ts";

/** Flags of save(). */
export const SaveFlag = { MEMORY: 1, NO_REPLY: 2, ONE_CONTACT: 4, NO_RANGE: 8, PREPARE: 16 } as const;

/** Return codes of save(). */
export const Saved = { INSERTED: 1, UPDATED: 2, DELETED: 3, QUERIED: 4, ERROR: -1, TOO_MANY: -2 } as const;

/** The most bindings of one address of record where max_contacts sets no limit: each REGISTER looks at all of them. */
const MAX_PER_AOR = 1000;

/** The most octets that a binding keeps beside its Contact: address of record, Call-ID, Path, instance. Strangers choose how long theirs are. */
const MAX_KEPT = 4096;

/** Where the answer waits for reg_send_reply(). */
export const preparedReply: object = {};

/** Handles a REGISTER and answers it. Returns one of `Saved`, or a promise of it when a database makes it wait. */
export function save(
  reg: Registrar,
  ctx: RouteContext,
  table: string,
  flags: number,
  uri: string | null,
): number | Promise<number> {
  const msg = ctx.message;
  const now = reg.usrloc.now();
  const bad = list.read(msg);
  if (bad !== ContactsError.NONE)
    return refuse(
      reg,
      ctx,
      flags,
      bad === ContactsError.PARSE ? Refusal.CONTACT_PARSE : Refusal.TOO_MANY_HEADERS,
      "",
      "",
    );
  const wrong = checkContacts(reg, msg);
  if (wrong !== null) return refuse(reg, ctx, flags, wrong, "", "");
  const outbound = checkOutbound(reg, ctx, flags);
  if (outbound !== 0) return outbound;
  const to = uri === null ? msg.to() : null;
  const aor =
    uri !== null ? aorOfText(uri, reg.aorForm) : to === null ? "" : aorOf(msg.buf, to.uriStart, to.uriEnd, reg.aorForm);
  if (aor === "") return refuse(reg, ctx, flags, Refusal.BAD_AOR, "", "");
  const domain = reg.domain(table);
  if (domain === null) return refuse(reg, ctx, flags, Refusal.STORE, "", "");
  const run: Save = { reg, ctx, domain, flags, aor, uri, now };
  try {
    const record = domain.fetch(aor);
    if (!(record instanceof Promise)) return process(run, record);
    msg.own();
    return record
      .then((found) => {
        if (list.read(msg) !== ContactsError.NONE) return -1;
        ignoreRegIds(reg, msg);
        return process(run, found);
      })
      .catch((error) => storeFailed(run, error));
  } catch (error) {
    return storeFailed(run, error);
  }
}

function storeFailed(run: Save, error: unknown): number {
  run.reg.host.proxy.limited.error(
    run.reg.host.log,
    `save: ${run.aor}: ${error instanceof Error ? error.message : String(error)}`,
  );
  return refuse(run.reg, run.ctx, run.flags, Refusal.STORE, "", "");
}

/** What is wrong with the list as such; null when nothing is. */
function checkContacts(reg: Registrar, msg: SipMessage): RefusalRow | null {
  if (list.star) {
    if (list.count > 1) return Refusal.STAR_MIXED;
    return expiresAt(msg, list.expires) === 0 ? null : Refusal.STAR_EXPIRES;
  }
  let kept = 0;
  for (let i = 0; i < list.count; i++) {
    const { addr, newUri, instance } = list.items[i]!;
    if ((newUri?.length ?? addr.uriEnd - addr.uriStart) > reg.settings.contactMaxSize) return Refusal.TOO_LONG;
    kept = Math.max(kept, instance.length);
  }
  for (const id of [H.TO, H.CALL_ID, H.PATH])
    for (let h = msg.find(id); h >= 0; h = msg.find(id, h + 1))
      kept += msg.index[h * STRIDE + VALUE_END]! - msg.index[h * STRIDE + VALUE_START]!;
  return kept > MAX_KEPT ? Refusal.TOO_LONG : null;
}

/** Whether server and user agent agree on outbound (RFC 5626 6); 0 when they do, else the return code after a refusal. */
function checkOutbound(reg: Registrar, ctx: RouteContext, flags: number): number {
  const { outboundMode } = reg.settings;
  const msg = ctx.message;
  if (outboundMode === 0) {
    if (list.require < 0 || !hasOption(msg, H.REQUIRE, "outbound")) return 0;
    return refuse(reg, ctx, flags, Refusal.OUTBOUND_HERE, "", "Unsupported: outbound\r\n");
  }
  if (!asksOutbound(msg)) {
    if (outboundMode === 1) return ignoreRegIds(reg, msg);
    return refuse(reg, ctx, flags, Refusal.OUTBOUND_THERE, "", "Require: outbound\r\nSupported: outbound\r\n");
  }
  const { regId, instance } = list.items[0] ?? { regId: 0, instance: "" };
  if (list.count !== 1 || regId === 0 || instance === "" || firstHopHasOutbound(msg)) return ignoreRegIds(reg, msg);
  return refuse(reg, ctx, flags, Refusal.OUTBOUND_BETWEEN, "", "");
}

function process(run: Save, record: AorRecord | undefined): number | Promise<number> {
  const { reg, ctx, domain, now } = run;
  const msg = ctx.message;
  if (list.count === 0) return accept(run, record, Saved.QUERIED, "");
  const persist = (run.flags & SaveFlag.MEMORY) === 0;
  if (list.star) {
    if (record !== undefined) domain.removeAll(record, persist);
    return accept(run, undefined, Saved.DELETED, "");
  }
  const path = reg.settings.usePath && list.path >= 0 ? joined(msg, H.PATH) : "";
  const pathAnswered = path !== "" && reg.settings.pathMode !== 0 && hasOption(msg, H.SUPPORTED, "path");
  if (path !== "" && reg.settings.pathMode === 2 && !pathAnswered) {
    return refuseWith(run, record, Refusal.NO_PATH, `Unsupported: path\r\nPath: ${path}\r\n`);
  }
  const wrong = plan(run, record, path);
  if (wrong === Refusal.BRIEF) return refuseWith(run, record, wrong, `Min-Expires: ${reg.settings.minExpires}\r\n`);
  if (wrong !== null) return refuseWith(run, record, wrong, "");
  const done = applyPlan(run, record, path, persist);
  if ((msg.flags & reg.settings.persistentFlag) !== 0) keepConnection(run);
  const left = done.record !== undefined && done.record.countValid(now) > 0 ? done.record : undefined;
  tellLast(reg.settings, ctx, left);
  return accept(run, left, done.code, pathAnswered ? `Path: ${path}\r\n` : "");
}

/** Works out for each contact which binding it means and for how long; returns what forbids the whole request, or null. */
function plan(run: Save, record: AorRecord | undefined, path: string): RefusalRow | null {
  const { reg, ctx, now } = run;
  const { settings } = reg;
  const msg = ctx.message;
  const cseq = msg.cseq();
  const { callId } = list;
  if (cseq === null || callId < 0) return Refusal.BAD_HEADERS;
  const callStart = msg.index[callId * STRIDE + VALUE_START]!;
  const callEnd = msg.index[callId * STRIDE + VALUE_END]!;
  const header = expiresAt(msg, list.expires);
  const forced = numberSetting(settings, ctx, "expires");
  let added = 0;
  for (let i = 0; i < list.count; i++) {
    const item = list.items[i]!;
    if (item.q === -2) return Refusal.BAD_Q;
    item.granted = grant(
      settings,
      reg.host.host.random,
      forced ?? item.expires,
      header,
      (run.flags & SaveFlag.NO_RANGE) !== 0,
    );
    if (item.granted < 0) return Refusal.BRIEF;
    const match = record === undefined ? null : findBinding(reg, msg, record, item, callStart, callEnd, path);
    item.match = match;
    if (match === null) {
      if (item.granted > 0) added++;
      continue;
    }
    if (cseq.number <= match.cseq && equalsText(msg.buf, callStart, callEnd, match.callid)) {
      const { cseqDelay } = reg.usrloc.settings;
      if (cseq.number < match.cseq || cseqDelay === 0 || now > match.lastModified + cseqDelay) return Refusal.BAD_CSEQ;
      item.repeated = true;
    }
  }
  return added === 0 ? null : checkRoom(run, record, added);
}

function checkRoom(run: Save, record: AorRecord | undefined, added: number): RefusalRow | null {
  const { reg, now } = run;
  const maxContacts = numberSetting(reg.settings, run.ctx, "max_contacts") ?? reg.settings.maxContacts;
  const kept =
    record === undefined || (run.flags & SaveFlag.ONE_CONTACT) !== 0 ? 0 : record.countValid(now) - countRemoved();
  if (kept + added > (maxContacts > 0 ? maxContacts : MAX_PER_AOR)) return Refusal.TOO_MANY;
  if (reg.usrloc.total + added > reg.usrloc.settings.maxTotal) return Refusal.TOO_MANY;
  return null;
}

/** How many bindings the request takes away for good; one that it names again stays. */
function countRemoved(): number {
  let removed = 0;
  for (let i = 0; i < list.count; i++) {
    const { match, granted, repeated } = list.items[i]!;
    if (match === null || granted > 0 || repeated) continue;
    let last = true;
    for (let k = 0; k < list.count; k++) {
      const other = list.items[k]!;
      if (other.match === match && (k > i || other.granted > 0)) last = false;
    }
    if (last) removed++;
  }
  return removed;
}

/** The binding a contact means: by instance and reg-id (RFC 5626 6), else as matching_mode says. URIs are compared as texts, as Kamailio does. */
function findBinding(
  reg: Registrar,
  msg: SipMessage,
  record: AorRecord,
  item: ContactItem,
  callStart: number,
  callEnd: number,
  path: string,
): Contact | null {
  const { contacts } = record;
  const { buf } = msg;
  const { uriStart, uriEnd } = item.addr;
  if (item.instance !== "") {
    for (const c of contacts) if (c.regId === item.regId && c.instance === item.instance) return c;
    return null; // its flows may all have one URI
  }
  const mode = reg.usrloc.settings.matching;
  for (const c of contacts) {
    if (mode === Matching.CALLID) {
      if (equalsText(buf, callStart, callEnd, c.callid)) return c;
    } else if (item.newUri === null ? equalsText(buf, uriStart, uriEnd, c.contact) : item.newUri === c.contact) {
      if (mode === Matching.CONTACT_CALLID && !equalsText(buf, callStart, callEnd, c.callid)) continue;
      if (mode === Matching.CONTACT_PATH && path !== "" && c.path !== path) continue;
      return c;
    }
  }
  return null;
}

function currentBinding(run: Save, record: AorRecord, item: ContactItem, path: string): Contact | null {
  const msg = run.ctx.message;
  const at = list.callId * STRIDE;
  return findBinding(run.reg, msg, record, item, msg.index[at + VALUE_START]!, msg.index[at + VALUE_END]!, path);
}

/** Carries the plan out. Returns the record as it is then, and which code the script gets. */
function applyPlan(
  run: Save,
  found: AorRecord | undefined,
  path: string,
  persist: boolean,
): { record: AorRecord | undefined; code: number } {
  const { reg, domain } = run;
  let record = found;
  let code: number = Saved.INSERTED;
  for (let i = 0; i < list.count; i++) {
    const item = list.items[i]!;
    if (item.repeated) {
      if (item.match !== null) domain.repeated(item.match);
      continue;
    }
    // the contacts before it may have removed the binding it means, or made it
    const match = list.count === 1 || record === undefined ? item.match : currentBinding(run, record, item, path);
    item.match = match;
    if (match !== null && record !== undefined) {
      if (item.granted === 0) {
        domain.remove(record, match, persist);
        code = Saved.DELETED;
        continue;
      }
      fill(run, match, item, path);
      domain.changed(record, match, persist);
      code = Math.max(code, Saved.UPDATED);
    } else if (item.granted > 0) {
      const contact = new Contact(run.aor, reg.usrloc.newRuid());
      fill(run, contact, item, path);
      // a record whose last binding has just gone is no longer in the table
      record = domain.add(record !== undefined && record.contacts.length > 0 ? record : undefined, contact, persist);
      item.match = contact;
    }
  }
  if ((run.flags & SaveFlag.ONE_CONTACT) !== 0 && record !== undefined) {
    for (let i = record.contacts.length - 1; i >= 0; i--) {
      const contact = record.contacts[i]!;
      let named = false;
      for (let k = 0; k < list.count; k++) if (list.items[k]!.match === contact) named = true;
      if (!named) domain.remove(record, contact, persist);
    }
  }
  return { record, code };
}

// tcp_persistent_flag: the connection stays as long as the longest of the bindings that the request has made to be called over it.
function keepConnection({ reg, ctx }: Save): void {
  const { flow } = ctx;
  let seconds = 0;
  for (let i = 0; i < list.count; i++) {
    const { match, granted } = list.items[i]!;
    if (match !== null && match.flowId === flow.id) seconds = Math.max(seconds, granted);
  }
  if (flow.reliable) reg.host.proxy.transports.keepOpen(flow, seconds * 1000);
}

/** User and host for GRUUs, when they are wanted; null otherwise. */
function gruuParts(run: Save): GruuParts | null {
  const { reg, ctx } = run;
  const msg = ctx.message;
  if (!reg.settings.gruu || !hasOption(msg, H.SUPPORTED, "gruu")) return null;
  if (run.uri !== null) return null;
  const to = msg.to();
  if (to === null || aorOf(msg.buf, to.uriStart, to.uriEnd, reg.aorForm) === "" || aorUri.hostStart < 0) return null;
  return {
    user: textOf(msg.buf, aorUri.userStart, aorUri.userEnd),
    host: textOf(msg.buf, aorUri.hostStart, aorUri.hostEnd),
  };
}

function accept(run: Save, record: AorRecord | undefined, code: number, path: string): number | Promise<number> {
  const { reg, ctx } = run;
  const headers = contactLine(
    record,
    run.now,
    reg.settings.receivedParam,
    record === undefined || !hasInstance(record) ? null : gruuParts(run),
  );
  const outbound = reg.settings.outboundMode === 0 ? "" : outboundLines(reg.settings, asksOutbound(ctx.message));
  const waiting = reg.usrloc.settle();
  const reply: RegisterReply = { code: 200, reason: "OK", headers: `${headers}${path}${outbound}` };
  if (waiting === null) return answered(run, reply, code);
  ctx.message.own();
  return waiting.then(
    () => answered(run, reply, code),
    (error) => storeFailed(run, error),
  );
}

function answered(run: Save, reply: RegisterReply, code: number): number {
  run.reg.state.accepted++;
  const { ctx, flags } = run;
  const prepares = SaveFlag.NO_REPLY | SaveFlag.PREPARE;
  if ((flags & prepares) !== prepares) return send(ctx, flags, reply) ? code : Saved.ERROR;
  ctx.message.replyHeaders += reply.headers; // in whatever answer the script sends
  ctx.attach(preparedReply, { ...reply, headers: "" });
  return code;
}

function hasInstance(record: AorRecord): boolean {
  for (const contact of record.contacts) if (contact.instance !== "") return true;
  return false;
}

/** Refuses, listing what stays bound. */
function refuseWith(run: Save, record: AorRecord | undefined, row: RefusalRow, more: string): number {
  const { reg } = run;
  const contacts = contactLine(record, run.now, reg.settings.receivedParam, null);
  tellLast(reg.settings, run.ctx, record);
  return refuse(reg, run.ctx, run.flags, row, contacts, more);
}

function refuse(
  reg: Registrar,
  ctx: RouteContext,
  flags: number,
  row: RefusalRow,
  contacts: string,
  more: string,
): number {
  reg.state.rejected++;
  send(ctx, flags, refusal(row, contacts, more, reg.settings));
  return row === Refusal.TOO_MANY ? Saved.TOO_MANY : Saved.ERROR;
}

/** Sends the answer, or keeps it for reg_send_reply(). */
function send(ctx: RouteContext, flags: number, reply: RegisterReply): boolean {
  if ((flags & SaveFlag.NO_REPLY) === 0 && ctx.message.isRequest && ctx.message.method === Method.REGISTER) {
    return ctx.proxy.reply(ctx, reply.code, reply.reason, reply.headers) >= 0;
  }
  if ((flags & (SaveFlag.NO_REPLY | SaveFlag.PREPARE)) !== 0) ctx.attach(preparedReply, reply);
  return true;
}

/** Sends what save() with flag 2 has prepared. Returns 1, or -1 when there is nothing. */
export function sendPrepared(ctx: RouteContext): number {
  const reply = ctx.attachment<RegisterReply>(preparedReply);
  return reply === undefined ? -1 : ctx.proxy.reply(ctx, reply.code, reply.reason, reply.headers);
}
