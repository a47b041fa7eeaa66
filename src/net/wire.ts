// What may look at messages where they leave the program (event_route[network:msg] of module corex); shared by all transports.
import type { Flow } from "./flow.ts";

/** Looks at what a flow is about to send: the bytes to send in place of buf[start,end), which is valid during the call only; null: these. */
export type Outgoing = (buf: Uint8Array, start: number, end: number, flow: Flow) => Uint8Array | null;

/** The way out. Flows ask it about messages; not about answers to HTTP requests, keep-alives and frames of WebSockets. */
export class Wire {
  /** Null, as usual: nobody looks, and sending pays a comparison. */
  outgoing: Outgoing | null = null;

  /** Sends what nobody is to look at: texts and messages that the script sends as they are. */
  sendPast(flow: Flow, buf: Uint8Array, start: number, end: number): boolean {
    const { outgoing } = this;
    this.outgoing = null;
    const sent = flow.send(buf, start, end);
    this.outgoing = outgoing;
    return sent;
  }
}
