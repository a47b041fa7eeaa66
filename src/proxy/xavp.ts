// Values with fields that live as long as AVPs do: $xavp (a stack under each name), $xavu (one under each name), $xavi (as $xavp, names
// without case). What indexes and assignments mean was measured on Kamailio 5.6.3; module pv gives them their syntax.

/** A value of a script that can be kept: null takes away. */
export type Kept = string | number;

export interface XavpField {
  readonly name: string;
  value: Kept;
  /** An entry that was put away in this field (t_load_contacts); the script sees `value` in its place. */
  entry?: Xavp | undefined;
}

/** One entry under a name: a plain value, or fields. A field that is added comes first. */
export interface Xavp {
  value: Kept | null;
  fields: XavpField[] | null;
}

/** Which of several: null is not said, "*" all, a number counts from the newest, a negative one from the oldest. */
export type XavpIndex = number | "*" | null;

/** The entries of one kind of variable. */
export class XavpStore {
  private readonly lists = new Map<string, Xavp[]>();
  /** Whether there is one entry under a name: assigning replaces it. */
  private readonly single: boolean;

  constructor(single: boolean) {
    this.single = single;
  }

  /** The entries under a name, newest first. */
  all(name: string): readonly Xavp[] {
    return this.lists.get(name) ?? NONE;
  }

  entries(): Iterable<[string, readonly Xavp[]]> {
    return this.lists;
  }

  /** One entry; reading "*" or without index means the newest. */
  one(name: string, index: XavpIndex): Xavp | undefined {
    return pick(this.all(name), index);
  }

  /** Adds an entry in front, or behind all others. */
  add(name: string, entry: Xavp, isLast = false): void {
    const list = this.lists.get(name);
    if (list === undefined || this.single) this.lists.set(name, [entry]);
    else if (isLast) list.push(entry);
    else list.unshift(entry);
  }

  /**
   * Puts an entry at that place: what stands there and behind it moves on, but an empty entry gives way. Empty ones fill the places before it
   * that have none.
   */
  insert(name: string, index: number, entry: Xavp): void {
    const list = this.lists.get(name) ?? [];
    this.lists.set(name, list);
    while (list.length < index) list.push({ value: null, fields: null });
    list.splice(index, isEmpty(list[index]) ? 1 : 0, entry);
  }

  /** Assigns a plain value: without index a new entry, with one that entry if there is one. */
  set(name: string, index: XavpIndex, value: Kept): void {
    if (index === null) this.add(name, { value, fields: null });
    else {
      const entry = typeof index === "number" && index >= 0 ? this.one(name, index) : undefined;
      if (entry === undefined) return;
      entry.value = value;
      entry.fields = null;
    }
  }

  /** Puts an entry in the place of another; false when there is none. */
  replace(name: string, index: number, entry: Xavp): boolean {
    const list = this.lists.get(name);
    if (list === undefined || index < 0 || index >= list.length) return false;
    list[index] = entry;
    return true;
  }

  /** Takes away the newest entry, that one, or all; a negative index takes nothing. */
  remove(name: string, index: XavpIndex): void {
    const list = this.lists.get(name);
    if (list === undefined) return;
    if (index === "*" || (list.length === 1 && (index ?? 0) === 0)) this.lists.delete(name);
    else if ((index ?? 0) >= 0) list.splice(index ?? 0, 1);
  }

  /** Assigns a field: without index of the entry a new entry that has it, else a field of that entry, which must have fields. */
  setField(name: string, index: XavpIndex, field: string, which: XavpIndex, value: Kept): void {
    if (this.single) this.setChild(name, field, value);
    else if (index === null) this.add(name, { value: null, fields: [{ name: field, value }] });
    else this.setFieldOf(name, index, field, which, value);
  }

  private setFieldOf(name: string, index: number | "*", field: string, which: XavpIndex, value: Kept): void {
    if (index === "*" || index < 0 || which === "*") return;
    const fields = this.one(name, index)?.fields;
    if (fields === undefined || fields === null) return;
    const found = pickField(fields, field, which);
    if (found !== undefined) assign(found, value);
    else if (which === null) fields.unshift({ name: field, value });
  }

  /** Sets a field of the newest entry, which is made when there is none with fields. */
  setChild(name: string, field: string, value: Kept): void {
    const entry = this.one(name, 0);
    if (entry === undefined || (entry.fields === null && this.single)) {
      this.add(name, { value: null, fields: [{ name: field, value }] });
      return;
    }
    if (entry.fields === null) return;
    const found = pickField(entry.fields, field, null);
    if (found === undefined) entry.fields.unshift({ name: field, value });
    else assign(found, value);
  }

  /** Takes a field away: of the newest entry, of that one, or of all. */
  removeField(name: string, index: XavpIndex, field: string, which: XavpIndex): void {
    const entries = index === "*" ? this.all(name) : [this.one(name, index)];
    for (const entry of entries) {
      const fields = entry?.fields;
      if (fields === undefined || fields === null) continue;
      if (which === "*") entry!.fields = fields.filter((f) => f.name !== field);
      else {
        const found = pickField(fields, field, which);
        if (found !== undefined) fields.splice(fields.indexOf(found), 1);
      }
    }
  }
}

const NONE: readonly Xavp[] = [];

function isEmpty(entry: Xavp | undefined): boolean {
  return entry !== undefined && entry.value === null && entry.fields === null;
}

function assign(field: XavpField, value: Kept): void {
  field.value = value;
  field.entry = undefined;
}

function pick<T>(list: readonly T[], index: XavpIndex): T | undefined {
  return typeof index === "number" ? list.at(index) : list[0];
}

/** One of the fields of that name. */
export function pickField(fields: readonly XavpField[], name: string, which: XavpIndex): XavpField | undefined {
  if (which === null || which === 0 || which === "*") return fields.find((f) => f.name === name);
  return pick(
    fields.filter((f) => f.name === name),
    which,
  );
}

/** A copy that shares nothing. */
export function copyXavp(entry: Xavp): Xavp {
  return { value: entry.value, fields: entry.fields?.map(copyField) ?? null };
}

function copyField({ name, value, entry }: XavpField): XavpField {
  return entry === undefined ? { name, value } : { name, value, entry: copyXavp(entry) };
}
