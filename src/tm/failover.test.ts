// The other targets of a next hop (test/support/tm-bed.ts: "b1-or-b2" is a host with two): when they are tried, and what comes of it.

import { describe, expect, test } from "vitest";
import { Bed } from "../../test/support/tm-bed.ts";
import { bytesOf, textOf } from "../util/bytes.ts";

class Lab {
  time = 1000;
  readonly sent: { to: string; text: string; at: number }[] = [];
  readonly bed: Bed;
  private seed = 1;
  constructor(reliable = false) {
    this.bed = new Bed({
      now: () => this.time,
      random: () => (this.seed = (Math.imul(this.seed, 1103515245) + 12345) >>> 0),
      put: (to, buf, start, end) => {
        if (to.startsWith("refuses")) return false;
        this.sent.push({ to, text: textOf(buf, start, end), at: this.time });
        return true;
      },
      reliable: (name) => reliable && name !== "c",
    });
  }
  request(method: string, host: string): void {
    this.in(
      `${method} sip:x@${host} SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@c>;tag=f\r\nTo: <sip:b@d>\r\n` +
        `Call-ID: i\r\nCSeq: 1 ${method}\r\nContent-Length: 0\r\n\r\n`,
      "c",
    );
  }
  /** What a target answers to the last request it got. */
  reply(from: string, code: number): void {
    const { text } = this.sent.findLast((s) => s.to === from && !s.text.startsWith("ACK"))!;
    const lines = text.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
    const tagged = lines.map((line) => (line.startsWith("To:") ? `${line};tag=t` : line));
    this.in(`SIP/2.0 ${code} X\r\n${tagged.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`, from);
  }
  in(text: string, from: string): void {
    const bytes = bytesOf(text);
    this.bed.receive(bytes, 0, bytes.length, from);
  }
  run(ms: number): void {
    const end = this.time + ms;
    for (; this.time < end; this.time += 10) this.bed.wheel.advance(this.time);
  }
  /** Since the last call, without repetitions: "b1: INVITE". */
  take(): string[] {
    const lines = this.sent.splice(0).map(({ to, text }) => {
      const line = text.slice(0, text.indexOf("\r\n"));
      return `${to}: ${line.startsWith("SIP/2.0") ? line.slice(8, 11) : line.split(" ")[0]}`;
    });
    return [...new Set(lines)];
  }
  branches(): string[] {
    return this.sent.flatMap(({ to, text }) =>
      to === "c" ? [] : [`${to} ${/^Via: .*branch=\S*\.(\d+)/m.exec(text)?.[1] ?? text}`],
    );
  }
}

describe.each(["INVITE", "MESSAGE"])("%s", (method) => {
  const trying = method === "INVITE" ? ["c: 100"] : [];
  const ack = (who: string) => (method === "INVITE" ? [`${who}: ACK`] : []);

  test("silence: each target has its own time", () => {
    const lab = new Lab();
    lab.request(method, "b1-or-b2-or-b3");
    expect(lab.take()).toEqual([...trying, `b1: ${method}`]);
    lab.run(29_900);
    expect(lab.take()).toEqual([`b1: ${method}`]);
    lab.run(200);
    expect(lab.take()).toEqual([`b2: ${method}`]);
    if (method === "MESSAGE") {
      lab.run(2000); // max_noninv_lifetime
      expect(lab.take().at(-1)).toBe("c: 408");
      return;
    }
    lab.run(29_700);
    expect(lab.take()).toEqual([`b2: ${method}`]);
    lab.run(400);
    expect(lab.take()).toEqual([`b3: ${method}`]);
    lab.run(30_100);
    expect(lab.take()).toContain("c: 408");
  });

  test("503: at once; the second one answers", () => {
    const lab = new Lab();
    lab.request(method, "b1-or-b2");
    lab.reply("b1", 503);
    expect(lab.branches().at(-1)).toBe("b2 1");
    lab.request(method, "b1-or-b2"); // a retransmission of the client
    lab.reply("b2", 200);
    expect(lab.take()).toEqual([...trying, `b1: ${method}`, ...ack("b1"), `b2: ${method}`, "c: 200"]);
  });

  test("all say 503: one answer", () => {
    const lab = new Lab();
    lab.request(method, "b1-or-b2");
    lab.reply("b1", 503);
    lab.reply("b2", 503);
    expect(lab.take()).toEqual([
      ...[...trying, `b1: ${method}`, ...ack("b1"), `b2: ${method}`, ...ack("b2"), "c: 500"],
    ]);
  });

  test("other refusals stand", () => {
    for (const code of [404, 500, 603]) {
      const lab = new Lab();
      lab.request(method, "b1-or-b2");
      lab.reply("b1", code);
      expect(lab.take()).toEqual([...trying, `b1: ${method}`, ...ack("b1"), `c: ${code}`]);
    }
  });

  test("a refusal of the second stands, whatever became of the first", () => {
    const lab = new Lab();
    lab.request(method, "b1-or-b2");
    lab.run(30_100);
    lab.reply("b2", 404);
    expect(lab.take().at(-1)).toBe("c: 404");
  });

  test("what the transport refuses never was: no gap in the numbers", () => {
    const lab = new Lab();
    lab.request(method, "refuses1-or-b1-or-refuses2-or-b2");
    expect(lab.branches()).toEqual(["b1 0"]);
    lab.reply("b1", 503);
    expect(lab.branches().at(-1)).toBe("b2 1");
  });

  test("nobody can be reached", () => {
    const lab = new Lab();
    lab.request(method, "refuses1-or-refuses2");
    expect(lab.take()).toEqual([...trying, "c: 500"]);
    const later = new Lab();
    later.request(method, "b1-or-refuses2");
    later.run(30_100);
    expect(later.take().at(-1)).toBe("c: 408");
  });

  test("the connection or the port is gone", () => {
    for (const reliable of [false, true]) {
      const lab = new Lab(reliable);
      lab.request(method, "b1-or-b2");
      lab.bed.tm.targetFailed(lab.bed.peer("b1"));
      expect(lab.take()).toEqual([...trying, `b1: ${method}`, `b2: ${method}`]);
      lab.bed.tm.targetFailed(lab.bed.peer("b2"));
      expect(lab.take()).toEqual(reliable ? ["c: 500"] : []); // the last one may still answer
    }
  });

  test("one that must be looked up", async () => {
    const lab = new Lab();
    lab.request(method, "b1-or-slow2-or-b3");
    lab.reply("b1", 503);
    expect(lab.take().at(-1)).toBe(method === "INVITE" ? "b1: ACK" : `b1: ${method}`);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    expect(lab.take()).toEqual([`slow2: ${method}`]);
    lab.run(30_100);
    expect(lab.take()).toContain(`b3: ${method}`);
  });

  test("one that must be looked up, and is refused then: the first one's failure is told", async () => {
    const lab = new Lab();
    lab.request(method, "b1-or-slowly");
    const refuse = lab.bed.peer("slowly");
    refuse.send = () => false;
    lab.reply("b1", 503);
    for (let i = 0; i < 6; i++) await Promise.resolve();
    expect(lab.take().at(-1)).toBe("c: 500");
    lab.run(40_000);
    expect(lab.bed.tm.table.count).toBe(0);
  });

  test("t_set_disable_failover", () => {
    const lab = new Lab();
    lab.bed.routes.branch = (tx) => {
      tx.noFailover = true;
      return 0;
    };
    lab.request(method, "b1-or-b2");
    lab.run(30_100);
    expect(lab.take()).not.toContain(`b2: ${method}`);
  });

  test("the failure of each is told; the failure route sees the last choice", () => {
    const lab = new Lab();
    const seen: string[] = [];
    lab.bed.routes.branchFailure = (_, branch) => void seen.push(`branch ${branch.number} ${branch.status}`);
    lab.bed.routes.failure = (_, winner) => void seen.push(`failure ${winner.number} ${winner.status}`);
    lab.request(method, "b1-or-b2");
    lab.run(30_100);
    lab.reply("b2", 404);
    expect(seen).toEqual(["branch 0 408", "branch 1 404", "failure 1 404"]);
  });

  test("nothing stays behind", () => {
    const lab = new Lab();
    for (const host of ["b1-or-b2", "refuses-or-b1", "b1"]) {
      lab.request(method, host);
      lab.run(10);
      lab.reply("b1", 503);
      lab.run(90_000);
      expect(lab.bed.tm.table.count).toBe(0);
      expect(lab.bed.wheel.count).toBe(0);
    }
  });
});

test("an INVITE that has rung once is not sent elsewhere", () => {
  const lab = new Lab();
  lab.request("INVITE", "b1-or-b2");
  lab.reply("b1", 180);
  lab.run(121_000);
  expect(lab.take()).not.toContain("b2: INVITE");
});

test("after CANCEL no other target is tried", () => {
  const lab = new Lab();
  lab.request("INVITE", "b1-or-b2");
  lab.in(
    "CANCEL sip:x@b1-or-b2 SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@c>;tag=f\r\nTo: <sip:b@d>\r\n" +
      "Call-ID: i\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n",
    "c",
  );
  lab.run(31_000);
  const sent = lab.take();
  expect(sent).not.toContain("b2: INVITE");
  expect(sent.at(-1)).toBe("c: 487");
});
