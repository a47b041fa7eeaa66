// Arguments that are not plain texts: patterns as they are written, texts made only when wanted, the place of a call. The answers are
// Kamailio's.

import { expect, test } from "vitest";
import { headerOf } from "../support/message-text.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

test("patterns are taken as written and match line by line; replacements of subst*() have variables", async () => {
  const tests = [
    ["s2", 'search("X-Dollar: a.b$")'], // a carriage return stands before the line end
    ["s3", 'search("X-Val: $var(p)")'],
    ["s5", 'search("^INVITE sip:b@192.0.2.10:7003 SIP/2.0.$")'],
    ["s6", 'search("INVITE.*X-Val")'],
    ["s7", 'search("x-val")'],

    ["h1", 'search_hf("X-Val", "^zz$", "a")'],
    ["h2", 'search_hf("X-Val", "^$var(p)$", "a")'],
    ["st", 'search_str("azzb", "$var(p)")'],
    ["re", 'is_present_hf_re("^X-V.l$")'],
    ["pv", 'is_present_hf_re_pv("^X-$var(v)$$")'],
  ];
  const bed = await openProxy(`${modules()}
request_route {
  $var(p) = "zz"; $var(v) = "Val"; $var(out) = "";
  ${tests.map(([name, call]) => `if (${call}) $var(out) = $var(out) + "${name} ";`).join("\n  ")}
  subst("/^X-Val: ([a-z]*)/X-Val: <\\1|$var(p)>/");
  replace("X-Old: a", "X-Old: $var(p)");
  append_hf("X-Out: $var(out)\\r\\n");
  subst_uri("/^sip:(b)(.*)$/sip:\\1$var(p)\\2/");
  t_relay();
}`);
  const callee = await bed.udp(7003);
  const caller = await bed.udp(7000);
  await caller.send(
    bed.request("INVITE", "sip:b@192.0.2.10:7003", ["X-Dollar: a.b", "X-Var: $var(p)", "X-Val: zz", "X-Old: a"]),
  );
  const got = callee.received[0]!;
  expect(headerOf(got, "X-Out")).toBe("s5 s7 h1 st re pv");
  expect(headerOf(got, "X-Val")).toBe("<zz|zz>");
  expect(headerOf(got, "X-Old")).toBe("$var(p)");
  expect(got).toContain("INVITE sip:bzz@192.0.2.10:7003 SIP/2.0\r\n");
  await bed.close();
});

test("an expression where a pattern stands is refused", async () => {
  const config = (call: string) => `${modules()}request_route { ${call}; }`;
  await expect(openProxy(config("search($var(x))"))).rejects.toThrow("re is taken as it is written");
  await expect(openProxy(config('subst("/a/$nosuch(b)/")'))).rejects.toThrow("unknown variable $nosuch");
});

test("the text of a line that is not written is not made; xlogl() says where it stands", async () => {
  const config = `${modules()}
modparam("xlog", "long_format", 1)
request_route {
  xlog("L_DBG", "$(avp(a){s.len})");
  xlogl("L_ERR", "one $rm\\n");
  xlogl("two");
  xlog("L_ERR", "three " + $rm);
  xdbgl("four");
}`;
  const line = config.split("\n").findIndex((text) => text.includes("one $rm")) + 1;
  const bed = await openProxy(config);
  const caller = await bed.udp(7000);
  await caller.send(bed.request("MESSAGE", "sip:b@192.0.2.10:7003"));
  const lines = bed.log.filter((text) => text.includes("<script>"));
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain(`<script>: /portico.cfg:${line}:one MESSAGE`);
  expect(lines[1]).toContain(`<script>: /portico.cfg:${line + 1}:two`);
  expect(lines[2]).toContain("<script>: three MESSAGE");
  await bed.close();
});
