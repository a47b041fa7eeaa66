// The same REGISTER requests to Kamailio and to our registrar: status, and every header that is its own work, are compared. Then the
// database: each reads what the other wrote, and users added by us are let in by Kamailio.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Users } from "../../src/control/users.ts";
import { selectHost } from "../../src/host/index.ts";
import registrar from "../../src/modules/registrar/index.ts";
import usrloc from "../../src/modules/usrloc/index.ts";
import { secondsOf } from "../../src/modules/usrloc/rows.ts";
import { SqliteStore } from "../../src/store/sqlite.ts";
import { Log } from "../../src/util/log.ts";
import { headerOf, ModuleBed, registerText } from "../support/module-bed.ts";
import { freePort } from "../support/ports.ts";
import { isInstalled, type Running, start, stop } from "../support/programs.ts";
import { answerChallenge } from "../support/sip-text.ts";

const here = isInstalled("kamailio");
if (!here && process.env["CI"] === "true") throw new Error("kamailio is not installed: .ci/run installs it");
const directory = mkdtempSync(join(tmpdir(), "portico-parity-"));
const sockets: Socket[] = [];
afterAll(() => {
  for (const socket of sockets) socket.close();
  rmSync(directory, { recursive: true, force: true });
});

type Params = Readonly<Record<string, string | number>>;
type Request = Parameters<typeof registerText>[0] & { readonly rcv?: string };

/** A Kamailio that only registers, and a socket to talk to it. */
class Oracle {
  readonly port: number;
  private readonly running: Running;
  private readonly socket: Socket;
  private constructor(port: number, running: Running, socket: Socket) {
    this.port = port;
    this.running = running;
    this.socket = socket;
  }

  static async start(location: Params, params: Params): Promise<Oracle> {
    const port = await freePort();
    const set = (module: string, values: Params): string =>
      Object.entries(values)
        .map(([name, v]) => `modparam("${module}", "${name}", ${typeof v === "number" ? v : JSON.stringify(v)})\n`)
        .join("");
    const database =
      "db_url" in location ? 'loadmodule "db_sqlite.so"\nloadmodule "auth.so"\nloadmodule "auth_db.so"\n' : "";
    const authDb = "db_url" in location ? set("auth_db", { db_url: location["db_url"]! }) : "";
    const login =
      database === ""
        ? ""
        : 'if ($hdr(X-Login) != $null) { if (!www_authorize("portico", "subscriber")) { www_challenge("portico", "1"); exit; } sl_send_reply("200", "In"); exit; }';
    const file = join(directory, `${port}.cfg`);
    writeFileSync(
      file,
      `#!KAMAILIO
debug=-1
log_stderror=yes
children=1
disable_tcp=yes
listen=udp:127.0.0.1:${port}
${database}loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
${set("usrloc", location)}${set("registrar", params)}${authDb}
request_route {
  ${login}
  if ($hdr(X-Rcv) != $null) $avp(rcv) = $hdr(X-Rcv);
  save("location");
}
`,
    );
    const command = [
      "kamailio",
      "-DD",
      "-E",
      "-n",
      "1",
      "-m",
      "32",
      "-M",
      "8",
      "-f",
      file,
      "-P",
      `${file}.pid`,
      "-Y",
      directory,
    ];
    const running = start(command, { limit: 60_000 });
    const socket = createSocket("udp4");
    sockets.push(socket);
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const oracle = new Oracle(port, running, socket);
    for (
      let attempt = 0;
      (await oracle.ask(registerText({ user: "probe", callId: `probe${attempt}` }), 250)) === "";
      attempt++
    ) {
      if (attempt > 40) throw new Error(`kamailio does not answer: ${running.output().slice(-2000)}`);
    }
    return oracle;
  }

  /** The reply to a request; "" when none comes in time. */
  async ask(text: string, limit = 3000): Promise<string> {
    const callId = headerOf(text.replace(/\n/g, "\r\n"), "Call-ID");
    const cseq = /^CSeq: (\d+)/m.exec(text)![1]!;
    return new Promise((resolve) => {
      const done = (reply: string): void => {
        clearTimeout(timer);
        this.socket.off("message", take);
        resolve(reply);
      };
      const take = (data: Buffer): void => {
        const reply = data.toString("latin1");
        // a late answer to an earlier probe must not be taken for this one's
        if (headerOf(reply, "Call-ID") === callId && headerOf(reply, "CSeq").startsWith(`${cseq} `)) done(reply);
      };
      const timer = setTimeout(() => done(""), limit);
      this.socket.on("message", take);
      this.socket.send(text.replace(/\r?\n/g, "\r\n"), this.port, "127.0.0.1");
    });
  }

  stop(): Promise<unknown> {
    return stop(this.running);
  }
}

const OWN = [
  "Contact",
  "Path",
  "Supported",
  "Require",
  "Unsupported",
  "Flow-Timer",
  "Min-Expires",
  "P-Registrar-Error",
  "Retry-After",
];

/** What of a reply the registrar decides, in order; record ids and times that a slow second may change made equal. */
function essence(reply: string): string[] {
  const lines = reply.split("\r\n");
  const own = lines.slice(1).filter((line) => OWN.some((name) => line.startsWith(`${name}:`)));
  return [lines[0]!, ...own].map((line) =>
    line
      .replace(/uloc-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+/g, "RUID")
      .replace(/expires=(\d+)/g, (_, n) => `expires=${Math.ceil(Number(n) / 5) * 5}`),
  );
}

const I = '+sip.instance="<urn:uuid:1234>"';
const SETS: readonly {
  readonly name: string;
  readonly location?: Params;
  readonly params?: Params;
  readonly requests: readonly Request[];
}[] = [
  {
    name: "bindings",
    params: { max_contacts: 3, retry_after: 30, min_expires_mode: 1, received_avp: "$avp(rcv)" },
    requests: [
      { contact: "<sip:alice@1.1.1.1:5060>" },
      {},
      { contact: '"A" <sip:a2@1.1.1.1;transport=tcp>;q=0.5;expires=100' },
      { contact: "<sip:a3@1.1.1.1>;q=1", more: "Expires: 500\n" },
      { contact: "<sip:a4@1.1.1.1>" },
      { contact: "<sip:a3@1.1.1.1>;q=0.75", cseq: 4, callId: "c1" },
      { contact: "<sip:a3@1.1.1.1>;q=0.75", cseq: 2, callId: "c1" },
      { contact: "<sip:a3@1.1.1.1>;expires=10" },
      { contact: "<sip:a3@1.1.1.1>;expires=0" },
      { contact: "<sip:a9@1.1.1.1>;expires=0" },
      { contact: "*" },
      { contact: "*", more: "Expires: 10\n" },
      { contact: ["*", "<sip:x@1.1.1.1>"], more: "Expires: 0\n" },
      { contact: "*", more: "Expires: 0\n" },
      { contact: "<sip:b1@1.1.1.1>;expires=100;q=0.3, <sip:b2@1.1.1.1>;expires=200;q=0.333" },
      { contact: "<sip:b1@1.1.1.1>;expires=0, <sip:b3@1.1.1.1>;expires=200" },
      { contact: "<sip:b4@1.1.1.1>;expires=300, <sip:b5@1.1.1.1>;expires=200" },
      { contact: "<sip:b3@1.1.1.1>;q=2" },
      { contact: "<sip:b3@1.1.1.1>;q=abc" },
      { contact: "<sip:b3@1.1.1.1>;expires=abc" },
      { contact: "<sip:b3@1.1.1.1>", more: "Expires: abc\n" },
      { contact: "<sip:b3@1.1.1.1" },
      { contact: `<sip:${"a".repeat(600)}@1.1.1.1>` },
      { contact: "sip:b2@1.1.1.1;expires=335" },
      { contact: "<SIP:b2@1.1.1.1>;Expires=99999999999" },
      { user: "ALICE" },
      { user: "al%69ce", host: "example.com" },
      { user: "bob", contact: "<sip:b@1.1.1.1>", rcv: "sip:9.9.9.9:1234;transport=tcp" },
      ...["0", "0.0", "0.50", "0.125", "1.000", ".5", "0.1234", "1.1", "-1"].map((q) => ({
        user: "q",
        contact: `<sip:q@1.1.1.1>;q=${q}`,
      })),
    ],
  },
  {
    name: "newest first, times cut",
    location: { desc_time_order: 1 },
    params: { max_expires: 7200, default_q: 400, received_param: "", received_avp: "$avp(rcv)" },
    requests: [
      { contact: ["<sip:d1@5.5.5.5>;expires=100", "<sip:d2@5.5.5.5>;expires=5;q=0.5"] },
      { contact: "<sip:d1@5.5.5.5>;q=0.9" },
      { contact: "<sip:d3@5.5.5.5>;expires=50000000", rcv: "sip:1.2.3.4:5" },
      { contact: "<sip:d2@5.5.5.5>" },
    ],
  },
  {
    name: "matching by Contact and Call-ID, domains",
    location: { matching_mode: 1, use_domain: 1 },
    params: { realm_prefix: "sip.", case_sensitive: 1 },
    requests: [
      { contact: "<sip:d1@5.5.5.5>", callId: "x" },
      { contact: "<sip:d1@5.5.5.5>;q=0.1", callId: "y" },
      { contact: "<sip:d1@5.5.5.5>;q=0.2", callId: "x" },
      { host: "sip.example.com", contact: "<sip:d9@5.5.5.5>" },
      { host: "example.com" },
      { user: "Alice", host: "example.com" },
    ],
  },
  {
    name: "GRUU, outbound allowed, path kept",
    location: { nat_bflag: 6 },
    params: { outbound_mode: 1, flow_timer: 25, use_path: 1, path_mode: 0, path_use_received: 1 },
    requests: [
      { user: "bob", contact: `<sip:d1@5.5.5.5>;expires=100;${I};reg-id=2`, more: "Supported: outbound, path\n" },
      {
        user: "bob",
        contact: `<sip:d2@5.5.5.5>;expires=100;${I};reg-id=2`,
        callId: "y",
        more: "Supported: outbound, path, gruu\n",
      },
      { user: "bob", contact: `<sip:d3@5.5.5.5>;expires=100;${I};reg-id=3`, more: "Supported: outbound, path, gruu\n" },
      { user: "bob", contact: `<sip:d4@5.5.5.5>;expires=100;${I};reg-id=4` },
      { user: "bob", contact: `<sip:d5@5.5.5.5>;expires=100;${I}`, more: "Supported: outbound, path, gruu\n" },
      {
        contact: "<sip:al@4.4.4.4>",
        more: "Supported: path\nPath: <sip:7.7.7.7;lr;received=sip:6.6.6.6%3Btransport=tcp>\n",
      },
      { contact: "<sip:al2@4.4.4.4>", more: "Path: <sip:7.7.7.7;lr>\n" },
    ],
  },
  {
    name: "outbound off, path answered",
    params: { use_path: 1, gruu_enabled: 0 },
    requests: [
      {
        contact: `<sip:d1@5.5.5.5>;${I};reg-id=2`,
        more: "Supported: outbound, gruu, path\nPath: <sip:7.7.7.7;lr>,<sip:8.8.8.8;lr>\nPath: <sip:9.9.9.9;lr>\n",
      },
      { contact: "<sip:d2@5.5.5.5>", more: "Require: outbound\n" },
    ],
  },
];

/** The text of request number `i` of a set: CSeq grows unless it is given. */
function textOf(request: Request, i: number): string {
  const more = `${request.rcv === undefined ? "" : `X-Rcv: ${request.rcv}\n`}${request.more ?? ""}`;
  return registerText({ cseq: i + 1, ...request, more });
}

describe.skipIf(!here)("registrar answers as Kamailio does (kamailio must be installed)", () => {
  test.each(SETS.map((s) => [s.name, s] as const))("%s", async (_, { location = {}, params = {}, requests }) => {
    const oracle = await Oracle.start(location, params);
    const bed = new ModuleBed();
    bed.load(usrloc, location);
    bed.load(registrar, params);
    try {
      for (const [i, request] of requests.entries()) {
        const text = textOf(request, i);
        const ctx = bed.context(text);
        if (request.rcv !== undefined) ctx.avps.push("rcv", request.rcv);
        const ours = await bed.call(registrar, "save", ctx, "location");
        expect([i, ...essence(ours.reply)]).toEqual([i, ...essence(await oracle.ask(text))]);
      }
    } finally {
      await oracle.stop();
    }
  });
});

describe.skipIf(!here)("one database for both (kamailio must be installed)", () => {
  test("bindings written by one are read by the other; users of ours may log in there", async () => {
    const host = await selectHost();
    const log = new Log({ level: 0, sink: () => undefined }, "");
    const file = join(directory, "shared.sqlite");
    const url = `sqlite:///${file}`;
    const store = new SqliteStore(host, log, url, file);
    const users = new Users(host, store);
    await users.open();
    await users.add({ name: "bob", domain: "" }, "pass word");
    store.commit();

    const bed = new ModuleBed();
    (bed.moduleHost as { database: unknown }).database = () => store;
    // rows must be of the present for Kamailio, while the bed's clock stands in the past
    (bed.moduleHost.host.clock as { wall: unknown }).wall = () => Date.now();
    bed.load(usrloc, { db_mode: 1, db_url: url });
    bed.load(registrar, { use_path: 1, path_mode: 0 });
    const ours = registerText({
      user: "amy",
      contact: `<sip:amy@1.1.1.1>;q=0.7;expires=1000;${I};reg-id=1`,
      more: "Allow: INVITE, ACK\nPath: <sip:p@7.7.7.7;lr>\n",
    });
    await bed.call(registrar, "save", bed.context(ours), "location");
    store.commit();

    const oracle = await Oracle.start({ db_mode: 1, db_url: url }, { use_path: 1, path_mode: 0 });
    try {
      const contact = headerOf(await oracle.ask(registerText({ user: "amy", callId: "query" })), "Contact");
      expect(contact).toMatch(
        /^<sip:amy@1\.1\.1\.1>;q=0\.7;expires=9\d\d|1000;\+sip\.instance="<urn:uuid:1234>";reg-id=1$/,
      );

      await oracle.ask(registerText({ user: "zoe", contact: "<sip:zoe@2.2.2.2>;expires=2000", callId: "z" }));
      const [row] = store.query("location", [], [{ column: "username", value: "zoe" }]);
      expect(Math.abs(secondsOf(row!["expires"]!) - Date.now() / 1000 - 2000)).toBeLessThan(10);
      const { _, ...mine } = { _: 0, ...store.query("location", [], [{ column: "username", value: "amy" }])[0]! };
      expect(Object.keys(mine)).toEqual(Object.keys(row!));

      const asked = registerText({ user: "bob", callId: "l", more: "X-Login: 1\n" });
      const challenge = headerOf(await oracle.ask(asked), "WWW-Authenticate");
      const answer = answerChallenge(challenge, { user: "bob", password: "pass word" }, "REGISTER", "sip:127.0.0.1");
      const reply = await oracle.ask(
        registerText({ user: "bob", callId: "l", cseq: 2, more: `X-Login: 1\nAuthorization: ${answer}\n` }),
      );
      expect(reply.split("\r\n")[0]).toBe("SIP/2.0 200 In");
    } finally {
      await oracle.stop();
      store.close();
    }
  });
});
