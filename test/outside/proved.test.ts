// Who has proved who they are: $au, $Au and $AU after a check of credentials.

import { expect, test } from "vitest";
import { headerOf } from "../support/message-text.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";
import { answerChallenge } from "../support/sip-text.ts";

test("$Au and $AU follow credentials that were right, and only those", async () => {
  const bed = await openProxy(`${modules("auth")}
request_route {
  $var(ok) = pv_www_authenticate("r.example", "secret", "0");
  if ($hdr(Authorization) == $null) { www_challenge("r.example", "0"); exit; }
  append_to_reply("X-Who: $var(ok) $AU $Au\\r\\n");
  sl_send_reply("200", "OK");
}`);
  const phone = await bed.udp(7000);
  const [challenge] = await phone.send(bed.request("MESSAGE", "sip:x@example.org"));
  const challenged = headerOf(challenge!, "WWW-Authenticate")!;
  const who = async (password: string) => {
    const answer = answerChallenge(challenged, { user: "bob", password }, "MESSAGE", "sip:x@example.org");
    const [reply] = await phone.send(bed.request("MESSAGE", "sip:x@example.org", [`Authorization: ${answer}`]));
    return headerOf(reply!, "X-Who");
  };
  expect(await who("secret")).toBe("1 bob bob@r.example");
  expect(await who("wrong")).toBe("-2 alice alice@example.org");
  await bed.close();
});

test("a text counts as a number only when it is one wholly, wherever numbers are taken", async () => {
  const bed = await openProxy(`${modules()}
request_route {
  $var(t) = "12abc"; $var(a) = 0 + $var(t);
  $var(t) = "0x10"; $var(b) = 0 + $var(t);
  $var(t) = " 3"; $var(c) = 0 + $var(t);
  append_to_reply("X-Numbers: $var(a) $var(b) $var(c)\\r\\n");
  sl_send_reply("200", "OK");
}`);
  const phone = await bed.udp(7000);
  const [reply] = await phone.send(bed.request("MESSAGE", "sip:x@example.org"));
  expect(headerOf(reply!, "X-Numbers")).toBe("0 16 0");
  await bed.close();
});
