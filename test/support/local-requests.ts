// For tests of requests that the server sends by itself: a proxy that does nothing else, what a next hop answers, and headers out of texts.

import { modules, openProxy, type ProxyBed } from "./proxy-bed.ts";

export const SERVER = "192.0.2.1:5060";
export const FROM_TO = "From: <sip:a@x>\r\nTo: <sip:b@y>\r\n";
/** Where the next hop listens. */
export const PHONE = "sip:bob@192.0.2.10:7001";

/** A proxy that drops what comes, with more of a script and of parameters. */
export function openLocal(script: string, params: string): Promise<ProxyBed> {
  return openProxy(`${modules("tmx", "textopsx")}${params}\nrequest_route { drop; }\n${script}`);
}

/** A reply to a request in text; `extra` is whole header lines. */
export function answer(request: string, code: number, reason: string, extra = "", tag = "far"): string {
  const lines = request.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq|To):/.test(l));
  const head = lines.map((l) => (l.startsWith("To:") && !l.includes(";tag=") ? `${l};tag=${tag}` : l));
  return `SIP/2.0 ${code} ${reason}\r\n${head.join("\r\n")}\r\n${extra}Content-Length: 0\r\n\r\n`;
}

/** Values of a header of a message in text. */
export function headers(message: string, name: string): string[] {
  const head = message.slice(0, message.indexOf("\r\n\r\n"));
  return head
    .split("\r\n")
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());
}

/** The first of them; "" without one. */
export function header(message: string, name: string): string {
  return headers(message, name)[0] ?? "";
}

/** What a command gives or throws, as a promise. */
export async function settled<T>(run: () => T | Promise<T>): Promise<T> {
  return run();
}
