// Builds the text of one generated route: statements, temporaries, suspension points and the guards around what a resumed route skips.
//
// A route that may wait is run again from its start with r = the number of the point it waited at. What does not contain that point is
// skipped by `if (r === 0)`; the point itself takes the awaited value and sets r to 0. Temporaries t0, t1 … are handed over.

/** A piece of code and the suspension points inside it: lo to hi, none when hi is below lo. */
export interface Piece {
  readonly code: string;
  readonly lo: number;
  readonly hi: number;
}

/** Text and points of a sequence of statements. */
export interface Block {
  readonly pieces: readonly Piece[];
  readonly lo: number;
  readonly hi: number;
}

/** Collects the code of one route: nested blocks, temporaries with stack discipline, numbered suspension points. */
export class Emitter {
  private pieces: Piece[] = [];
  private nextPoint = 1;
  private nextLabel = 1;
  private depth = 0;
  private highest = 0;
  private deepestAtPoint = 0;

  /** Adds statements without suspension points. */
  emit(code: string): void {
    this.pieces.push({ code, lo: 1, hi: 0 });
  }
  /** Adds statements that contain the points lo to hi. */
  emitRange(code: string, lo: number, hi: number): void {
    this.pieces.push({ code, lo, hi });
  }
  /** Adds a block's statements after those there are. */
  append(block: Block): void {
    this.pieces.push(...block.pieces);
  }

  /** Collects what `build` emits as a block of its own; its temporaries are free afterwards. */
  block(build: () => void): Block {
    const outer = this.pieces;
    const depth = this.depth;
    this.pieces = [];
    build();
    const { pieces } = this;
    this.pieces = outer;
    this.depth = depth;
    return { pieces, ...rangeOf(pieces) };
  }

  /** A new suspension point. */
  point(): number {
    this.deepestAtPoint = Math.max(this.deepestAtPoint, this.depth);
    return this.nextPoint++;
  }
  /** The temporaries that hold a value now, as arguments: ", t0, t1". */
  get live(): string {
    let text = "";
    for (let i = 0; i < this.depth; i++) text += `, t${i}`;
    return text;
  }

  /** A new temporary, in use until `release` or the end of the block. */
  temp(): string {
    const name = `t${this.depth++}`;
    this.highest = Math.max(this.highest, this.depth);
    return name;
  }
  get mark(): number {
    return this.depth;
  }
  release(mark: number): void {
    this.depth = mark;
  }

  label(): string {
    return `L${this.nextLabel++}`;
  }

  get hasPoints(): boolean {
    return this.nextPoint > 1;
  }
  /** Temporaries that are parameters, as ", t0, t1". */
  get parameters(): string {
    let text = "";
    for (let i = 0; i < this.deepestAtPoint; i++) text += `, t${i}`;
    return text;
  }
  /** Temporaries that are plain locals, as ", t2, t3". */
  get locals(): string {
    let text = "";
    for (let i = this.deepestAtPoint; i < this.highest; i++) text += `, t${i}`;
    return text;
  }
}

function rangeOf(pieces: readonly Piece[]): { lo: number; hi: number } {
  let lo = 1;
  let hi = 0;
  for (const piece of pieces) {
    if (piece.hi < piece.lo) continue;
    if (hi < lo) lo = piece.lo;
    hi = piece.hi;
  }
  return { lo, hi };
}

/** Whether there are points in a range. */
export function hasPoints(range: { lo: number; hi: number }): boolean {
  return range.hi >= range.lo;
}

/** The condition that r is one of the points of a range. */
export function inRange(range: { lo: number; hi: number }): string {
  return range.lo === range.hi ? `r === ${range.lo}` : `(r >= ${range.lo} && r <= ${range.hi})`;
}

/** The text of a block that is entered with r 0 or at one of its own points. */
export function render(block: Block): string {
  if (!hasPoints(block)) return block.pieces.map((p) => p.code).join("\n");
  let text = "";
  let skipped: string[] = [];
  const flush = (): void => {
    if (skipped.length > 0) text += `if (r === 0) {\n${skipped.join("\n")}\n}\n`;
    skipped = [];
  };
  for (const piece of block.pieces) {
    if (!hasPoints(piece)) {
      skipped.push(piece.code);
      continue;
    }
    flush();
    const isLast = piece.hi === block.hi;
    text += isLast ? `${piece.code}\n` : `if (r === 0 || ${inRange(piece)}) {\n${piece.code}\n}\n`;
    if (isLast) {
      // From here on r is 0: nothing after the last point needs a guard.
      const rest = block.pieces.slice(block.pieces.indexOf(piece) + 1).map((p) => p.code);
      return text + rest.join("\n");
    }
  }
  flush();
  return text;
}
