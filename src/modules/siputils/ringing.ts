// ring_insert_callid() of release 3.1: 183 replies of the calls it names become 180, for telephones that make nothing of a 183.

import type { Proxy } from "../../proxy/proxy.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { bytesOf } from "../../util/bytes.ts";

/** The most calls kept; the oldest give way. */
const MAX_CALLS = 100_000;
/** The longest Call-ID that is kept. */
const MAX_CALL_ID = 1024;
const PROGRESS = 183;
const RINGING = bytesOf("180 Ringing");

/** The calls, each for the time that ring_timeout says. */
export class Ringing {
  private readonly proxy: Proxy;
  /** When each is forgotten, monotonic milliseconds, oldest first. */
  private readonly calls = new Map<string, number>();
  private timeout = 0;

  constructor(proxy: Proxy) {
    this.proxy = proxy;
  }

  /** `seconds`: 0 switches it off. */
  configure(seconds: number): void {
    this.timeout = seconds * 1000;
    this.proxy.replySeen = seconds > 0 ? (reply) => this.change(reply) : null;
  }

  /** Keeps the Call-ID of a request; 1, or -1 when it is off or the request has none. */
  insert(request: SipMessage): number {
    const callId = request.header(H.CALL_ID);
    if (this.timeout === 0 || callId === null || callId.length > MAX_CALL_ID) return -1;
    const now = this.proxy.host.clock.mono();
    for (const [old, until] of this.calls) {
      if (until > now && this.calls.size < MAX_CALLS) break;
      this.calls.delete(old);
    }
    this.calls.delete(callId); // so that it is the newest
    this.calls.set(callId, now + this.timeout);
    return 1;
  }

  private change(reply: SipMessage): void {
    if (reply.status !== PROGRESS || this.calls.size === 0) return;
    const until = this.calls.get(reply.header(H.CALL_ID) ?? "") ?? 0;
    if (until <= this.proxy.host.clock.mono()) return;
    const { buf, start, end, reasonStart, reasonEnd } = reply;
    const from = reasonStart - 4;
    const bytes = new Uint8Array(end - start - (reasonEnd - from) + RINGING.length);
    bytes.set(buf.subarray(start, from));
    bytes.set(RINGING, from - start);
    bytes.set(buf.subarray(reasonEnd, end), from - start + RINGING.length);
    reply.replaceBytes(bytes, bytes.length);
  }
}
