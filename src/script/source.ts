// Source files and places in them: what every token, tree node and diagnostic points at.
// A place is always where the author wrote something: for text that came out of a #!define it is the name that was used.

/** One file of the configuration, as it was read (a byte string). */
export class SourceFile {
  readonly name: string;
  readonly text: string;
  private lines: number[] | null = null;

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
  }

  /** Line and column of an offset, both counted from 1. */
  position(offset: number): { line: number; column: number } {
    const starts = (this.lines ??= lineStarts(this.text));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (starts[mid]! <= offset) low = mid;
      else high = mid - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  }

  /** The text of a line (from 1), without its end. */
  line(number: number): string {
    const starts = (this.lines ??= lineStarts(this.text));
    const start = starts[number - 1];
    if (start === undefined) return "";
    return this.text.slice(start, (starts[number] ?? this.text.length + 1) - 1).replace(/\r$/, "");
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return starts;
}

/** A range of a file: [start, end). */
export interface Place {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

/** The place from the start of one to the end of another; the first alone when they lie in different files. */
export function span(from: Place, to: Place): Place {
  return from.file === to.file && to.end >= from.start ? { file: from.file, start: from.start, end: to.end } : from;
}

/** `file:line` of a place, for logs. */
export function fileLine(place: Place): string {
  return `${place.file.name}:${place.file.position(place.start).line}`;
}
