// Two addresses connected from here (dlg_bridge): an INVITE to the first one, whose phone is then referred to the second one.

import type { LocalReply } from "../../proxy/local-requests.ts";
import { wayFromReply } from "../../sip/build-local.ts";
import { H } from "../../sip/headers.ts";
import type { Dialogs } from "./dialogs.ts";

const FIRST_CSEQ = 10;

/** Offers media that goes nowhere: the phone hears nothing until it has called the other one. */
const HOLD = [
  "v=0",
  "o=- 0 0 IN IP4 0.0.0.0",
  "s=-",
  "c=IN IP4 0.0.0.0",
  "t=0 0",
  "m=audio 9 RTP/AVP 8 0",
  "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:0 PCMU/8000",
  "",
].join("\r\n");

interface Bridge {
  readonly callId: string;
  readonly from: string;
  readonly fromTag: string;
  readonly to: string;
}

/** Makes such calls. */
export class Bridges {
  private readonly dialogs: Dialogs;

  constructor(dialogs: Dialogs) {
    this.dialogs = dialogs;
  }

  /**
   * Calls `from` (by way of `proxy`, "" for none) and refers it to `to`. `body`: an offer; null for the usual one, "" for none. Below zero
   * when the INVITE could not be sent.
   */
  connect(from: string, to: string, proxy: string, body: string | null): number | Promise<number> {
    const { engine, settings } = this.dialogs;
    const bridge: Bridge = { callId: `${this.unique()}@bridge`, from, fromTag: this.unique(), to };
    const offer = body ?? HOLD;
    const type = offer === "" ? "" : "Content-Type: application/sdp\r\n";
    return engine.request(
      {
        method: "INVITE",
        ruri: from,
        nextHop: proxy === "" ? null : proxy,
        from: this.controller(bridge),
        to: `<${from}>`,
        callId: bridge.callId,
        cseq: FIRST_CSEQ,
        headers: `Contact: <${settings.bridgeContact}>\r\n${type}`,
        body: offer,
      },
      (reply) => this.answered(bridge, reply),
    );
  }

  private answered(bridge: Bridge, { status, message }: LocalReply): void {
    if (message === null || status < 200 || status >= 300) return;
    const { bridgeController, bridgeContact } = this.dialogs.settings;
    const way = wayFromReply(message, bridge.from);
    const to = message.header(H.TO) ?? `<${bridge.from}>`;
    const send = (method: string, cseq: number, headers: string, told: (status: number) => void): void => {
      const sent = this.dialogs.engine.request(
        {
          method,
          ruri: way.uri,
          nextHop: way.nextHop,
          routes: way.routes,
          from: this.controller(bridge),
          to,
          callId: bridge.callId,
          cseq,
          headers,
        },
        (reply) => told(reply.status),
      );
      if (sent instanceof Promise) sent.catch(() => undefined);
    };
    const bye = (): void => send("BYE", FIRST_CSEQ + 2, "", () => undefined);
    const refer = `Contact: <${bridgeContact}>\r\nReferred-By: ${bridgeController}\r\nRefer-To: ${bridge.to}\r\n`;
    send("REFER", FIRST_CSEQ + 1, refer, bye);
  }

  private controller(bridge: Bridge): string {
    return `<${this.dialogs.settings.bridgeController}>;tag=${bridge.fromTag}`;
  }

  private unique(): string {
    const { random } = this.dialogs.host.host;
    return random.uint32().toString(16).padStart(8, "0") + random.uint32().toString(16).padStart(8, "0");
  }
}
