// Where modules path and outbound are meant to differ from Kamailio's, and why.

const REASONS: Readonly<Record<string, string>> = {
  "path: received is used: empty": "a parameter with = and no value makes no URI (RFC 3261 25.1)",
  "path: received is used, the other form: a URI":
    "Kamailio makes a destination of what it does not understand, with bytes of an earlier one",
  "path: received is used, the other form: nonsense":
    "Kamailio makes a destination of what it does not understand, with bytes of an earlier one",
  "outbound: the connection has gone":
    "430 is what RFC 5626 5.3.1 wants, so that another flow is tried; Kamailio says 477",
  "outbound: the connection has gone, with a failure route":
    "430 is what RFC 5626 5.3.1 wants, so that another flow is tried; Kamailio says 477",
};

/** Why a case differs; null when it must not. */
export const reasonOf = (name: string): string | null => REASONS[name] ?? null;

/** Reasons without a case. */
export const unusedReasons = (names: readonly string[]): string[] =>
  Object.keys(REASONS).filter((name) => !names.includes(name));
