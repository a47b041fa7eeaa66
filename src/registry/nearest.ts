// "Did you mean": the names that differ least from one that was not found.

/** Up to three of the names that are close to `name`, the closest first: for "did you mean". */
export function nearest(name: string, names: Iterable<string>): string[] {
  const limit = Math.max(1, Math.floor(name.length / 3));
  const close: { readonly name: string; readonly distance: number }[] = [];
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), limit);
    if (distance <= limit) close.push({ name: candidate, distance });
  }
  const isCased = (candidate: string): number => editDistance(name, candidate, limit);
  close.sort((a, b) => a.distance - b.distance || isCased(a.name) - isCased(b.name) || (a.name < b.name ? -1 : 1));
  return close.slice(0, 3).map((c) => c.name);
}

/** Letters added, lost, changed or swapped with their neighbour between two words; anything above `limit` is only known to be above it. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let n = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) n = Math.min(n, before[j - 2]! + 1);
      row.push(n);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** "did you mean X?", or null when no name is near. */
export function didYouMean(name: string, names: Iterable<string>): string | null {
  return asQuestion(nearest(name, names));
}

/** The question for names found by `nearest`; null when there are none. */
export function asQuestion(names: readonly string[]): string | null {
  return names[0] === undefined ? null : `did you mean ${names[0]}?`;
}
