// The table of dialogs: by their identifier, and by Call-ID.

import { bytesOf, hashBytes } from "../../util/bytes.ts";
import { Dialog, type DialogOwner, State } from "./dialog.ts";

/** Which way a request goes: from the caller, or from the callee. */
export const Way = { UNKNOWN: 0, DOWN: 1, UP: 2 } as const;

/** Numbers of dialogs stay below this, so that they fit Kamailio's columns. */
const ID_END = 0x7fffffff;

/** A dialog and the way of a request in it. */
export interface Match {
  readonly dialog: Dialog;
  readonly way: number;
}

/** All dialogs of the process. */
export class DialogTable {
  /** Slots of Kamailio's hash table: entries are below it. */
  entries = 4096;
  idStart = 0;
  idStep = 1;
  /** The most dialogs at a time. */
  max = 500_000;
  private readonly byId = new Map<number, Dialog>();
  private readonly byCall = new Map<string, Dialog>();
  private next: number;

  constructor(seed: number) {
    this.next = seed & 0xffffff;
  }

  get size(): number {
    return this.byId.size;
  }

  get full(): boolean {
    return this.byId.size >= this.max;
  }

  all(): Iterable<Dialog> {
    return this.byId.values();
  }

  /** A dialog with an identifier that is free; it is not in the table yet. */
  make(owner: DialogOwner, callId: string): Dialog {
    const bytes = bytesOf(callId);
    const entry = (hashBytes(bytes, 0, bytes.length, 0) >>> 0) % this.entries;
    let id: number;
    do {
      this.next++;
      id = this.idStep > 1 ? this.idStart + this.next * this.idStep : this.idStart + this.next;
      if (id >= ID_END) this.next = 0;
    } while (id >= ID_END || this.byId.has(keyOf(entry, id)));
    return new Dialog(owner, entry, id, callId);
  }

  add(dialog: Dialog): void {
    dialog.listed = true;
    this.byId.set(keyOf(dialog.entry, dialog.id), dialog);
    dialog.nextOfCall = this.byCall.get(dialog.callId) ?? null;
    this.byCall.set(dialog.callId, dialog);
  }

  remove(dialog: Dialog): void {
    if (!dialog.listed) return;
    dialog.listed = false;
    this.byId.delete(keyOf(dialog.entry, dialog.id));
    const first = this.byCall.get(dialog.callId) ?? null;
    if (first === dialog) {
      if (dialog.nextOfCall === null) this.byCall.delete(dialog.callId);
      else this.byCall.set(dialog.callId, dialog.nextOfCall);
    } else {
      let before = first;
      while (before !== null && before.nextOfCall !== dialog) before = before.nextOfCall;
      if (before !== null) before.nextOfCall = dialog.nextOfCall;
    }
    dialog.nextOfCall = null;
  }

  /** The dialog of an identifier; null without one. */
  find(entry: number, id: number): Dialog | null {
    return this.byId.get(keyOf(entry, id)) ?? null;
  }

  /** All dialogs of a Call-ID, the newest first. */
  ofCall(callId: string): Dialog[] {
    const list: Dialog[] = [];
    for (let d = this.byCall.get(callId) ?? null; d !== null; d = d.nextOfCall) list.push(d);
    return list;
  }

  /**
   * The dialog of Call-ID and tags, whichever way they are seen; null without one. Living ones come before those that have ended. While a
   * dialog is not answered any tag of its callee is right, the empty one too.
   */
  match(callId: string, fromTag: string, toTag: string): Match | null {
    let ended: Match | null = null;
    for (let d = this.byCall.get(callId) ?? null; d !== null; d = d.nextOfCall) {
      const way = wayIn(d, fromTag, toTag);
      if (way === Way.UNKNOWN) continue;
      const match = { dialog: d, way };
      if (d.state !== State.DELETED) return match;
      ended ??= match;
    }
    return ended;
  }

  /** The dialog that an INVITE without To tag has made already and that is not answered yet (a spiral); null without one. */
  spiral(callId: string, fromTag: string): Dialog | null {
    for (let d = this.byCall.get(callId) ?? null; d !== null; d = d.nextOfCall)
      if (d.isEarly && d.caller.tag === fromTag) return d;
    return null;
  }
}

/** Which way a request with these tags goes in the dialog; UNKNOWN when it does not belong to it. */
export function wayIn(dialog: Dialog, fromTag: string, toTag: string): number {
  const { caller, callee } = dialog;
  if (fromTag === caller.tag && (callee.known ? toTag === callee.tag : true)) return Way.DOWN;
  if (toTag === caller.tag && (callee.known ? fromTag === callee.tag : true)) return Way.UP;
  return Way.UNKNOWN;
}

function keyOf(entry: number, id: number): number {
  return entry * 0x80000000 + id;
}
