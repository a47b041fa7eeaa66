// What other modules hear of dialogs (accounting, media proxies, tracing).

import type { RouteContext } from "../../proxy/context.ts";
import type { Dialog } from "./dialog.ts";

/**
 * Who listens: `host.use(dialog).listeners.push({ … })`. The context is that of the message that made it happen (of a reply: a context
 * over the reply, with its transaction); null when none did, as after a timeout. Nothing here may throw.
 */
export interface DialogListener {
  /** A dialog was made for an INVITE. */
  created?(dialog: Dialog, ctx: RouteContext): void;
  /** The INVITE of a dialog came by once more. */
  spiraled?(dialog: Dialog, ctx: RouteContext): void;
  /** A provisional reply above 100 is about to go to the caller. */
  early?(dialog: Dialog, ctx: RouteContext): void;
  /** Any reply to the INVITE is about to go to the caller. */
  replied?(dialog: Dialog, ctx: RouteContext): void;
  /** The first 2xx is about to go to the caller. */
  confirmed?(dialog: Dialog, ctx: RouteContext): void;
  /** The ACK for it came. */
  acknowledged?(dialog: Dialog, ctx: RouteContext): void;
  /** A request within the dialog, other than that ACK and the BYE; `way` is one of Way. */
  within?(dialog: Dialog, ctx: RouteContext, way: number): void;
  /** The INVITE failed with this status, or nothing came of it (408). */
  failed?(dialog: Dialog, ctx: RouteContext | null, status: number): void;
  /** BYE came (a context), or one was sent from here (null). Told once. */
  ended?(dialog: Dialog, ctx: RouteContext | null): void;
  /** Its time was over. Told once, in place of `ended`. */
  expired?(dialog: Dialog): void;
  /** It was read from the database. */
  loaded?(dialog: Dialog): void;
  /** It is forgotten. */
  removed?(dialog: Dialog): void;
}
