// t_suspend and t_continue on a whole proxy: a request or a reply is put aside and goes on when another message says so. What is expected here was
// seen on Kamailio 5.6.3, but for what is named.

import { afterEach, describe, expect, test } from "vitest";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const CONFIG = `${modules("tmx")}
modparam("tm", "fr_timer", 2000)
request_route {
    if ($rU == "go-on") {
        $var(rc) = t_continue("$hdr(X-Index)", "$hdr(X-Label)", "$hdr(X-Route)");
        sl_send_reply("200", "rc $var(rc)");
        exit;
    }
    if (is_method("ACK")) { t_check_trans(); exit; }
    if (is_method("CANCEL")) { t_relay_cancel(); exit; }
    $du = "sip:192.0.2.10:7001";
    $avp(b) = "before"; setflag(5); append_hf("X-Before: 1\\r\\n");
    if ($rU =~ "f") t_on_failure("FAILED");
    if ($rU =~ "b") t_on_branch("BRANCH");
    if ($rU =~ "r") t_on_reply("REPLY");
    if ($rU == "held") { t_on_reply("HOLD"); t_relay(); exit; }
    if (!t_suspend()) { sl_send_reply("500", "no suspend"); exit; }
    xlog("L_ERR", "at $T(id_index) $T(id_label)\\n");
    append_hf("X-After: 1\\r\\n"); setflag(6);
}
route[RELAY] {
    xlog("L_ERR", "on avp=$avp(b) du=$du f=$mf code=$T_reply_code\\n");
    if (t_is_failure_route()) append_hf("X-Kind: failure\\r\\n");
    append_hf("X-On: 1\\r\\n");
    if (!t_relay()) xlog("L_ERR", "relay failed $rc\\n");
}
route[NOWHERE] { $du = "sip:192.0.2.10:7001;transport=sctp"; t_relay(); }
route[REPLY404] { t_reply("404", "Not There"); }
route[NOTHING] { xlog("L_ERR", "nothing\\n"); }
route[AGAIN] { if (t_suspend()) xlog("L_ERR", "again\\n"); }
route[EDIT] { xlog("L_ERR", "reply $rs\\n"); append_hf("X-On: 1\\r\\n"); }
onreply_route[HOLD] {
    if ($rs == 200 || $rs == 486) { if (t_suspend()) xlog("L_ERR", "at $T(id_index) $T(id_label)\\n"); }
}
onreply_route[REPLY] { xlog("L_ERR", "armed reply $rs\\n"); }
branch_route[BRANCH] { xlog("L_ERR", "armed branch\\n"); }
failure_route[FAILED] { xlog("L_ERR", "failed $T_reply_code\\n"); if (isflagset(5)) xlog("L_ERR", "flag 5\\n"); if (isflagset(6)) xlog("L_ERR", "flag 6\\n"); }
`;

/** Code and phrase of a reply. */
function statusLine(text: string): string {
  return text.slice("SIP/2.0 ".length, text.indexOf("\r\n"));
}

/** Header lines whose name begins so. */
function headerLines(text: string, name: string): string[] {
  return text.split("\r\n").filter((line) => line.startsWith(name));
}

/** A reply of a phone to a request. */
function answerTo(request: string, code: number): string {
  const copied = ["Via", "From", "To", "Call-ID", "CSeq"].flatMap((name) => headerLines(request, `${name}:`));
  const tagged = copied.map((line) => (line.startsWith("To:") && !line.includes("tag=") ? `${line};tag=u` : line));
  return [`SIP/2.0 ${code} Answer`, ...tagged, "Content-Length: 0", "", ""].join("\r\n");
}

describe("a message put aside", () => {
  let bed: ProxyBed;
  let phone: BedAgent;
  let hop: BedAgent;
  let other: BedAgent;

  afterEach(() => bed.close());

  async function open(): Promise<void> {
    bed = await openProxy(CONFIG, 0);
    phone = await bed.udp(7000);
    hop = await bed.udp(7001);
    other = await bed.udp(7002);
  }

  /** Says that what was put aside last goes on in a route; the phrase of the answer. */
  async function goOn(route: string): Promise<string> {
    const at = bed.log.findLast((line) => / at \d+ -?\d+$|^at \d+ -?\d+$/.test(line.trim()))!;
    const [index, label] = at.trim().split(" ").slice(-2);
    const lines = [`X-Index: ${index}`, `X-Label: ${label}`, `X-Route: ${route}`];
    const [answer] = await other.send(bed.request("OPTIONS", "sip:go-on@example.org", lines, "UDP 192.0.2.10:7002"));
    return statusLine(answer!);
  }

  const logged = (text: string): boolean => bed.log.some((line) => line.includes(text));
  const codes = (): string[] => phone.received.map((text) => statusLine(text).slice(0, 3));

  test("goes on with the edits and flags it had then", async () => {
    await open();
    expect((await phone.send(bed.request("INVITE", "sip:x@example.org"))).map(statusLine)).toEqual([
      "100 trying -- your call is important to us",
    ]);
    expect(hop.received).toEqual([]);
    expect(await goOn("RELAY")).toBe("200 rc 1");
    const [invite] = hop.received;
    expect(headerLines(invite!, "X-")).toEqual(["X-Before: 1", "X-Kind: failure", "X-On: 1"]);
    expect(logged("on avp=before du=sip:192.0.2.10:7001 f=32 code=0")).toBe(true);
    await hop.send(answerTo(invite!, 200));
    expect(codes()).toEqual(["100", "200"]);
  });

  test("what was armed before is armed", async () => {
    await open();
    await phone.send(bed.request("INVITE", "sip:fbr@example.org"));
    await goOn("RELAY");
    await hop.send(answerTo(hop.received[0]!, 486));
    expect(["armed branch", "armed reply 486", "failed 486"].map(logged)).toEqual([true, true, true]);
    expect(codes()).toEqual(["100", "486"]);
  });

  test("nobody takes it up: the failure route, then 408", async () => {
    await open();
    await phone.send(bed.request("INVITE", "sip:f@example.org"));
    await bed.world.advance(2500);
    expect([...new Set(codes())]).toEqual(["100", "408"]);
    expect(["failed 408", "flag 5", "flag 6"].map(logged)).toEqual([true, true, false]);
    expect(await goOn("RELAY")).toBe("200 rc -1");
  });

  test.each([
    ["NOTHING", "500 I'm terribly sorry, server error occurred (1/TM)"],
    ["REPLY404", "404 Not There"],
  ])("a route that relays nowhere: %s", async (route, status) => {
    await open();
    await phone.send(bed.request("INVITE", "sip:x@example.org"));
    expect(await goOn(route)).toBe("200 rc 1");
    expect(statusLine(phone.received.at(-1)!)).toBe(status);
  });

  test("once only; not in a route that does not exist", async () => {
    await open();
    await phone.send(bed.request("MESSAGE", "sip:x@example.org"));
    expect(await goOn("NOSUCH")).toBe("200 rc -1");
    expect(await goOn("RELAY")).toBe("200 rc 1");
    expect(await goOn("RELAY")).toBe("200 rc -1");
    expect(hop.received.length).toBe(1);
  });

  test("may be put aside again", async () => {
    await open();
    await phone.send(bed.request("INVITE", "sip:x@example.org"));
    expect(await goOn("AGAIN")).toBe("200 rc 1");
    expect(await goOn("RELAY")).toBe("200 rc 1");
    expect(hop.received.length).toBe(1);
  });

  test("CANCEL ends it at once", async () => {
    await open();
    const invite = bed.request("INVITE", "sip:x@example.org");
    await phone.send(invite);
    const cancel = invite.replace(/^INVITE/, "CANCEL").replace("CSeq: 1 INVITE", "CSeq: 1 CANCEL");
    await phone.send(cancel);
    expect(codes().sort()).toEqual(["100", "200", "487"]);
    expect(await goOn("RELAY")).toBe("200 rc -1");
  });

  test("a repetition is absorbed (Kamailio puts it aside once more)", async () => {
    await open();
    const invite = bed.request("INVITE", "sip:x@example.org");
    await phone.send(invite);
    await phone.send(invite);
    expect(await goOn("RELAY")).toBe("200 rc 1");
    expect(hop.received.length).toBe(1);
  });

  test.each([200, 486])("a reply %i is held, edited and passed on", async (code) => {
    await open();
    await phone.send(bed.request("INVITE", "sip:held@example.org"));
    await hop.send(answerTo(hop.received[0]!, code));
    expect(codes()).toEqual(["100"]);
    expect(await goOn("EDIT")).toBe("200 rc 1");
    expect(codes()).toEqual(["100", String(code)]);
    expect(headerLines(phone.received[1]!, "X-")).toEqual(["X-On: 1"]);
    expect(logged(`reply ${code}`)).toBe(true);
  });

  test("a reply that nobody takes up goes on as it is (Kamailio loses it)", async () => {
    await open();
    await phone.send(bed.request("INVITE", "sip:held@example.org"));
    await hop.send(answerTo(hop.received[0]!, 200));
    await bed.world.advance(2500);
    expect(codes()).toEqual(["100", "200"]);
    expect(logged("was not taken up in time")).toBe(true);
  });
});
