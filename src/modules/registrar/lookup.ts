// lookup() and its relatives: from an address of record to the places where it can be reached now.

import type { Listener } from "../../net/flow.ts";
import type { BranchTarget, RouteContext } from "../../proxy/context.ts";
import { firstTarget } from "../../proxy/first-target.ts";
import { nextValue } from "../../sip/list.ts";
import type { SipMessage } from "../../sip/message.ts";
import { NameAddrRange, parseNameAddr } from "../../sip/name-addr.ts";
import { parseUri, UriRange } from "../../sip/uri.ts";
import { unescapeUri } from "../../sip/uri-text.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import type { AorRecord, Contact, Domain } from "../usrloc/index.ts";
import { aorOfRange } from "./aor.ts";
import { giveAttributes, matches, numberSetting, tell } from "./attributes.ts";
import { kamailioBit } from "./methods.ts";
import { defaultUri, hasToTag, type Registrar } from "./registrar.ts";
import { bare } from "./reply.ts";

/** Return codes of lookup(). */
export const Found = { YES: 1, NO: -1, METHOD: -2, ERROR: -3 } as const;

/** Bits of registered()'s match_action: the fields kept with the contact are given back; xavp_rcd is left alone. */
const Action = { ATTRIBUTES: 1, UNTOLD: 2 } as const;

const range = new UriRange();
const address = new NameAddrRange();

/** What is looked up: an address of record, or one binding of it by a GRUU (RFC 5627). */
interface Sought {
  readonly aor: string;
  /** Instance of a public GRUU, "" none. */
  readonly instance: string;
  /** Record id of a temporary GRUU, "" none. */
  readonly ruid: string;
}

/** What a URI asks for: nobody where it has no user. Null when it is no URI. */
function soughtBy(reg: Registrar, uri: string): Sought | null {
  const buf = bytesOf(uri);
  if (parseUri(buf, 0, buf.length, range) !== 0) return null;
  const aor = aorOfRange(buf, range, reg.aorForm);
  if (!reg.settings.gruu || range.gr === 0) return { aor, instance: "", ruid: "" };
  const gr = range.grStart < 0 ? "" : unescapeUri(textOf(buf, range.grStart, range.grEnd));
  if (gr !== "") return { aor, instance: gr, ruid: "" };
  const user = range.userStart < 0 ? "" : textOf(buf, range.userStart, range.userEnd);
  return { aor: "", instance: "", ruid: user.slice(0, Math.max(0, user.lastIndexOf("-"))) };
}

/** How the branches that a lookup adds are numbered, for the attributes of contacts. */
interface Numbers {
  /** The branch whose place the first one takes; 0 none. */
  readonly first: number;
  /** How many branches are put aside meanwhile. */
  readonly aside: number;
}

const PLAIN: Numbers = { first: 0, aside: 0 };

/** The bindings sought; undefined when there are none. */
function recordFor(domain: Domain, sought: Sought): AorRecord | undefined | Promise<AorRecord | undefined> {
  if (sought.aor !== "") return domain.fetch(sought.aor);
  return sought.ruid === "" ? undefined : domain.fetchByRuid(sought.ruid);
}

/**
 * Sends the request where the user is: first binding into R-URI, others as branches (`all` false: as `append_branches` says; `toSet`: all
 * of them as branches, the R-URI stays). Returns one of `Found`.
 */
export function lookup(
  reg: Registrar,
  ctx: RouteContext,
  table: string,
  uri: string | null,
  toSet: boolean,
  numbers = PLAIN,
): number | Promise<number> {
  const domain = reg.domain(table);
  if (domain === null) return Found.ERROR;
  const sought = soughtBy(reg, uri ?? ctx.message.requestUri());
  if (sought === null) return Found.ERROR;
  const take = (found: AorRecord | undefined): number =>
    found === undefined ? Found.NO : use(reg, ctx, found, sought, toSet, numbers);
  let record: ReturnType<typeof recordFor>;
  try {
    record = recordFor(domain, sought);
  } catch (error) {
    return failure(reg, table, Found.NO)(error); // as on the oracle
  }
  if (!(record instanceof Promise)) return take(record);
  ctx.message.own();
  return record.catch(failure(reg, table, Found.NO)).then((found) => (typeof found === "number" ? found : take(found)));
}

function use(
  reg: Registrar,
  ctx: RouteContext,
  record: AorRecord,
  sought: Sought,
  toSet: boolean,
  numbers: Numbers,
): number {
  const { settings } = reg;
  const msg = ctx.message;
  const now = reg.usrloc.now();
  const filter = settings.methodFiltering && !hasToTag(msg) ? kamailioBit(msg.method) : 0;
  const flags = (settings.lookupFilter & 1) === 0 ? null : numberSetting(settings, ctx, "rlf_bflags");
  const xavp = reg.usrloc.settings.xavpContact;
  let first = !toSet;
  let result: number = Found.NO;
  for (const contact of record.contacts) {
    if (!settings.useExpired && !contact.isValid(now)) continue;
    if (sought.instance !== "" && bare(contact.instance) !== bare(sought.instance)) continue;
    if (sought.ruid !== "" && contact.ruid !== sought.ruid) continue;
    if (filter !== 0 && (contact.methods & filter) === 0) {
      if (result === Found.NO) result = Found.METHOD;
      continue;
    }
    if (flags !== null && flags !== 0 && (contact.cflags & flags) === 0) continue;
    if ((settings.lookupFilter & 2) !== 0 && !isConnected(reg, contact)) continue;
    if (result !== Found.YES) tell(settings, ctx, contact);
    result = Found.YES;
    if (first) {
      setFirst(reg, ctx, contact);
      if (xavp !== "") giveAttributes(ctx, xavp, contact, 0);
      first = false;
      if (!settings.appendBranches) break;
    } else {
      ctx.addBranch(branchOf(reg, contact));
      if (xavp !== "") giveAttributes(ctx, xavp, contact, numberOf(ctx, numbers));
    }
  }
  return result;
}

// Of the branch that was added last.
function numberOf(ctx: RouteContext, { first, aside }: Numbers): number {
  const added = ctx.branches.length;
  if (first === 0) return aside + added;
  return added === 1 ? first : aside + added - 1;
}

/** False for a binding over a connection that has gone. */
function isConnected(reg: Registrar, contact: Contact): boolean {
  if (contact.flowId !== 0) return reg.host.proxy.transports.flowById(contact.flowId)?.open === true;
  return !/^(tcp|tls|ws|wss):/.test(contact.socket);
}

function setFirst(reg: Registrar, ctx: RouteContext, contact: Contact): void {
  const msg = ctx.message;
  const path = pathOf(reg, contact);
  msg.newUri = contact.contact;
  msg.dstUri = destination(contact, path);
  msg.flowId = path === "" ? contact.flowId : 0;
  msg.flowUri = contact.contact;
  ctx.sendFrom = listenerOf(reg, contact) ?? ctx.sendFrom;
  msg.path = path === "" ? null : path;
  msg.q = contact.q;
  msg.ruid = contact.ruid;
  msg.locationUa = contact.userAgent;
  msg.branchFlags = contact.cflags;
  // few ask for more than that; without a GRUU there is nothing more to know
  if (contact.instance !== "") ctx.attach(firstTarget, contact);
}

function branchOf(reg: Registrar, contact: Contact): BranchTarget {
  const path = pathOf(reg, contact);
  return {
    uri: contact.contact,
    dstUri: destination(contact, path),
    path: path === "" ? null : path,
    q: contact.q,
    flags: contact.cflags,
    flowId: path === "" ? contact.flowId : 0,
    sendFrom: listenerOf(reg, contact),
    ruid: contact.ruid,
    instance: contact.instance,
    userAgent: contact.userAgent,
  };
}

/** Where to send: the first hop of the path, else the source address the registrar was told, else null (the contact itself). */
function destination(contact: Contact, path: string): string | null {
  if (path !== "") return firstUri(path);
  return contact.received === "" ? null : contact.received;
}

/** The listener a binding was made through, when it is (still) one of ours. */
function listenerOf(reg: Registrar, contact: Contact): Listener | null {
  if (contact.socket === "") return null;
  for (const l of reg.host.proxy.transports.listeners) {
    if (l.name === contact.socket || reg.socketText(l, true) === contact.socket) return l;
  }
  return null;
}

/** The path of a binding, without a first hop that is ourselves where path_check_local says so. */
function pathOf(reg: Registrar, contact: Contact): string {
  if (contact.path === "" || !reg.settings.pathCheckLocal) return contact.path;
  const uri = firstUri(contact.path);
  if (uri === null) return contact.path;
  const buf = bytesOf(uri);
  if (parseUri(buf, 0, buf.length, range) !== 0 || range.hostStart < 0) return contact.path;
  const host = textOf(buf, range.hostStart, range.hostEnd).toLowerCase();
  if (!reg.host.proxy.identity.isMyself(host, range.port < 0 ? 5060 : range.port)) return contact.path;
  const bytes = bytesOf(contact.path);
  return contact.path.slice(nextValue(bytes, 0, bytes.length) + 1).trimStart();
}

/** The URI of the first value of a Path; null when it is broken. */
function firstUri(path: string): string | null {
  const buf = bytesOf(path);
  if (parseNameAddr(buf, 0, buf.length, address) !== 0) return null;
  return textOf(buf, address.uriStart, address.uriEnd);
}

/**
 * lookup() for the R-URI and for each branch that has nothing but a URI. The first contact found takes the place of its branch, further ones
 * come behind all branches; who is not registered here stays a destination as it was. Returns the best code.
 */
export function lookupBranches(reg: Registrar, ctx: RouteContext, table: string): number | Promise<number> {
  const places: BranchTarget[] = [...ctx.branches];
  const further: BranchTarget[] = [];
  ctx.clearBranches();
  const aside = places.length;
  let result: number | Promise<number> = lookup(reg, ctx, table, null, false, { first: 0, aside });
  const gathered = (code: number): number => {
    further.push(...ctx.branches);
    ctx.clearBranches();
    return code;
  };
  result = result instanceof Promise ? result.then(gathered) : gathered(result);
  places.forEach((branch, at) => {
    if (branch.dstUri !== null || branch.path !== null || branch.flowId !== 0) return;
    const next = (so: number): number | Promise<number> => {
      const numbers = { first: at + 1, aside: places.length + further.length };
      const found = lookup(reg, ctx, table, branch.uri, true, numbers);
      const settle = (code: number): number => {
        places[at] = ctx.branches[0] ?? branch;
        further.push(...ctx.branches.slice(1));
        ctx.clearBranches();
        return Math.max(so, code);
      };
      return found instanceof Promise ? found.then(settle) : settle(found);
    };
    result = result instanceof Promise ? result.then(next) : next(result);
  });
  const whole = (code: number): number => {
    for (const branch of [...places, ...further]) ctx.addBranch(branch);
    return code;
  };
  return result instanceof Promise ? result.then(whole) : whole(result);
}

/**
 * registered(): 1 when the user of the URI (default: R-URI, in replies To) has a valid binding that `option` allows, else -1. `action` 2: the
 * script is not told of it.
 */
export function registered(
  reg: Registrar,
  ctx: RouteContext,
  table: string,
  uri: string | null,
  option = 0,
  action = 0,
): number | Promise<number> {
  return withRecord(reg, ctx.message, table, uri, (record) => {
    const now = reg.usrloc.now();
    const found = record?.contacts.find((c) => c.isValid(now) && matches(reg.settings, ctx, option, c));
    if (found === undefined) return -1;
    if ((action & Action.ATTRIBUTES) !== 0) giveAttributes(ctx, reg.usrloc.settings.xavpContact, found, 0);
    if ((action & Action.UNTOLD) === 0) tell(reg.settings, ctx, found);
    return 1;
  });
}

/** unregister(): takes all bindings of the URI's user out, or the one with that record id. */
export function unregister(
  reg: Registrar,
  ctx: RouteContext,
  table: string,
  uri: string,
  ruid: string | null,
): number | Promise<number> {
  if (uri === "") return unregisterRow(reg, table, ruid);
  const remove = (record: AorRecord | undefined, domain: Domain): number | Promise<number> => {
    if (record === undefined) return 1; // as the oracle does, though its documentation says -3
    if (ruid === null) domain.removeAll(record);
    else {
      const contact = record.contacts.find((c) => c.ruid === ruid);
      if (contact === undefined) return -3;
      domain.remove(record, contact);
    }
    const waiting = reg.usrloc.settle();
    return waiting === null ? 1 : waiting.then(() => 1);
  };
  return withRecord(reg, ctx.message, table, uri, remove, -2);
}

// With nothing in memory a record id is enough; elsewhere a user is asked for.
function unregisterRow(reg: Registrar, table: string, ruid: string | null): number | Promise<number> {
  const failed = failure(reg, table, -2);
  const code = (rows: number): number => (rows > 0 ? 1 : -3);
  try {
    const removed = ruid === null ? null : (reg.domain(table)?.removeRow(ruid) ?? null);
    return removed === null ? -2 : removed instanceof Promise ? removed.then(code, failed) : code(removed);
  } catch (error) {
    return failed(error);
  }
}

/** Tells of a table that fails, and gives the code. */
function failure(reg: Registrar, table: string, code: number): (error: unknown) => number {
  return (error) => {
    const why = error instanceof Error ? error.message : String(error);
    reg.host.proxy.limited.error(reg.host.log, `location table ${table}: ${why}`);
    return code;
  };
}

/** Calls `then` with the record of the URI's user (undefined: none); -1 when it is no URI, `broken` when the table fails. */
export function withRecord(
  reg: Registrar,
  msg: SipMessage,
  table: string,
  uri: string | null,
  then: (record: AorRecord | undefined, domain: Domain) => number | Promise<number>,
  broken = -1,
): number | Promise<number> {
  const domain = reg.domain(table);
  if (domain === null) return broken;
  const sought = soughtBy(reg, uri ?? defaultUri(msg));
  if (sought === null) return -1;
  const failed = failure(reg, table, broken);
  try {
    const record = recordFor(domain, sought);
    if (!(record instanceof Promise)) return then(record, domain);
    msg.own();
    return record.then((found) => then(found, domain)).catch(failed);
  } catch (error) {
    return failed(error);
  }
}
