// Registrations outlive the process: they lie in the SQLite file before the telephone hears its 200.

import { expect, test } from "vitest";
import { describeTargets, login } from "../support/targets.ts";

describeTargets("restart", {}, (group) => {
  const [caller, called] = [group.user("caller"), group.user("called")];

  test("a telephone is found after a restart", async () => {
    const phone = await group.server.agent("udp");
    const other = await group.server.agent("udp");
    expect((await phone.register(login(called))).status).toBe(200);
    expect((await other.register(login(called), { expires: 600 })).status).toBe(200);

    await group.server.restart();

    const sender = await group.server.agent("udp");
    const uri = `sip:${called}@127.0.0.1`;
    const answer = sender.askWithLogin(
      { method: "MESSAGE", uri: `${uri}:${group.server.port}`, body: "x" },
      login(caller),
    );
    for (const one of [phone, other]) {
      const message = await one.receiveRequest("MESSAGE");
      one.send(one.reply(message, 200, "OK"));
    }
    expect((await answer).status).toBe(200);

    // Taken back for good: nor does it come back with the next start.
    expect((await phone.register(login(called), { expires: 0 })).status).toBe(200);
    expect((await other.register(login(called), { expires: 0 })).status).toBe(200);
    await group.server.restart();
    const gone = await sender.askWithLogin({ method: "MESSAGE", uri: `${uri}:${group.server.port}` }, login(caller));
    expect(gone.status).toBe(404);
  });

  const victim = group.user("victim");
  // Kamailio is several processes: ending one so is another test.
  if (group.target === "kamailio") return;
  test("nor does a crash lose one", async () => {
    const phone = await group.server.agent("udp");
    expect((await phone.register(login(victim))).status).toBe(200);
    process.kill(group.server.pid, "SIGKILL");
    await group.server.restart();
    const sender = await group.server.agent("udp");
    const uri = `sip:${victim}@127.0.0.1:${group.server.port}`;
    const answer = sender.askWithLogin({ method: "MESSAGE", uri }, login(caller));
    const message = await phone.receiveRequest("MESSAGE");
    phone.send(phone.reply(message, 200, "OK"));
    expect((await answer).status).toBe(200);
  });
});
