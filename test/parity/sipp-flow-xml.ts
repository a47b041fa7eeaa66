// A flow of flows-case.ts as scenarios for sipp: one for the client, one for each kind of next hop. They say when to send what; nothing is
// expected, since what came is compared by whoever recorded it.

import { answersOf, type FlowCase, type Players } from "./flows-case.ts";

/** Statuses a client may get; sipp has no way to say "any". */
const PROVISIONAL = [100, 180, 181, 182, 183, 199];
const SUCCESS = [200, 202];
const FAILURE = [
  ...[300, 301, 302, 305, 380],
  ...[400, 401, 403, 404, 405, 407, 408, 410, 413, 415, 420, 421, 422, 430, 477, 478, 480, 481, 482, 483, 484, 485],
  ...[486, 487, 488, 489, 491, 493, 494, 498, 499, 500, 501, 502, 503, 504, 513, 600, 603, 604, 606, 607],
];
/** A status nobody sends: the mandatory step that ends a list of optional ones. */
const NEVER = 699;
/** Longer than any flow, ms. */
const FOR_GOOD = 20_000;

/** Whether sipp can play a flow: it takes texts in brackets for its own and cannot change a header of its replies. */
export function canPlay(c: FlowCase): boolean {
  const texts = [...(c.headers ?? []), ...(c.cancelHeaders ?? []), ...Object.values(c.hop ?? {}).flat()];
  return texts.every((t) => !/[[\]]/.test(t) && !t.includes("|~"));
}

class Script {
  private readonly steps: string[] = [];
  private labels = 0;

  /** A new label, to be placed by `at`. */
  label(): number {
    return ++this.labels;
  }

  at(label: number): void {
    this.steps.push(`<label id="${label}"/>`);
  }

  step(xml: string): void {
    this.steps.push(xml);
  }

  jump(label: number): void {
    this.step(`<nop next="${label}"/>`);
  }

  send(text: string): void {
    // sipp adds the empty line's end itself when the text ends with one
    const lines = text.split("\r\n").join("\n");
    this.step(`<send><![CDATA[\n${lines}]]></send>`);
  }

  toXml(name: string): string {
    return `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="${name}">\n${this.steps.join("\n")}\n</scenario>\n`;
  }
}

const store = (header: string, name: string, occurrence = 1): string =>
  `<ereg regexp=".*" search_in="hdr" header="${header}:" occurrence="${occurrence}" assign_to="${name}"/>`;

/** The client of a flow: its request, what it does later, and ACKs to failures. */
export function clientXml(c: FlowCase, players: Players): string {
  const s = new Script();
  // an ACK to a 2xx that never came
  s.step('<nop><action><assignstr assign_to="to" value=" &lt;sip:b@y&gt;"/></action></nop>');
  s.send(players.request);
  let now = 0;
  for (const [ms, what] of c.later ?? []) {
    listen(s, c, players, Math.max(1, ms - now));
    s.send(what === "ACK" ? players.ackOfSuccess("To:[$to]") : players.made(what));
    now = ms;
  }
  listen(s, c, players, (c.ms ?? 250) + 100 - now);
  // a variable that is nowhere read is an error to sipp, as one that is nowhere set is
  s.step('<nop><action><log message="[$to] [$invite]"/></action></nop>');
  return s.toXml("client");
}

// Takes what comes until it was quiet for so long.
function listen(s: Script, c: FlowCase, players: Players, ms: number): void {
  const again = s.label();
  const failed = s.label();
  const acknowledge = s.label();
  const quiet = s.label();
  s.at(again);
  const [first, ...others] = PROVISIONAL;
  s.step(`<recv response="${first}" optional="true" next="${again}" timeout="${ms}" ontimeout="${quiet}"/>`);
  for (const code of others) s.step(`<recv response="${code}" optional="true" next="${again}"/>`);
  for (const code of SUCCESS)
    s.step(`<recv response="${code}" optional="true" next="${again}"><action>${store("To", "to")}</action></recv>`);
  const isInvite = '<ereg regexp="INVITE" search_in="hdr" header="CSeq:" assign_to="invite"/>';
  for (const code of FAILURE)
    s.step(`<recv response="${code}" optional="true" next="${failed}"><action>${isInvite}</action></recv>`);
  s.step(`<recv response="${NEVER}"/>`);
  s.at(failed);
  if (c.noAck !== true) {
    s.step(`<nop next="${acknowledge}" test="invite"/>`);
    s.jump(again);
    s.at(acknowledge);
    s.send(players.ackOfFailure("[last_To:]"));
  }
  s.jump(again);
  s.at(quiet);
}

/** A next hop that is asked for a user in a flow. Flows whose hops behave alike have the same text. */
export function hopXml(c: FlowCase, user: string): string {
  const method = c.method ?? "INVITE";
  const s = new Script();
  const begin = s.label();
  s.step(request(method));
  s.at(begin);
  const answers = method === "ACK" ? [] : method === "CANCEL" ? ["481"] : answersOf(c, user);
  const sorted = answers
    .map((text) => ({ text, at: Number(/^\d+@(\d+)/.exec(text)?.[1] ?? 0) }))
    .sort((a, b) => a.at - b.at);
  const onCancel = c.onCancel?.[user] ?? ["487"];
  let now = 0;
  for (const { text, at } of sorted) {
    if (at > now) hold(s, null, at - now, onCancel);
    s.send(now === 0 && at === 0 ? replyToLast(text) : replyToFirst(text));
    now = at;
  }
  hold(s, { method, begin }, FOR_GOOD, onCancel);
  return s.toXml("hop");
}

const HEADERS = ["via1", "via2", "from", "to", "cseq"];

// Takes a request, which `replyToFirst` answers; it goes on at `next`.
function request(method: string, next?: number): string {
  const stored = [store("Via", "via1"), store("Via", "via2", 2), store("From", "from"), store("To", "to")].join("");
  const optional = next === undefined ? "" : ` optional="true" next="${next}"`;
  return `<recv request="${method}"${optional}><action>${stored}${store("CSeq", "cseq")}</action></recv>`;
}

// Waits; a CANCEL meanwhile is answered, and so is what it cancels. When `again` is given, the request may come once more.
function hold(
  s: Script,
  again: { readonly method: string; readonly begin: number } | null,
  ms: number,
  onCancel: readonly string[],
): void {
  const wait = s.label();
  const cancelled = s.label();
  const over = s.label();
  s.at(wait);
  s.step(`<recv request="CANCEL" optional="true" next="${cancelled}" timeout="${ms}" ontimeout="${over}"/>`);
  s.step(`<recv request="ACK" optional="true" next="${wait}"/>`);
  if (again !== null && !["ACK", "CANCEL"].includes(again.method)) s.step(request(again.method, again.begin));
  s.step(`<recv request="NEVER"/>`);
  s.at(cancelled);
  s.send(replyToLast("200"));
  for (const answer of onCancel) s.send(replyToFirst(answer));
  s.jump(wait);
  s.at(over);
  if (again !== null) s.step(`<nop><action><log message="${HEADERS.map((h) => `[$${h}]`).join("")}"/></action></nop>`);
}

const extraOf = (answer: string): string[] => /\|(.*)$/s.exec(answer)?.[1]?.split("\\n") ?? [];
const tagOf = (code: string): string => (code === "100" ? "" : `;tag=u${code}`);

// To what came last, whatever Vias it has.
function replyToLast(answer: string): string {
  const code = answer.slice(0, 3);
  const kept = ["[last_Via:]", "[last_From:]", `[last_To:]${tagOf(code)}`, "[last_Call-ID:]", "[last_CSeq:]"];
  return [`SIP/2.0 ${code} R${code}`, ...kept, ...extraOf(answer), "Content-Length: 0", "", ""].join("\r\n");
}

// To the request, though something else came since.
function replyToFirst(answer: string): string {
  const code = answer.slice(0, 3);
  const kept = [
    "Via:[$via1]",
    "Via:[$via2]",
    "From:[$from]",
    `To:[$to]${tagOf(code)}`,
    "Call-ID: [call_id]",
    "CSeq:[$cseq]",
  ];
  return [`SIP/2.0 ${code} R${code}`, ...kept, ...extraOf(answer), "Content-Length: 0", "", ""].join("\r\n");
}
