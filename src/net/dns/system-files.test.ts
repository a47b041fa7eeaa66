// resolv.conf and hosts files.

import { expect, test } from "vitest";
import { parseHosts, parseResolvConf } from "./system-files.ts";

test("resolv.conf", () => {
  const conf = parseResolvConf(`# comment
nameserver 192.0.2.1
nameserver 127.0.0.1:5353
nameserver nonsense
nameserver [::1]:54   ; comment
nameserver 192.0.2.4
domain first.example
search Second.example third.example.
options ndots:2 timeout:3
options attempts:4 rotate unknown
`);
  expect(conf).toEqual({
    servers: [
      { family: 4, address: "192.0.2.1", port: 53 },
      { family: 4, address: "127.0.0.1", port: 5353 },
      { family: 6, address: "::1", port: 54 },
    ],
    search: ["second.example", "third.example"],
    timeout: 3000,
    attempts: 4,
    ndots: 2,
    rotate: true,
  });
});

test("without resolv.conf the local machine is asked", () => {
  const local = { family: 4, address: "127.0.0.1", port: 53 };
  expect(parseResolvConf("")).toEqual({
    ...{ servers: [local], search: [], timeout: 5000, attempts: 2, ndots: 1, rotate: false },
  });
  expect(parseResolvConf("options timeout:9999 attempts:0 ndots:x\nnameserver fe80::1%eth0")).toMatchObject({
    servers: [{ family: 6, address: "fe80::1", port: 53 }],
    ...{ timeout: 30_000, attempts: 1, ndots: 1 },
  });
});

test("hosts", () => {
  const hosts = parseHosts(
    "127.0.0.1 localhost Box.example # local\n::1\tlocalhost\n bad name\n192.0.2.9 box.example\n",
  );
  expect([...hosts]).toEqual([
    ["localhost", ["127.0.0.1", "::1"]],
    ["box.example", ["127.0.0.1", "192.0.2.9"]],
  ]);
});
