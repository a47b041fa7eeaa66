// The functions of module permissions; what they return was measured on Kamailio 5.6.3.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, optional, parsed, str, variable } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { NameAddrRange, parseContact } from "../../sip/name-addr.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { transportName } from "../../sip/transports.ts";
import type { Later } from "../../store/database.ts";
import { textOf } from "../../util/bytes.ts";
import { isSip, uriOf } from "../core/index.ts";
import type { AddressRow } from "./addresses.ts";
import type { Rules } from "./rules.ts";
import { Backend, type Permissions } from "./state.ts";
import { fits, PROTOCOLS, type Question } from "./trusted.ts";

const { ANY } = RouteKind;
const REQUESTS = RouteKind.REQUEST | RouteKind.FAILURE | RouteKind.BRANCH | RouteKind.LOCAL | RouteKind.EVENT;
/** The most contacts of a REGISTER that are looked at; a request with more is refused. */
const MAX_CONTACTS = 64;

// ---- files ----

/** A pair of files. */
interface Files {
  readonly allow: Rules;
  readonly deny: Rules;
}

function filesOf(self: Permissions, first: string | undefined, second: string | undefined): Files {
  const s = self.settings;
  const [allow, deny] =
    first === undefined
      ? [s.allowFile, s.denyFile]
      : second === undefined
        ? [first + s.allowSuffix, first + s.denySuffix]
        : [first, second];
  return { allow: self.rules(allow, Backend.ALLOW), deny: self.rules(deny, Backend.DENY) };
}

/** Whether each pair is allowed by the one file or not denied by the other. */
export function mayPass({ allow, deny }: Files, from: string, to: readonly string[]): boolean {
  return to.every((uri) => allow.holdFor(from, uri) || !deny.holdFor(from, uri));
}

/** The pair of files of a name, for commands. */
export function filesByName(self: Permissions, name: string): Files {
  return filesOf(self, name, undefined);
}

/** What rules see of a destination: always "sip:user@host", as on Kamailio; the host of a tel URI is empty. With the port when it is asked for. */
function plain(text: string, withPort = false): string | null {
  const uri = uriOf(text);
  if (uri === null) return null;
  const port = withPort && uri.port >= 0 ? `:${uri.port}` : "";
  return `sip:${uri.user}@${isSip(uri) ? uri.host : ""}${port}`;
}

function uriText(msg: SipMessage, address: NameAddrRange | null): string | null {
  return address === null ? null : textOf(msg.buf, address.uriStart, address.uriEnd);
}

function judge(files: Files, from: string | null, to: readonly (string | null)[]): number {
  if (from === null) return -1;
  const known = to.filter((uri) => uri !== null);
  return known.length === to.length && mayPass(files, from, known) ? 1 : -1;
}

function allowRouting(self: Permissions, ctx: RouteContext, first?: string, second?: string): number {
  const msg = ctx.message;
  if (!msg.isRequest) return -1;
  const to = [plain(msg.requestUri())];
  if (self.settings.allBranches) for (const { uri } of ctx.branches) to.push(plain(uri));
  return judge(filesOf(self, first, second), uriText(msg, msg.from()), to);
}

const contact = new NameAddrRange();

// Null when the headers cannot be read or hold too many.
function contactsOf(msg: SipMessage, withPort: boolean): (string | null)[] | null {
  const uris: (string | null)[] = [];
  const { index, headerCount, buf } = msg;
  for (let h = 0; h < headerCount; h++) {
    if (index[h * STRIDE] !== H.CONTACT) continue;
    const end = index[h * STRIDE + VALUE_END]!;
    for (let pos = index[h * STRIDE + VALUE_START]!; pos >= 0; pos = contact.next) {
      if (uris.length >= MAX_CONTACTS || parseContact(buf, pos, end, contact) !== 0) return null;
      if (contact.star !== 1) uris.push(plain(textOf(buf, contact.uriStart, contact.uriEnd), withPort));
    }
  }
  return uris;
}

function registering(doc: string, withPort: boolean): FunctionDef<Permissions> {
  return fn({
    args: [str("basename or allow_file"), optional(str("deny_file"))],
    routes: REQUESTS,
    doc,
    run: (self: Permissions, ctx, first, second) => {
      const msg = ctx.message;
      const contacts = contactsOf(msg, withPort);
      return contacts === null ? -1 : judge(filesOf(self, first, second), uriText(msg, msg.to()), contacts);
    },
  });
}

// ---- addresses ----

function number(name: string, text: string): number | ArgError {
  return /^\s*-?\d{1,9}\s*$/.test(text) ? Number(text) : new ArgError(`${name} "${text}" is no number`);
}

const groupArg = parsed("group_id", (text) => number("the group", text));
const portArg = parsed("port", (text) => number("the port", text));

function tag(self: Permissions, ctx: RouteContext, value: string | null): void {
  const { tagAvp } = self.settings;
  if (value !== null && tagAvp !== "") ctx.avps.push(tagAvp, value);
}

// A port that is none stands for all ports, as on Kamailio.
function lookUp(self: Permissions, group: number | null, address: string, port: number): AddressRow | null {
  return address === "" ? null : self.addresses.find(group, address, port);
}

function allowAddress(self: Permissions, ctx: RouteContext, group: number, address: string, port: number): number {
  const found = lookUp(self, group, address, port);
  if (found === null) return -1;
  tag(self, ctx, found.tag);
  return 1;
}

// Names give no tag here, as on Kamailio.
function groupOf(self: Permissions, ctx: RouteContext, address: string, port: number): number {
  const found = lookUp(self, null, address, port);
  if (found === null) return -1;
  if (!self.addresses.names.has(found.address)) tag(self, ctx, found.tag);
  return found.group;
}

// ---- trusted peers ----

function allowTrusted(self: Permissions, ctx: RouteContext, question: Question): Later<number> {
  const { proxy } = self.host;
  const decide = (peers: Awaited<ReturnType<Permissions["peersFor"]>>): number => {
    let count = 0;
    for (const peer of peers) {
      if (!fits(peer, question)) continue;
      tag(self, ctx, peer.tag);
      count++;
      if (!self.settings.allTags) break;
    }
    return count === 0 ? -1 : count;
  };
  const failed = (error: unknown): number => {
    proxy.limited.error(self.host.log, error instanceof Error ? error.message : String(error));
    return -1;
  };
  try {
    const peers = self.peersFor(question.source);
    if (!(peers instanceof Promise)) return decide(peers);
    ctx.message.own();
    return peers.then(decide).catch(failed);
  } catch (error) {
    return failed(error);
  }
}

function trustedQuestion(ctx: RouteContext, source?: string, proto?: string, from?: string): Question | null {
  const msg = ctx.message;
  const word = (proto ?? transportName(ctx.flow.protocol)).toLowerCase();
  const fromUri = from ?? uriText(msg, msg.from());
  if (fromUri === null || !PROTOCOLS.includes(word) || word === "none") return null;
  const address = source ?? ctx.flow.remote.address;
  return { source: address, proto: word, from: fromUri, ruri: msg.isRequest ? msg.requestUri() : "" };
}

/** The functions by name. */
export const functions: Readonly<Record<string, FunctionDef<Permissions>>> = {
  allow_routing: fn({
    args: [optional(str("basename or allow_file")), optional(str("deny_file"))],
    routes: ANY,
    doc: "Whether files of rules let From reach the R-URI and each branch: one argument is the name without its ending, two are both files.",
    run: allowRouting,
  }),
  allow_register: registering("The same for To and each Contact of a REGISTER.", false),
  allow_register_include_port: registering("The same, rules seeing the ports of contacts.", true),
  allow_uri: fn({
    args: [str("basename"), variable("pvar")],
    routes: REQUESTS,
    doc: "The same for From and the URI in a variable, which is taken as it is.",
    run: (self: Permissions, ctx, name, value) => {
      const uri = value.get(ctx);
      if (uri === null) return -1;
      return judge(filesOf(self, name, undefined), uriText(ctx.message, ctx.message.from()), [String(uri)]);
    },
  }),
  allow_address: fn({
    args: [groupArg, str("address"), portArg],
    routes: ANY,
    doc: "Whether an address or name, with that port, is in a group.",
    run: allowAddress,
  }),
  allow_source_address: fn({
    args: [optional(groupArg)],
    routes: ANY,
    doc: "Whether the source of the message is in a group; without one in group 1.",
    run: (self: Permissions, ctx, group) =>
      allowAddress(self, ctx, group ?? 1, ctx.flow.remote.address, ctx.flow.remote.port),
  }),
  allow_source_address_group: fn({
    routes: ANY,
    doc: "The group the source of the message is in; -1 when in none.",
    run: (self: Permissions, ctx) => groupOf(self, ctx, ctx.flow.remote.address, ctx.flow.remote.port),
  }),
  allow_address_group: fn({
    args: [str("address"), portArg],
    routes: ANY,
    doc: "The group an address or name is in; -1 when in none.",
    run: groupOf,
  }),
  allow_trusted: fn({
    args: [optional(str("src_ip")), optional(str("proto")), optional(str("from_uri"))],
    routes: ANY,
    waits: "maybe",
    doc: "Whether the source, protocol, From and R-URI are those of a trusted peer; with peer_tag_mode 1 how many peers fit.",
    run: (self: Permissions, ctx, source, proto, from) => {
      const question = trustedQuestion(ctx, source, proto, from);
      return question === null ? -1 : allowTrusted(self, ctx, question);
    },
  }),
};
