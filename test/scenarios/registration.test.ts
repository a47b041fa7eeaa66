// Telephones and the default configuration's registrar: sipp registers, the database and the answers are looked at.

import { expect, test } from "vitest";
import { param } from "../support/sip-text.ts";
import { hasSipp, runSipp } from "../support/sipp.ts";
import { describeTargets, login, PASSWORD, sippTest } from "../support/targets.ts";

const TRANSPORTS = ["udp", "tcp"] as const;

describeTargets("registration", {}, (group) => {
  for (const transport of TRANSPORTS) {
    const flow = (name: string, title: string, password: string, after?: (user: string) => void) => {
      const user = group.user(`${name}-${transport}`);
      sippTest(`${title} over ${transport}`, hasSipp, async () => {
        const keys = { contact: `sip:${user}@127.0.0.1:9;transport=${transport}`, expires: 600 };
        await runSipp(group.server, { flow: name, transport, user, login: { user, password }, keys });
        after?.(user);
      });
    };
    const contactsOf = (user: string) =>
      group.server.rows("SELECT username, contact FROM location").filter((row) => row["username"] === user);

    flow("register", "the right password registers", PASSWORD, (user) => {
      expect(contactsOf(user).map((row) => row["contact"])).toEqual([`sip:${user}@127.0.0.1:9;transport=${transport}`]);
    });
    flow("register-wrong-password", "the wrong password is refused", "wrong", (user) => {
      expect(contactsOf(user)).toEqual([]);
    });
    flow("register-life", "registers, again, asks, deregisters", PASSWORD, (user) => {
      expect(contactsOf(user)).toEqual([]);
    });
    flow("register-star", "takes everything back with *", PASSWORD, (user) => {
      expect(contactsOf(user)).toEqual([]);
    });

    const plain = group.user(`plain-${transport}`);
    test.concurrent(`expires is kept within the limits over ${transport}`, async () => {
      const agent = await group.server.agent(transport);
      const short = await agent.register(login(plain), { expires: 5 });
      expect(short.status).toBe(200);
      expect(param(short.first("Contact"), "expires")).toBe("60");
      const long = await agent.register(login(plain), { expires: 100_000 });
      expect(param(long.first("Contact"), "expires")).toBe("3600");
    });

    const victim = group.user(`victim-${transport}`);
    const thief = group.user(`thief-${transport}`);
    test.concurrent(`one user cannot register for another over ${transport}`, async () => {
      const agent = await group.server.agent(transport);
      const to = `<sip:${victim}@127.0.0.1>`;
      const reply = await agent.askWithLogin(
        { method: "REGISTER", to, headers: [`Contact: <${agent.contact(victim)}>`] },
        login(thief),
      );
      expect(reply.status).toBe(401);
      expect(contactsOf(victim)).toEqual([]);
    });

    const unknown = `nobody-${transport}`;
    test.concurrent(`a user who does not exist is refused like a wrong password over ${transport}`, async () => {
      const agent = await group.server.agent(transport);
      const reply = await agent.register(login(unknown));
      expect(reply.status).toBe(401);
    });
  }
});
