// One way to time and one way to print.

/** One line of a table: what, how much, of which unit. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

/** Prints a table; numbers from 100 on without decimals. */
export function printTable(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`);
  for (const { what, value, unit } of rows) {
    const shown = value.toFixed(value >= 100 ? 0 : 1).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
    console.log(`  ${what.padEnd(56)} ${shown.padStart(10)} ${unit}`);
  }
}

/** Nanoseconds that one call takes: the median of five runs, each about as long as wanted (ms), after a warm-up. */
export function nanoseconds(run: () => void, brief: boolean): number {
  const length = brief ? 20 : 300;
  let calls = 64;
  for (const end = performance.now() + length; performance.now() < end; ) {
    for (let i = 0; i < calls; i++) run();
    calls = Math.min(calls * 2, 1 << 14);
  }
  const runs: number[] = [];
  for (let n = 0; n < 5; n++) {
    const start = performance.now();
    let done = 0;
    while (performance.now() - start < length) {
      for (let i = 0; i < calls; i++) run();
      done += calls;
    }
    runs.push(((performance.now() - start) * 1e6) / done);
  }
  return runs.sort((a, b) => a - b)[2]!;
}
