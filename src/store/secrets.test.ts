// No message about a database shows a password, however its URL is written and whatever goes wrong.

import fc from "fast-check";
import { expect, test } from "vitest";
import { createSimulation } from "../host/simulated.ts";
import { Log } from "../util/log.ts";
import { Databases, parseDatabaseUrl, shownUrl } from "./connect.ts";
import { parseNetworkUrl } from "./network-url.ts";

const SECRET = "hunter2secret";
const PIECES = [
  ...["mysql", "postgres", "postgresql", "sqlite", "redis", "mysqI", "MYSQL", "text", "nonsense", ""],
  ...["://", ":/", ":", "//", "/", "@", "@@", "?", "[", "]", "host", "user", "db", ":3306", ":99999", ":x", " "],
];

/** Everything that is said about a URL: errors and lines of the log. */
function said(url: string): string {
  const host = createSimulation({ seed: 1 }).host({ addresses: ["10.0.0.1"] });
  const lines: string[] = [];
  const log = new Log({ level: 5, sink: (_, line) => void lines.push(line) }, "t");
  const databases = new Databases(host, log);
  const attempt = (run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      lines.push(String(error));
    }
  };
  attempt(() => lines.push(databases.get(url).url));
  attempt(() => parseDatabaseUrl(url, (path) => path));
  attempt(() => lines.push(parseNetworkUrl(url)?.name ?? ""));
  databases.closeAll();
  return lines.join("\n");
}

test("URLs that people mistype", () => {
  for (const url of [
    `mysql://u:${SECRET}@h/db`,
    `mysql://u:${SECRET}@h`,
    `mysql://u:${SECRET}`,
    `mysql:u:${SECRET}@h/db`,
    `mysql:/u:${SECRET}@h/db`,
    `mysql//u:${SECRET}@h/db`,
    `u:${SECRET}@h/db`,
    `postgres://u:${SECRET}@h:port/db`,
    `postgres://u:${SECRET}@h:99999/db`,
    `postgres://u:a@${SECRET}@h/db`,
    `mysql://u:${SECRET}@[group]/db`,
    `redis://:${SECRET}@h/0`,
    `sqlite://u:${SECRET}@h/db?x=${SECRET}`,
  ])
    expect(said(url), url).not.toContain(SECRET);
});

test("any URL that has a password where one may stand", () => {
  const piece = fc.constantFrom(...PIECES);
  fc.assert(
    fc.property(
      piece,
      fc.array(piece, { maxLength: 5 }),
      fc.array(piece, { maxLength: 5 }),
      (scheme, before, after) => {
        // a word of a file's path is no password
        fc.pre(!/^sqlite/i.test(scheme));
        const url = `${scheme}${before.join("")}:${SECRET}@${after.join("")}`;
        expect(shownUrl(url)).not.toContain(SECRET);
        expect(said(url)).not.toContain(SECRET);
      },
    ),
    { seed: 5, numRuns: 2000 },
  );
});
