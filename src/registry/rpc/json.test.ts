// JSON-RPC without transports: what any text gives, layout, bytes of UTF-8. Equality with Kamailio is in test/parity/jsonrpc.test.ts.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromUnicode, toUnicode } from "../../util/bytes.ts";
import { Commands } from "../commands.ts";
import { type RpcDef, RpcError } from "../define.ts";
import { answerJson, type JsonAnswer, parseJson, writeJson } from "./json.ts";

const ARGS: RpcDef<unknown>["args"] = [];
const rpc: Record<string, RpcDef<unknown>> = {
  echo: { doc: "", args: ARGS, rest: "any", run: (_, args) => args.map((arg) => arg ?? null) },
  later: { doc: "", args: ARGS, run: async () => ({ done: true, half: 0.5 }) },
  refused: { doc: "", args: ARGS, run: () => Promise.reject(new RpcError(404, "Not\r\nhere")) },
  broken: { doc: "", args: ARGS, run: () => JSON.parse("{") as null },
};
const commands = new Commands();
const module = { name: "test", rpc } as unknown as Parameters<Commands["enter"]>[0][number]["module"];
commands.enter([{ module, instance: null, host: null as never }]);
const faults: string[] = [];
const ask = async (text: string): Promise<JsonAnswer | null> =>
  answerJson(commands, text, false, (fault) => void faults.push(fault));

describe("answers", () => {
  test("of commands that wait, refuse and fail", async () => {
    expect(await ask('{"jsonrpc":"2.0","method":"later","id":1}')).toMatchObject({
      code: 200,
      body: '{"jsonrpc":"2.0","result":{"done":true,"half":0.500000},"id":1}',
    });
    expect(await ask('{"jsonrpc":"2.0","method":"refused","id":1}')).toMatchObject({
      code: 404,
      reason: "Not\r\nhere",
    });
    expect(await ask('{"jsonrpc":"2.0","method":"broken","id":1}')).toMatchObject({
      code: 500,
      body: '{"jsonrpc":"2.0","error":{"code":500,"message":"Internal Server Error"},"id":1}',
    });
    expect(faults).toHaveLength(1);
  });

  test("any text gives an answer or none, and the answer is JSON", async () => {
    const part = fc.constantFrom(
      '"jsonrpc":"2.0"',
      '"method":"echo"',
      '"id":1',
      '"params":[1,"x"]',
      "{",
      "}",
      "[",
      ",",
      "\\u",
      '"',
    );
    const any = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.array(part).map((parts) => parts.join("")),
    );
    await fc.assert(
      fc.asyncProperty(any, async (text) => {
        const answer = await ask(fromUnicode(text));
        if (answer !== null) JSON.parse(answer.body);
      }),
      { seed: 4, numRuns: 1000 },
    );
  });

  test("deep and long requests are none", async () => {
    expect(await ask("[".repeat(100_000))).toBe(null);
    expect(await ask(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`)).toBe(null);
    expect(await ask(`"${"x".repeat(300_000)}"`)).toBe(null);
  });
});

describe("texts", () => {
  test("are bytes of UTF-8, escaped or not", () => {
    expect(toUnicode(String(parseJson('"\\u00e9\\ud83d\\ude00\\\\u00e9\\n"')))).toBe("é😀\\u00e9\n");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(parseJson(fromUnicode(JSON.stringify(text)))).toBe(fromUnicode(text));
        expect(JSON.parse(toUnicode(writeJson(fromUnicode(text), true)))).toBe(text);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});
