// Branch ids of our own Vias: where in the table a reply belongs, in numbers, and a random label that a stranger would have to guess.
//
//   z9hG4bK <slot> . <label> . <branch>     each in lower-case hexadecimal

import { equalsText } from "../util/bytes.ts";

const COOKIE = "z9hG4bK";
const DOT = 46;

/** A parsed id. */
export class BranchId {
  slot = 0;
  label = 0;
  branch = 0;

  /** Takes buf[start,end) apart. False when it is not one of ours. */
  parse(buf: Uint8Array, start: number, end: number): boolean {
    if (end - start < 12 || !equalsText(buf, start, start + 7, COOKIE)) return false;
    let p = start + 7;
    let n = 0;
    let field = 0;
    let digits = 0;
    for (; p < end; p++) {
      const c = buf[p]!;
      if (c === DOT) {
        if (digits === 0 || field === 2) return false;
        if (field === 0) this.slot = n;
        else this.label = n;
        field++;
        n = 0;
        digits = 0;
        continue;
      }
      const d = c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : -1;
      if (d < 0 || ++digits > 8) return false;
      n = n * 16 + d;
    }
    this.branch = n;
    return field === 2 && digits > 0;
  }
}

/** The branch value for a transaction's slot and label and a branch number. */
export function branchId(slot: number, label: number, branch: number): string {
  return `${COOKIE}${slot.toString(16)}.${label.toString(16)}.${branch.toString(16)}`;
}
