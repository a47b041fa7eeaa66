// What the installed Kamailio accepts among the global parameters is accepted here. Its answers are in globals.json; where Kamailio is
// installed it is asked again, so that a record cannot go stale. PORTICO_RECORD=1 writes the file anew.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/script/index.ts";
import { stubModules, Trace } from "../cfg/stub-modules.ts";
import { configWith, GLOBAL_LINES } from "./globals-cases.ts";
import { ask, type Case, COMMON, haveOracle } from "./oracle.ts";

const FILE = new URL("globals.json", import.meta.url);
const record = process.env["PORTICO_RECORD"] === "1";
const ATTEMPTS_AT_A_TIME = 4;

/** Lines that Kamailio accepts and Portico refuses, each with its reason. */
const REFUSED_HERE: ReadonlyMap<string, string> = new Map([
  ["advertised_port=0", "port 0 cannot be reached"],
  ["tos=x", "there is no such type of service"],
  ["tls_port_no=0", "port 0 cannot be reached"],
]);

async function accepted(directory: string, line: string, number: number): Promise<boolean> {
  const file = join(directory, `${number}.cfg`);
  writeFileSync(file, configWith(line), "latin1");
  return promisify(execFile)("kamailio", ["-c", "-f", file, "-Y", directory]).then(
    () => true,
    () => false,
  );
}

async function askAll(): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "globals-"));
  const answers: boolean[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < GLOBAL_LINES.length; i = next++)
      answers[i] = await accepted(directory, GLOBAL_LINES[i]!, i);
  };
  try {
    await Promise.all(Array.from({ length: ATTEMPTS_AT_A_TIME }, worker));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return GLOBAL_LINES.filter((_, i) => answers[i]);
}

const recorded = (): string[] => JSON.parse(readFileSync(FILE, "utf8")) as string[];

test.skipIf(!haveOracle())("the record says what the installed Kamailio says", { timeout: 120_000 }, async () => {
  const now = await askAll();
  if (record) writeFileSync(FILE, `${JSON.stringify(now, null, 2)}\n`);
  expect(now).toEqual(recorded());
});

test("whatever Kamailio accepts is accepted here", () => {
  const modules = stubModules(new Trace());
  const refused = recorded().filter((line) => {
    const { diagnostics } = loadConfig({ file: "t.cfg", text: configWith(line) }, modules);
    return diagnostics.some((d) => d.severity === "error");
  });
  expect(refused).toEqual([...REFUSED_HERE.keys()]);
});

const PHONE: Case = {
  name: "phone2tel",
  steps: ["$rz", "$rU", "$fU", "$tU"].map((get) => ({ get })),
  message: COMMON.replace("sip:bob@127.0.0.1:{UA};x=1", "sip:+1234;isub=1@127.0.0.1:{UA};user=phone")
    .replace("<sip:alice@office.example:5062;p=1>", "<sip:+88;t=1@office.example;user=phone>")
    .replace("<sip:bob@office.example>", "<sip:+99;t=1@office.example;user=Phone>"),
};

// What test/outside/globals-core.test.ts expects of ours.
test.skipIf(!haveOracle())("phone2tel on the installed Kamailio", { timeout: 60_000 }, async () => {
  const asked = async (setting: string): Promise<readonly string[]> => (await ask([PHONE], [setting]))[0]!.results;
  expect(await asked("phone2tel=1")).toEqual(["tel", "+1234", "+88", "+99;t=1"]);
  expect(await asked("phone2tel=0")).toEqual(["sip", "+1234;isub=1", "+88;t=1", "+99;t=1"]);
});

test.skipIf(!haveOracle())("sip_parser_mode on the installed Kamailio", { timeout: 60_000 }, async () => {
  const twice = [
    "To: <sip:c@x>",
    "From: <sip:c@x>;tag=9",
    "Call-ID: zz",
    "CSeq: 8 INVITE",
    "Content-Length: 12",
    "X-Two: x",
  ];
  const cases = twice.map(
    (line): Case => ({ name: line, steps: [], message: COMMON.replace("\r\nContact:", `\r\n${line}\r\nContact:`) }),
  );
  const asked = async (setting: string): Promise<boolean[]> =>
    (await ask(cases, [setting])).map(({ reply }) => reply !== "");
  expect(await asked("sip_parser_mode=1")).toEqual([false, false, false, false, false, true]);
  expect(await asked("sip_parser_mode=0")).toEqual([true, true, true, true, true, true]);
});
