// Parameters of small modules that change what users see or what the log says.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

test("auth: the AVP and the headers of challenges have the names that are configured", async () => {
  const bed = await openProxy(`${modules("auth")}
modparam("auth", "challenge_attr", "$avp(challenge)")
modparam("auth", "www_challenge_header", "X-Challenge")
request_route {
  pv_www_authenticate("home", "secret", "4");
  append_to_reply("$avp(challenge)");
  sl_send_reply(401, "Who are you");
}
`);
  const phone = await bed.udp(7000);
  const [reply] = await phone.send(bed.request("REGISTER", "sip:home"));
  expect(reply).toMatch(/^X-Challenge: Digest realm="home", nonce="[0-9a-f]+", qop="auth"\r$/m);
  expect(reply).not.toContain("WWW-Authenticate");
  await bed.close();
});

test.each([
  ["challenge_attr", "challenge", "names no AVP"],
  ["www_challenge_header", "X Challenge", "is no name of a header"],
  ["proxy_challenge_header", "", "is no name of a header"],
])("auth: %s cannot be %j", async (param, value, words) => {
  const config = `${modules("auth")}modparam("auth", "${param}", "${value}")\nrequest_route { exit; }\n`;
  await expect(openProxy(config)).rejects.toThrow(words);
});
