// Serial and parallel forking by q: t_load_contacts puts the destination set into an XAVP, best first; t_next_contacts takes the best group
// back into the R-URI and branches, one contact of each +sip.instance; t_next_contact_flow tries another way to an instance.

import type { BranchTarget, RouteContext } from "../../proxy/context.ts";
import { type FirstTarget, firstTarget } from "../../proxy/first-target.ts";
import { type Kept, pickField, type Xavp, type XavpField } from "../../proxy/xavp.ts";
import { findListener, listenerText } from "../core/index.ts";
import { knownWishes, transactionOf, uriCounts, wishesOf } from "./engine.ts";
import type { TmInstance } from "./settings.ts";

/** In q_flag: contacts after this one have a lower q. */
const LAST_OF_GROUP = 4;

/** How t_load_contacts orders. */
export const Order = { BY_Q: 0, BY_CHANCE: 1 } as const;

/** Moves the destination set into the XAVP. 1, also when there is nothing to order; -1 when the parameter is not set. */
export function loadContacts(self: TmInstance, ctx: RouteContext, order: number): number {
  const { contacts } = self.settings;
  if (contacts === "") return -1;
  const set = destinationSet(ctx);
  if (set.length < 2) return 1;
  const attributes = attributesOf(self, ctx, set);
  const sorted = order === Order.BY_CHANCE ? byChance(self, set) : byQ(set);
  const store = ctx.avps.xavps("xavp");
  for (let i = sorted.length - 1; i >= 0; i--) {
    const next = sorted[i + 1];
    const isLast = next !== undefined && (order === Order.BY_CHANCE || next.q !== sorted[i]!.q);
    const entry = toXavp(sorted[i]!, isLast);
    const kept = attributes?.get(sorted[i]!);
    if (kept !== undefined) entry.fields!.unshift(putAway(self, kept));
    store.add(contacts, entry);
  }
  ctx.clearBranches();
  const { newUri, dstUri } = ctx.message;
  const wishes = wishesOf(ctx);
  wishes.taken = { uri: newUri, dst: dstUri };
  wishes.first = null;
  return 1;
}

/** Takes the best group out of the XAVP. 1, -2 when there is none left, -1 when the parameters are not set. */
export function nextContacts(self: TmInstance, ctx: RouteContext): number {
  const { contacts, contactFlows } = self.settings;
  if (contacts === "" || contactFlows === "") return -1;
  const store = ctx.avps.xavps("xavp");
  const group: { readonly target: BranchTarget; readonly entry: Xavp }[] = [];
  const flows: Xavp[] = [];
  const instances = new Set<string>();
  store.remove(contactFlows, "*"); // those of the group before are not for this one
  for (let entry = store.one(contacts, 0); entry !== undefined; entry = store.one(contacts, 0)) {
    store.remove(contacts, 0);
    const target = fromXavp(ctx, entry);
    if (target !== null && (target.instance === "" || !instances.has(target.instance))) group.push({ target, entry });
    else if (target !== null) flows.push(entry);
    if (target !== null && target.instance !== "") instances.add(target.instance);
    if ((numberIn(entry, "q_flag") & LAST_OF_GROUP) !== 0) break;
  }
  for (const entry of flows) store.add(contactFlows, entry);
  const first = group[0];
  if (first === undefined) return -2;
  useFirst(ctx, first.target);
  giveBack(self, ctx, first.entry, 0);
  for (let i = 1; i < group.length; i++) {
    ctx.addBranch(group[i]!.target);
    giveBack(self, ctx, group[i]!.entry, ctx.branches.length);
  }
  return 1;
}

/** In a branch failure route: another contact of the instance that has failed becomes a branch. 1, -2 or -1 as nextContacts. */
export function nextContactFlow(self: TmInstance, ctx: RouteContext): number {
  const { contactFlows } = self.settings;
  if (contactFlows === "") return -1;
  const store = ctx.avps.xavps("xavp");
  const failed = transactionOf(ctx)?.branches[ctx.branch]?.destination?.instance ?? "";
  const all = store.all(contactFlows);
  if (all.length === 0 || failed === "") return -2;
  for (let i = 0; i < all.length; i++) {
    const target = fromXavp(ctx, all[i]!);
    if (target === null || target.instance !== failed) continue;
    const entry = all[i]!;
    store.remove(contactFlows, i);
    ctx.addBranch(target);
    giveBack(self, ctx, entry, ctx.branches.length);
    return 1;
  }
  return -2;
}

// The R-URI, when it is still to be tried, and the branches.
function destinationSet(ctx: RouteContext): BranchTarget[] {
  const { message: msg, branches } = ctx;
  const tx = transactionOf(ctx);
  const isUsed = tx !== null && tx.branches.length > 0 && msg.newUri === tx.usedUri && msg.dstUri === tx.usedDst;
  const wishes = knownWishes(ctx);
  if (wishes === null ? isUsed : !uriCounts(wishes, msg, isUsed)) return [...branches];
  const uri = msg.requestUri();
  const first: BranchTarget = {
    uri,
    dstUri: msg.dstUri,
    path: msg.path,
    q: msg.q,
    flags: msg.branchFlags,
    flowId: msg.flowUri === msg.newUri ? msg.flowId : 0,
    sendFrom: ctx.sendFrom,
    ruid: msg.ruid,
    instance: ctx.attachment<FirstTarget>(firstTarget)?.instance ?? "",
    userAgent: msg.locationUa,
  };
  return [first, ...branches];
}

// Best first; of equals the one that was added last, as the oracle has it.
function byQ(set: readonly BranchTarget[]): BranchTarget[] {
  return [...set].reverse().sort((a, b) => b.q - a.q);
}

// Each next one by chance, as likely as its q is large; those without q come last, as they are.
function byChance(self: TmInstance, set: readonly BranchTarget[]): BranchTarget[] {
  const left = set.filter((b) => b.q > 0);
  const sorted: BranchTarget[] = [];
  let sum = left.reduce((n, b) => n + b.q, 0);
  while (left.length > 0) {
    let at = self.engine.proxy.host.random.uint32() % sum;
    let i = 0;
    while (at >= left[i]!.q) at -= left[i++]!.q;
    const [chosen] = left.splice(i, 1);
    sum -= chosen!.q;
    sorted.push(chosen!);
  }
  return [...sorted, ...set.filter((b) => b.q <= 0)];
}

/** Puts a destination into the R-URI and says that it is one, also in a route that begins after a failure. */
export function useFirst(ctx: RouteContext, target: BranchTarget): void {
  const msg = ctx.message;
  msg.newUri = target.uri;
  msg.dstUri = target.dstUri;
  msg.path = target.path;
  msg.q = target.q;
  msg.branchFlags = target.flags;
  msg.ruid = target.ruid;
  msg.locationUa = target.userAgent ?? "";
  msg.flowId = target.flowId;
  msg.flowUri = target.uri;
  ctx.sendFrom = target.sendFrom;
  const wishes = wishesOf(ctx);
  wishes.first = target;
  wishes.taken = null;
}

// ---- attributes of contacts (xavp_contact) ----

// Takes them away from the script: the entry at 0 is the R-URI's, whether or not that is still to be tried, the one at n that of the nth branch.
function attributesOf(
  self: TmInstance,
  ctx: RouteContext,
  set: readonly BranchTarget[],
): Map<BranchTarget, Xavp> | null {
  const name = self.settings.contactAttributes;
  if (name === "" || ctx.avpsOrNull === null) return null;
  const store = ctx.avps.xavps("xavp");
  const all = store.all(name);
  const first = ctx.branches.length - set.length + 1;
  const found = new Map<BranchTarget, Xavp>();
  set.forEach((target, i) => {
    const entry = all[first + i];
    if (entry !== undefined) found.set(target, entry);
  });
  store.remove(name, "*");
  return found;
}

function putAway(self: TmInstance, entry: Xavp): XavpField {
  const name = self.settings.contactAttributes;
  return { name, value: entry.fields === null ? (entry.value ?? "") : `<<xavp:${name}>>`, entry };
}

// To the place of their branch, as lookup() gives them; those given before move on behind.
function giveBack(self: TmInstance, ctx: RouteContext, contact: Xavp, branch: number): void {
  const name = self.settings.contactAttributes;
  const field = name === "" || contact.fields === null ? undefined : pickField(contact.fields, name, null);
  if (field === undefined) return;
  ctx.avps.xavps("xavp").insert(name, branch, field.entry ?? { value: field.value, fields: null });
}

// ---- fields, by Kamailio's names ----

function toXavp(b: BranchTarget, isLast: boolean): Xavp {
  const fields: XavpField[] = [];
  const put = (name: string, value: Kept | null): void => {
    if (value !== null && value !== "") fields.push({ name, value });
  };
  put("uri", b.uri);
  put("dst_uri", b.dstUri);
  put("path", b.path);
  put("sock", b.sendFrom === null ? null : listenerText(b.sendFrom));
  put("instance", b.instance);
  put("ruid", b.ruid);
  if (b.flowId !== 0) put("otcpid", b.flowId);
  put("flags", b.flags);
  put("q_flag", isLast ? LAST_OF_GROUP : 0);
  return { value: null, fields };
}

function fromXavp(ctx: RouteContext, entry: Xavp): BranchTarget | null {
  const uri = textIn(entry, "uri");
  if (uri === "") return null;
  const sock = textIn(entry, "sock");
  return {
    uri,
    dstUri: textIn(entry, "dst_uri") || null,
    path: textIn(entry, "path") || null,
    q: -1,
    flags: numberIn(entry, "flags"),
    flowId: numberIn(entry, "otcpid"),
    sendFrom: sock === "" ? null : findListener(ctx, sock),
    ruid: textIn(entry, "ruid"),
    instance: textIn(entry, "instance"),
  };
}

function textIn(entry: Xavp, name: string): string {
  const value = entry.fields === null ? undefined : pickField(entry.fields, name, null)?.value;
  return value === undefined ? "" : String(value);
}

function numberIn(entry: Xavp, name: string): number {
  return Number(textIn(entry, name)) || 0;
}
