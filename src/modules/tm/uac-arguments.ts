// The arguments of t_uac_send and the tm.t_uac_* commands: texts, as an operator writes them, made into a request to be sent. What is wrong
// with them is said in Kamailio's words.

import type { RequestSpec } from "../../proxy/local-requests.ts";
import type { Proxy } from "../../proxy/proxy.ts";
import { parseUriText } from "../../sip/uri-text.ts";
import { trimmed } from "../../util/bytes.ts";
import { findListener } from "../core/index.ts";

/** Why arguments cannot be used. */
export class BadArguments {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

interface Headers {
  from: string | null;
  to: string | null;
  callId: string | null;
  cseq: string | null;
  hasType: boolean;
  /** Whole lines of all others. */
  rest: string;
}

/** The request that the texts describe; in `nextHop` and `socket` nothing and "." leave the choice to us. */
export function requestOf(
  proxy: Proxy,
  method: string,
  ruri: string,
  nextHop: string,
  socket: string,
  headers: string,
  body: string,
): RequestSpec | BadArguments {
  if (method === "") return new BadArguments("Empty method");
  if (typeof parseUriText(ruri) === "number") return new BadArguments(`Invalid request uri "${ruri}"`);
  const hop = nextHop === "" || nextHop === "." ? null : nextHop;
  if (hop !== null && typeof parseUriText(hop) === "number") return new BadArguments(`Invalid next-hop uri "${hop}"`);
  const from = socket === "" || socket === "." ? null : socket;
  const listener = from === null ? null : findListener({ proxy }, from);
  if (from !== null && listener === null) return new BadArguments(`No local socket for "${from}"`);
  const parsed = headersOf(headers);
  if (parsed === null) return new BadArguments("Invalid headers");
  if (body !== "" && !parsed.hasType) return new BadArguments("Content-Type missing");
  if (parsed.to === null) return new BadArguments("To missing");
  if (parsed.from === null) return new BadArguments("From missing");
  const cseq = parsed.cseq === null ? null : /^(\d{1,10})\s+(\S.*)$/.exec(parsed.cseq);
  if (parsed.cseq !== null && cseq === null) return new BadArguments("Invalid headers");
  if (cseq !== null && cseq[2] !== method) return new BadArguments("CSeq method mismatch");
  return {
    method,
    ruri,
    nextHop: hop,
    socket: listener,
    from: parsed.from,
    to: parsed.to,
    ...(parsed.callId === null ? {} : { callId: parsed.callId }),
    ...(cseq === null ? {} : { cseq: Number(cseq[1]) }),
    headers: parsed.rest,
    body,
  };
}

// Via and Content-Length are ours to write; the latter and a folded line are not kept as they were.
function headersOf(text: string): Headers | null {
  const out: Headers = { from: null, to: null, callId: null, cseq: null, hasType: false, rest: "" };
  const lines = text
    .replace(/\r?\n[ \t]+/g, " ")
    .split(/\r?\n/)
    .filter((line) => line !== "");
  if (lines.length === 0) return null;
  for (const line of lines) {
    const m = /^([\w.!%*+`'~-]+)[ \t]*:(.*)$/.exec(trimmed(line));
    if (m === null) return null;
    take(out, m[1]!, trimmed(m[2]!));
  }
  return out;
}

function take(out: Headers, name: string, value: string): void {
  switch (name.toLowerCase()) {
    case "from":
    case "f":
      out.from = value;
      return;
    case "to":
    case "t":
      out.to = value;
      return;
    case "call-id":
    case "i":
      out.callId = value;
      return;
    case "cseq":
      out.cseq = value;
      return;
    case "via":
    case "v":
    case "content-length":
    case "l":
      return;
    case "content-type":
    case "c":
      out.hasType = true;
  }
  out.rest += `${name}: ${value}\r\n`;
}
