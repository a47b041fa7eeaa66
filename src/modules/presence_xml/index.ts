// Module presence_xml: the event packages presence, presence.winfo and xcap-diff, and who may see by the rules of table xcap.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, strParam } from "../../registry/define.ts";
import { guarded } from "../../registry/guarded.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import {
  type EventPackage,
  type Permission,
  type Presence,
  presence,
  Status,
  type Watching,
} from "../presence/index.ts";
import { filtered } from "./filter.ts";
import { aggregate, chosen, dummy, hasActivity, hasBasic, isDocument, offline } from "./pidf.ts";
import { parseRules, type Ruleset } from "./rules.ts";

/** Kamailio's version number of table xcap, and its number of the kind of documents that rules are. */
const XCAP_VERSION = 4;
const PRES_RULES = 2;
/** How many presentities' rules are kept as they were read; their texts are asked for each time. */
const MAX_KEPT = 1000;

interface Settings {
  readonly url: string;
  readonly table: string;
  readonly withPresence: boolean;
  readonly withWinfo: boolean;
  readonly withXcapDiff: boolean;
  readonly everybody: boolean;
  readonly ruleGone: string;
  readonly withDummy: boolean;
  readonly single: boolean;
  readonly priorities: readonly string[];
  readonly lookup: string;
  readonly defaultExpires: number;
}

/** One generation of the module. */
class PresenceXml {
  readonly host: ModuleHost;
  readonly presence: Presence;
  readonly settings: Settings | null;
  private readonly kept = new Map<string, { readonly text: string; readonly rules: Ruleset | null }>();

  constructor(host: ModuleHost, settings: Settings | null) {
    this.host = host;
    this.presence = host.use(presence);
    this.settings = settings;
  }

  /** Adds the packages; rejects with StoreError when the table cannot be had. */
  async start(): Promise<void> {
    const s = this.settings;
    if (s === null) return;
    for (const name of ["presence", "presence.winfo", "xcap-diff"]) this.presence.remove(name);
    if (s.withPresence) this.presence.add(this.presencePackage(s));
    if (s.withWinfo) this.presence.add(this.winfoPackage(s));
    if (s.withXcapDiff)
      this.presence.add({
        name: "xcap-diff",
        contentType: "application/xcap-diff+xml",
        defaultExpires: s.defaultExpires,
        publishable: true,
      });
    if (s.url !== "")
      await this.host.database(s.url).ensureTable({ name: s.table, layout: "xcap", version: XCAP_VERSION });
  }

  private presencePackage(s: Settings): EventPackage {
    const ruled = (who: Watching): Promise<Permission | null> => this.permission(who);
    return {
      name: "presence",
      contentType: "application/pidf+xml",
      defaultExpires: s.defaultExpires,
      publishable: true,
      accepts: isDocument,
      aggregate: s.single ? (bodies) => chosen(bodies, s.lookup, s.priorities) : aggregate,
      offline,
      ...(s.withDummy ? { nothing: dummy } : {}),
      unruled: { status: s.everybody ? Status.ACTIVE : Status.PENDING, reason: "" },
      ruled: async (who) => (await ruled(who)) ?? { status: Status.PENDING, reason: "" },
      ...(s.everybody
        ? {}
        : {
            authorise: ruled,
            ruleGone: s.ruleGone,
            hasRules: async (p: string) => (await this.rules(p)) !== null,
            filter: (who: Watching, body: string) => this.filter(who, body),
          }),
    };
  }

  // Who watches whom is for the one who is watched (RFC 3857 4.5).
  private winfoPackage(s: Settings): EventPackage {
    return {
      name: "presence.winfo",
      contentType: "application/watcherinfo+xml",
      defaultExpires: s.defaultExpires,
      publishable: false,
      winfoOf: "presence",
      ...(s.everybody
        ? {}
        : {
            authorise: ({ presentity, watcher }: Watching): Permission =>
              presentity === watcher
                ? { status: Status.ACTIVE, reason: "" }
                : { status: Status.TERMINATED, reason: "rejected" },
          }),
    };
  }

  private now(): number {
    return this.host.host.clock.wall();
  }

  private async permission({ presentity, watcher }: Watching): Promise<Permission | null> {
    // who sees itself needs no rule
    if (presentity === watcher) return { status: Status.ACTIVE, reason: "" };
    return (await this.rules(presentity))?.permission(watcher, this.now()) ?? null;
  }

  private async filter({ presentity, watcher }: Watching, body: string): Promise<string> {
    if (presentity === watcher) return body;
    const provided = (await this.rules(presentity))?.provided(watcher, this.now()) ?? null;
    return provided === null ? body : filtered(body, provided);
  }

  /** The rules of a presentity; null without any. */
  private async rules(presentity: string): Promise<Ruleset | null> {
    const s = this.settings;
    const who = this.presence.aor(presentity);
    if (s === null || s.url === "" || who === null) return null;
    const where = [
      { column: "username", value: who.user },
      { column: "domain", value: who.host },
      { column: "doc_type", value: PRES_RULES },
    ];
    const rows = await this.host.database(s.url).query(s.table, ["doc"], where, { limit: 1 });
    const text = rows[0]?.["doc"];
    if (typeof text !== "string") return null;
    const known = this.kept.get(presentity);
    if (known !== undefined && known.text === text) return known.rules;
    const rules = parseRules(text);
    if (rules === null) this.host.proxy.limited.error(this.host.log, `rules that are none: those of ${presentity}`);
    if (this.kept.size >= MAX_KEPT) this.kept.clear();
    this.kept.set(presentity, { text, rules });
    return rules;
  }

  /** The presence document of a presentity; "" without one. */
  async document(presentity: string): Promise<string> {
    const who = this.presence.aor(presentity);
    const pkg = this.presence.package("presence");
    return who === null || pkg === null ? "" : this.presence.state(who.uri, pkg);
  }
}

function asking(self: PresenceXml, ctx: RouteContext, presentity: string, test: (body: string) => number) {
  return guarded(
    self.host,
    ctx,
    () => self.document(presentity),
    (body) => (body === "" ? -1 : test(body)),
  );
}

const ONLY_TABLE = "documents are read from the table only";

/** Kamailio's module presence_xml. */
export const presenceXml = defineModule({
  name: "presence_xml",
  doc: "The event packages presence, presence.winfo and xcap-diff for module presence, with rules about who may see what.",
  uses: [presence],
  params: {
    db_url: strParam("", "Database with the table of rules; needed unless force_active is set."),
    xcap_table: strParam("xcap", "That table."),
    disable_presence: intParam(0, "Whether the package presence is left out."),
    disable_winfo: intParam(0, "Whether the package presence.winfo is left out."),
    disable_bla: intParam(1, "Whether the package dialog;sla is left out.", {
      effect: "that package is not supported",
    }),
    disable_xcapdiff: intParam(0, "Whether the package xcap-diff is left out."),
    force_active: intParam(0, "Whether everybody may see everything, whatever rules there are."),
    integrated_xcap_server: intParam(0, "Whether rules are in the table; else they come from XCAP servers too.", {
      effect: ONLY_TABLE,
    }),
    xcap_server: strParam("", "Address of an XCAP server.", { effect: ONLY_TABLE }),
    passive_mode: intParam(0, "Whether nothing is done but offering functions."),
    xcapauth_userdel_reason: strParam("probation", "What a watcher is told when the rule that let it in is gone."),
    force_dummy_presence: intParam(0, "Whether watchers are told of an open state when nothing is published."),
    force_presence_single_body: intParam(0, "Whether one of several documents is told; else all are made one."),
    presence_single_body_priorities: strParam(
      "Available|Ringing|On the Phone",
      "Which one: what its element says, the first is wanted most.",
    ),
    presence_single_body_lookup_element: strParam("note", "Name of that element."),
    default_expires: intParam(3600, "Time of a subscription that names none.", { unit: "seconds", min: 1 }),
  },
  state: () => null,
  configure: (_state, p, host): PresenceXml => {
    if (p.passive_mode !== 0) return new PresenceXml(host, null);
    if (p.db_url === "" && p.force_active === 0 && p.disable_presence === 0)
      throw new ConfigError("there are no rules without db_url", "db_url", "or set force_active to 1");
    if (/[\r\n]/.test(p.xcapauth_userdel_reason)) throw new ConfigError("no line ends", "xcapauth_userdel_reason");
    return new PresenceXml(host, {
      url: p.db_url,
      table: p.xcap_table,
      withPresence: p.disable_presence === 0,
      withWinfo: p.disable_winfo === 0,
      withXcapDiff: p.disable_xcapdiff === 0,
      everybody: p.force_active !== 0,
      ruleGone: p.xcapauth_userdel_reason,
      withDummy: p.force_dummy_presence !== 0,
      single: p.force_presence_single_body !== 0,
      priorities: p.presence_single_body_priorities.split("|"),
      lookup: p.presence_single_body_lookup_element,
      defaultExpires: p.default_expires,
    });
  },
  start: (self) => self.start(),
  functions: {
    pres_check_basic: fn({
      args: [str("presentity_uri"), str("status")],
      routes: RouteKind.ANY,
      waits: "always",
      doc: "True when a tuple of the presentity's document has that basic status.",
      run: (self: PresenceXml, ctx, uri, status) => asking(self, ctx, uri, (body) => (hasBasic(body, status) ? 1 : -1)),
    }),
    pres_check_activities: fn({
      args: [str("presentity_uri"), str("activity")],
      routes: RouteKind.ANY,
      waits: "always",
      doc: "True when a person of the presentity's document does that; -2 when it says nothing of activities.",
      run: (self: PresenceXml, ctx, uri, activity) => asking(self, ctx, uri, (body) => hasActivity(body, activity)),
    }),
  },
  tables: { xcap: { version: XCAP_VERSION, doc: "Documents of XCAP: here rules about watchers." } },
});
