// Addresses of parameters binrpc and fifo, as the README of Kamailio's module gives them.
import { describe, expect, test } from "vitest";
import { parseAddress, parseFifoAddress } from "./address.ts";

describe("addresses of binrpc", () => {
  test.each([
    ["unix:/run/kamailio/kamailio_ctl", { kind: "unixs", path: "/run/kamailio/kamailio_ctl" }],
    ["unixs:/tmp/unix_stream", { kind: "unixs", path: "/tmp/unix_stream" }],
    ["unixd:/tmp/unix_dgram", { kind: "unixd", path: "/tmp/unix_dgram" }],
    ["/tmp/unix_test", { kind: "unixs", path: "/tmp/unix_test" }],
    ["udp:localhost:2046", { kind: "udp", host: "localhost", port: 2046 }],
    ["tcp:localhost:2046", { kind: "tcp", host: "localhost", port: 2046 }],
    ["localhost:3000", { kind: "udp", host: "localhost", port: 3000 }],
    ["tcp:3012", { kind: "tcp", host: "0.0.0.0", port: 3012 }],
    ["udp:*:3012", { kind: "udp", host: "0.0.0.0", port: 3012 }],
    ["tcp:[::1]:3012", { kind: "tcp", host: "::1", port: 3012 }],
    ["tcp:localhost", { kind: "tcp", host: "localhost", port: 2049 }],
  ])("%s", (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  test.each(["unix:", "tcp:a:b", "tcp:host:0", "udp:host:70000", "fifo:/tmp/x", "tcp:[::1"])("%s is none", (text) => {
    expect(parseAddress(text)).toEqual(expect.any(String));
  });
});

describe("addresses of fifo", () => {
  test.each([
    ["fifo:/tmp/kamailio_fifo", { kind: "fifo", path: "/tmp/kamailio_fifo" }],
    ["/tmp/kamailio_fifo2", { kind: "fifo", path: "/tmp/kamailio_fifo2" }],
    ["udp:*:2050", { kind: "udp", host: "0.0.0.0", port: 2050 }],
    ["tcp:localhost:2050", { kind: "tcp", host: "localhost", port: 2050 }],
  ])("%s", (text, address) => {
    expect(parseFifoAddress(text)).toEqual(address);
  });

  test.each(["", "fifo:", "1", "tcp:host:0"])("%j is none", (text) => {
    expect(parseFifoAddress(text)).toEqual(expect.any(String));
  });
});
