// failure_exec_mode: a branch that cannot be sent counts as one that timed out, for the failure route too.

import { expect, test } from "vitest";
import { Bed } from "../../test/support/tm-bed.ts";
import { bytesOf, textOf } from "../util/bytes.ts";

const MESSAGE =
  "MESSAGE sip:x@dead SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@c>;tag=f\r\nTo: <sip:b@d>\r\nCall-ID: i\r\n" +
  "CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";

test.each([
  [false, ["SIP/2.0 500 Server Internal Error"], []],
  [true, ["SIP/2.0 408 Request Timeout"], [408]],
] as const)("failureExec %s", (failureExec, replies, failed) => {
  let now = 0;
  const got: string[] = [];
  const bed = new Bed({
    now: () => now,
    random: () => 7,
    put: (to, buf, start, end) => {
      if (to === "c") got.push(textOf(buf, start, end).split("\r\n")[0]!);
      return to !== "dead";
    },
  });
  bed.tm.options = { ...bed.tm.options, failureExec };
  const seen: number[] = [];
  bed.routes.failure = (_tx, winner) => void seen.push(winner.status);
  const bytes = bytesOf(MESSAGE);
  bed.receive(bytes, 0, bytes.length, "c");
  for (now = 0; now < 200; now += 10) bed.wheel.advance(now);
  expect(got).toEqual(replies);
  expect(seen).toEqual(failed);
});
