// A regular expression as a program of small steps: what the two matchers run.

import type { Assertion, Node, OctetSet } from "./regex-parse.ts";

export const Op = { SET: 0, SPLIT: 1, JUMP: 2, SAVE: 3, ASSERT: 4, MATCH: 5 } as const;

/** One step. SPLIT goes on at `x` and at `y`, x preferred; JUMP at x; SAVE notes the position in slot x. */
export interface Step {
  readonly op: number;
  x: number;
  y: number;
  readonly set: OctetSet | null;
  readonly what: Assertion | null;
}

/** The most steps: bounds what one pattern may cost for each octet. */
const MAX_STEPS = 5000;

/** The steps of a tree; null when there are too many. */
export function programOf(tree: Node): Step[] | null {
  const steps: Step[] = [];
  const add = (op: number, x = 0, y = 0, set: OctetSet | null = null, what: Assertion | null = null): Step => {
    const step = { op, x, y, set, what };
    steps.push(step);
    return step;
  };
  const emit = (node: Node): boolean => {
    if (steps.length > MAX_STEPS) return false;
    switch (node.kind) {
      case "set":
        add(Op.SET, 0, 0, node.set);
        return true;
      case "assert":
        add(Op.ASSERT, 0, 0, null, node.what);
        return true;
      case "group": {
        add(Op.SAVE, node.number * 2);
        const fits = emit(node.body);
        add(Op.SAVE, node.number * 2 + 1);
        return fits;
      }
      case "all":
        return node.parts.every(emit);
      case "any":
        return emitAny(node.parts);
      default:
        return emitRepeat(node);
    }
  };
  const emitAny = (parts: readonly Node[]): boolean => {
    const ends: Step[] = [];
    for (const [i, part] of parts.entries()) {
      const split = i < parts.length - 1 ? add(Op.SPLIT, steps.length + 1) : null;
      if (!emit(part)) return false;
      if (split === null) break;
      ends.push(add(Op.JUMP));
      split.y = steps.length;
    }
    for (const end of ends) end.x = steps.length;
    return true;
  };
  const emitRepeat = ({ body, min, max }: Node & { kind: "repeat" }): boolean => {
    for (let i = 0; i < min; i++) if (!emit(body)) return false;
    if (max === Number.POSITIVE_INFINITY) {
      const start = steps.length;
      const split = add(Op.SPLIT, start + 1);
      if (!emit(body)) return false;
      add(Op.JUMP, start);
      split.y = steps.length;
      return true;
    }
    const splits: Step[] = [];
    for (let i = min; i < max; i++) {
      splits.push(add(Op.SPLIT, steps.length + 1));
      if (!emit(body)) return false;
    }
    for (const split of splits) split.y = steps.length;
    return true;
  };
  const fits = emit(tree);
  add(Op.MATCH);
  return fits && steps.length <= MAX_STEPS ? steps : null;
}
