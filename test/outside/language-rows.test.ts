// Rows of the language that no other test drives: log levels, times, definitions over lines, regions anywhere, parameters by group.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

async function said(config: string, level = 3): Promise<string[]> {
  const bed = await openProxy(config, level);
  const agent = await bed.udp(7000);
  await agent.send(bed.request("OPTIONS", "sip:x@example.org"));
  const lines = bed.log.flatMap((line) => /<<(.*)>>/.exec(line)?.slice(1) ?? []);
  await bed.close();
  return lines;
}

const LEVELS = ["L_ALERT", "L_BUG", "L_CRIT2", "L_CRIT", "L_ERR", "L_WARN", "L_NOTICE", "L_INFO", "L_DBG"];

test("xlog takes every level by its name, and xdbg writes at the debug level", async () => {
  const all = LEVELS.map((level) => `xlog("${level}", "<<${level}>>\\n");`).join("\n");
  const config = `${modules()}request_route { ${all} xdbg("<<xdbg>>\\n"); xdbgl("<<xdbgl>>\\n"); }`;
  expect(await said(`debug=3\n${config}`)).toEqual([...LEVELS, "xdbg", "xdbgl"]);
  expect(await said(`debug=-1\n${config}`, -1)).toEqual(LEVELS.slice(0, 5));
});

test("$TV: seconds and microseconds, kept for a message or taken now", async () => {
  const [kept, now] = await said(
    `${modules()}request_route { xlog("L_ERR", "<<$TV(s) $TV(u) $TV(Sn)>>\\n"); xlog("L_ERR", "<<$TV(s) $TV(sn) $TV(un)>>\\n"); }`,
  );
  expect(kept).toMatch(/^\d{9,} \d{1,6} \d{9,}\.\d{6}$/);
  expect(now).toMatch(/^\d{9,} \d{9,} \d{1,6}$/);
});

test("a definition over several lines holds a loop; regions wrap parameters, modparam, blocks and statements", async () => {
  const text = `${modules()}
#!define LOOP $var(i) = 0; \\
  while ($var(i) < 3) { \\
    xlog("L_ERR", "<<$var(i)>>\\n"); \\
    $var(i) = $var(i) + 1; \\
  }
#!define WITH_LOOP
#!ifdef WITH_LOOP
debug=3
modparam("maxfwd", "max_limit", 10)
#!else
no such parameter
#!endif
#!ifndef WITH_LOOP
route[BROKEN] { this is no statement }
#!endif
request_route {
#!ifdef WITH_LOOP
  LOOP
#!else
  xlog("L_ERR", "<<none>>\\n");
#!endif
}
`;
  expect(await said(text)).toEqual(["0", "1", "2"]);
});

test("more definitions than Kamailio's 256", async () => {
  const many = Array.from({ length: 300 }, (_, i) => `#!define NAME_${i} ${i}`).join("\n");
  expect(
    await said(`${many}\n${modules()}request_route { $var(x) = NAME_299; xlog("L_ERR", "<<$var(x)>>\\n"); }`),
  ).toEqual(["299"]);
});

test("grouping, and arithmetic as a condition", async () => {
  const run = `if (2 - 2) xlog("L_ERR", "<<zero>>\\n"); if (1 + 1) xlog("L_ERR", "<<two>>\\n"); $var(x) = (1 + 2) * 3; xlog("L_ERR", "<<$var(x)>>\\n");`;
  expect(await said(`${modules()}request_route { ${run} }`)).toEqual(["two", "9"]);
});

test("$(err.class) and its kin in error_route", async () => {
  const bed = await openProxy(
    `${modules()}error_route { xlog("L_ERR", "<<$(err.class) $(err.level) $(err.info) $(err.rcode) $(err.rreason)>>\\n"); }\nrequest_route { exit; }`,
    3,
  );
  const agent = await bed.udp(7000);
  await agent.send(bed.request("OPTIONS", "sip:x@example.org").replace(/^CSeq:.*\r\n/m, ""));
  expect(bed.log.join("\n")).toMatch(/<<1 \d .+ 4\d\d .+>>/);
  await bed.close();
});

test("@sys tells the time, the process and something unique", async () => {
  const [now, dates, unique] = await said(
    `server_id=7\n${modules()}request_route {
      xlog("L_ERR", "<<$sel(sys.now) $sel(sys.pid) $sel(sys.server_id)>>\\n");
      xlog("L_ERR", "<<$sel(sys.now.utc)|$sel(sys.now.gmt)|$sel(sys.now.local)>>\\n");
      if (@sys.unique != @sys.unique) xlog("L_ERR", "<<$sel(sys.unique)>>\\n");
    }`,
  );
  expect(now).toMatch(/^\d{9,} \d+ 7$/);
  const date = "\\w{3} \\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}";
  expect(dates).toMatch(new RegExp(`^${date}\\|${date}\\|${date}$`));
  expect(unique).toMatch(/^[0-9a-f]+-[0-9a-f]{8}-[0-9a-f]{8}$/);
});

test("an instance of a group is chosen for one message only", async () => {
  const bed = await openProxy(
    `gw.ip = "one"\ngw[2].ip = "two"\n${modules()}request_route { if ($ru =~ "sip:x") cfg_select("gw", 2); xlog("L_ERR", "<<$sel(cfg_get.gw.ip)>>\\n"); }`,
    3,
  );
  const agent = await bed.udp(7000);
  await agent.send(bed.request("OPTIONS", "sip:x@example.org"));
  await agent.send(bed.request("OPTIONS", "sip:y@example.org"));
  expect(bed.log.flatMap((line) => /<<(.*)>>/.exec(line)?.slice(1) ?? [])).toEqual(["two", "one"]);
  await bed.close();
});
