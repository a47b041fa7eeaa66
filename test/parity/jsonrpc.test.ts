// JSON-RPC over HTTP and from the script: the same requests to the installed Kamailio and to us, answers byte for byte. Kamailio's answers are
// in jsonrpc.json; where it is installed it is asked again. PORTICO_RECORD=1 writes it anew.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { CASES, COMPACT, CONFIG, type JsonCase } from "./jsonrpc-cases.ts";
import { haveOracle } from "./oracle.ts";
import { withKamailio, withOurs } from "./raw-bytes.ts";
import { askedAgain } from "./recorded-groups.ts";

const FILE = new URL("jsonrpc.json", import.meta.url);
const recordAnew = process.env["PORTICO_RECORD"] === "1";

type Answers = Record<string, string>;

/** Status line, content type and body of the answer to one request. */
async function post(port: number, { path, body }: JsonCase): Promise<string> {
  const bytes = Buffer.from(body, "utf8");
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  let got = "";
  await new Promise<void>((done, fail) => {
    socket.once("error", fail);
    socket.once("close", () => done());
    socket.on("data", (data: Uint8Array) => {
      got += Buffer.from(data).toString("latin1");
      const end = got.indexOf("\r\n\r\n") + 4;
      const length = Number(/^Content-Length: (\d+)/im.exec(got)?.[1] ?? Number.NaN);
      if (end > 3 && got.length >= end + length) done();
    });
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n`;
    socket.write(`${head}Content-Length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes);
  });
  socket.destroy();
  const end = got.indexOf("\r\n\r\n");
  const type = /^Content-Type: .*$/im.exec(got.slice(0, end))?.[0] ?? "";
  return `${got.slice(0, got.indexOf("\r\n"))}\n${type}\n${Buffer.from(got.slice(end + 4), "latin1").toString("utf8")}`;
}

async function askAll(port: number, cases: readonly JsonCase[], prefix: string): Promise<Answers> {
  const out: Answers = {};
  for (const c of cases) out[prefix + c.name] = await post(port, c);
  return out;
}

async function both(run: typeof withKamailio): Promise<Answers> {
  const laidOut = await run(CONFIG.replace("PRETTY", "1"), (port) => askAll(port, CASES, ""));
  const compact = await run(CONFIG.replace("PRETTY", "0"), (port) => askAll(port, COMPACT, "compact: "));
  return { ...laidOut, ...compact };
}

let recorded: Answers = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Answers) : {};
let mine: Answers = {};

beforeAll(async () => {
  if (recordAnew) {
    recorded = await both(withKamailio);
    writeFileSync(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
  }
  mine = await both(withOurs);
}, 60_000);

const equal = [
  ...CASES.filter((c) => c.differs === undefined).map((c) => c.name),
  ...COMPACT.map((c) => `compact: ${c.name}`),
];

describe("JSON-RPC as Kamailio's module jsonrpcs", () => {
  test.each(equal)("%s", (name) => {
    expect(mine[name]).toBe(recorded[name]);
  });

  test("differences with a reason are still there", () => {
    const gone = CASES.filter((c) => c.differs !== undefined && mine[c.name] === recorded[c.name]);
    expect(gone.map((c) => c.name)).toEqual([]);
  });

  test("sl.stats has the same members, in another order", () => {
    const members = (answer = ""): string[] => [...answer.matchAll(/^\t\t"(.*)":/gm)].map((m) => m[1]!).sort();
    expect(members(recorded["sl.stats"])).toHaveLength(19);
    expect(members(mine["sl.stats"])).toEqual(members(recorded["sl.stats"]));
  });

  test("what is no request is refused", () => {
    for (const { name } of CASES.filter((c) => c.differs?.startsWith("Kamailio runs nothing")))
      expect(mine[name]).toMatch(/^HTTP\/1\.1 400 Invalid Request\n[\s\S]*"code":\t-32600,/);
  });

  test.skipIf(!haveOracle())(
    "the record is what the installed Kamailio says",
    async () => {
      expect(await askedAgain(() => both(withKamailio), recorded)).toEqual(recorded);
    },
    60_000,
  );
});
