// Requests of the FIFO protocol out of a stream, however it is cut; answers as Kamailio 5.6.3 writes them (asked with free() turned off, since it
// answers from memory that it has freed).
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Commands } from "../commands.ts";
import { RpcError, type RpcValue } from "../define.ts";
import { answerFifo, FifoRequests } from "./fifo-protocol.ts";

class Fixed extends Commands {
  private readonly value: () => RpcValue;
  constructor(value: () => RpcValue) {
    super();
    this.value = value;
  }
  override find(name: string): ReturnType<Commands["find"]> {
    return name === "none" ? null : { doc: "", args: [], run: () => null };
  }
  override run(): RpcValue {
    return this.value();
  }
}

function answer(value: () => RpcValue, text = ":x:r\n\n"): string | Promise<string> {
  const [request] = new FifoRequests().add(text);
  return answerFifo(new Fixed(value), request!, () => undefined);
}

test("requests in pieces of any size, empty lines and carriage returns in between", () => {
  const stream = "\n\n:core.prints:r1\none\ntwo words\n\n\r\n:core.version:\r\n\r\njunk\nx\n\n:a\n\n::r\n\n:b:c:d\n\n";
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sizes) => {
      const reader = new FifoRequests();
      const got: unknown[] = [];
      let at = 0;
      for (let i = 0; at < stream.length; i++) {
        const size = sizes[i % sizes.length]!;
        for (const r of reader.add(stream.slice(at, at + size))) got.push([r.method, r.wrong, r.replyName, r.args]);
        at += size;
      }
      expect(got).toEqual([
        ["core.prints", "", "r1", ["one", "two words"]],
        ["core.version", "", "", []],
        [null, "Command must begin with :", "", ["x"]],
        [null, "File separator missing", "", []],
        [null, "Empty command", "r", []],
        ["b", "", "c:d", []],
      ]);
      expect(reader.hasPart).toBe(false);
    }),
    { seed: 5, numRuns: 200 },
  );
});

test("what never ends is not kept for ever", () => {
  const reader = new FifoRequests();
  for (let i = 0; i < 100; i++) expect(reader.add("y".repeat(1000))).toEqual([]);
  for (let i = 0; i < 1000; i++) expect(reader.add("y\n")).toEqual([]);
  reader.drop();
  expect(reader.add(":a:b\n\n")).toHaveLength(1);
});

describe("answers", () => {
  test.each<[string, RpcValue, string]>([
    ["nothing", null, ""],
    ["a text", "kamailio 5.6.3 (x86_64/linux) ", "kamailio 5.6.3 (x86_64/linux) \n"],
    ["commas and colons outside structures", "USE_TCP, a:b", "USE_TCP, a:b\n"],
    ["values", ["binrpc", "unix_stream", "/x/ctl", "", 5], "binrpc\nunix_stream\n/x/ctl\n\n5\n"],
    ["a structure, its last member first", { name: "h", slots: 4, all: -1 }, "all:-1,slots:4,name:h\n"],
    [
      "one in another, escapes",
      { item: { name: "k:1", value: "a\nb:c,d\\e\tf\rg", flags: 2 } },
      "item:flags:2,value:a\\nb\\oc\\cd\\\\e\\tf\\rg,name:k\\o1\n",
    ],
    ["structures", [{ a: 1 }, { a: 1.5, b: true }], "a:1\nb:1,a:1.500000\n"],
  ])("%s", (_, value, text) => {
    expect(answer(() => value)).toBe(`200 OK\n${text}`);
  });

  test("failures", async () => {
    const refuse = (): RpcValue => {
      throw new RpcError(404, "Variable not\nfound");
    };
    const breaks = (): RpcValue => {
      throw new TypeError("bug");
    };
    expect(answer(refuse)).toBe("404 Variable not\\nfound\n");
    expect(answer(breaks)).toBe("500 Internal Server Error\n");
    expect(answer(() => 1, ":none:r\n\n")).toBe("500 Command 'none' not found\n");
    expect(answer(() => 1, "junk\n\n")).toBe("400 Command must begin with :\n");
  });
});
