// One HTTP request and its one answer: status line, headers, length or chunks, and what becomes of the connection (RFC 9112).

import { HttpFlag } from "../net/frame-rules.ts";
import { type HttpFlow, httpStatusReason, type StreamReader } from "../net/http-flow.ts";
import type { HttpAnswer, SipMessage } from "../sip/message.ts";
import { copyBytes, putText, putUint } from "../util/bytes.ts";
import { HttpHeads } from "./http-heads.ts";
import type { Proxy } from "./proxy.ts";

/** Header lines that only this file may write; those that a script adds would frame the answer twice. */
const FRAMING = /^(?:content-length|transfer-encoding)[ \t]*:.*\r?\n/gim;
const SAYS_CLOSE = /^connection[ \t]*:.*\bclose\b/im;
/** Those of scripts that add no lines of their own. */
const heads = new HttpHeads();

/** The answer is asked for once: by a script, by a built-in page, or by whoever takes the connection over. */
export class HttpExchange implements HttpAnswer {
  readonly proxy: Proxy;
  readonly message: SipMessage;
  readonly flow: HttpFlow;
  /** Status that has been sent; 0 while there is none. */
  status = 0;
  private readonly flags: number;
  private inRoute = false;
  private kept: boolean | null = null; // what becomes of the connection when the route has ended

  constructor(proxy: Proxy, message: SipMessage, flow: HttpFlow, flags: number) {
    this.proxy = proxy;
    this.message = message;
    this.flow = flow;
    this.flags = flags;
  }

  /** A route runs for it: even when it answers, the next request waits for its end, so that few routes run at a time. */
  enterRoute(): void {
    this.inRoute = true;
  }
  /** That route has ended. Without `mayKeep` an answered request ends the connection. */
  leaveRoute(mayKeep: boolean): void {
    this.inRoute = false;
    if (this.kept !== null) this.flow.answered(this.kept && mayKeep);
    this.kept = null;
  }

  /** The answer is whole. */
  done(keep: boolean): void {
    if (this.inRoute) this.kept = keep;
    else this.flow.answered(keep);
  }

  /** Whether the client asks for another protocol on this connection. */
  get wantsUpgrade(): boolean {
    return (this.flags & HttpFlag.UPGRADE) !== 0;
  }
  get isHead(): boolean {
    return (this.flags & HttpFlag.HEAD) !== 0;
  }

  /** What a script answers: with the headers it has added (append_to_reply), Server as configured. */
  answer(code: number, reason: string, lines: string, body: string): number {
    const { message, proxy } = this;
    if (code < 200 || code > 699) return -1;
    const mayKeep = message.send?.replyClose !== true;
    if (message.replyHeaders === "") return this.again(code, reason, lines, body, mayKeep) ? 1 : -1;
    if (!isFieldText(reason)) return -1;
    const added = message.replyHeaders.replace(FRAMING, "");
    return this.send(code, reason, added + lines, body, mayKeep && !SAYS_CLOSE.test(added), proxy.serverLine) ? 1 : -1;
  }

  // As `send`, by a head that was written before where there is one.
  private again(code: number, reason: string, lines: string, body: string, mayKeep: boolean): boolean {
    if (this.status !== 0) return false;
    const { serverLine } = this.proxy;
    const keep = mayKeep && (this.flags & HttpFlag.KEEP) !== 0;
    const out = this.room(lines, serverLine, reason, body);
    const form = (this.flags & HttpFlag.OLD) | (keep ? HttpFlag.KEEP : 0);
    let at = heads.put(out, code, reason, lines, serverLine, form);
    if (at === 0) {
      if (!isFieldText(reason)) return false;
      at = this.putHead(out, code, reason, lines, serverLine, keep);
      heads.keep(out, at, code, reason, lines, serverLine, form);
    }
    return this.leave(out, at, code, body, keep);
  }

  /** The answer of a built-in page or of the program itself. `lines` and `more` are whole header lines without length and Connection. */
  send(code: number, reason: string, lines: string, body: string | Uint8Array, mayKeep = true, more = ""): boolean {
    if (this.status !== 0) return false;
    const keep = mayKeep && (this.flags & HttpFlag.KEEP) !== 0;
    const out = this.room(lines, more, reason, body);
    return this.leave(out, this.putHead(out, code, reason, lines, more, keep), code, body, keep);
  }

  private room(lines: string, more: string, reason: string, body: string | Uint8Array): Uint8Array {
    const most = lines.length + more.length + reason.length + body.length + 128;
    return most > this.proxy.out.length ? new Uint8Array(most) : this.proxy.out;
  }

  // Puts length and body behind the head and sends all of it.
  private leave(out: Uint8Array, head: number, code: number, body: string | Uint8Array, keep: boolean): boolean {
    let at = head;
    if (hasBody(code)) {
      at = putText(out, at, "Content-Length: ");
      at = putUint(out, at, body.length);
      at = putText(out, at, "\r\n\r\n");
      if (!this.isHead)
        at = typeof body === "string" ? putText(out, at, body) : copyBytes(out, at, body, 0, body.length);
    } else at = putText(out, at, "\r\n");
    this.status = code;
    const sent = this.flow.send(out, 0, at);
    this.done(keep);
    return sent;
  }

  // Everything of the head but its lengths. Connection is told only where it is not what the version means anyway.
  private putHead(out: Uint8Array, code: number, reason: string, lines: string, more: string, keep: boolean): number {
    const old = (this.flags & HttpFlag.OLD) !== 0;
    let at = putText(out, 0, old ? "HTTP/1.0 " : "HTTP/1.1 ");
    at = putUint(out, at, code);
    out[at++] = 32;
    at = putText(out, at, reason);
    at = putText(out, at, "\r\n");
    at = putText(out, at, lines);
    if (keep === old && !SAYS_CLOSE.test(lines))
      at = putText(out, at, keep ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
    return putText(out, at, more);
  }

  /** A plain text in answer, with the program's own reason phrase. */
  refuse(code: number, text: string, mayKeep = true): void {
    const lines = `Content-Type: text/plain\r\n${this.proxy.serverLine}`;
    this.send(code, httpStatusReason(code), lines, `${text}\n`, mayKeep);
  }

  /**
   * Begins an answer whose length nobody knows: in chunks, or for HTTP/1.0 up to the end of the connection. Null when it has been answered.
   */
  begin(code: number, reason: string, lines: string): HttpStream | null {
    if (this.status !== 0) return null;
    const old = (this.flags & HttpFlag.OLD) !== 0;
    const keep = !old && (this.flags & HttpFlag.KEEP) !== 0;
    const coding = old || !hasBody(code) ? "" : "Transfer-Encoding: chunked\r\n";
    const out = new Uint8Array(lines.length + reason.length + 160);
    const at = putText(out, this.putHead(out, code, reason, lines + coding, "", keep), "\r\n");
    this.status = code;
    this.flow.send(out, 0, at);
    return new HttpStream(this, keep, coding !== "", this.isHead || !hasBody(code));
  }

  /**
   * Answers 101 and gives the connection away: bytes that came behind the request, and all later ones, go to the reader. False when the
   * request has been answered or did not ask for it.
   */
  upgrade(lines: string, reader: StreamReader): boolean {
    if (this.status !== 0 || !this.wantsUpgrade || !this.flow.open) return false;
    this.status = 101;
    const out = new Uint8Array(lines.length + 64);
    let at = putText(out, 0, "HTTP/1.1 101 Switching Protocols\r\n");
    at = putText(out, at, lines);
    at = putText(out, at, "\r\n");
    if (!this.flow.send(out, 0, at)) return false;
    this.flow.upgrade(reader);
    return true;
  }

  /** Ends the connection without an answer. */
  drop(): void {
    if (this.status !== 0) return;
    this.status = -1;
    this.done(false);
  }
}

/** The body of an answer, piece by piece. */
export class HttpStream {
  readonly flow: HttpFlow;
  private readonly exchange: HttpExchange;
  private readonly keep: boolean;
  private readonly chunked: boolean;
  private readonly silent: boolean;
  private ended = false;

  constructor(exchange: HttpExchange, keep: boolean, chunked: boolean, silent: boolean) {
    this.exchange = exchange;
    this.flow = exchange.flow;
    this.keep = keep;
    this.chunked = chunked;
    this.silent = silent;
  }

  /** Sends a piece; false when the client has gone or takes nothing. `flow.queued` says how much has not left yet. */
  write(piece: Uint8Array): boolean {
    if (this.ended || !this.flow.open) return false;
    if (this.silent || piece.length === 0) return true;
    if (!this.chunked) return this.flow.send(piece, 0, piece.length);
    const out = new Uint8Array(piece.length + 16);
    let at = putText(out, 0, `${piece.length.toString(16)}\r\n`);
    at = copyBytes(out, at, piece, 0, piece.length);
    at = putText(out, at, "\r\n");
    return this.flow.send(out, 0, at);
  }

  /** The body is whole; `broken`: it never will be, so that the connection has to end. */
  end(broken = false): void {
    if (this.ended) return;
    this.ended = true;
    if (this.chunked && !this.silent && !broken) this.flow.send(LAST_CHUNK, 0, LAST_CHUNK.length);
    this.exchange.done(this.keep && !broken);
  }
}

const LAST_CHUNK = new Uint8Array([48, 13, 10, 13, 10]);

/** Whether a text may stand in a status line or a header line (RFC 9110 5.5): no control characters but tabs. */
export function isFieldText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c < 32 && c !== 9) || c === 127 || c > 255) return false;
  }
  return true;
}

// RFC 9110 6.4.1, 8.6: such answers have neither body nor length.
function hasBody(code: number): boolean {
  return code >= 200 && code !== 204 && code !== 304;
}

/** The exchange of the HTTP request that a message is; null in SIP. */
export function exchangeOf(message: SipMessage): HttpExchange | null {
  return message.http instanceof HttpExchange ? message.http : null;
}
