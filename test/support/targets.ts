// Groups of tests that run once for each way to run the server, with one server a group.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chosenTargets, type Server, type ServerOptions, startServer } from "./server.ts";
import type { Login } from "./sip-text.ts";

/** The password of every user in these tests. */
export const PASSWORD = "pass word, 1234";

/** Users that share the one password. */
export const users = (...names: string[]): Login[] => names.map((user) => ({ user, password: PASSWORD }));
export const login = (user: string): Login => ({ user, password: PASSWORD });

/**
 * Declares a group of tests for each chosen target. The server is there when a test runs, has all the users that were
 * asked for by `user`, and must be alive and end in good order after the last test. Targets in `without` are left out.
 */
export function describeTargets(
  name: string,
  { without = [], ...options }: ServerOptions & { readonly without?: readonly string[] },
  declare: (group: Group) => void,
): void {
  for (const target of chosenTargets().filter((t) => !without.includes(t.name))) {
    describe(`${name} (${target.name})`, () => {
      const names: string[] = [];
      let server: Server | undefined;
      const group: Group = {
        target: target.name,
        get server() {
          if (!server) throw new Error("the server runs only while tests run");
          return server;
        },
        user: (hint) => {
          const user = `${hint}${names.length}`;
          names.push(user);
          return user;
        },
      };
      declare(group);
      beforeAll(async () => {
        server = await startServer(target, { ...options, users: [...(options.users ?? []), ...users(...names)] });
      });
      afterAll(async () => {
        if (!server) return;
        const { isAlive, log } = server;
        const finished = await server.close();
        expect(isAlive, `the server ended by itself:\n${log.slice(-3000)}`).toBe(true);
        expect(finished?.code, `the server did not end in good order:\n${finished?.output.slice(-3000)}`).toBe(0);
      });
    });
  }
}

/** What the tests of one target share. */
export interface Group {
  readonly target: string;
  readonly server: Server;
  /** A new user of this server; to be called while tests are declared. */
  readonly user: (hint: string) => string;
}

/** Declares a test that needs sipp: skipped with a reason where it is missing, failed under CI. */
export function sippTest(name: string, hasSipp: boolean, run: () => Promise<void>): void {
  test.concurrent(name, async ({ skip }) => {
    if (!hasSipp) {
      if (process.env.CI === "true") throw new Error("sipp is missing (Debian package sip-tester)");
      skip("sipp is not installed (Debian package sip-tester)");
    }
    await run();
  });
}
