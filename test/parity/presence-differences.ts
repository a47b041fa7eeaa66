// Where presence is meant to differ from Kamailio 5.6.3, and why.

const REASONS: Readonly<Record<string, string>> = {
  "open: an entity tag that is none of ours":
    "RFC 3903 6: 412 for every entity tag that is not known, whatever it looks like; Kamailio answers 500 to one it did not make",
  "open: watcher information cannot be published": "nobody could see it: 489; Kamailio stores it",
  "open: an event with an identifier":
    "RFC 6665 8.2.1: the identifier tells subscriptions in one dialog apart; Kamailio refuses it by 489",
  "rules: let see a part":
    "RFC 5025 3.3: transformations say what of a document a watcher sees; Kamailio shows all of it",
  "rules: who watches, told to the one who is watched and to nobody else":
    "RFC 3857 4.5: others are refused; a watcher that was shut out is not listed; who waits for a decision is",
  "domains: let in by domain, but not that one": "RFC 4745 7.1: domain and except count; Kamailio lets everybody in",
  "settings: a publication for too short a time":
    "min_expires holds for PUBLISH too, as the documentation and RFC 3903 6 say; Kamailio takes it",
  "settings: nothing is published":
    "the dummy document names the presentity by its URI, as RFC 3863 4.1.1 wants; Kamailio by its user or not at all",
  "functions: the sender is not told": "as the documentation says; Kamailio tells it",
};

/** Why a case differs; null when it must not. */
export function reasonOf(name: string): string | null {
  return REASONS[name] ?? null;
}

/** Reasons for cases that there are not. */
export function unusedReasons(names: readonly string[]): string[] {
  return Object.keys(REASONS).filter((name) => !names.includes(name));
}
