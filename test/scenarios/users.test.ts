// `portico user` beside a running proxy, on the same SQLite file: who is added may register at once, who is removed may not.

import { expect, test } from "vitest";
import { run } from "../support/programs.ts";
import { chosenTargets } from "../support/server.ts";
import { describeTargets } from "../support/targets.ts";

// Ours alone: Kamailio's users are managed by kamctl.
describeTargets("user command", { without: ["kamailio"] }, (group) => {
  const target = chosenTargets().find(({ name }) => name === group.target)!;
  const command = (...args: string[]) =>
    run([...target.command, "user", ...args, "--db", `sqlite://${group.server.database}`], { env: target.env });

  test("add, passwd, list, rm while it runs", async () => {
    const phone = await group.server.agent("udp");
    const status = async (password: string) => (await phone.register({ user: "zoe", password })).status;
    expect(await status("first")).toBe(401);

    const added = await command("add", "zoe", "--password", "first");
    expect(added.code, added.output).toBe(0);
    expect(await status("first")).toBe(200);
    expect(
      group.server
        .rows("SELECT * FROM subscriber")
        .map((row) => JSON.stringify(row))
        .join(),
    ).not.toContain("first");

    expect((await command("passwd", "zoe", "--password", "second")).code).toBe(0);
    expect(await status("first")).toBe(401);
    expect(await status("second")).toBe(200);

    expect((await command("list")).output).toContain("zoe");
    expect((await command("add", "zoe", "--password", "third")).code).toBe(1);
    expect((await command("rm", "zoe")).code).toBe(0);
    expect(await status("second")).toBe(401);
    expect((await command("list")).output).not.toContain("zoe");
  });
});
