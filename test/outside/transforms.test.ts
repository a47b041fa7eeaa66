// Hashes, bodies and lines as transformations give them; the answers are Kamailio's.

import { expect, test } from "vitest";
import { headerOf } from "../support/message-text.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

test("hashes, {tobody.…} and {line.…}", async () => {
  const bed = await openProxy(`${modules()}
request_route {
  $var(t) = "abc"; $var(l) = "one\\ntwo\\nthree";
  append_to_reply("X-1: $(var(t){s.md5}) $(var(t){s.sha256})\\r\\n");
  append_to_reply("X-2: [$(var(l){line.at,0})][$(var(l){line.at,2})][$(var(l){line.at,-1})][$(var(l){line.at,7})] $(var(l){line.count}) [$(var(l){line.sw,tw})]\\r\\n");
  append_to_reply("X-3: [$(tu{tobody.uri})][$(hdr(From){tobody.uri})][$(hdr(From){tobody.tag})][$(hdr(From){tobody.display})][$(hdr(From){tobody.user})][$(hdr(From){tobody.host})][$(hdr(From){tobody.params})]\\r\\n");
  append_to_reply("X-4: $(var(t){s.sha384}) $(var(t){s.sha512})\\r\\n");
  sl_send_reply("200", "OK");
}`);
  const phone = await bed.udp(7000);
  const from = 'From: "Al B" <sip:al@h.org:5070;x=1>;tag=a;p=q';
  const [reply] = await phone.send(bed.request("MESSAGE", "sip:b@h", [from, "To: <sip:b@h>"]));
  expect(headerOf(reply!, "X-1")).toBe(
    "900150983cd24fb0d6963f7d28e17f72 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  expect(headerOf(reply!, "X-2")).toBe("[one][three][three][] 3 [two]");
  expect(headerOf(reply!, "X-3")).toBe('[sip:b@h][sip:al@h.org:5070;x=1][a]["Al B"][al][h.org][tag=a;p=q]');
  expect(headerOf(reply!, "X-4")).toMatch(/^cb00753f45a35e8b[0-9a-f]{80} ddaf35a193617aba[0-9a-f]{112}$/);
  await bed.close();
});
