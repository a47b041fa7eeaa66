// Commands on dialogs (dlg.*), with the answers that Kamailio gives.

import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { matches } from "../../script/posix-regex.ts";
import { bytesOf } from "../../util/bytes.ts";
import { own } from "../../util/own.ts";
import { regexOf } from "../core/index.ts";
import { headerLines } from "./defaults.ts";
import { type Dialog, State } from "./dialog.ts";
import type { Dialogs } from "./dialogs.ts";
import type { Profile } from "./profiles.ts";
import type { DialogInstance } from "./settings.ts";
import { socketOf } from "./sides.ts";
import { brief, dumped, shown } from "./view.ts";

type Given = readonly (string | number | undefined)[];
type Arg = RpcDef<DialogInstance>["args"][number];

const text = (name: string, optional = false): Arg => ({ name, kind: "str", optional });
const number = (name: string, optional = false): Arg => ({ name, kind: "int", optional });

function command(
  doc: string,
  args: readonly Arg[],
  run: (dialogs: Dialogs, args: Given) => RpcValue | Promise<RpcValue>,
): RpcDef<DialogInstance> {
  return { doc, args, run: (self, given) => run(self.dialogs, given) };
}

const NAMED = [text("callid"), text("from_tag"), text("to_tag")];

function list(dialogs: Dialogs, which: Iterable<Dialog>): RpcValue[] {
  const now = dialogs.now();
  return Array.from(which, (d) => shown(d, now));
}

function ofCall(dialogs: Dialogs, [callId, fromTag]: Given): RpcValue {
  const found = dialogs.table
    .ofCall(String(callId))
    .filter((d) => fromTag === undefined || d.caller.tag === fromTag || d.callee.tag === fromTag);
  const rows = list(dialogs, found);
  return rows.length === 0 ? {} : rows.length === 1 ? rows[0]! : rows;
}

function named(dialogs: Dialogs, [callId, fromTag, toTag]: Given): Dialog | null {
  return dialogs.table.match(String(callId), String(fromTag), String(toTag))?.dialog ?? null;
}

function profileOf(dialogs: Dialogs, name: string): Profile {
  const profile = dialogs.profiles.find(name);
  if (profile === null) throw new RpcError(404, `Profile not found: ${name}`);
  return profile;
}

// ---- dlg.list_match ----

const KEYS: Readonly<Record<string, (d: Dialog) => string>> = {
  ruri: (d) => d.requestUri,
  furi: (d) => d.fromUri,
  turi: (d) => d.toUri,
  callid: (d) => d.callId,
};

function tester(key: string, op: string, value: string): (d: Dialog) => boolean {
  if (key === "start_ts") {
    const than = Number(value.replace(/^s:/, ""));
    if (!Number.isInteger(than)) throw new RpcError(500, "Invalid matching value parameter");
    if (op === "eq") return (d) => d.startedAt === than;
    if (op === "gt") return (d) => d.startedAt > than;
    if (op === "lt") return (d) => d.startedAt < than;
    throw new RpcError(500, "Invalid parameters");
  }
  const get = own(KEYS, key);
  if (get === undefined) throw new RpcError(500, "Invalid parameters");
  if (op === "eq") return (d) => get(d) === value;
  if (op === "sw") return (d) => get(d).startsWith(value);
  if (op !== "re") throw new RpcError(500, "Invalid parameters");
  const re = regexOf(value);
  if (re === null) throw new RpcError(500, "Invalid matching value parameter");
  return (d) => matches(re, get(d));
}

function matching(dialogs: Dialogs, [key, op, value, limit]: Given): RpcValue {
  const test = tester(String(key), String(op), String(value));
  const most = typeof limit === "number" && limit > 0 ? limit : Number.POSITIVE_INFINITY;
  const found: Dialog[] = [];
  for (const d of dialogs.table.all()) {
    if (!test(d)) continue;
    found.push(d);
    if (found.length >= most) break;
  }
  if (found.length === 0) throw new RpcError(404, "Not found");
  return list(dialogs, found);
}

const MATCH = [text("mkey"), text("mop"), text("mval"), number("limit", true)];

// ---- ending ----

function end(dialogs: Dialogs, [entry, id, headers]: Given): RpcValue {
  const dialog =
    /^\d+$/.test(String(entry)) && /^\d+$/.test(String(id)) ? dialogs.table.find(Number(entry), Number(id)) : null;
  if (dialog === null) throw new RpcError(404, "Dialog not found");
  dialogs.end(dialog, "all", headers === undefined ? "" : headerLines(String(headers)));
  return {};
}

function terminate(dialogs: Dialogs, args: Given): RpcValue {
  const dialog = named(dialogs, args);
  if (dialog === null) throw new RpcError(500, "Couldnt find callid in dialog");
  dialogs.end(dialog, "all");
  return {};
}

function setState(dialogs: Dialogs, args: Given): RpcValue {
  const dialog = named(dialogs, args);
  const state = Number(args[3]);
  if (!(state >= State.UNCONFIRMED && state <= State.DELETED)) throw new RpcError(500, "Invalid state value");
  if (dialog === null) throw new RpcError(500, "Dialog not found");
  dialogs.setState(dialog, state);
  return "Done";
}

function isAlive(dialogs: Dialogs, args: Given): RpcValue {
  const dialog = named(dialogs, args);
  if (dialog === null) throw new RpcError(404, "Dialog not found");
  if (!dialog.isConfirmed) throw new RpcError(500, "Dialog not in confirmed state");
  return "Alive";
}

function setVariable(dialogs: Dialogs, args: Given): RpcValue {
  const dialog = named(dialogs, args);
  if (dialog === null) throw new RpcError(404, "Dialog not found");
  if (!dialog.setVariable(String(args[3]), String(args[4]))) throw new RpcError(500, "Too many variables");
  dialogs.store.written(dialog);
  return "Done";
}

// ---- counts ----

function statesNow(dialogs: Dialogs, [localOnly]: Given): RpcValue {
  const counts = [0, 0, 0, 0, 0, 0];
  for (const d of dialogs.table.all())
    if (localOnly !== 1 || socketOf(dialogs.host.proxy, d.caller) !== null) counts[d.state]!++;
  const [, starting, connecting, answering, ongoing] = counts as [number, number, number, number, number];
  return { starting, connecting, answering, ongoing, all: starting + connecting + answering + ongoing };
}

function dumpFile(dialogs: Dialogs, [file]: Given): RpcValue {
  const now = dialogs.now();
  const rows = Array.from(dialogs.table.all(), (d) => `${JSON.stringify(dumped(d, now))}\n`);
  try {
    dialogs.host.host.files.write(String(file), bytesOf(rows.join("")));
  } catch (error) {
    throw new RpcError(500, `cannot write: ${error instanceof Error ? error.message : String(error)}`);
  }
  return {};
}

function bridge(dialogs: Dialogs, [from, to, op, body]: Given): RpcValue | Promise<RpcValue> {
  const proxy = op === undefined || op === "." ? "" : String(op);
  const offer = body === undefined || body === "." ? null : body === "_" ? "" : String(body);
  const done = (sent: number): RpcValue => {
    if (sent < 0) throw new RpcError(500, "The INVITE could not be sent");
    return {};
  };
  const sent = dialogs.bridges.connect(String(from), String(to), proxy, offer);
  return typeof sent === "number" ? done(sent) : sent.then(done);
}

/** They. */
export const commands: Readonly<Record<string, RpcDef<DialogInstance>>> = {
  "dlg.list": command("All dialogs.", [], (dialogs) => list(dialogs, dialogs.table.all())),
  "dlg.list_ctx": command("All dialogs.", [], (dialogs) => list(dialogs, dialogs.table.all())),
  "dlg.list_match": command(
    "Dialogs whose ruri, furi, turi, callid or start_ts is equal (eq), begins so (sw), matches (re), is above (gt), below (lt).",
    MATCH,
    matching,
  ),
  "dlg.list_match_ctx": command("As dlg.list_match.", MATCH, matching),
  "dlg.list_match_ex": command("As dlg.list_match.", MATCH, matching),
  "dlg.dlg_list": command(
    "The dialogs of a Call-ID, of one tag if given.",
    [text("callid"), text("from_tag", true)],
    ofCall,
  ),
  "dlg.dlg_list_ctx": command("As dlg.dlg_list.", [text("callid"), text("from_tag", true)], ofCall),
  "dlg.briefing": command(
    "All dialogs, with the fields that letters ask for (ftcFTISEs).",
    [text("attrs", true)],
    (dialogs, [letters]) =>
      Array.from(dialogs.table.all(), (d) => brief(d, letters === undefined ? "ftcFT" : String(letters))),
  ),
  "dlg.dump_file": command("Writes all dialogs to a file, one a line as JSON.", [text("file")], dumpFile),
  "dlg.terminate_dlg": command("Ends the dialog of Call-ID and tags by BYE to both sides.", NAMED, terminate),
  "dlg.end_dlg": command(
    "Ends the dialog of that identifier by BYE to both sides, with further header lines.",
    [text("h_entry"), text("h_id"), text("extra_hdrs", true)],
    end,
  ),
  "dlg.set_state": command("Sets the state of a dialog; nobody is told.", [...NAMED, number("state")], setState),
  "dlg.set_var": command("Sets a variable of a dialog.", [...NAMED, text("name"), text("value")], setVariable),
  "dlg.is_alive": command("Whether a dialog was answered and goes on.", NAMED, isAlive),
  "dlg.profile_get_size": command(
    "How many dialogs are in a profile, under a value if given.",
    [text("profile"), text("value", true)],
    (dialogs, [name, value]) =>
      dialogs.profiles.size(profileOf(dialogs, String(name)), value as string | undefined, dialogs.now()),
  ),
  "dlg.profile_list": command(
    "The dialogs in a profile, under a value if given.",
    [text("profile"), text("value", true)],
    (dialogs, [name, value]) =>
      list(dialogs, dialogs.profiles.dialogs(profileOf(dialogs, String(name)), value as string | undefined)),
  ),
  "dlg.bridge_dlg": command(
    'Calls one address and refers it to another; op and body "." are left out, body "_" is none.',
    [text("from"), text("to"), text("op", true), text("body", true)],
    bridge,
  ),
  "dlg.stats_active": command("How many dialogs are in which state.", [number("local_only", true)], statesNow),
};
