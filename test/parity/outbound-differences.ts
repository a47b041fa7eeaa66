// Where modules path and outbound are meant to differ from Kamailio's, and why.

const REQUIRED =
  "its documentation says that outbound is required then; Kamailio lets those pass that have no Supported at all";
const LAST = "the first hop's Path stands last (RFC 3327 5.1, RFC 5626 6); Kamailio looks at that which stands first";

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
  "registrar: outbound_mode 2: straight, reg-id but no Supported": REQUIRED,
  "registrar: outbound_mode 2: straight, nothing of it": REQUIRED,
  ...Object.fromEntries(
    [1, 2].flatMap((mode) =>
      ["a first hop that has it, another that lacks it", "a first hop that lacks it, another that has it"].map(
        (name) => [`registrar: outbound_mode ${mode}: ${name}`, LAST],
      ),
    ),
  ),
};

/** Why a case differs; null when it must not. */
export const reasonOf = (name: string): string | null => REASONS[name] ?? null;

/** Reasons without a case. */
export const unusedReasons = (names: readonly string[]): string[] =>
  Object.keys(REASONS).filter((name) => !names.includes(name));
