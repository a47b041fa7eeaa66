// The switches of the default configuration: a PBX beside us, and calls from strangers.

import { expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { openAgent, type SipAgent, unique } from "../support/sip-agent.ts";
import { describeTargets, login } from "../support/targets.ts";

// All of them, PBX included, are at 127.0.0.1 here: one server knows the PBX by its port too, the other by its address.
const pbxPort = await freePort();

describeTargets("a PBX for names we do not know", { defines: { PBX: `"127.0.0.1:${pbxPort}"` } }, (group) => {
  const caller = group.user("caller");
  test("a user's call to another name goes there, a stranger's does not", async () => {
    const pbx = await openAgent("udp", group.server.port, pbxPort);
    try {
      const phone = await group.server.agent("tcp");
      const uri = `sip:100@127.0.0.1:${group.server.port}`;
      const answer = phone.askWithLogin({ method: "MESSAGE", uri, body: "x" }, login(caller));
      const seen = await pbx.receiveRequest("MESSAGE");
      expect(seen.uri).toBe(uri);
      pbx.send(pbx.reply(seen, 202, "Accepted"));
      expect((await answer).status).toBe(202);
      expect((await phone.ask({ method: "MESSAGE", uri })).status).toBe(407);
      expect(pbx.received).toHaveLength(1);
    } finally {
      pbx.close();
    }
  });
});

/** A request to a registered user, by somebody without a password; what comes of it. */
async function reach(from: SipAgent, phone: SipAgent, uri: string): Promise<number> {
  const request = from.request({ method: "MESSAGE", uri, from: `<sip:x@pbx.example.com>;tag=${unique("t")}` });
  from.send(request.raw);
  const final = from.receiveFinal(request);
  const seen = await Promise.race([phone.receiveRequest("MESSAGE"), final]);
  if (seen.method !== "") phone.send(phone.reply(seen, 200, "OK"));
  return (await final).status;
}

describeTargets("calls from the PBX", { defines: { PBX: '"127.0.0.1"' } }, (group) => {
  const user = group.user("user");
  test("need no password, and end here when we do not know the name; registering still needs one", async () => {
    const [pbx, phone] = [await group.server.agent("udp"), await group.server.agent("udp")];
    expect((await phone.ask({ method: "REGISTER", to: `<sip:${user}@127.0.0.1>` })).status).toBe(401);
    expect((await phone.register(login(user))).status).toBe(200);
    expect(await reach(pbx, phone, `sip:${user}@127.0.0.1:${group.server.port}`)).toBe(200);
    expect((await pbx.ask({ method: "INVITE", uri: `sip:100@127.0.0.1:${group.server.port}` })).status).toBe(404);
  });
});

describeTargets("calls from strangers", { defines: { WITH_STRANGERS: 1 } }, (group) => {
  const user = group.user("user");
  test("reach our users and nobody else, and cannot bear our users' names", async () => {
    const [stranger, phone] = [await group.server.agent("udp"), await group.server.agent("udp")];
    expect((await phone.register(login(user))).status).toBe(200);
    const uri = `sip:${user}@127.0.0.1:${group.server.port}`;
    expect(await reach(stranger, phone, uri)).toBe(200);
    const elsewhere = { method: "MESSAGE", uri: phone.contact(user), from: "<sip:x@example.com>;tag=1" };
    expect((await stranger.ask(elsewhere)).status).toBe(407);
    expect((await stranger.ask({ method: "MESSAGE", uri, from: stranger.from(user) })).status).toBe(407);
  });
});
