// A proxy with modules presence and presence_xml, and what those who publish and watch say to it.

import { modules, openProxy, type ProxyBed } from "./proxy-bed.ts";

/** The database of publications and subscriptions. */
export const PRESENCE_DB = "sqlite:///data/p.sqlite";

/** PUBLISH and SUBSCRIBE are taken, whoever they come from. */
export const PRESENCE_ROUTES = `request_route {
  if (is_method("PUBLISH")) handle_publish();
  else if (is_method("SUBSCRIBE")) handle_subscribe();
  exit;
}
`;

/** The proxy that `open` has opened last; whoever opens closes it. */
export let bed: ProxyBed;

/** Opens it with those parameters, and with a database unless `db` is false. */
export async function open(params: string, routes = PRESENCE_ROUTES, db = true): Promise<void> {
  const url = db ? `modparam("presence|presence_xml", "db_url", "${PRESENCE_DB}")\n` : "";
  const active = params.includes("force_active") ? "" : 'modparam("presence_xml", "force_active", 1)\n';
  const loads = `${modules("presence", "presence_xml")}loadmodule "db_sqlite.so"\n`;
  bed = await openProxy(`${loads}${url}${active}${params}${routes}`);
}

/** What a statement finds in its database. */
export const sql = (text: string): unknown[] => bed.host.openSqlite("/data/p.sqlite").prepare(text).all();

/** A document of one tuple. */
export const pidf = (id: string, basic: string, note = ""): string =>
  `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:bob@example.org"><tuple id="${id}"><status><basic>${basic}</basic></status>${note === "" ? "" : `<note>${note}</note>`}</tuple></presence>`;

/** A PUBLISH for bob. */
export function publish(body: string, lines: readonly string[] = []): string {
  const type = body === "" ? [] : ["Content-Type: application/pidf+xml"];
  return bed.request("PUBLISH", "sip:bob@example.org", ["Event: presence", ...type, ...lines], undefined, body);
}

/** A SUBSCRIBE to bob from that port. */
export function subscribe(port: number, lines: readonly string[] = []): string {
  const contact = `Contact: <sip:w@192.0.2.10:${port}>`;
  const all = ["Event: presence", contact, ...lines];
  return bed.request("SUBSCRIBE", "sip:bob@example.org", all, `UDP 192.0.2.10:${port}`);
}

/** The answer to a NOTIFY. */
export function ok(request: string, code = 200): string {
  const kept = request.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq|To):/.test(l));
  return `SIP/2.0 ${code} OK\r\n${kept.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`;
}
export const notifies = (texts: readonly string[]): string[] => texts.filter((t) => t.startsWith("NOTIFY"));
export const stateOf = (text: string | undefined): string => /Subscription-State: (.*)\r/.exec(text ?? "")?.[1] ?? "";
export const etagOf = (text: string | undefined): string => /SIP-ETag: (.*)\r/.exec(text ?? "")?.[1] ?? "";

/** A watcher that answers its NOTIFYs. */
export async function watcher(port: number, lines: readonly string[] = []) {
  const agent = await bed.udp(port);
  const got = await agent.send(subscribe(port, lines));
  for (const n of notifies(got)) await agent.send(ok(n));
  return { agent, got };
}
