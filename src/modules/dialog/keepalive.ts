// Keep-alives: OPTIONS within dialogs that want them (dlg_set_property), to find calls whose phones have gone.

import { Timer } from "../../util/timer-wheel.ts";
import { type Dialog, type Side, Wish } from "./dialog.ts";
import type { Dialogs } from "./dialogs.ts";
import { socketOf } from "./sides.ts";

/** The shortest interval, seconds. */
const LEAST_INTERVAL = 30;
/** The most dialogs looked after in one turn of the timer; the others come in the next ones. */
const AT_A_TIME = 2000;

/** Sends them. */
export class KeepAlive {
  private readonly dialogs: Dialogs;
  /** Confirmed dialogs that want keep-alives, in the order in which they are due: the interval is the same for all. */
  private readonly due = new Set<Dialog>();
  private readonly timer = new Timer(() => this.turn());

  constructor(dialogs: Dialogs) {
    this.dialogs = dialogs;
  }

  /** Begins, as the settings say. */
  start(): void {
    this.stop();
    if (this.on) this.arm();
  }

  stop(): void {
    this.dialogs.host.wheel.cancel(this.timer);
  }

  /** A dialog is confirmed, or its wishes have changed. */
  watch(dialog: Dialog): void {
    if (!dialog.isConfirmed || (dialog.wishes & (Wish.KA_CALLER | Wish.KA_CALLEE)) === 0) {
      this.due.delete(dialog);
      return;
    }
    if (this.due.has(dialog)) return;
    this.postpone(dialog);
  }

  forget(dialog: Dialog): void {
    this.due.delete(dialog);
  }

  private get on(): boolean {
    const { kaTimer, kaInterval } = this.dialogs.settings;
    return kaTimer > 0 && kaInterval > 0;
  }

  private turn(): void {
    const now = this.now();
    let left = AT_A_TIME;
    for (const dialog of this.due) {
      if (dialog.kaDueAt > now || left-- <= 0) break;
      this.due.delete(dialog);
      this.postpone(dialog); // to the end
      this.ask(dialog);
    }
    this.arm();
  }

  private ask(dialog: Dialog): void {
    const { localOnly } = this.dialogs.settings;
    const ask = (side: Side): void => {
      if (localOnly && socketOf(this.dialogs.host.proxy, side) === null) return;
      this.dialogs.requests.options(dialog, side, (status) => this.answered(dialog, status));
    };
    if ((dialog.wishes & Wish.KA_CALLER) !== 0) ask(dialog.caller);
    if ((dialog.wishes & Wish.KA_CALLEE) !== 0) ask(dialog.callee);
  }

  // Whoever answers anything else knows the call.
  private answered(dialog: Dialog, status: number): void {
    if (status !== 408 && status !== 481) {
      dialog.kaFailed = 0;
      return;
    }
    if (++dialog.kaFailed >= this.dialogs.settings.kaFailedLimit) this.dialogs.shorten(dialog);
  }

  private postpone(dialog: Dialog): void {
    dialog.kaDueAt = this.now() + Math.max(LEAST_INTERVAL, this.dialogs.settings.kaInterval) * 1000;
    this.due.add(dialog);
  }

  private arm(): void {
    this.dialogs.host.wheel.arm(this.timer, this.dialogs.settings.kaTimer * 1000, this.now());
  }

  private now(): number {
    return this.dialogs.host.host.clock.mono();
  }
}
