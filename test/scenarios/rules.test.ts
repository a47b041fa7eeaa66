// What the default configuration lets through and what it refuses, said message by message.

import { expect, test } from "vitest";
import { type SipAgent, type Transport, unique } from "../support/sip-agent.ts";
import { param, readSip, type SipText, uriOf } from "../support/sip-text.ts";
import { describeTargets, login } from "../support/targets.ts";

const TRANSPORTS = ["udp", "tcp"] as const;

/** Waits a moment in which nothing may come. An OPTIONS that is answered proves that the server had the time. */
async function expectSilence(agent: SipAgent, callId: string): Promise<void> {
  expect((await agent.ask({ method: "OPTIONS" })).status).toBe(200);
  expect(agent.received.filter((message) => message.first("Call-ID") === callId)).toEqual([]);
}

describeTargets("rules", { defines: { DEAD_MILLISECONDS: 1500, RING_MILLISECONDS: 3000 } }, (group) => {
  const agentOn = (transport: Transport) => group.server.agent(transport);
  const uri = (user: string) => `sip:${user}@127.0.0.1:${group.server.port}`;

  for (const transport of TRANSPORTS) {
    test.concurrent(`OPTIONS is answered over ${transport}, where it came from`, async () => {
      const agent = await agentOn(transport);
      const request = agent.request({ method: "OPTIONS" });
      agent.send(request.raw);
      const reply = await agent.receiveFinal(request);
      expect(reply.status).toBe(200);
      const via = reply.first("Via");
      expect(reply.all("Via")).toHaveLength(1);
      expect(param(via, "branch")).toBe(param(request.first("Via"), "branch"));
      expect(param(via, "rport")).toBe(String(agent.port));
      expect(param(via, "received")).toBe("127.0.0.1");
      expect(reply.first("From")).toBe(request.first("From"));
      expect(param(reply.first("To"), "tag")).toBeTruthy();
    });

    test.concurrent(`Max-Forwards 0 ends the way over ${transport}`, async () => {
      const agent = await agentOn(transport);
      for (const method of ["OPTIONS", "INVITE", "MESSAGE"]) {
        const reply = await agent.ask({ method, uri: uri("anybody"), maxForwards: 0 });
        expect(reply.status).toBe(483);
      }
    });

    test.concurrent(`scanners hear nothing over ${transport}`, async () => {
      const agent = await agentOn(transport);
      for (const name of ["friendly-scanner", "sipvicious/0.3", "SIPCLI 1.0"]) {
        const callId = unique("scan");
        agent.send(agent.request({ method: "OPTIONS", callId, headers: [`User-Agent: ${name}`] }).raw);
        await expectSilence(agent, callId);
      }
    });

    const target = group.user(`target-${transport}`);
    const friend = group.user(`friend-${transport}`);
    test.concurrent(`strangers are challenged and reach nobody over ${transport}`, async () => {
      const phone = await agentOn("udp");
      expect((await phone.register(login(target))).status).toBe(200);
      const stranger = await agentOn(transport);
      for (const method of ["INVITE", "MESSAGE", "BYE", "SUBSCRIBE"]) {
        for (const to of [uri(target), "sip:someone@192.0.2.9", `sip:someone@127.0.0.1:${phone.port}`]) {
          const from = `<sip:stranger@example.com>;tag=${unique("t")}`;
          expect((await stranger.ask({ method, uri: to, from })).status).toBe(407);
          expect((await stranger.ask({ method, uri: to, from: stranger.from(friend) })).status).toBe(407);
        }
      }
      // Preloaded routes are no way around it.
      const routed = { method: "INVITE", uri: phone.contact(target), headers: [`Route: <${uri("x")};lr>`] };
      expect((await stranger.ask(routed)).status).toBe(407);
      expect(phone.received.filter((message) => message.method !== "")).toEqual([]);
    });

    test.concurrent(`a user cannot call under another's name over ${transport}`, async () => {
      const agent = await agentOn(transport);
      const reply = await agent.askWithLogin(
        { method: "MESSAGE", uri: uri(target), from: agent.from(target), body: "x" },
        login(friend),
      );
      expect(reply.status).toBe(407);
    });

    test.concurrent(`requests of calls that do not exist are refused over ${transport}`, async () => {
      const agent = await agentOn(transport);
      const to = `<${uri("gone")}>;tag=gone`;
      expect((await agent.ask({ method: "BYE", uri: uri("gone"), to })).status).toBe(404);
      const callId = unique("call");
      agent.send(agent.request({ method: "ACK", uri: uri("gone"), to, callId }).raw);
      agent.send(agent.request({ method: "CANCEL", uri: uri("gone"), callId }).raw);
      await expectSilence(agent, callId);
    });

    const [alice, bob] = [group.user(`alice-${transport}`), group.user(`bob-${transport}`)];
    test.concurrent(`the path of a call, header by header, over ${transport}`, async () => {
      const [caller, phone] = [await agentOn(transport), await agentOn("udp")];
      expect((await phone.register(login(bob))).status).toBe(200);

      // The INVITE that the telephone sees.
      let invite: SipText | undefined;
      const answer = caller.askWithLogin(
        { method: "INVITE", uri: uri(bob), headers: [`Contact: <${caller.contact(alice)}>`], body: "v=0\r\n" },
        login(alice),
        (request) => {
          invite = request;
        },
      );
      const seen = await phone.receiveRequest("INVITE");
      expect(seen.uri).toBe(phone.contact(bob));
      expect(seen.first("Max-Forwards")).toBe("69");
      expect(seen.all("Proxy-Authorization")).toEqual([]);
      expect(seen.first("Contact")).toBe(`<${caller.contact(alice)}>`);
      expect(seen.body).toBe("v=0\r\n");
      expect(seen.all("Via")).toHaveLength(2);
      expect(seen.first("Via")).toContain(`SIP/2.0/UDP 127.0.0.1:${group.server.port};branch=z9hG4bK`);
      expect(param(seen.all("Via")[1]!, "branch")).toBe(param(invite!.first("Via"), "branch"));
      expect(param(seen.all("Via")[1]!, "rport")).toBe(String(caller.port));

      // A change of transport is recorded on both sides (RFC 5658): the side of the telephone on top.
      const path = seen.all("Record-Route");
      expect(path).toHaveLength(transport === "udp" ? 1 : 2);
      for (const hop of path) expect(uriOf(hop)).toMatch(new RegExp(`^sip:127\\.0\\.0\\.1:${group.server.port};.*lr`));
      expect(path[0]).not.toMatch(/transport=tcp/i);
      if (transport === "tcp") expect(path[1]).toMatch(/transport=tcp/i);

      // The answer on its way back.
      phone.send(phone.reply(seen, 180, "Ringing", [`Contact: <${phone.contact(bob)}>`]));
      await caller.receiveReply(invite!, (status) => status === 180, "180");
      phone.send(phone.reply(seen, 200, "OK", [`Contact: <${phone.contact(bob)}>`]));
      const ok = await answer;
      expect(ok.status).toBe(200);
      expect(ok.all("Via")).toHaveLength(1);
      expect(ok.all("Record-Route")).toEqual(path);

      // From here on along the path, in both directions.
      const dialog = { callId: seen.first("Call-ID"), from: seen.first("From"), to: ok.first("To") };
      const routes = path.toReversed().map((hop) => `Route: ${hop}`);
      caller.send(caller.request({ ...dialog, method: "ACK", uri: phone.contact(bob), cseq: 2, headers: routes }).raw);
      const ack = await phone.receiveRequest("ACK");
      expect(ack.uri).toBe(phone.contact(bob));
      expect(ack.all("Route")).toEqual([]);
      expect(ack.first("CSeq")).toBe("2 ACK");

      const back = { ...dialog, from: dialog.to, to: dialog.from };
      const bye = phone.request({
        ...back,
        method: "BYE",
        uri: caller.contact(alice),
        headers: path.map((hop) => `Route: ${hop}`),
      });
      phone.send(bye.raw);
      const hungUp = await caller.receiveRequest("BYE");
      expect(hungUp.uri).toBe(caller.contact(alice));
      expect(hungUp.all("Route")).toEqual([]);
      caller.send(caller.reply(hungUp, 200, "OK"));
      expect((await phone.receiveFinal(bye)).status).toBe(200);
    });

    const [anna, dead] = [group.user(`anna-${transport}`), group.user(`dead-${transport}`)];
    test.concurrent(`a dead telephone: 408 soon, and the request was repeated to it, over ${transport}`, async () => {
      const [caller, phone] = [await agentOn(transport), await agentOn("udp")];
      await phone.register(login(dead));
      const reply = await caller.askWithLogin({ method: "INVITE", uri: uri(dead) }, login(anna));
      expect(reply.status).toBe(408);
      const copies = phone.received.filter((message) => message.method === "INVITE");
      expect(copies.length).toBeGreaterThanOrEqual(2);
      expect(new Set(copies.map((copy) => copy.raw)).size).toBe(1);
    });
  }

  const [rita, otto] = [group.user("rita"), group.user("otto")];
  test.concurrent("what is repeated is absorbed and answered again", async () => {
    const [caller, phone] = [await agentOn("udp"), await agentOn("udp")];
    await phone.register(login(otto));
    let invite: SipText | undefined;
    const answer = caller.askWithLogin({ method: "INVITE", uri: uri(otto) }, login(rita), (request) => {
      invite = request;
    });
    const seen = await phone.receiveRequest("INVITE");
    phone.send(phone.reply(seen, 100, "Trying"));
    phone.send(phone.reply(seen, 180, "Ringing"));
    const isRinging = (status: number) => status === 180;
    await caller.receiveReply(invite!, isRinging, "180");
    caller.send(invite!.raw);
    caller.send(invite!.raw);
    await caller.receiveReply(invite!, isRinging, "180 again");
    await caller.receiveReply(invite!, isRinging, "180 once more");
    phone.send(phone.reply(seen, 486, "Busy Here"));
    const busy = await answer;
    expect(busy.status).toBe(486);
    await phone.receiveRequest("ACK");
    // No ACK from the caller yet: the proxy repeats the refusal, and again when the INVITE comes again.
    expect((await caller.receiveFinal(invite!)).status).toBe(486);
    caller.send(invite!.raw);
    expect((await caller.receiveFinal(invite!)).status).toBe(486);
    caller.send(caller.ackRefusal(invite!, busy));
    // The telephone did not hear our ACK: it is acknowledged again, the caller hears nothing of that.
    phone.send(phone.reply(seen, 486, "Busy Here"));
    await phone.receiveRequest("ACK");
    expect(phone.received.filter((message) => message.method === "INVITE")).toHaveLength(1);
    // This ACK is the proxy's own: the caller's ends there.
    expect(phone.received.filter((message) => message.method === "ACK")).toHaveLength(2);
  });

  const [karl, olga] = [group.user("karl"), group.user("olga")];
  test.concurrent("a CANCEL on the heels of its INVITE is not lost", async () => {
    const [caller, phone] = [await agentOn("udp"), await agentOn("udp")];
    await phone.register(login(olga));
    const answer = caller.askWithLogin({ method: "INVITE", uri: uri(olga) }, login(karl), (request) => {
      setImmediate(() => caller.send(caller.cancel(request)));
    });
    const seen = await phone.receiveRequest("INVITE");
    phone.send(phone.reply(seen, 100, "Trying"));
    // It may come only after a provisional reply (RFC 3261 9.1).
    const cancel = await phone.receiveRequest("CANCEL");
    expect(cancel.uri).toBe(seen.uri);
    expect(cancel.all("Via")).toEqual([seen.first("Via")]);
    phone.send(phone.reply(cancel, 200, "OK"));
    phone.send(phone.reply(seen, 487, "Request Terminated"));
    expect((await answer).status).toBe(487);
  });

  const eve = group.user("eve");
  test.concurrent("a password's proof works once", async () => {
    const agent = await agentOn("udp");
    const to = `<${uri(eve)}>`;
    let proof: SipText | undefined;
    const parts = { method: "REGISTER", to, headers: [`Contact: <${agent.contact(eve)}>`] };
    const keep = (request: SipText) => {
      proof = request;
    };
    expect((await agent.askWithLogin(parts, login(eve), keep)).status).toBe(200);
    const replay = readSip(
      proof!.raw
        .replace(/branch=[^;]*/, `branch=z9hG4bK${unique("r")}`)
        .replace(/Call-ID: .*/, `Call-ID: ${unique("c")}`),
    );
    agent.send(replay.raw);
    expect((await agent.receiveFinal(replay)).status).toBe(401);
  });
});
