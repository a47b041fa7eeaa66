// Functions called with the same arguments over the same message in the native language, in Lua and in Python: what each gives, the variables it
// changed, what the sender hears and what goes on to the next hop are the same. The calls are those of test/parity/kemi-calls.ts.

import { beforeAll, expect, test } from "vitest";
import { inLua, inNative, inPython, KEMI_CASES, KEMI_HEAD, type KemiCase } from "../parity/kemi-calls.ts";
import { nativeName } from "../support/kemi-names.ts";
import { type BedAgent, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const LANGUAGES = ["native", "lua", "python"] as const;
type Language = (typeof LANGUAGES)[number];

const MODULES = "kex tm tmx sl rr pv maxfwd textops textopsx siputils xlog".split(" ");
const NATIVE = KEMI_CASES.map((c) => inNative(c, nativeName));

const NEXT = "192.0.2.10:7001";
const LOADS: Readonly<Record<Language, string>> = {
  native: "",
  lua: 'loadmodule "app_lua.so"\nmodparam("app_lua", "load", "/data/calls.lua")',
  python: 'loadmodule "app_python3.so"\nmodparam("app_python3", "load", "/data/calls.py")',
};
const CALLS: Readonly<Record<Language, string>> = {
  native: 'route("CASE" + $hdr(X-Case));',
  lua: 'lua_run("case_" + $hdr(X-Case));',
  python: 'python_exec("case_" + $hdr(X-Case));',
};

const config = (language: Language): string => `#!KAMAILIO
${MODULES.map((name) => `loadmodule "${name}.so"`).join("\n")}
${KEMI_HEAD}${LOADS[language]}
modparam("permissions", "address_file", "/data/address.list")
request_route {
  $avp(r) = "";
  ${CALLS[language]}
  xlog("L_ALERT", "[[$avp(r)]] $ru|$du|$var(p)|$var(size)|$(branch(uri)[*])|$mf|$bf\\n");
  append_to_reply("X-End: 1\\r\\n");
  $du = "sip:${NEXT}";
  forward();
  sl_send_reply("299", "Through");
  exit;
}
${language === "native" ? NATIVE.map((text, i) => (text === null ? "" : `route[CASE${i}] { ${text} return; }\n`)).join("") : ""}
`;

const LUA = `local out
local function note(v)
  if v == true then v = 1 elseif v == false then v = -1 end
  KSR.pv.sets("$avp(r)", KSR.pv.gete("$avp(r)") .. " | " .. (v == nil and "<null>" or tostring(v)))
end
${KEMI_CASES.map((c, i) => `function case_${i}()\n  ${inLua(c)}\nend\n`).join("")}`;

const PYTHON = `import KSR

def note(v):
    if v is True: v = 1
    if v is False: v = -1
    KSR.pv.sets("$avp(r)", str(KSR.pv.gete("$avp(r)")) + " | " + ("<null>" if v is None else str(v)))

class Calls:
    def child_init(self, rank):
        return 0
${KEMI_CASES.map((c, i) => `    def case_${i}(self, msg):\n        ${inPython(c)}\n        return 1\n`).join("")}
def mod_init():
    return Calls()
`;

/** What came of a case: what the calls gave with the variables, and all messages that were sent. */
type Outcome = readonly string[];

/** Without what is made anew for each message. */
const tidy = (text: string): string =>
  text
    .replace(/branch=z9hG4bK(?!-kemi)[^;\r\n]*/g, "branch={BRANCH}")
    .replace(/(^To:.*;tag=)(?!u1|t1).*/gm, "$1{TAG}")
    .replace(/nonce="[^"]*"/g, 'nonce="{NONCE}"')
    .replace(/did=[^;>]*/g, "did={DIALOG}");

class Talker {
  readonly bed: ProxyBed;
  private readonly sender: BedAgent;
  private readonly next: readonly BedAgent[];

  constructor(bed: ProxyBed, sender: BedAgent, next: readonly BedAgent[]) {
    this.bed = bed;
    this.sender = sender;
    this.next = next;
  }

  async run(c: KemiCase, i: number): Promise<Outcome> {
    const { bed, sender, next } = this;
    const all = [sender, ...next];
    for (const agent of all) agent.received.length = 0;
    const logged = bed.log.length;
    const [method = "", uri = ""] = (c.line ?? "OPTIONS sip:bob@192.0.2.1;x=1").split(" ");
    const lines = [
      `Via: SIP/2.0/UDP 192.0.2.10:7000;branch=z9hG4bK-kemi-${i};rport`,
      'From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1',
      "To: <sip:bob@office.example>",
      "Contact: <sip:alice@192.0.2.10:7000>;expires=60",
      "User-Agent: probe/1.0 (x)",
      "X-One: one",
      "Subject: hello there",
      `Call-ID: kemi-${i}`,
      `CSeq: 7 ${method}`,
    ];
    const given = (c.headers ?? []).map((line) => line.replaceAll("{ME}", "5060"));
    const names = new Set(given.map((line) => line.slice(0, line.indexOf(":"))));
    const kept = lines.filter((line) => !names.has(line.slice(0, line.indexOf(":"))));
    await sender.send(bed.request(method, uri, [...kept, ...given, `X-Case: ${i}`], undefined, c.body));
    // what waits in Python goes on in turns of the runtime's own
    for (let n = 0; n < 50 && !bed.log.slice(logged).some((line) => line.includes("[[")); n++) {
      await new Promise((done) => setTimeout(done, 1));
      await bed.world.advance(1);
    }
    const said = bed.log.slice(logged).filter((line) => line.includes("[["));
    return [...said.map((line) => line.slice(line.indexOf("[["))), ...all.flatMap((a) => a.received)].map(tidy);
  }
}

async function openTalker(language: Language): Promise<Talker> {
  const files = {
    "/data/address.list": "(1, 192.0.2.50, 5060, *)\n",
    "/data/calls.lua": LUA,
    "/data/calls.py": PYTHON,
  };
  const bed = await openProxy(config(language), -1, undefined, undefined, files);
  const sender = await bed.udp(7000);
  return new Talker(bed, sender, [await bed.udp(7001), await bed.udpAt("192.0.2.20", 7001)]);
}

const outcomes: Record<Language, Outcome[]> = { native: [], lua: [], python: [] };

beforeAll(async () => {
  for (const language of LANGUAGES) {
    const talker = await openTalker(language);
    for (const [i, c] of KEMI_CASES.entries())
      outcomes[language].push(language === "native" && NATIVE[i] === null ? [] : await talker.run(c, i));
    await talker.bed.close();
  }
}, 60_000);

test.each(KEMI_CASES.map((c, i) => [c.name, i] as const))("%s", (_name, i) => {
  const lua = outcomes.lua[i]!;
  expect(lua.length).toBeGreaterThan(1);
  expect(outcomes.python[i]).toEqual(lua);
  if (NATIVE[i] !== null) expect(outcomes.native[i]).toEqual(lua);
});

test("they are enough functions", () => {
  const called = (cases: readonly KemiCase[]): Set<string> =>
    new Set(cases.flatMap((c) => c.calls.map(([name]) => name)));
  expect(called(KEMI_CASES).size).toBeGreaterThan(200);
  expect(called(KEMI_CASES.filter((_, i) => NATIVE[i] !== null)).size).toBeGreaterThanOrEqual(150);
});
