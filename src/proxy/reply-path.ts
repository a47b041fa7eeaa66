// Where the replies to a request that came over a stream go: its connection while it is there, else a new one to the port that its Via
// names (RFC 3261 18.2.2); and what the script says about replies (set_reply_close, set_reply_no_connect).

import type { Flow } from "../net/flow.ts";
import type { SendOptions } from "../sip/send-options.ts";
import type { Target } from "../tm/index.ts";
import type { Proxy } from "./proxy.ts";

/** The status of a reply begins at its tenth octet: "SIP/2.0 200". */
const STATUS_AT = 8;
const DIGIT_2 = 0x32;

/** The client of a transaction, as the engine sees it. */
export class ReplyPath implements Target {
  readonly reliable = true;
  /** The connection that replies take now. */
  flow: Flow;
  /** What the script says of all replies to the request; null when nothing. */
  options: SendOptions | null = null;
  /** What it says of the reply that is sent next (in an onreply_route), whatever its status. */
  next: SendOptions | null = null;
  private readonly proxy: Pick<Proxy, "transports" | "blocklist">;
  private readonly port: number;

  /** `port`: the one of the Via's sent-by. */
  constructor(proxy: Pick<Proxy, "transports" | "blocklist">, flow: Flow, port: number) {
    this.proxy = proxy;
    this.flow = flow;
    this.port = port;
  }

  send(buf: Uint8Array, start: number, end: number): boolean {
    const { options, next } = this;
    this.next = null;
    const noConnect = options?.replyNoConnect === true || next?.replyNoConnect === true;
    if (!this.flow.open && !this.connect(noConnect)) return false;
    const sent = this.flow.send(buf, start, end);
    // What comes before the final reply must not cost the client that one.
    const final = buf[start + STATUS_AT]! >= DIGIT_2;
    if (next?.replyClose === true || (final && options?.replyClose === true)) this.flow.finish();
    return sent;
  }

  private connect(openOnly: boolean): boolean {
    const { protocol, remote, listener } = this.flow;
    const { transports, blocklist } = this.proxy;
    const again = openOnly
      ? transports.openFlow(protocol, remote.address, this.port)
      : transports.flowTo(protocol, remote.address, this.port, listener);
    if (again === null) return false;
    const ignore = this.options?.ignoreReplyFailures ?? 0;
    if (ignore !== 0) blocklist.excuse(again, ignore);
    this.flow = again;
    return true;
  }
}
