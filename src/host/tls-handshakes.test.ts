import { expect, test } from "vitest";
import { Handshakes } from "./tls-handshakes.ts";

function few(most: number) {
  const dropped: string[] = [];
  return { dropped, handshakes: new Handshakes<string>(most, (socket) => void dropped.push(socket)) };
}

test("when there are too many, the oldest of who has most gives way", () => {
  const { dropped, handshakes } = few(4);
  handshakes.begin("b 1", "b", "b1");
  for (let i = 1; i <= 20; i++) handshakes.begin(`a ${i}`, "a", `a${i}`);
  handshakes.begin("c 1", "c", "c1");
  expect(handshakes.size).toBe(4);
  expect(dropped).not.toContain("b1");
  expect(dropped).not.toContain("c1");
  expect(dropped[0]).toBe("a1");
  expect(handshakes.end("b 1", "b1")).toBe(true);
  expect(handshakes.end("c 1", null)).toBe(true);
});

test("one ends once, and only by its own socket", () => {
  const { dropped, handshakes } = few(4);
  handshakes.begin("a 1", "a", "first");
  expect(handshakes.end("a 1", "another")).toBe(false);
  expect(handshakes.end("a 1", "first")).toBe(true);
  expect(handshakes.end("a 1", "first")).toBe(false);
  expect(handshakes.size).toBe(0);
  handshakes.begin("a 2", "a", "second");
  handshakes.endAll();
  expect(dropped).toEqual(["second"]);
});
