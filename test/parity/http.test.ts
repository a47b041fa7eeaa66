// HTTP on the ports of SIP: the same raw requests to the installed Kamailio and to us, answers byte for byte apart from the headers that
// http-cases.ts names. Kamailio's answers are in http.json; where it is installed it is asked again. PORTICO_RECORD=1 writes it anew.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { CONFIG, HEADERS_OF_KAMAILIO, HEADERS_OF_OURS, HTTP_CASES, SILENT, tidy } from "./http-cases.ts";
import { haveOracle } from "./oracle.ts";
import { exchange, withKamailio, withOurs } from "./raw-bytes.ts";
import { askedAgain } from "./recorded-groups.ts";

const FILE = new URL("http.json", import.meta.url);
const recordAnew = process.env["PORTICO_RECORD"] === "1";
/** Milliseconds between the pieces of a request. */
const PAUSE = 100;

/** What a server sends back for each case, a few at a time, and whether it closed the connection. */
async function askAll(port: number, drop: readonly string[]): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  const left = [...HTTP_CASES];
  const worker = async (): Promise<void> => {
    for (let c = left.shift(); c !== undefined; c = left.shift()) {
      const { got, closed, client } = await exchange(port, c.send, PAUSE);
      out[c.name] = tidy(got, drop, port, client) + (closed ? "<closed>" : "");
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return Object.fromEntries(HTTP_CASES.map((c) => [c.name, out[c.name]!]));
}

const theirs = (): Promise<Record<string, string>> => withKamailio(CONFIG, (port) => askAll(port, HEADERS_OF_KAMAILIO));
const ours = (): Promise<Record<string, string>> => withOurs(CONFIG, (port) => askAll(port, HEADERS_OF_OURS));

let recorded: Record<string, string> = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, string>)
  : {};
let mine: Record<string, string> = {};

beforeAll(async () => {
  if (recordAnew) {
    recorded = await theirs();
    writeFileSync(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
  }
  mine = await ours();
}, 60_000);

const equal = HTTP_CASES.filter((c) => c.differs === undefined && !(c.name in SILENT));

describe("HTTP as Kamailio's module xhttp", () => {
  test.each(equal.map((c) => c.name))("%s", (name) => {
    expect(mine[name]).toBe(recorded[name]);
  });

  test.each(Object.entries(SILENT))("where Kamailio is silent: %s", (name, answer) => {
    expect(recorded[name]).toBe("");
    if (answer === "closed") expect(mine[name]).toBe("<closed>");
    else expect(mine[name]).toMatch(new RegExp(`^HTTP/1.1 ${answer} `));
  });

  test("differences with a reason are still there", () => {
    const gone = HTTP_CASES.filter((c) => c.differs !== undefined && mine[c.name] === recorded[c.name]);
    expect(gone.map((c) => c.name)).toEqual([]);
  });

  test("differences are these", () => {
    const first = (text: string): string => /^.*/.exec(text)![0] + (text.endsWith("<closed>") ? " <closed>" : "");
    const differing = HTTP_CASES.filter((c) => c.differs !== undefined);
    expect(Object.fromEntries(differing.map((c) => [c.name, first(mine[c.name]!)]))).toMatchInlineSnapshot(`
      {
        "204": "HTTP/1.1 204 No Content",
        "Connection: close": "HTTP/1.1 200 OK <closed>",
        "Expect: 100-continue": "HTTP/1.1 100 Continue",
        "HEAD": "HTTP/1.1 200 OK",
        "HTTP/1.0": "HTTP/1.0 200 OK <closed>",
        "HTTP/1.0 without headers": "HTTP/1.0 200 OK <closed>",
        "HTTP/1.2": "HTTP/1.1 200 OK",
        "HTTP/2.0": "HTTP/1.1 505 HTTP Version Not Supported <closed>",
        "SIP and HTTP in one segment": "SIP/2.0 200 OK",
        "a folded header": "HTTP/1.1 400 Bad Request <closed>",
        "a lower-case version": "HTTP/1.1 400 Bad Request <closed>",
        "bare LF": "HTTP/1.1 400 Bad Request <closed>",
        "chunks": "HTTP/1.1 200 OK",
        "length and chunks": "HTTP/1.1 400 Bad Request <closed>",
        "no Host": "HTTP/1.1 400 Bad Request <closed>",
        "two lengths": "HTTP/1.1 400 Bad Request <closed>",
      }
    `);
  });

  test.skipIf(!haveOracle())(
    "the record is what the installed Kamailio says",
    async () => {
      expect(await askedAgain(theirs, recorded)).toEqual(recorded);
    },
    60_000,
  );
});
