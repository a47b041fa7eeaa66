// The engine with a thin proxy on it (test/support/tm-bed.ts): what goes out for what comes in, and when.

import { describe, expect, test } from "vitest";
import { Bed, destination } from "../../test/support/tm-bed.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { forward, RelayError } from "./index.ts";

const OK = "m-ok";

class Lab {
  time = 1000;
  readonly sent: { to: string; text: string; at: number }[] = [];
  private seed = 1;
  readonly bed: Bed;
  constructor(reliable: (name: string) => boolean = () => false, maxTransactions = 1000) {
    this.bed = new Bed({
      now: () => this.time,
      random: () => (this.seed = (Math.imul(this.seed, 1103515245) + 12345) >>> 0),
      put: (to, buf, start, end) => {
        if (to === "refuses") return false;
        this.sent.push({ to, text: textOf(buf, start, end), at: this.time });
        return true;
      },
      reliable,
      maxTransactions,
    });
  }
  in(text: string, from: string): void {
    const bytes = bytesOf(text);
    this.bed.receive(bytes, 0, bytes.length, from);
  }
  run(ms: number): void {
    const end = this.time + ms;
    for (; this.time < end; this.time += 10) this.bed.wheel.advance(this.time);
    this.time = end;
    this.bed.wheel.advance(end);
  }
  /** What was sent since the last call, each as "to: first line", with a space-separated tail of CSeq's method for replies. */
  take(): string[] {
    return this.sent.splice(0).map(({ to, text }) => {
      const line = text.slice(0, text.indexOf("\r\n"));
      return text.startsWith("SIP/2.0")
        ? `${to}: ${line.slice(8, 11)} ${/CSeq: \d+ (\w+)/.exec(text)?.[1]}`
        : `${to}: ${line.split(" ")[0]}`;
    });
  }
  last(to: string, start: string): string {
    const found = this.sent.findLast((s) => s.to === to && s.text.startsWith(start));
    if (found === undefined) throw new Error(`nothing like ${start} was sent to ${to}`);
    return found.text;
  }
}

function request(method: string, uri: string, branch = "z9hG4bKc1", extra = ""): string {
  return (
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=${branch}\r\nMax-Forwards: 70\r\nFrom: <sip:a@c>;tag=f\r\n` +
    `To: <sip:b@d>\r\nCall-ID: ${OK}\r\nCSeq: 1 ${method === "ACK" ? "ACK" : method}\r\n${extra}Content-Length: 0\r\n\r\n`
  );
}

function reply(req: string, code: number, tag = "u", extra = ""): string {
  const lines = req.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq):/.test(l));
  return `SIP/2.0 ${code} Reason ${code}\r\n${lines.join("\r\n")}\r\nTo: <sip:b@d>;tag=${tag}\r\n${extra}Content-Length: 0\r\n\r\n`;
}

describe("a request that is not INVITE", () => {
  test("is relayed, its reply goes back, repetitions get the reply again, and nothing is left", () => {
    const lab = new Lab();
    lab.in(request("MESSAGE", "sip:x@b1"), "c");
    const out = lab.last("b1", "MESSAGE");
    expect(out).toContain("\r\nVia: SIP/2.0/UDP proxy;branch=z9hG4bK0.");
    expect(lab.take()).toEqual(["b1: MESSAGE"]);
    lab.in(request("MESSAGE", "sip:x@b1"), "c");
    expect(lab.take()).toEqual([]);
    lab.in(reply(out, 200), "b1");
    expect(lab.last("c", "SIP")).toBe(reply(request("MESSAGE", "sip:x@b1"), 200));
    lab.take();
    lab.in(request("MESSAGE", "sip:x@b1"), "c");
    lab.in(reply(out, 200), "b1");
    expect(lab.take()).toEqual(["c: 200 MESSAGE"]);
    lab.run(5020);
    expect([lab.bed.tm.table.count, lab.bed.wheel.count]).toEqual([0, 0]);
  });

  test("is repeated after 0.5, 1, 2, 4, 4 … s and answered 408 after 30 s", () => {
    const lab = new Lab();
    lab.in(request("MESSAGE", "sip:x@b1"), "c");
    lab.run(31_000);
    const times = lab.sent.filter((s) => s.to === "b1").map((s) => Math.round((s.at - 1000) / 100) / 10);
    expect(times).toEqual([0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5]);
    expect(lab.last("c", "SIP")).toContain("408 Request Timeout");
  });

  test("is not repeated over a reliable transport", () => {
    const lab = new Lab(() => true);
    lab.in(request("MESSAGE", "sip:x@b1"), "c");
    lab.run(29_000);
    expect(lab.take()).toEqual(["b1: MESSAGE"]);
  });

  test("fails when its connection goes, alone of all; ended transactions are not asked", () => {
    const lab = new Lab(() => true);
    const { tm } = lab.bed;
    lab.in(request("MESSAGE", "sip:x@b1", "z9hG4bKa"), "c");
    lab.in(request("MESSAGE", "sip:x@b2", "z9hG4bKb"), "c");
    expect(lab.take()).toEqual(["b1: MESSAGE", "b2: MESSAGE"]);
    tm.targetFailed(lab.bed.peer("b1"));
    expect(lab.take()).toEqual(["c: 500 MESSAGE"]);
    tm.targetFailed(lab.bed.peer("b1"));
    lab.in(request("MESSAGE", "sip:x@b1", "z9hG4bKc"), "c");
    lab.take();
    tm.targetFailed(lab.bed.peer("b1"), 477);
    expect(lab.last("c", "SIP")).toContain("477 Unfortunately error on sending to next hop occurred (477/TM)");
    lab.take();
    lab.run(60_000);
    expect(lab.take()).toEqual(["c: 408 MESSAGE"]);
    expect(tm.table.count).toBe(0);
    tm.targetFailed(lab.bed.peer("b2"));
    expect(lab.take()).toEqual([]);
  });

  test("is refused by RelayError when it cannot be sent", () => {
    const lab = new Lab();
    lab.in(request("MESSAGE", "sip:x@refuses"), "c");
    expect(lab.take()).toEqual(["c: 500 MESSAGE"]);
    lab.run(10_000);
    expect(lab.bed.tm.table.count).toBe(0);
  });

  test("beyond the bound of the table is refused and counted", () => {
    const lab = new Lab(() => false, 1);
    lab.in(request("MESSAGE", "sip:x@b1", "z9hG4bKa"), "c");
    lab.in(request("MESSAGE", "sip:x@b1", "z9hG4bKb"), "c");
    expect(lab.take()).toEqual(["b1: MESSAGE"]);
    expect(lab.bed.tm.table.counters.refused).toBe(1);
  });
});

describe("INVITE", () => {
  test("gets 100 at once, its replies but 100, and the ACK of a 2xx passes", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:x@b1"), "c");
    const out = lab.last("b1", "INVITE");
    expect(lab.take()).toEqual(["c: 100 INVITE", "b1: INVITE"]);
    lab.in(reply(out, 100), "b1");
    lab.in(reply(out, 180), "b1");
    expect(lab.take()).toEqual(["c: 180 INVITE"]);
    lab.in(request("INVITE", "sip:x@b1"), "c");
    expect(lab.take()).toEqual(["c: 180 INVITE"]);
    lab.in(reply(out, 200), "b1");
    lab.in(reply(out, 200), "b1");
    expect(lab.take()).toEqual(["c: 200 INVITE", "c: 200 INVITE"]);
    lab.in(request("ACK", "sip:x@b1", "z9hG4bKother"), "c");
    expect(lab.take()).toEqual(["b1: ACK"]);
    lab.run(5100);
    expect([lab.bed.tm.table.count, lab.bed.wheel.count]).toEqual([0, 0]);
  });

  test("a failure is acknowledged here, passed on, repeated until the client's ACK, which ends here", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:x@b1"), "c");
    const out = lab.last("b1", "INVITE");
    lab.take();
    lab.in(reply(out, 486), "b1");
    const ack = lab.last("b1", "ACK");
    expect(ack).toContain("To: <sip:b@d>;tag=u\r\n");
    expect(ack.split("\r\n")[1]).toBe(out.split("\r\n")[1]);
    expect(ack).not.toContain("Via: SIP/2.0/UDP c;");
    expect(ack).toContain("CSeq: 1 ACK\r\n");
    expect(lab.take()).toEqual(["b1: ACK", "c: 486 INVITE"]);
    lab.in(reply(out, 486), "b1");
    expect(lab.take()).toEqual(["b1: ACK"]);
    lab.run(1600);
    expect(lab.take()).toEqual(["c: 486 INVITE", "c: 486 INVITE"]);
    lab.in(request("ACK", "sip:x@b1"), "c");
    lab.run(4000);
    expect(lab.take()).toEqual([]);
    lab.run(2000);
    expect([lab.bed.tm.table.count, lab.bed.wheel.count]).toEqual([0, 0]);
  });

  test("503 goes back as a 500 of our own", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:x@b1"), "c");
    lab.in(reply(lab.last("b1", "INVITE"), 503), "b1");
    expect(lab.last("c", "SIP/2.0 5")).toContain("SIP/2.0 500 Service Unavailable\r\n");
  });

  test("no reply at all: 408; ringing without end: CANCEL and 408", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:x@b1"), "c");
    lab.run(30_100);
    expect(lab.last("c", "SIP/2.0 4")).toContain("408 Request Timeout");
    const lab2 = new Lab();
    lab2.in(request("INVITE", "sip:x@b1"), "c");
    lab2.in(reply(lab2.last("b1", "INVITE"), 180), "b1");
    lab2.take();
    lab2.run(119_900);
    expect(lab2.take()).toEqual([]);
    lab2.run(200);
    expect(lab2.take()).toEqual(["b1: CANCEL", "c: 408 INVITE"]);
    lab2.in(request("ACK", "sip:x@b1"), "c");
    lab2.run(60_000);
    expect([lab2.bed.tm.table.count, lab2.bed.wheel.count]).toEqual([0, 0]);
  });

  test("an INVITE without the cookie of RFC 3261 is recognised again, and so is its ACK", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:x@b1", "old"), "c");
    lab.in(request("INVITE", "sip:x@b1", "old"), "c");
    expect(lab.take()).toEqual(["c: 100 INVITE", "b1: INVITE", "c: 100 INVITE"]);
    lab.bed.tm.sendReply(lab.bed.tm.table.all().next().value!, 404, "", "");
    lab.in(request("ACK", "sip:x@b1", "old"), "c");
    lab.take();
    lab.run(3000);
    expect(lab.take().filter((line) => line.startsWith("c:"))).toEqual([]);
  });
});

describe("CANCEL", () => {
  test("before a provisional reply waits for one (RFC 3261 9.1), and the 487 goes back", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:x@b1"), "c");
    const out = lab.last("b1", "INVITE");
    lab.take();
    lab.in(request("CANCEL", "sip:x@b1"), "c");
    expect(lab.take()).toEqual(["c: 200 CANCEL"]);
    lab.in(reply(out, 180), "b1");
    const cancel = lab.last("b1", "CANCEL");
    expect(cancel.split("\r\n")[1]).toBe(out.split("\r\n")[1]);
    expect(lab.take()).toEqual(["b1: CANCEL"]); // the 180 is for nobody
    lab.run(600);
    expect(lab.take()).toEqual(["b1: CANCEL"]);
    lab.in(reply(cancel, 200), "b1");
    lab.run(3000);
    expect(lab.take()).toEqual([]);
    lab.in(reply(out, 487), "b1");
    expect(lab.take()).toEqual(["b1: ACK", "c: 487 INVITE"]);
  });

  test("crossing a 2xx changes nothing: the 2xx goes back", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:x@b1"), "c");
    const out = lab.last("b1", "INVITE");
    lab.in(reply(out, 180), "b1");
    lab.in(request("CANCEL", "sip:x@b1"), "c");
    lab.take();
    lab.in(reply(out, 200), "b1");
    expect(lab.take()).toEqual(["c: 200 INVITE"]);
    lab.run(6000);
    expect([lab.bed.tm.table.count, lab.bed.wheel.count]).toEqual([0, 0]);
  });

  test("of a branch that never answers: 487 when its time is over", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:x@b1"), "c");
    lab.in(request("CANCEL", "sip:x@b1"), "c");
    lab.run(30_100);
    expect(lab.last("c", "SIP/2.0 4")).toContain("487 Request Terminated");
  });
});

describe("forking", () => {
  test("the first 2xx wins, the others are cancelled with a Reason, a late 2xx passes too", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:fork=b1+b2+b3@p"), "c");
    const [i1, i2, i3] = ["b1", "b2", "b3"].map((b) => lab.last(b, "INVITE"));
    expect(lab.take()).toEqual(["c: 100 INVITE", "b1: INVITE", "b2: INVITE", "b3: INVITE"]);
    lab.in(reply(i1!, 180), "b1");
    lab.in(reply(i2!, 180), "b2");
    lab.take();
    lab.in(reply(i2!, 200), "b2");
    expect(lab.last("b1", "CANCEL")).toContain('Reason: SIP;cause=200;text="Call completed elsewhere"\r\n');
    expect(lab.take()).toEqual(["c: 200 INVITE", "b1: CANCEL"]);
    lab.in(reply(i3!, 180), "b3");
    expect(lab.last("b3", "CANCEL")).toContain('Reason: SIP;cause=200;text="Call completed elsewhere"\r\n');
    expect(lab.take()).toEqual(["b3: CANCEL"]);
    lab.in(reply(i1!, 487), "b1");
    expect(lab.take()).toEqual(["b1: ACK"]);
    lab.in(reply(i3!, 200), "b3");
    expect(lab.take()).toEqual(["c: 200 INVITE"]);
    lab.run(6000);
    expect([lab.bed.tm.table.count, lab.bed.wheel.count]).toEqual([0, 0]);
  });

  test("the transaction stays while a branch is out, longer than its last wait", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:fork=b1+b2@p"), "c");
    const i1 = lab.last("b1", "INVITE");
    lab.in(reply(lab.last("b2", "INVITE"), 200), "b2");
    lab.run(8000);
    lab.take();
    lab.in(reply(i1, 180), "b1");
    lab.in(reply(i1, 487), "b1");
    expect(lab.take()).toEqual(["b1: CANCEL", "b1: ACK"]);
    lab.run(6000);
    expect([lab.bed.tm.table.count, lab.bed.wheel.count]).toEqual([0, 0]);
  });

  test("of failures the best goes back, once, when all are in; challenges are joined", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:fork=b1+b2+b3@p"), "c");
    const [i1, i2, i3] = ["b1", "b2", "b3"].map((b) => lab.last(b, "INVITE"));
    lab.take();
    lab.in(reply(i1!, 401, "x", "WWW-Authenticate: Digest realm=one\r\n"), "b1");
    lab.in(reply(i2!, 500), "b2");
    expect(lab.take()).toEqual(["b1: ACK", "b2: ACK"]);
    lab.in(reply(i3!, 407, "y", "Proxy-Authenticate: Digest realm=two\r\n"), "b3");
    const back = lab.last("c", "SIP/2.0 401");
    expect(back).toContain("realm=one");
    expect(back).toContain("realm=two");
    expect(lab.take()).toEqual(["b3: ACK", "c: 401 INVITE"]);
  });

  test("a 6xx cancels the others and goes back when they have ended", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:fork=b1+b2@p"), "c");
    const [i1, i2] = ["b1", "b2"].map((b) => lab.last(b, "INVITE"));
    lab.in(reply(i1!, 180), "b1");
    lab.take();
    lab.in(reply(i2!, 603), "b2");
    expect(lab.take()).toEqual(["b2: ACK", "b1: CANCEL"]);
    lab.in(reply(i1!, 487), "b1");
    expect(lab.take()).toEqual(["b1: ACK", "c: 603 INVITE"]);
  });

  test("a branch that cannot be sent does not count while another can", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:fork=nowhere+b2@p"), "c");
    lab.in(reply(lab.last("b2", "INVITE"), 486), "b2");
    expect(lab.take()).toEqual(["c: 100 INVITE", "b2: INVITE", "b2: ACK", "c: 486 INVITE"]);
  });
});

describe("routes", () => {
  test("a failure route starts another leg, whose failure goes back", () => {
    const lab = new Lab();
    lab.bed.routes.failure = (tx) => {
      expect(forward(lab.bed.tm, tx, tx.ownRequest(), [destination("sip:x@b2")], true)).toBe(1);
    };
    lab.in(request("INVITE", "sip:x@b1"), "c");
    lab.take();
    lab.in(reply(lab.bed.tm.table.count === 1 ? inviteOf(lab, "b1") : "", 404), "b1");
    expect(lab.take()).toEqual(["b1: ACK", "b2: INVITE"]);
    lab.in(reply(inviteOf(lab, "b2"), 486), "b2");
    expect(lab.take()).toEqual(["b2: ACK", "c: 486 INVITE"]);
  });

  test("while a failure route waits, a CANCEL is answered, and no further leg is started", async () => {
    const lab = new Lab();
    let go = (): void => {};
    let leg: number | Promise<number> = 0;
    lab.bed.routes.failure = async (tx) => {
      await new Promise<void>((resolve) => (go = resolve));
      leg = forward(lab.bed.tm, tx, tx.ownRequest(), [destination("sip:x@b2")], true);
    };
    lab.in(request("INVITE", "sip:x@b1"), "c");
    lab.in(reply(inviteOf(lab, "b1"), 404), "b1");
    lab.take();
    lab.in(request("CANCEL", "sip:x@b1"), "c");
    lab.run(1000);
    expect(lab.take()).toEqual(["c: 200 CANCEL"]);
    go();
    await turns();
    expect(leg).toBe(RelayError.FINAL);
    expect(lab.take()).toEqual(["c: 404 INVITE"]);
  });

  test("replies of a transaction whose onreply route waits keep their order", async () => {
    const lab = new Lab();
    const open: (() => void)[] = [];
    lab.bed.routes.reply = () => new Promise<boolean>((resolve) => open.push(() => resolve(false)));
    lab.in(request("INVITE", "sip:x@b1"), "c");
    const out = inviteOf(lab, "b1");
    lab.take();
    lab.in(reply(out, 180), "b1");
    lab.in(reply(out, 200), "b1");
    expect(lab.take()).toEqual([]);
    open[0]!();
    await turns();
    expect(lab.take()).toEqual(["c: 180 INVITE"]);
    open[1]!();
    await turns();
    expect(lab.take()).toEqual(["c: 200 INVITE"]);
    expect(lab.bed.errors).toEqual([]);
  });

  test("a branch route that waits delays only its own and later branches; a CANCEL meanwhile ends them unsent", async () => {
    const lab = new Lab();
    let go = (): void => {};
    lab.bed.routes.branch = (_tx, branch) =>
      branch.number === 1 ? new Promise<number>((resolve) => (go = () => resolve(0))) : 0;
    lab.in(request("INVITE", "sip:fork=b1+b2+b3@p"), "c");
    expect(lab.take()).toEqual(["c: 100 INVITE", "b1: INVITE"]);
    lab.in(reply(inviteOf(lab, "b1"), 486), "b1");
    lab.in(request("CANCEL", "sip:fork=b1+b2+b3@p"), "c");
    expect(lab.take()).toEqual(["b1: ACK", "c: 200 CANCEL"]);
    go();
    await turns();
    expect(lab.take()).toEqual(["c: 486 INVITE"]);
  });

  test("drop in an onreply route holds a provisional reply back, not a final one", () => {
    const lab = new Lab();
    lab.bed.routes.reply = () => true;
    lab.in(request("INVITE", "sip:x@b1"), "c");
    lab.take();
    lab.in(reply(inviteOf(lab, "b1"), 180), "b1");
    expect(lab.take()).toEqual([]);
    lab.in(reply(inviteOf(lab, "b1"), 200), "b1");
    expect(lab.take()).toEqual(["c: 200 INVITE"]);
  });

  test("a transaction that is final takes no further branch", () => {
    const lab = new Lab();
    lab.in(request("INVITE", "sip:x@b1"), "c");
    const tx = lab.bed.tm.table.all().next().value!;
    lab.bed.tm.sendReply(tx, 404, "", "");
    expect(forward(lab.bed.tm, tx, tx.ownRequest(), [null], false)).toBe(RelayError.FINAL);
  });
});

const invites = new WeakMap<Lab, Map<string, string>>();

/** The INVITE last sent to a host, also after take(). */
function inviteOf(lab: Lab, to: string): string {
  const known = invites.get(lab) ?? new Map<string, string>();
  for (const s of lab.sent) if (s.text.startsWith("INVITE")) known.set(s.to, s.text);
  invites.set(lab, known);
  const tx = lab.bed.tm.table.all().next().value!;
  for (const b of tx.branches) {
    const target = b.target as { name?: string } | null;
    if (target?.name === to && b.bytes !== null) return textOf(b.bytes, 0, b.bytes.length);
  }
  const text = known.get(to);
  if (text === undefined) throw new Error(`no INVITE to ${to}`);
  return text;
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
