// Generators of well-formed pieces of SIP for property tests: each gives the text and the parts it was made of.
// Also the mutations and the long hostile inputs that every parser must bear.
import fc from "fast-check";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const ALPHA = LOWER + LOWER.toUpperCase();
const DIGITS = "0123456789";
const ALNUM = ALPHA + DIGITS;
const HEX = "0123456789abcdefABCDEF";

/** Text of characters out of a set. */
export function textOfChars(chars: string, minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...chars), minLength, maxLength });
}

/** Text of characters out of a set, and `%XX` escapes. */
function escapedText(chars: string, minLength: number, maxLength: number): fc.Arbitrary<string> {
  const percent = fc.tuple(fc.constantFrom(...HEX), fc.constantFrom(...HEX)).map(([a, b]) => `%${a}${b}`);
  const unit = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...chars) }, { weight: 1, arbitrary: percent });
  return fc.array(unit, { minLength, maxLength }).map((units) => units.join(""));
}

export const token: fc.Arbitrary<string> = textOfChars(`${ALNUM}-.!%*_+\`'~`, 1, 12);

/** A quoted string with its quotes; content may hold anything that needs no line end. */
export const quotedString: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      textOfChars(`${ALNUM} ,;<>@:\t()\xe9`, 1, 4),
      textOfChars('"\\a', 1, 1).map((c) => `\\${c}`),
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => `"${parts.join("")}"`);

/** Optional linear white space, folds included. */
export const lws: fc.Arbitrary<string> = fc.constantFrom("", "", "", " ", "\t", "  ", "\r\n ", " \r\n\t");

/** White space that is there. */
export const gap: fc.Arbitrary<string> = fc.constantFrom(" ", "\t", "   ", "\r\n ", " \r\n\t");

const label = fc
  .tuple(fc.constantFrom(...ALNUM), textOfChars(`${ALNUM}-_`, 0, 6), fc.constantFrom(...ALNUM))
  .map((parts) => parts.join(""));

const topLabel = fc.tuple(fc.constantFrom(...ALPHA), textOfChars(ALNUM, 0, 5)).map((parts) => parts.join(""));

export const hostName: fc.Arbitrary<string> = fc
  .tuple(fc.array(label, { maxLength: 3 }), topLabel, fc.constantFrom("", "", "."))
  .map(([labels, top, dot]) => [...labels, top].join(".") + dot);

export const ipv4: fc.Arbitrary<string> = fc.ipV4();
export const ipv6: fc.Arbitrary<string> = fc.ipV6();
export const host: fc.Arbitrary<string> = fc.oneof(
  hostName,
  ipv4,
  ipv6.map((a) => `[${a}]`),
);
export const port: fc.Arbitrary<number> = fc.integer({ min: 0, max: 65535 });

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });

/** A name with an optional value. */
export type Param = readonly [name: string, value: string | null];

const uriParam: fc.Arbitrary<Param> = fc.tuple(
  escapedText(`${ALNUM}-_.!~*'()[]/:&+$`, 1, 8),
  maybe(escapedText(`${ALNUM}-_.!~*'()[]/:&+$`, 1, 8)),
);

/** A parameter of a header, with white space where it may stand. */
export const headerParam: fc.Arbitrary<{ param: Param; text: string }> = fc
  .tuple(token, maybe(fc.oneof(token, host, quotedString)), fc.array(lws, { minLength: 4, maxLength: 4 }))
  .map(([name, value, [a, b, c, d]]) => ({
    param: [name, value] as const,
    text: value === null ? `${a};${b}${name}` : `${a};${b}${name}${c}=${d}${value}`,
  }));

/** Parts of a sip or sips URI and its text. */
export interface SipUri {
  readonly scheme: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly host: string;
  readonly port: number | null;
  readonly params: readonly Param[];
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
}

const paramText = ([name, value]: Param): string => (value === null ? name : `${name}=${value}`);

export const sipUri: fc.Arbitrary<SipUri> = fc
  .record({
    scheme: fc.constantFrom("sip", "sips", "SIP", "Sips"),
    user: maybe(escapedText(`${ALNUM}-_.!~*'()&=+$,;?/#`, 1, 12)),
    password: maybe(escapedText(`${ALNUM}-_.!~*'()&=+$,`, 0, 6)),
    host,
    port: maybe(port),
    params: fc.array(uriParam, { maxLength: 4 }),
    headers: fc.array(
      fc.tuple(escapedText(`${ALNUM}-_.!~*'()[]/?:+$`, 1, 6), escapedText(`${ALNUM}-_.!~*'()[]/?:+$`, 0, 6)),
      { maxLength: 3 },
    ),
  })
  .map((parts) => {
    const password = parts.user === null ? null : parts.password;
    let text = `${parts.scheme}:`;
    if (parts.user !== null) text += `${parts.user}${password === null ? "" : `:${password}`}@`;
    text += parts.host;
    if (parts.port !== null) text += `:${parts.port}`;
    for (const param of parts.params) text += `;${paramText(param)}`;
    if (parts.headers.length > 0) text += `?${parts.headers.map(([n, v]) => `${n}=${v}`).join("&")}`;
    return { ...parts, password, text };
  });

/** Parts of a Via value and its text. */
export interface ViaParts {
  readonly transport: string;
  readonly host: string;
  readonly port: number | null;
  readonly branch: string | null;
  readonly received: string | null;
  readonly rport: number | "bare" | null;
  readonly text: string;
}

export const viaValue: fc.Arbitrary<ViaParts> = fc
  .record({
    transport: fc.constantFrom("UDP", "TCP", "TLS", "SCTP", "WS", "WSS", "udp", "NOVEL"),
    host,
    port: maybe(port),
    branch: maybe(token),
    received: maybe(fc.oneof(ipv4, ipv6)),
    rport: fc.oneof(fc.constant(null), fc.constant("bare" as const), port),
    space: fc.array(lws, { minLength: 12, maxLength: 12 }),
    sep: gap,
    others: fc.array(
      headerParam.filter(
        ({ param }) => !["branch", "received", "rport", "maddr", "ttl"].includes(param[0].toLowerCase()),
      ),
      { maxLength: 2 },
    ),
  })
  .map(({ space: s, sep, others, ...parts }) => {
    let text = `SIP${s[0]}/${s[1]}2.0${s[2]}/${s[3]}${parts.transport}${sep}${parts.host}`;
    if (parts.port !== null) text += `${s[4]}:${s[5]}${parts.port}`;
    if (parts.branch !== null) text += `${s[6]};${s[7]}branch${s[8]}=${s[9]}${parts.branch}`;
    for (const other of others) text += other.text;
    if (parts.received !== null) text += `;received${s[10]}=${parts.received}`;
    if (parts.rport !== null) text += `${s[11]};rport${parts.rport === "bare" ? "" : `=${parts.rport}`}`;
    return { ...parts, text };
  });

/** Parts of an address value and its text. */
export interface AddressParts {
  readonly display: string | null;
  readonly uri: string;
  readonly tag: string | null;
  readonly text: string;
}

const displayTokens = fc.tuple(token, fc.array(fc.tuple(gap, token), { maxLength: 2 })).map(([first, rest]) => {
  return first + rest.map(([space, word]) => space + word).join("");
});

export const address: fc.Arbitrary<AddressParts> = fc
  .record({
    display: maybe(fc.oneof(quotedString, displayTokens)),
    uri: sipUri,
    tag: maybe(token),
    bare: fc.boolean(),
    space: fc.array(lws, { minLength: 3, maxLength: 3 }),
    others: fc.array(
      headerParam.filter(({ param }) => !["tag", "q", "expires"].includes(param[0].toLowerCase())),
      { maxLength: 2 },
    ),
  })
  .map(({ display, uri, tag, bare, space: s, others }) => {
    // A URI with parameters, headers or separators in its user may not stand bare.
    const canBeBare = bare && display === null && !/[;,?]/.test(uri.text);
    let text = canBeBare ? uri.text : `${display ?? ""}${s[0]}<${uri.text}>`;
    for (const other of others) text += other.text;
    if (tag !== null) text += `${s[1]};tag${s[2]}=${tag}`;
    return { display, uri: uri.text, tag, text };
  });

/** One change of a text: a byte replaced, inserted or removed, a piece doubled, or the end cut off. */
export function mutated(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.record({
    kind: fc.integer({ min: 0, max: 4 }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    byte: fc.oneof(fc.constantFrom(...'"\\<>;,:=@[]()%?&/\r\n \0*'), fc.integer({ min: 0, max: 255 }).map(charOf)),
  });
  return fc.tuple(texts, fc.array(change, { minLength: 1, maxLength: 4 })).map(([text, changes]) => {
    let out = text;
    for (const { kind, at, byte } of changes) {
      const pos = Math.floor(at * out.length);
      if (kind === 0) out = out.slice(0, pos) + byte + out.slice(pos + 1);
      else if (kind === 1) out = out.slice(0, pos) + byte + out.slice(pos);
      else if (kind === 2) out = out.slice(0, pos) + out.slice(pos + 1);
      else if (kind === 3) out = out.slice(0, pos) + out.slice(pos >> 1);
      else out = out.slice(0, pos);
    }
    return out;
  });
}

const charOf = (code: number): string => String.fromCharCode(code);

/** Long inputs (about 64 KB) that would cost a careless parser the square of their length. */
export function hostileTexts(): readonly string[] {
  const pieces = [
    ";",
    ",",
    '"',
    "\\",
    '"\\',
    "<",
    ">",
    "(",
    "()",
    "[",
    "[::",
    "%",
    "%4",
    "%41",
    "a",
    "a.",
    "1.",
    "0",
    ":",
    ";a",
    ";a=b",
    ";a=",
    ';a="',
    ";a;",
    "&a=b",
    "?a=b",
    " ",
    "\r\n ",
    "a,",
    "a ",
    '"a" ',
    "<a",
    "@",
    "a@",
    "-",
    "*",
    "a=",
    'a="b",',
    "a=b,",
    "=",
    "/",
  ];
  const starts = [
    "",
    "sip:",
    "sip:a@b",
    "sip:a@b?a=b",
    "sip:a:",
    "sip:[",
    "tel:+1",
    "tel:1;a=b",
    "urn:",
    "<sip:a@b>",
    "<sip:a@b",
    '"',
    "a ",
    "SIP/2.0/UDP h",
    "SIP/2.0/UDP [",
    "SIP/2.0/",
    "SIP/2.0/UDP h;branch=",
    "1 INVITE",
    "Digest ",
    "Digest a=b,",
    "a/b",
    "a",
    '399 h "',
    "v=0\r\no=a b c IN IP4 h\r\n",
    "v=0\r\n",
    "1 ",
  ];
  const out: string[] = [];
  for (const start of starts)
    for (const piece of pieces) out.push(start + piece.repeat(Math.ceil(65536 / piece.length)));
  return out;
}
