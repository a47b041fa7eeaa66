// Requests within a dialog that begin here: BYE, REFER, keep-alives. To each side they look as if the other one had sent them.

import type { LocalReply } from "../../proxy/local-requests.ts";
import { wayTo } from "../../sip/build-local.ts";
import { listValues } from "../../sip/list.ts";
import { type Dialog, Seen, type Side } from "./dialog.ts";
import type { Dialogs } from "./dialogs.ts";
import { CSEQ_DIFF } from "./follow.ts";
import { socketOf } from "./sides.ts";

/** Makes them. */
export class DialogRequests {
  private readonly dialogs: Dialogs;

  constructor(dialogs: Dialogs) {
    this.dialogs = dialogs;
  }

  /** Sends BYE to one side; `dialog.byes` counts those that are out. */
  bye(dialog: Dialog, to: Side, headers: string): void {
    dialog.seen |= to === dialog.caller ? Seen.CALLER_BYE : Seen.CALLEE_BYE;
    dialog.byes++;
    const sent = this.send(dialog, to, "BYE", this.nextCseq(dialog, to), headers, () =>
      this.dialogs.byeAnswered(dialog),
    );
    settle(sent, () => this.byeUnsent(dialog));
  }

  // What cannot be sent needs no answer; when it is known at once, whoever sends counts what is out.
  private byeUnsent(dialog: Dialog): void {
    if (dialog.byes > 0) dialog.byes--;
    if (dialog.byes > 0 || !dialog.endTold) return;
    dialog.byes++;
    this.dialogs.byeAnswered(dialog);
  }

  /** Sends REFER to one side, and BYE when it has agreed. Below zero when it could not be sent. */
  refer(dialog: Dialog, to: Side, address: string): number | Promise<number> {
    const { bridgeController, bridgeContact } = this.dialogs.settings;
    const cseq = this.nextCseq(dialog, to);
    const headers = `Contact: <${bridgeContact}>\r\nReferred-By: ${bridgeController}\r\nRefer-To: ${address}\r\n`;
    return this.send(dialog, to, "REFER", cseq, headers, ({ status }) => {
      if (status >= 300) return;
      const sent = this.send(dialog, to, "BYE", cseq + 1, "", () => undefined);
      settle(sent, () => undefined);
    });
  }

  /** Sends OPTIONS to one side with the number of the last request, which its far end does not take for a new one (keep-alive). */
  options(dialog: Dialog, to: Side, told: (status: number) => void): void {
    const sent = this.send(dialog, to, "OPTIONS", this.nextCseq(dialog, to) - 1, "", ({ status }) => told(status));
    settle(sent, () => told(503));
  }

  private nextCseq(dialog: Dialog, to: Side): number {
    if (to === dialog.caller) return dialog.callee.cseq + 1;
    const diff = Number(dialog.variables.get(CSEQ_DIFF) ?? 0);
    return dialog.caller.cseq + 1 + (this.dialogs.settings.trackCseq && diff > 0 ? diff : 0);
  }

  private send(
    dialog: Dialog,
    to: Side,
    method: string,
    cseq: number,
    headers: string,
    told: (reply: LocalReply) => void,
  ): number | Promise<number> {
    const { caller, callee } = dialog;
    if (to.contact === "") return -1;
    const { settings, engine } = this.dialogs;
    const way = wayTo(to.contact, listValues(to.routes));
    const callerName = `<${dialog.fromUri}>;tag=${caller.tag}`;
    const calleeName = `<${dialog.toUri}>;tag=${callee.tag}`;
    const isCallee = to === callee;
    return engine.request(
      {
        method,
        ruri: way.uri,
        nextHop: way.nextHop,
        routes: way.routes,
        socket: socketOf(engine.proxy, to),
        from: isCallee ? callerName : calleeName,
        to: isCallee ? calleeName : callerName,
        callId: dialog.callId,
        cseq,
        headers: headers + settings.extraHeaders + (isCallee ? settings.calleeHeaders : ""),
      },
      told,
    );
  }
}

function settle(sent: number | Promise<number>, unsent: () => void): void {
  if (typeof sent === "number") {
    if (sent < 0) unsent();
  } else
    sent.then(
      (n) => {
        if (n < 0) unsent();
      },
      () => unsent(),
    );
}
