// The dialogs of a process and their life: made, answered, ended, failed, expired, removed. Messages are followed in follow.ts, requests of our
// own made in requests.ts.

import type { RouteContext } from "../../proxy/context.ts";
import type { Accessor } from "../../registry/args.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { type RecordRouting, rr } from "../rr/index.ts";
import { type TmEngine, tm } from "../tm/index.ts";
import { Bridges } from "./bridge.ts";
import { currentDialog } from "./context.ts";
import { DEFAULT_SETTINGS } from "./defaults.ts";
import { type Dialog, type DialogOwner, Seen, State, Waits, Wish } from "./dialog.ts";
import { DialogEvents } from "./events.ts";
import { Follower } from "./follow.ts";
import { KeepAlive } from "./keepalive.ts";
import type { DialogListener } from "./listeners.ts";
import { Profiles } from "./profiles.ts";
import { DialogRequests } from "./requests.ts";
import type { DialogSettings } from "./settings.ts";
import { socketOf } from "./sides.ts";
import { DialogStore } from "./store.ts";
import { DialogTable } from "./table.ts";

/** How long a call without ACK, or one whose far end is silent, goes on, seconds. */
const GRACE = 10;

/** What commands and $stat tell. */
export interface DialogCounters {
  active: number;
  early: number;
  processed: number;
  expired: number;
  failed: number;
  /** INVITEs that got no dialog since there were too many. */
  refused: number;
}

/** All dialogs, with what they share. */
export class Dialogs implements DialogOwner {
  readonly host: ModuleHost;
  readonly engine: TmEngine;
  readonly rr: RecordRouting;
  settings: DialogSettings = DEFAULT_SETTINGS;
  /** Where the R-URI that is kept comes from (ruri_pvar); null: from the request. */
  uri: Accessor | null = null;
  readonly table: DialogTable;
  readonly profiles = new Profiles();
  readonly listeners: DialogListener[] = [];
  readonly events: DialogEvents;
  readonly requests: DialogRequests;
  readonly bridges: Bridges;
  readonly keepAlive: KeepAlive;
  readonly store: DialogStore;
  readonly follower: Follower;
  readonly counters: DialogCounters = { active: 0, early: 0, processed: 0, expired: 0, failed: 0, refused: 0 };

  constructor(host: ModuleHost) {
    this.host = host;
    this.engine = host.use(tm);
    this.rr = host.use(rr);
    this.table = new DialogTable(host.host.random.uint32());
    this.events = new DialogEvents(this);
    this.requests = new DialogRequests(this);
    this.bridges = new Bridges(this);
    this.keepAlive = new KeepAlive(this);
    this.store = new DialogStore(this);
    this.follower = new Follower(this);
  }

  /** The dialog of a context, as far as it is known without looking for it; null without one. For modules that build on this one. */
  dialogOf(ctx: RouteContext): Dialog | null {
    return currentDialog(ctx);
  }

  /** Puts the settings of a generation in force; the promise is there when a database answers later. */
  apply(settings: DialogSettings): Promise<void> | null {
    this.settings = settings;
    this.table.entries = settings.hashSize;
    this.table.idStart = settings.idStart < 0 ? this.host.proxy.serverId : settings.idStart;
    this.table.idStep = settings.idStep;
    this.table.max = settings.maxDialogs;
    this.profiles.declare(settings.profilesWithValue, settings.profilesNoValue);
    this.keepAlive.start();
    return this.store.open();
  }

  /** The process ends: what is to be kept is written. */
  stop(): Promise<void> | null {
    this.keepAlive.stop();
    return this.store.stop();
  }

  /** Seconds since 1970. */
  now(): number {
    return Math.floor(this.host.host.clock.wall() / 1000);
  }

  // ---- the life of a dialog ----

  /** A dialog goes into the table. */
  begin(dialog: Dialog): void {
    this.table.add(dialog);
    this.counters.processed++;
    this.arm(dialog, Waits.EARLY, this.settings.earlyTimeout);
  }

  /** A dialog was read from the database: it goes on where it was. */
  resume(dialog: Dialog): void {
    const now = this.now();
    const { defaultTimeout } = this.settings;
    // the lifetime itself is not in the row: what was given at the answer is the best guess, but for calls that were prolonged
    const given = dialog.expiresAt - dialog.startedAt;
    dialog.lifetime = given > 0 && given <= defaultTimeout ? given : Math.max(defaultTimeout, dialog.expiresAt - now);
    this.table.add(dialog);
    this.counters.active++;
    this.counters.processed++;
    // a call whose time was over while nobody looked ends soon, with all that belongs to it
    this.arm(dialog, Waits.LIFETIME, Math.max(1, dialog.expiresAt - now));
    this.keepAlive.watch(dialog);
    for (const listener of this.listeners) listener.loaded?.(dialog);
  }

  /** A provisional reply: the callee rings. */
  rings(dialog: Dialog): void {
    if (dialog.state !== State.UNCONFIRMED) return;
    dialog.state = State.EARLY;
    this.counters.early++;
  }

  /** The first 2xx, about to go to the caller. The callee's side is known. */
  answered(dialog: Dialog, ctx: RouteContext): void {
    this.leaveEarly(dialog);
    dialog.state = State.ANSWERED;
    dialog.seen |= Seen.ANSWERED;
    dialog.startedAt = this.now();
    dialog.expiresAt = dialog.startedAt + dialog.lifetime;
    for (const listener of this.listeners) listener.confirmed?.(dialog, ctx);
    this.events.run("dialog:start", dialog, ctx);
    if (dialog.state !== State.ANSWERED) return; // the route has ended it
    this.counters.active++;
    const { noackTimeout } = this.settings;
    if (dialog.lifetime <= noackTimeout) this.arm(dialog, Waits.LIFETIME, dialog.lifetime);
    else this.arm(dialog, Waits.ACK, noackTimeout);
    this.keepAlive.watch(dialog);
    this.store.written(dialog);
  }

  /** The ACK came. */
  acknowledged(dialog: Dialog, ctx: RouteContext): void {
    dialog.state = State.ACTIVE;
    dialog.seen |= Seen.ACK;
    this.restart(dialog);
    for (const listener of this.listeners) listener.acknowledged?.(dialog, ctx);
    this.store.written(dialog);
  }

  /** The INVITE failed. */
  failed(dialog: Dialog, ctx: RouteContext | null, status: number): void {
    if (!dialog.isEarly) return;
    this.leaveEarly(dialog);
    dialog.state = State.DELETED;
    dialog.endedAt = this.now();
    dialog.endTold = true;
    this.counters.failed++;
    for (const listener of this.listeners) listener.failed?.(dialog, ctx, status);
    this.events.run("dialog:failed", dialog, ctx);
    this.over(dialog, this.settings.waitAck);
  }

  /** BYE came from one of the parties. */
  byeCame(dialog: Dialog, ctx: RouteContext): void {
    dialog.state = State.DELETED;
    dialog.endedAt = this.now();
    dialog.seen |= Seen.BYE;
    this.tellEnd(dialog, ctx);
    this.counters.active--;
    this.over(dialog, true);
  }

  /** A BYE of ours was answered, or its time is over. */
  byeAnswered(dialog: Dialog): void {
    dialog.byes--;
    if (!dialog.isConfirmed) return;
    dialog.state = State.DELETED;
    dialog.endedAt = this.now();
    dialog.seen |= Seen.BYE;
    this.counters.active--;
    this.over(dialog, false);
  }

  /** Tells those who listen, and the script, of the end; once. */
  tellEnd(dialog: Dialog, ctx: RouteContext | null): void {
    if (dialog.endTold) return;
    dialog.endTold = true;
    for (const listener of this.listeners) listener.ended?.(dialog, ctx);
    this.events.run("dialog:end", dialog, ctx);
  }

  /** The script or an operator sets the state; nobody is told (dlg.set_state). */
  setState(dialog: Dialog, state: number): void {
    if (dialog.isConfirmed) this.counters.active--;
    this.leaveEarly(dialog);
    dialog.state = state;
    if (dialog.isConfirmed) this.counters.active++;
    if (state === State.EARLY) this.counters.early++;
    if (state !== State.DELETED) return;
    dialog.endedAt = this.now();
    this.arm(dialog, Waits.REMOVAL, this.settings.endTimeout);
  }

  /** Ends a dialog from here: BYE to those sides (an early one: the INVITE is answered). Whether there was something to end. */
  end(dialog: Dialog, sides: "all" | "caller" | "callee", headers = ""): boolean {
    if (dialog.isEarly) return this.endEarly(dialog);
    if (!dialog.isConfirmed) return false;
    if (sides !== "callee") this.requests.bye(dialog, dialog.caller, headers);
    if (sides !== "caller") this.requests.bye(dialog, dialog.callee, headers);
    this.tellEnd(dialog, null);
    if (dialog.byes === 0) this.byesGone(dialog);
    return true;
  }

  private endEarly(dialog: Dialog): boolean {
    const tx = dialog.transaction;
    const { byeEarlyCode, byeEarlyReason } = this.settings;
    if (tx === null || tx.released || tx.final) return false;
    return this.engine.tm.sendReply(tx, byeEarlyCode, byeEarlyReason, "");
  }

  private byesGone(dialog: Dialog): void {
    dialog.byes = 1;
    this.byeAnswered(dialog);
  }

  /** The lifetime is changed, and counts from now. */
  setLifetime(dialog: Dialog, seconds: number): void {
    dialog.lifetime = seconds;
    if (dialog.isConfirmed) this.restart(dialog);
    this.store.written(dialog);
  }

  /** The lifetime begins anew. */
  restart(dialog: Dialog): void {
    dialog.expiresAt = this.now() + dialog.lifetime;
    this.arm(dialog, Waits.LIFETIME, dialog.lifetime);
  }

  /** A sign that the far end has gone: what is left of the lifetime is short. */
  shorten(dialog: Dialog): void {
    if (dialog.isConfirmed && dialog.expiresAt - this.now() > GRACE) this.setLifetime(dialog, GRACE);
  }

  dialogTimer(dialog: Dialog): void {
    switch (dialog.waits) {
      case Waits.EARLY:
        if (this.endEarly(dialog)) return; // which fails it
        this.failed(dialog, null, 408);
        break;
      case Waits.ACK:
        this.setLifetime(dialog, GRACE);
        break;
      case Waits.LIFETIME:
        if (this.isOurs(dialog)) this.expire(dialog);
        break;
      default:
        this.remove(dialog);
    }
  }

  private isOurs({ caller, callee }: Dialog): boolean {
    const { proxy } = this.host;
    return !this.settings.localOnly || (socketOf(proxy, caller) !== null && socketOf(proxy, callee) !== null);
  }

  private expire(dialog: Dialog): void {
    if (!dialog.isConfirmed) return;
    this.counters.expired++;
    const sends = this.settings.sendBye || (dialog.wishes & Wish.TIMEOUT_BYE) !== 0;
    const route = this.events.timeoutRoute(dialog);
    if (route === null) this.expireNow(dialog, sends);
    else route.then(() => this.expireNow(dialog, sends));
  }

  private expireNow(dialog: Dialog, sends: boolean): void {
    if (!dialog.isConfirmed) return;
    if (!sends) {
      dialog.state = State.DELETED;
      dialog.endedAt = this.now();
      dialog.seen |= Seen.BYE;
    } else {
      this.requests.bye(dialog, dialog.caller, "");
      this.requests.bye(dialog, dialog.callee, "");
    }
    if (!dialog.endTold) {
      dialog.endTold = true;
      for (const listener of this.listeners) listener.expired?.(dialog);
      this.events.run("dialog:end", dialog, null);
    }
    if (sends) {
      if (dialog.byes === 0) this.byesGone(dialog);
      return;
    }
    this.counters.active--;
    this.over(dialog, false);
  }

  // It stays for a moment when late messages may come, so that they still find it.
  private over(dialog: Dialog, lingers: boolean): void {
    this.profiles.removeAll(dialog);
    this.store.removed(dialog);
    this.keepAlive.forget(dialog);
    dialog.expiresAt = 0;
    dialog.transaction = null;
    if (!lingers) this.remove(dialog);
    else {
      const wait = this.engine.tm.options.timers.wait / 1000;
      this.arm(dialog, Waits.REMOVAL, Math.min(this.settings.endTimeout, wait));
    }
  }

  /** Forgets a dialog. */
  remove(dialog: Dialog): void {
    if (!dialog.listed) return;
    this.host.wheel.cancel(dialog);
    if (dialog.isConfirmed) this.counters.active--;
    this.leaveEarly(dialog);
    this.profiles.removeAll(dialog);
    this.store.removed(dialog);
    this.keepAlive.forget(dialog);
    this.table.remove(dialog);
    for (const listener of this.listeners) listener.removed?.(dialog);
  }

  private leaveEarly(dialog: Dialog): void {
    if (dialog.state === State.EARLY) this.counters.early--;
  }

  private arm(dialog: Dialog, waits: number, seconds: number): void {
    dialog.waits = waits;
    this.host.wheel.arm(dialog, Math.max(0, seconds) * 1000, this.host.host.clock.mono());
  }
}
