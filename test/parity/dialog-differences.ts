// Where our calls are not as Kamailio's, and why: by "group: case", lines of theirs and what stands in their place with us ("" nothing).

export interface DialogDifference {
  readonly why: string;
  /** Lines of theirs that ours has otherwise: the beginning of theirs, and ours whole. */
  readonly lines: readonly (readonly [theirs: string, ours: string])[];
  /** Lines of ours that theirs does not have. */
  readonly more?: readonly string[];
}

export const DIALOG_DIFFERENCES: Readonly<Record<string, DialogDifference>> = {};
