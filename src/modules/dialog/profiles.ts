// Profiles: named groups of dialogs, plain or by value, counted without looking at the dialogs; and items that other servers tell of.

import { type Dialog, type InProfile, MAX_PROFILES, Seen } from "./dialog.ts";

/** The most items of other servers, all profiles together. */
const MAX_REMOTE = 100_000;

interface RemoteItem {
  readonly value: string;
  /** Seconds since 1970; 0 never. */
  readonly expires: number;
}

/** One profile. */
export class Profile {
  readonly name: string;
  readonly hasValue: boolean;
  /** The dialogs by value; all under "" when it has no values. A dialog that was added twice counts twice, as on Kamailio. */
  readonly members = new Map<string, Map<Dialog, number>>();
  readonly remote = new Map<string, RemoteItem>();

  constructor(name: string, hasValue: boolean) {
    this.name = name;
    this.hasValue = hasValue;
  }
}

/** The profiles of the configuration in force; those it no longer names go when they are empty. */
export class Profiles {
  private readonly known = new Map<string, Profile>();
  private remoteCount = 0;

  /** Puts the lists of a configuration in force. */
  declare(withValue: readonly string[], noValue: readonly string[]): void {
    const declared = new Set([...withValue, ...noValue]);
    for (const [name, profile] of this.known)
      if (!declared.has(name) && profile.members.size === 0) this.known.delete(name);
    for (const name of withValue) if (!this.known.has(name)) this.known.set(name, new Profile(name, true));
    for (const name of noValue) if (!this.known.has(name)) this.known.set(name, new Profile(name, false));
  }

  /** The profile of that name; null without one. */
  find(name: string): Profile | null {
    return this.known.get(name) ?? null;
  }

  /** Adds a dialog. False when it is in too many already. */
  add(profile: Profile, dialog: Dialog, value: string): boolean {
    if (dialog.profiles.length >= MAX_PROFILES) return false;
    const item: InProfile = { name: profile.name, value: profile.hasValue ? value : null };
    dialog.profiles = [item, ...dialog.profiles]; // the newest first, as commands show them
    dialog.seen |= Seen.PROFILES;
    this.count(profile, dialog, item, 1);
    return true;
  }

  /** Takes a dialog out, once. False when it was not in. */
  remove(profile: Profile, dialog: Dialog, value: string): boolean {
    const wanted = profile.hasValue ? value : null;
    const at = dialog.profiles.findIndex((p) => p.name === profile.name && p.value === wanted);
    if (at < 0) return false;
    this.count(profile, dialog, dialog.profiles[at]!, -1);
    dialog.profiles = dialog.profiles.toSpliced(at, 1);
    dialog.seen |= Seen.PROFILES;
    return true;
  }

  /** A dialog has ended: it is in no profile any more. */
  removeAll(dialog: Dialog): void {
    for (const item of dialog.profiles) {
      const profile = this.known.get(item.name);
      if (profile !== undefined) this.count(profile, dialog, item, -1);
    }
    dialog.profiles = [];
  }

  /** Whether a dialog is in a profile; without a value any value counts. */
  has(profile: Profile, dialog: Dialog, value: string | undefined): boolean {
    const any = !profile.hasValue || value === undefined;
    return dialog.profiles.some((p) => p.name === profile.name && (any || p.value === value));
  }

  /** How many dialogs are in a profile, with a value if one is given. */
  size(profile: Profile, value: string | undefined, now: number): number {
    this.sweep(profile, now);
    const any = !profile.hasValue || value === undefined;
    let n = 0;
    for (const [v, dialogs] of profile.members)
      if (any || v === value) for (const count of dialogs.values()) n += count;
    for (const item of profile.remote.values()) if (any || item.value === value) n++;
    return n;
  }

  /** The dialogs in a profile, with a value if one is given. */
  dialogs(profile: Profile, value: string | undefined): Dialog[] {
    const any = !profile.hasValue || value === undefined;
    const found = new Set<Dialog>();
    for (const [v, dialogs] of profile.members)
      if (any || v === value) for (const dialog of dialogs.keys()) found.add(dialog);
    return [...found];
  }

  /** Another server has a dialog in a profile. False when there are too many. */
  addRemote(profile: Profile, value: string, uid: string, expires: number): boolean {
    if (!profile.remote.has(uid)) {
      if (this.remoteCount >= MAX_REMOTE) return false;
      this.remoteCount++;
    }
    profile.remote.set(uid, { value, expires });
    return true;
  }

  removeRemote(profile: Profile, uid: string): void {
    if (profile.remote.delete(uid)) this.remoteCount--;
  }

  /** Forgets items whose time is over. */
  sweepAll(now: number): void {
    for (const profile of this.known.values()) this.sweep(profile, now);
  }

  private sweep(profile: Profile, now: number): void {
    for (const [uid, { expires }] of profile.remote)
      if (expires !== 0 && expires <= now) this.removeRemote(profile, uid);
  }

  private count(profile: Profile, dialog: Dialog, { value }: InProfile, by: number): void {
    const key = value ?? "";
    let dialogs = profile.members.get(key);
    if (dialogs === undefined) {
      dialogs = new Map();
      profile.members.set(key, dialogs);
    }
    const n = (dialogs.get(dialog) ?? 0) + by;
    if (n > 0) dialogs.set(dialog, n);
    else dialogs.delete(dialog);
    if (dialogs.size === 0) profile.members.delete(key);
  }
}
