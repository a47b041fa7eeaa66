// FIFOs and unix datagram sockets on the runtime that runs the tests.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytesOf, textOf } from "../util/bytes.ts";
import { selectHost } from "./index.ts";
import type { System } from "./system.ts";

let directory = "";
let system: System;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "channels-"));
  system = (await selectHost()).system;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const text = (bytes: Uint8Array | undefined | null): string => (bytes ? textOf(bytes, 0, bytes.length) : "");

describe("FIFOs", () => {
  test("what is written is read; nothing there is no wait; the name goes", () => {
    const path = join(directory, "f");
    const fifo = system.openFifo(path, 0o640);
    expect(statSync(path).isFIFO()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(fifo.read()).toBe(null);
    expect(system.writeFifo(path, bytesOf("one\n"))).toBe("sent");
    expect(system.writeFifo(path, bytesOf("two\n"))).toBe("sent");
    expect(text(fifo.read())).toBe("one\ntwo\n");
    expect(fifo.read()).toBe(null);
    fifo.close();
    expect(existsSync(path)).toBe(false);
  });

  test("one that is read by another, and what is no FIFO", () => {
    const path = join(directory, "f");
    const fifo = system.openFifo(path, 0o600);
    expect(() => system.openFifo(path, 0o600)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
    fifo.close();
    writeFileSync(path, "precious");
    expect(() => system.openFifo(path, 0o600)).toThrow(expect.objectContaining({ code: "EEXIST" }));
    expect(system.writeFifo(path, bytesOf("x"))).toBe("failed");
    expect(system.writeFifo(join(directory, "none"), bytesOf("x"))).toBe("failed");
    expect(() => system.openFifo(join(directory, "no/f"), 0o600)).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });
});

describe("unix datagram sockets", () => {
  test("datagrams go there and back", () => {
    const [a, b] = ["a", "b"].map((name) => system.bindUnixDatagram(join(directory, name), 0o600));
    if (a === undefined || b === undefined) throw new Error("no sockets");
    expect(a.receive()).toBe(null);
    const nameOfA = new Uint8Array(2 + join(directory, "a").length + 1);
    nameOfA[0] = 1;
    nameOfA.set(bytesOf(join(directory, "a")), 2);
    expect(b.send(nameOfA, bytesOf(""))).toBe("sent");
    expect(b.send(nameOfA, bytesOf("ping"))).toBe("sent");
    expect(text(a.receive()?.bytes)).toBe("");
    const got = a.receive();
    expect(text(got?.bytes)).toBe("ping");
    expect(a.send(got!.from, bytesOf("pong"))).toBe("sent");
    expect(text(b.receive()?.bytes)).toBe("pong");
    b.close();
    expect(a.send(got!.from, bytesOf("gone"))).toBe("failed");
    expect(a.send(new Uint8Array(2), bytesOf("nobody"))).toBe("failed");
    a.close();
    expect(existsSync(join(directory, "a"))).toBe(false);
  });

  test("a name in use is left alone, too long a one is told", () => {
    const path = join(directory, "a");
    const socket = system.bindUnixDatagram(path, 0o600);
    expect(() => system.bindUnixDatagram(path, 0o600)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
    socket.close();
    system.bindUnixDatagram(path, 0o600).close();
    expect(() => system.bindUnixDatagram(join(directory, "x".repeat(120)), 0o600)).toThrow(
      expect.objectContaining({ code: "ENAMETOOLONG" }),
    );
  });
});
