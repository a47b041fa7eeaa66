// Presence authorization rules (RFC 4745, RFC 5025): who may see, and what of it.

import { type Permission, Status } from "../presence/index.ts";
import { type Element, elementsOf, innerText, localName, parseXml } from "./xml.ts";

/** The most rules of a document that are looked at. */
const MAX_RULES = 500;

/** What a rule lets a watcher see; null everything. */
export interface Provided {
  /** Selectors of tuples, persons, devices: "all", or name and value. */
  readonly services: readonly string[];
  readonly persons: readonly string[];
  readonly devices: readonly string[];
  readonly allAttributes: boolean;
  /** Names of attributes. */
  readonly attributes: ReadonlySet<string>;
}

interface Rule {
  readonly holds: (watcher: Identity, now: number) => boolean;
  readonly handling: string;
  readonly provided: Provided | null;
}

interface Identity {
  readonly uri: string;
  readonly domain: string;
}

/** The rules of a presentity. */
export class Ruleset {
  private readonly rules: readonly Rule[];

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
  }

  /** What they say of a watcher at a time (ms); null when none of them is about it. Of several the most generous counts (RFC 4745 10). */
  permission(watcher: string, now: number): Permission | null {
    const found = this.matching(watcher, now);
    if (found.length === 0) return null;
    const best = Math.max(...found.map(({ handling }) => HANDLING.indexOf(handling)));
    return PERMISSIONS[HANDLING[best] ?? "block"] ?? null;
  }

  /** What a watcher may see: what any rule about it lets it; null everything. */
  provided(watcher: string, now: number): Provided | null {
    const found = this.matching(watcher, now);
    if (found.length === 0 || found.some(({ provided }) => provided === null)) return null;
    const all = found.map(({ provided }) => provided!);
    return {
      services: all.flatMap((p) => p.services),
      persons: all.flatMap((p) => p.persons),
      devices: all.flatMap((p) => p.devices),
      allAttributes: all.some((p) => p.allAttributes),
      attributes: new Set(all.flatMap((p) => [...p.attributes])),
    };
  }

  private matching(watcher: string, now: number): readonly Rule[] {
    const who = { uri: normal(watcher), domain: domainOf(watcher) };
    return this.rules.filter((rule) => rule.holds(who, now));
  }
}

/** From the least generous to the most. */
const HANDLING: readonly string[] = ["block", "confirm", "polite-block", "allow"];
const PERMISSIONS: Readonly<Record<string, Permission>> = {
  block: { status: Status.TERMINATED, reason: "rejected" },
  confirm: { status: Status.PENDING, reason: "" },
  "polite-block": { status: Status.ACTIVE, reason: "polite-block" },
  allow: { status: Status.ACTIVE, reason: "" },
};

/** The rules of a document; null when it is none. */
export function parseRules(text: string): Ruleset | null {
  const root = parseXml(text)?.documentElement ?? null;
  if (root === null || localName(root) !== "ruleset") return null;
  const rules: Rule[] = [];
  for (const element of elementsOf(root, "rule").slice(0, MAX_RULES)) {
    const actions = elementsOf(element, "actions").flatMap((a) => elementsOf(a, "sub-handling"));
    const handling = actions[0] === undefined ? "block" : innerText(actions[0]);
    const transformations = elementsOf(element, "transformations")[0];
    rules.push({
      holds: conditionsOf(element),
      handling: HANDLING.includes(handling) ? handling : "block",
      provided: transformations === undefined ? null : providedOf(transformations),
    });
  }
  return new Ruleset(rules);
}

// All conditions must hold; one that is not understood never does (RFC 4745 6).
function conditionsOf(rule: Element): Rule["holds"] {
  const conditions = elementsOf(rule, "conditions").flatMap((c) => elementsOf(c));
  const tests = conditions.map((c): Rule["holds"] => {
    if (localName(c) === "identity") return identityOf(c);
    if (localName(c) === "validity") return (_, now) => isValid(c, now);
    return () => false;
  });
  return (who, now) => tests.every((test) => test(who, now));
}

function identityOf(identity: Element): Rule["holds"] {
  const tests = elementsOf(identity).map((e): ((who: Identity) => boolean) => {
    if (localName(e) === "one") {
      const id = normal(e.getAttribute("id") ?? "");
      return (who) => who.uri === id;
    }
    if (localName(e) !== "many") return () => false;
    const domain = e.getAttribute("domain")?.toLowerCase() ?? null;
    const excepted = elementsOf(e, "except");
    const ids = new Set(excepted.map((x) => normal(x.getAttribute("id") ?? "")));
    const domains = new Set(excepted.map((x) => x.getAttribute("domain")?.toLowerCase() ?? ""));
    return (who) => (domain === null || who.domain === domain) && !ids.has(who.uri) && !domains.has(who.domain);
  });
  return (who) => tests.some((test) => test(who));
}

// Pairs of from and until (RFC 4745 7.3).
function isValid(validity: Element, now: number): boolean {
  const from = elementsOf(validity, "from").map((e) => Date.parse(innerText(e)));
  const until = elementsOf(validity, "until").map((e) => Date.parse(innerText(e)));
  return from.some((begin, i) => now >= begin && now < (until[i] ?? Number.NEGATIVE_INFINITY));
}

const COMPONENTS: ReadonlyMap<string, "services" | "persons" | "devices"> = new Map([
  ["provide-services", "services"],
  ["provide-persons", "persons"],
  ["provide-devices", "devices"],
]);

function providedOf(transformations: Element): Provided {
  const lists = { services: [] as string[], persons: [] as string[], devices: [] as string[] };
  const attributes = new Set<string>();
  let allAttributes = false;
  for (const e of elementsOf(transformations)) {
    const name = localName(e);
    const component = COMPONENTS.get(name);
    if (component !== undefined)
      for (const s of elementsOf(e))
        lists[component].push(localName(s).startsWith("all-") ? "all" : `${localName(s)} ${innerText(s)}`);
    else if (name === "provide-all-attributes") allAttributes = true;
    else if (name === "provide-unknown-attribute" && isTrue(e)) attributes.add(e.getAttribute("name") ?? "");
    else if (name.startsWith("provide-") && isTrue(e)) attributes.add(name.slice("provide-".length));
  }
  return { ...lists, allAttributes, attributes };
}

// provide-user-input has more values; all but "false" let it be seen.
function isTrue(e: Element): boolean {
  return !["false", "0", ""].includes(innerText(e).toLowerCase());
}

function normal(uri: string): string {
  const m = /^(sips?|tel|pres):(?:([^@;?]*)@)?([^;?]*)/i.exec(uri.trim());
  if (m === null) return uri.trim();
  return `${m[2] ?? ""}@${(m[3] ?? "").toLowerCase()}`;
}
function domainOf(uri: string): string {
  const id = normal(uri);
  return id.slice(id.lastIndexOf("@") + 1).replace(/:\d+$/, "");
}
