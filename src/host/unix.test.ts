// Unix stream sockets on the runtime that runs the tests.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytesOf, textOf } from "../util/bytes.ts";
import type { Host, TcpConnection, TcpHandlers } from "./host.ts";
import { selectHost } from "./index.ts";

let directory = "";
let host: Host;
const open: { close(): void }[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "unix-"));
  host = await selectHost();
});
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  rmSync(directory, { recursive: true, force: true });
});

const echo: TcpHandlers = {
  onData: (connection, buf, start, end) => void connection.send(buf, start, end),
  onClose: () => {},
};

async function listen(path: string, mode = 0o600) {
  const listener = await host.network.listenUnix({ path, mode, maxQueue: 1 << 16, onConnection: () => echo });
  open.push(listener);
  return listener;
}

async function ask(path: string, text: string): Promise<string> {
  let got = "";
  let connection: TcpConnection | null = null;
  await new Promise<void>((resolve, reject) => {
    const handlers: TcpHandlers = {
      onData: (_, buf, start, end) => {
        got += textOf(buf, start, end);
        if (got.length >= text.length) resolve();
      },
      onClose: () => resolve(),
    };
    host.network.connectUnix({ path, maxQueue: 1 << 16, handlers }).then((one) => {
      connection = one;
      one.send(bytesOf(text), 0, text.length);
    }, reject);
  });
  (connection as TcpConnection | null)?.close();
  return got;
}

describe("unix stream sockets", () => {
  test("what is sent arrives; the name has the permissions asked for", async () => {
    const path = join(directory, "a");
    await listen(path, 0o640);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(await ask(path, "hello")).toBe("hello");
  });

  test("closing takes the name away", async () => {
    const path = join(directory, "a");
    const listener = await listen(path);
    listener.close();
    expect(existsSync(path)).toBe(false);
    await expect(ask(path, "x")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a name that another server listens on is left to it", async () => {
    const path = join(directory, "a");
    await listen(path);
    await expect(listen(path)).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(await ask(path, "still")).toBe("still");
  });

  test("a name that is no socket is not taken over", async () => {
    const path = join(directory, "file");
    writeFileSync(path, "precious");
    await expect(listen(path)).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(existsSync(path)).toBe(true);
  });

  test("too long a name and a missing folder are told", async () => {
    await expect(listen(join(directory, "x".repeat(120)))).rejects.toMatchObject({ code: "ENAMETOOLONG" });
    await expect(listen(join(directory, "none/a"))).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
  });
});
