// Functions of the core on a whole proxy: exec, flags of branches, append_branch. As seen on Kamailio 5.6.3, but for exec's return code.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

async function logOf(script: string): Promise<string[]> {
  const bed = await openProxy(`${modules("kex")}\nrequest_route {\n${script}\nsl_send_reply("200", "ok");\n}`);
  const agent = await bed.udp(7000);
  await agent.send(bed.request("OPTIONS", "sip:x@example.org"));
  await bed.close();
  return bed.log.map((line) => line.replace(/^.*<script>: /, "").trim());
}

test("exec waits for the command", async () => {
  const log = await logOf(`
    if (exec("touch $rU")) xlog("L_ERR", "done\\n");
    if (exec("false")) xlog("L_ERR", "yes\\n"); else xlog("L_ERR", "no\\n");`);
  expect(log).toEqual(["done", "no"]);
});

test("append_branch() takes along what belongs to the R-URI", async () => {
  const log = await logOf(`
    setbflag(3); $du = "sip:1.2.3.4"; $fs = "udp:192.0.2.1:5061";
    append_branch();
    xlog("L_ERR", "bf=$bf du=$du fs=$fs ru=$ru b0=$(branch(flags)[0]) $(branch(dst_uri)[0])\\n");
    setbflag(2); $du = "sip:5.6.7.8";
    append_branch("sip:q@z.example");
    xlog("L_ERR", "bf=$bf du=$du b1=$(branch(flags)[1]) $(branch(dst_uri)[1])\\n");`);
  expect(log).toEqual([
    "bf=0 du=<null> fs=<null> ru=sip:x@example.org b0=8 sip:1.2.3.4",
    "bf=4 du=sip:5.6.7.8 b1=4 sip:5.6.7.8",
  ]);
});

test("flags of other branches", async () => {
  const log = await logOf(`
    setbflag(4, 1); xlog("L_ERR", "$rc\\n");
    append_branch("sip:q@z.example");
    setbflag(4, 1); xlog("L_ERR", "$rc $bf $(branch(flags)[0])\\n");
    isbflagset(4, 1); xlog("L_ERR", "$rc\\n");
    isbflagset(4, 0); xlog("L_ERR", "$rc\\n");
    resetbflag(4, 1); xlog("L_ERR", "$rc $(branch(flags)[0])\\n");
    setbflag(40, 0); xlog("L_ERR", "$rc\\n");
    setbflag(4, -1); xlog("L_ERR", "$rc\\n");`);
  expect(log).toEqual(["-1", "1 0 16", "1", "-1", "1 0", "-1", "-1"]);
});
