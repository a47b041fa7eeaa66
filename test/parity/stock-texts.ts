// The phones of the stock configuration's cases, the texts they make of what they hear, and what is masked before texts are compared.

import { textFor } from "./nat-case.ts";

/** The server of all cases; another one of the same machine, for HTTP. */
export const SERVER = "203.0.113.1:5060";

interface Place {
  /** Where it is seen from. */
  readonly at: string;
  /** What it takes itself for, when it is behind a NAT. */
  readonly own?: string;
  readonly transport?: "TCP" | "TLS";
}

/** Who talks with the server. The relays speak their own protocols. */
export const PHONES = {
  alice: { at: "198.51.100.10:5070" },
  bob: { at: "198.51.100.20:5070" },
  bob2: { at: "198.51.100.21:5070" },
  carol: { at: "198.51.100.30:5070" },
  dave: { at: "198.51.100.40:6000", own: "10.0.0.5:5060" },
  erin: { at: "198.51.100.41:6001", own: "192.168.7.9:5060" },
  gate: { at: "198.51.100.50:5060" },
  mail: { at: "198.51.100.60:5060" },
  far: { at: "198.51.100.70:5060" },
  tara: { at: "198.51.100.80:5072", transport: "TCP" },
  tess: { at: "198.51.100.81:5073", transport: "TLS" },
  rtpproxy: { at: "127.0.0.1:7722" },
  rtpengine: { at: "127.0.0.1:2223" },
} as const satisfies Record<string, Place>;

export type PhoneName = keyof typeof PHONES;

/** Address and transport that a phone writes into its messages. */
export function places(phone: PhoneName): { own: string; transport: "UDP" | "TCP" | "TLS" } {
  const place: Place = PHONES[phone];
  return { own: place.own ?? place.at, transport: place.transport ?? "UDP" };
}

/** The usual contact of a phone. */
export function contactOf(phone: PhoneName, user: string = phone): string {
  const { own, transport } = places(phone);
  return `<sip:${user}@${own}${transport === "UDP" ? "" : `;transport=${transport.toLowerCase()}`}>`;
}

/** The value of the first header of that name; "" when there is none. */
export function header(text: string, name: string): string {
  return new RegExp(`^${name}: *(.*?)\\r?$`, "m").exec(text)?.[1] ?? "";
}

const all = (text: string, name: string): string[] =>
  text
    .split("\r\n")
    .filter((l) => l.startsWith(`${name}:`))
    .flatMap((l) => l.slice(name.length + 1).split(","))
    .map((v) => v.trim());

/** A call, as one of its phones knows it. */
export interface PhoneDialog {
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  readonly routes: readonly string[];
  readonly target: string;
  cseq: number;
}

/** The dialog of a message that makes one: a request that came, or a reply to the phone's own. */
export function dialogOf(phone: PhoneName, text: string, called: boolean): PhoneDialog {
  const routes = all(text, "Record-Route");
  const target = /<([^>]*)>/.exec(header(text, "Contact"))?.[1] ?? "";
  const mine = called ? `${header(text, "To")};tag=u${phone}` : header(text, "From");
  return {
    callId: header(text, "Call-ID"),
    local: mine,
    remote: header(text, called ? "From" : "To"),
    routes: called ? routes : routes.reverse(),
    target,
    cseq: called ? 0 : Number.parseInt(header(text, "CSeq"), 10),
  };
}

/** A phone's reply. */
export function answered(
  phone: PhoneName,
  request: string,
  code: number,
  o: { readonly lines?: readonly string[]; readonly body?: string; readonly type?: string; readonly contact?: string },
): string {
  const lines = request.split("\r\n");
  const kept = lines.filter((l) => /^(Via|Record-Route|From|Call-ID|CSeq):/.test(l));
  const to = header(request, "To");
  const tagged = to.includes(";tag=") || code === 100 ? to : `${to};tag=u${phone}`;
  const makes = /^(INVITE|SUBSCRIBE) /.test(request) && code > 100 && code < 300;
  const contact = o.contact ?? (makes ? contactOf(phone) : "");
  const body = o.body ?? "";
  const text = [
    `SIP/2.0 ${code} Answer`,
    ...kept,
    `To: ${tagged}`,
    ...(contact === "" ? [] : [`Contact: ${contact}`]),
    ...(o.lines ?? []),
    ...(body === "" ? [] : [`Content-Type: ${o.type ?? "application/sdp"}`]),
    `Content-Length: ${body.length}`,
  ];
  return `${text.join("\r\n")}\r\n\r\n${body}`;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** The header that answers a challenge. */
export function withCredentials(method: string, uri: string, body: string, reply: string, login: Login): string {
  const challenge = /^(?:WWW|Proxy)-Authenticate: .*/m.exec(reply)?.[0] ?? "";
  const proxy = challenge.startsWith("Proxy");
  const text = textFor(
    { text: `${method} ${uri} SIP/2.0\r\n{AUTH}\r\n\r\n${body}`, login: { ...login, proxy } },
    challenge,
  );
  return text.split("\r\n")[1]!;
}

/** A session description. */
export function sdp(address: string, port = 4000): string {
  return `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n`;
}

/** Without what differs from run to run. */
export function tidyStock(text: string): string {
  return text
    .replace(/203\.0\.113\.1:5060/g, "203.0.113.1") // the usual port, which Kamailio leaves out
    .replace(/(branch=z9hG4bK)(?!-stock)[^;\r\n]*(;i=\w+)?/g, "$1{BRANCH}") // i: Kamailio's number of a connection
    .replace(/^((?:Route: .*\r\n)+)((?:Via: .*\r\n)+)/gm, "$2$1") // Kamailio's Route stands between the Vias
    .replace(/^(Via: .*\r\n)((?:Route: .*\r\n)+)((?:Via: .*\r\n)+)/gm, "$1$3$2")
    .replace(/^(To: [^\r\n]*;tag=)(?!u[a-z]|f\d[;\r\n])[^;\r\n]*/gim, "$1{TAG}")
    .replace(/^(Server|User-Agent): .*$/gim, "$1: {SERVER}")
    .replace(/uloc-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+/g, "{RUID}")
    .replace(/;expires=(\d+)/g, (_, n) => `;expires=${Math.ceil(Number(n) / 10) * 10}`) // a second may pass meanwhile
    .replace(/(expire: )\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "$1{TIME}")
    .replace(/({RUID}-)[0-9a-f]+-[0-9a-f]+/g, "$1{HASH}")
    .replace(/^Call-ID: [0-9a-f-]+@203\.0\.113\.1/gm, "Call-ID: {OURS}")
    .replace(/rspauth="[^"]*"/g, 'rspauth="{PROOF}"')
    .replace(/nonce="[^"]*"/g, 'nonce="{NONCE}"')
    .replace(/(?<=timestamp=|"time":"|"timestamp":")[^;"]*/g, "{TIME}")
    .replace(/(?<=to_tag=)(?!u[a-z])[^;]+/g, "{TAG}")
    .replace(/(?<="to_tag":")(?!u[a-z])[^"]+/g, "{TAG}");
}
