// HTTP on the port of SIP over real sockets: curl with keep-alive, pipelining, chunked upload and HEAD, and SIP on the same port and on the
// same connection.

import { connect } from "node:net";
import { expect, test } from "vitest";
import { isInstalled, run } from "../support/programs.ts";
import { describeTargets } from "../support/targets.ts";

const CONFIG = `#!KAMAILIO
debug=0
tcp_accept_no_cl=yes
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xhttp.so"
request_route { sl_send_reply("200", "OK"); }
event_route[xhttp:request] {
  if ($hu =~ "^/(health|connections)") exit;
  if ($hu == "/example") xhttp_reply("200", "OK", "text/html", "<html><body>OK - [$si:$sp]</body></html>");
  else xhttp_reply("200", "OK", "text/plain", "$rm $hu $bs");
}
`;

describeTargets("HTTP on the port of SIP", { config: CONFIG }, (group) => {
  const curl = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await run(["curl", "-sS", "--max-time", "10", "--noproxy", "*", ...args], {
      limit: 15_000,
    });
    expect([code, output]).toEqual([0, output]);
    return output;
  };
  const url = (path: string): string => `http://127.0.0.1:${group.server.port}${path}`;

  test.skipIf(!isInstalled("curl"))(
    "curl: keep-alive, HEAD, uploads by length and in chunks, a download in chunks",
    async () => {
      expect(await curl(url("/example"))).toMatch(/^<html><body>OK - \[127\.0\.0\.1:\d+\]<\/body><\/html>$/);
      // two requests over one connection: curl tells how many it has opened for each
      const format = "|%{num_connects}|%{http_code}\n";
      expect(await curl("-w", format, url("/a"), url("/b"), url("/c"))).toBe(
        "GET /a 0|1|200\nGET /b 0|0|200\nGET /c 0|0|200\n",
      );
      if (group.target === "kamailio") return;
      expect(await curl("-I", url("/a"))).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 9\r\n\r\n$/);
      const body = "x".repeat(100_000);
      const upload = ["--data-binary", body];
      expect(await curl(...upload, url("/up"))).toBe("POST /up 100000");
      expect(await curl(...upload, "-H", "Transfer-Encoding: chunked", url("/up"))).toBe("POST /up 100000");
      expect(await curl(...upload, "-H", "Expect: 100-continue", url("/up"))).toBe("POST /up 100000");
      expect(await curl("-0", "-w", "|%{http_version}", url("/a"))).toBe("GET /a 0|1");
      expect(await curl(url("/health"))).toBe("ok\n");
      const inChunks = await curl("-D", "-", url("/connections"));
      expect(inChunks).toMatch(
        /^HTTP\/1\.1 200 OK\r\n[\s\S]*Transfer-Encoding: chunked\r\n\r\n(?:\d+ TCP 127\.0\.0\.1 .*\n)+$/,
      );
      expect(await curl("-o", "/dev/null", "-w", "%{http_code}", "-H", `X-A: ${"a".repeat(50_000)}`, url("/a"))).toBe(
        "431",
      );
    },
  );

  test("pipelined requests and SIP in turn on one connection", async () => {
    const sip = [
      "OPTIONS sip:a@b SIP/2.0",
      "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKx",
      "From: <sip:a@b>;tag=1",
      "To: <sip:a@b>;tag=2",
      "Call-ID: 1",
      "CSeq: 1 OPTIONS",
      "Content-Length: 0\r\n\r\n",
    ].join("\r\n");
    const get = (n: number): string => `GET /${n} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    const socket = connect({ host: "127.0.0.1", port: group.server.port });
    let got = "";
    const enough = new Promise<void>((resolve) => {
      socket.on("data", (data: Uint8Array) => {
        got += Buffer.from(data).toString("latin1");
        if (got.includes("GET /199 0")) resolve();
      });
    });
    socket.write(numbers.map((n) => (n % 10 === 9 ? sip : "") + get(n)).join(""));
    await enough;
    socket.destroy();
    const seen = [...got.matchAll(/GET \/(\d+) 0|SIP\/2\.0 200 OK/g)].map((m) => m[1] ?? "sip");
    expect(seen).toEqual(numbers.flatMap((n) => (n % 10 === 9 ? ["sip", String(n)] : [String(n)])));
  });

  test("SIP and HTTP at the same time on one port", async () => {
    const phone = await group.server.agent("tcp");
    const web = Array.from({ length: 20 }, (_, i) => fetch(url(`/${i}`)).then((r) => r.text()));
    const calls = Array.from({ length: 20 }, () => phone.ask({ method: "OPTIONS" }));
    expect(await Promise.all(web)).toEqual(Array.from({ length: 20 }, (_, i) => `GET /${i} 0`));
    expect((await Promise.all(calls)).map((r) => r?.status)).toEqual(Array.from({ length: 20 }, () => 200));
  });
});
