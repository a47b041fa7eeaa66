// Cuts a stream of JSON documents, one behind the other with anything in between, into single ones.

/** Octets kept while a document is not whole. */
const MAX_KEPT = 65_536;

/** A stream being cut: what `add` has not given out yet is kept, at most 64 kB. */
export class Documents {
  private kept = "";

  /** Whether part of a document waits for the rest. */
  get hasPart(): boolean {
    return this.kept !== "";
  }

  /** Takes more of the stream; the documents that are whole now. */
  add(text: string): string[] {
    this.kept += text;
    const out: string[] = [];
    for (;;) {
      const start = this.kept.indexOf("{");
      const end = start < 0 ? -1 : endOf(this.kept, start);
      if (start < 0) this.kept = "";
      if (end < 0) break;
      out.push(this.kept.slice(start, end));
      this.kept = this.kept.slice(end);
    }
    if (this.kept.length > MAX_KEPT) this.drop();
    return out;
  }

  /** Forgets what is there of a document. */
  drop(): void {
    this.kept = "";
  }
}

// Behind the bracket that closes the one at `start`; -1 while it does not come.
function endOf(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x7b) depth++;
    else if (c === 0x7d && --depth === 0) return i + 1;
  }
  return -1;
}
