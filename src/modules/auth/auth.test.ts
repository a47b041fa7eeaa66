// Challenges, nonces and checks; return codes and headers are those of Kamailio 5.6.3 where it has them.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headerOf, ModuleBed, type Outcome } from "../../../test/support/module-bed.ts";
import { Algorithm } from "../../sip/digest.ts";
import authDb from "../auth_db/index.ts";
import auth, { authorizedCredentials, digestHash, digestResponse, ha1Of } from "./index.ts";
import { equalTexts, NonceState, Nonces } from "./nonce.ts";

const URL = "sqlite:///data/users.sqlite";
const NODE_NAMES: Readonly<Record<number, string>> = {
  [Algorithm.MD5]: "md5",
  [Algorithm.SHA256]: "sha256",
  [Algorithm.SHA512_256]: "sha512-256",
};
const hash = (algorithm: number, text: string): string =>
  createHash(NODE_NAMES[algorithm]!).update(text, "latin1").digest("hex");
const md5 = (text: string): string => hash(Algorithm.MD5, text);

type Params = Parameters<ModuleBed["load"]>[1];

function bed(params: Params = {}, db: Params = {}): ModuleBed {
  const b = new ModuleBed();
  b.load(auth, params);
  b.load(authDb, { db_url: URL, ...db });
  const database = b.databases.get(URL);
  database.ensureTable({ name: "subscriber", layout: "subscriber", version: 7 });
  const columns = ["username", "domain", "password", "ha1", "ha1b"];
  database.insert("subscriber", columns, [
    "bob",
    "test",
    "secret",
    md5("bob:test:secret"),
    md5("bob@test:test:secret"),
  ]);
  return b;
}

interface Asked {
  readonly user?: string;
  readonly password?: string;
  readonly realm?: string;
  readonly nc?: string | null;
  readonly method?: string;
  readonly nonce?: string;
  readonly response?: string;
  readonly algorithm?: number;
  readonly more?: string;
  readonly from?: string;
  readonly callId?: string;
}

function request(method: string, from: string, headers: string, callId = "c"): string {
  return `${method} sip:${method === "REGISTER" ? "" : "x@"}test SIP/2.0\nVia: SIP/2.0/UDP 1.1.1.1;branch=z9hG4bKa\nFrom: <sip:${from}@test>;tag=1\nTo: <sip:${from}@test>\nCall-ID: ${callId}\nCSeq: 1 ${method}\n${headers}Content-Length: 0\n\n`;
}

/** The credentials line for a challenge. */
function answer(challenge: string, o: Asked = {}): string {
  const method = o.method ?? "REGISTER";
  const algorithm = o.algorithm ?? Algorithm.MD5;
  const nonce = o.nonce ?? /nonce="([^"]*)"/.exec(challenge)![1]!;
  const realm = o.realm ?? "test";
  const user = o.user ?? "bob";
  const nc = o.nc === undefined ? "00000001" : o.nc;
  const ha1 = hash(algorithm, `${user}:${realm}:${o.password ?? "secret"}`);
  const ha2 = hash(algorithm, `${method}:sip:test`);
  const response =
    o.response ?? hash(algorithm, nc === null ? `${ha1}:${nonce}:${ha2}` : `${ha1}:${nonce}:${nc}:abc:auth:${ha2}`);
  const qop = nc === null ? "" : `, qop=auth, nc=${nc}, cnonce="abc"`;
  const name = method === "REGISTER" ? "Authorization" : "Proxy-Authorization";
  return `${name}: Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="sip:test", response="${response}"${qop}${o.more ?? ""}\n`;
}

async function challenge(b: ModuleBed, flags = 1, method = "REGISTER"): Promise<string> {
  return (await b.call(auth, "auth_challenge", b.context(request(method, "bob", "")), "test", flags)).reply;
}

/** auth_check() of a request with the answer to a challenge. */
function check(b: ModuleBed, challenged: string, o: Asked = {}, flags = "1"): Promise<Outcome> {
  const text = request(o.method ?? "REGISTER", o.from ?? "bob", answer(challenged, o), o.callId);
  return b.call(authDb, "auth_check", b.context(text), "test", "subscriber", flags);
}

const code = async (outcome: Promise<Outcome>): Promise<number> => (await outcome).code;

describe("published examples", () => {
  const host = new ModuleBed().host;
  const rfc7616 = {
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    nc: "00000001",
    qop: "auth",
    method: "GET",
    uri: "/dir/index.html",
    body: "",
  };
  const by = (algorithm: number): string =>
    digestResponse(host.hashing, {
      ...rfc7616,
      algorithm,
      ha1: ha1Of(host.hashing, algorithm, "Mufasa", "http-auth@example.org", "Circle of Life"),
    });

  test("RFC 2617 3.5", () => {
    const ha1 = ha1Of(host.hashing, Algorithm.MD5, "Mufasa", "testrealm@host.com", "Circle Of Life");
    const input = {
      ...rfc7616,
      algorithm: Algorithm.MD5,
      ha1,
      nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
      cnonce: "0a4f113b",
    };
    expect(digestResponse(host.hashing, input)).toBe("6629fae49393a05397450978507c4ef1");
  });
  test("RFC 7616 3.9.1, MD5 and SHA-256", () => {
    expect(by(Algorithm.MD5)).toBe("8ca523f5e9506fed4657c9700eebdbec");
    expect(by(Algorithm.SHA256)).toBe("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
  });
  test("RFC 7616 3.9.2, SHA-512-256, as corrected by its errata", () => {
    // "Jäsøn Doe" in UTF-8
    const ha1 = ha1Of(
      host.hashing,
      Algorithm.SHA512_256,
      "J\xc3\xa4s\xc3\xb8n Doe",
      "api@example.org",
      "Secret, or not?",
    );
    const nonce = "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK";
    const input = {
      ...rfc7616,
      algorithm: Algorithm.SHA512_256,
      ha1,
      nonce,
      cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
      uri: "/doe.json",
    };
    expect(digestResponse(host.hashing, input)).toBe(
      "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
    );
  });
  test("each algorithm agrees with another implementation", () => {
    for (const algorithm of [Algorithm.MD5, Algorithm.SHA256, Algorithm.SHA512_256])
      expect(digestHash(host.hashing, algorithm, "a\xffb")).toBe(hash(algorithm, "a\xffb"));
  });
});

describe("challenges", () => {
  test("401 and 407 with Kamailio's parameters", async () => {
    const b = bed();
    expect(headerOf(await challenge(b, 1), "WWW-Authenticate")).toMatch(
      /^Digest realm="test", nonce="[0-9a-f]{40}", qop="auth"$/,
    );
    expect(headerOf(await challenge(b, 0, "MESSAGE"), "Proxy-Authenticate")).toMatch(
      /^Digest realm="test", nonce="[0-9a-f]{40}"$/,
    );
    expect(headerOf(await challenge(b, 19), "WWW-Authenticate")).toMatch(/, qop="auth-int", stale=true$/);
    expect((await challenge(b)).startsWith("SIP/2.0 401 Unauthorized\r\n")).toBe(true);
    expect((await challenge(b, 1, "INVITE")).startsWith("SIP/2.0 407 Proxy Authentication Required\r\n")).toBe(true);
  });
  test("one for each algorithm, the preferred one first", async () => {
    const reply = await challenge(bed({ algorithm: "SHA-512-256, SHA-256,MD5" }));
    expect(reply.match(/algorithm=[A-Z0-9-]+/g)).toEqual([
      "algorithm=SHA-512-256",
      "algorithm=SHA-256",
      "algorithm=MD5",
    ]);
  });
  test("an empty realm is taken from the request; ACK is not challenged", async () => {
    const b = bed({ realm_prefix: "te" });
    const o = await b.call(auth, "www_challenge", b.context(request("REGISTER", "bob", "")), "", 1);
    expect(headerOf(o.reply, "WWW-Authenticate")).toContain('realm="st"');
    expect((await b.call(auth, "proxy_challenge", b.context(request("ACK", "bob", "")), "test", 1)).reply).toBe("");
  });
});

describe("auth_check()", () => {
  test("return codes", async () => {
    const b = bed();
    const c = await challenge(b);
    expect(
      await code(b.call(authDb, "auth_check", b.context(request("REGISTER", "bob", "")), "test", "subscriber", "1")),
    ).toBe(-5);
    expect(await code(check(b, c))).toBe(1);
    expect(await code(check(b, c, { nc: null }))).toBe(1);
    expect(await code(check(b, c, { user: "bob@test" }))).toBe(1);
    expect(await code(check(b, c, { password: "x" }))).toBe(-2);
    expect(await code(check(b, c, { user: "nobody" }))).toBe(-3);
    expect(await code(check(b, c, { realm: "foo" }))).toBe(-5);
    expect(await code(check(b, c, { response: "123" }))).toBe(-1);
    expect(await code(check(b, c, { more: ", algorithm=MD5-sess" }))).toBe(-1);
    expect(await code(check(b, c, { nonce: "abcdefgh" }))).toBe(-1);
    expect(await code(check(b, c, { from: "alice" }))).toBe(-8);
    expect(await code(check(b, c, { from: "alice" }, "0"))).toBe(1);
    const broken = b.context(request("REGISTER", "bob", "Authorization: Digest foo\n"));
    expect(await code(b.call(authDb, "www_authorize", broken, "test", "subscriber"))).toBe(-1);
    const basic = b.context(request("REGISTER", "bob", "Authorization: Basic Zm9vOmJhcg==\n"));
    expect(await code(b.call(authDb, "www_authorize", basic, "test", "subscriber"))).toBe(-5);
  });

  test("other methods use Proxy-Authorization; flag 2 lets some be anonymous", async () => {
    const b = bed();
    const c = await challenge(b, 1, "MESSAGE");
    expect(await code(check(b, c, { method: "MESSAGE" }))).toBe(1);
    expect(await code(check(b, c, { method: "MESSAGE", from: "anonymous" }))).toBe(-8);
    expect(await code(check(b, c, { method: "MESSAGE", from: "anonymous" }, "3"))).toBe(1);
    expect(await code(check(b, c, { method: "SUBSCRIBE", from: "anonymous" }, "3"))).toBe(-8);
  });

  test("consume_credentials takes out what was right, and only that", async () => {
    const b = bed();
    const c = await challenge(b);
    const o = await check(b, c);
    expect(authorizedCredentials(o.ctx)?.username).toBe("bob");
    expect(await code(b.call(auth, "consume_credentials", o.ctx))).toBe(1);
    const out = new Uint8Array(4000);
    const text = new TextDecoder().decode(
      out.subarray(0, o.ctx.message.edits.write(out, 0, o.ctx.message.buf, 0, o.ctx.message.end)),
    );
    expect(text).not.toContain("Authorization");
    expect(text).toContain("CSeq: 1 REGISTER\r\nContent-Length: 0\r\n");
    expect(await code(b.call(auth, "consume_credentials", (await check(b, c, { password: "x" })).ctx))).toBe(-1);
  });

  test("plain passwords, columns into AVPs, domains", async () => {
    const b = bed(
      {},
      { calculate_ha1: 1, password_column: "password", load_credentials: "$avp(d)=domain;ha1b", use_domain: 1 },
    );
    const { ctx, code: ok } = await check(b, await challenge(b));
    expect([ok, ctx.avps.all("d"), ctx.avps.all("ha1b")]).toEqual([1, ["test"], [md5("bob@test:test:secret")]]);
    const subscriber = (uri: string, flags: string): Promise<number> =>
      code(b.call(authDb, "is_subscriber", b.context(request("OPTIONS", "x", "")), uri, "subscriber", flags));
    expect([
      await subscriber("sip:bob@test", "3"),
      await subscriber("sip:bob@other", "3"),
      await subscriber("sip:no@test", "3"),
    ]).toEqual([1, -2, -2]);
  });

  test("a database that fails is an error, not an open door", async () => {
    const b = bed();
    const c = await challenge(b);
    await check(b, c);
    b.databases.get(URL).raw("DROP TABLE subscriber", []);
    expect(await code(check(b, c))).toBe(-1);
  });
});

describe("algorithms", () => {
  const algorithms = [Algorithm.SHA256, Algorithm.SHA512_256];
  test.each(algorithms)("%s needs its own hash, and that it is of the password in force", async (algorithm) => {
    const b = bed({ algorithm: "SHA-512-256,SHA-256,MD5" });
    const c = await challenge(b);
    const name = algorithm === Algorithm.SHA256 ? "SHA-256" : "SHA-512-256";
    const asked = { algorithm, more: `, algorithm=${name}` };
    expect(await code(check(b, c, asked))).toBe(-3);
    const columns = ["username", "domain", "realm", "ha1", "ha1_sha256", "ha1_sha512_256"];
    const newer = [Algorithm.SHA256, Algorithm.SHA512_256].map((a) => hash(a, "bob:test:secret"));
    b.databases
      .get(URL)
      .insert("portico_ha1", columns, ["bob", "test", "test", md5("bob:test:secret"), newer[0]!, newer[1]!]);
    expect(await code(check(b, c, asked))).toBe(1);
    expect(await code(check(b, c, { ...asked, more: "" }))).toBe(algorithm === Algorithm.SHA256 ? -2 : 1);
    expect(await code(check(b, c))).toBe(1);
    b.databases.get(URL).update("subscriber", [{ column: "username", value: "bob" }], ["ha1"], [md5("bob:test:new")]);
    expect(await code(check(b, c, asked))).toBe(-3);
  });
  test("one that is not offered is not taken", async () => {
    const b = bed({ algorithm: "SHA-256" });
    expect(await code(check(b, await challenge(b), { more: ", algorithm=MD5" }))).toBe(-1);
  });
});

describe("nonces", () => {
  test("expire, and the next challenge says stale", async () => {
    const b = bed({ nonce_expire: 2 });
    const c = await challenge(b);
    await b.world.advance(3000);
    const { ctx, code: late } = await check(b, c);
    expect(late).toBe(-4);
    expect(headerOf((await b.call(auth, "auth_challenge", ctx, "test", 1)).reply, "WWW-Authenticate")).toContain(
      "stale=true",
    );
    expect(await challenge(b)).not.toContain("stale");
  });

  test("nonce_count refuses a count used before; guesses use nothing up", async () => {
    const b = bed({ nonce_count: 1 });
    const c = await challenge(b);
    expect(await code(check(b, c, { nc: "00000009", password: "x" }))).toBe(-2);
    expect(await code(check(b, c))).toBe(1);
    expect(await code(check(b, c))).toBe(-4);
    expect(await code(check(b, c, { nc: "00000002" }))).toBe(1);
    expect(await code(check(b, c, { nc: "00000001" }))).toBe(-4);
  });

  test("what the table of counts has forgotten is stale", async () => {
    const b = bed({ nonce_count: 1, nc_array_size: 4 });
    const c = await challenge(b);
    for (let i = 0; i < 4; i++) await challenge(b);
    expect(await code(check(b, c))).toBe(-4);
  });

  test("one_time_nonce refuses the second use", async () => {
    const b = bed({ one_time_nonce: 1 });
    const c = await challenge(b);
    expect(await code(check(b, c))).toBe(1);
    expect(await code(check(b, c, { nc: null }))).toBe(-6);
  });

  test("auth_checks bind a nonce to parts of the request", async () => {
    const b = bed({ auth_checks_register: 2 });
    const c = await challenge(b);
    expect(/nonce="([^"]*)"/.exec(c)![1]!.length).toBe(56);
    expect(await code(check(b, c))).toBe(1);
    expect(await code(check(b, c, { callId: "other" }))).toBe(-4);
  });

  test("no change to a nonce passes", () => {
    const { host } = new ModuleBed();
    const nonces = new Nonces(host.hashing, host.random, () => 1_700_000_000);
    const settings = { expire: 300, maxDrift: 3, countChecked: false, oneTime: false, countSize: 16, oneTimeSize: 16 };
    const nonce = nonces.make(null);
    expect(nonces.check(nonce, -1, null, settings)).toBe(NonceState.FRESH);
    fc.assert(
      fc.property(fc.nat(nonce.length - 1), fc.integer({ min: 0, max: 255 }), (at, c) => {
        const other = nonce.slice(0, at) + String.fromCharCode(c) + nonce.slice(at + 1);
        return other === nonce || nonces.check(other, -1, null, settings) === NonceState.FOREIGN;
      }),
      { seed: 1 },
    );
    fc.assert(
      fc.property(fc.string(), (text) => nonces.check(text, 1, "x", settings) === NonceState.FOREIGN),
      { seed: 2 },
    );
  });

  test("equalTexts is equality", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => equalTexts(a, b) === (a === b) && equalTexts(a, a)),
      { seed: 3 },
    );
  });
});

describe("passwords of the script", () => {
  test("pv_auth_check with password and HA1, and who it is", async () => {
    const b = bed();
    const c = await challenge(b);
    const pv = (o: Asked, password: string, flags: number, checks: number): Promise<number> =>
      code(
        b.call(
          auth,
          "pv_auth_check",
          b.context(request("REGISTER", o.from ?? "bob", answer(c, o))),
          "test",
          password,
          flags,
          checks,
        ),
      );
    expect(await pv({}, "secret", 0, 1)).toBe(1);
    expect(await pv({}, md5("bob:test:secret"), 1, 1)).toBe(1);
    expect(await pv({}, "other", 0, 1)).toBe(-2);
    expect(await pv({ from: "alice" }, "secret", 0, 1)).toBe(-8);
    expect(await pv({ from: "alice" }, "secret", 0, 0)).toBe(1);
  });

  test("a challenge can be put into an AVP or a variable", async () => {
    const b = bed();
    const ctx = b.context(request("REGISTER", "bob", ""));
    expect(await code(b.call(auth, "pv_www_authenticate", ctx, "test", "x", 4))).toBe(-5);
    expect(ctx.avps.all("digest_challenge")?.[0]).toMatch(/^WWW-Authenticate: Digest realm="test", .*qop="auth"\r\n$/);
    let value: unknown;
    const dest = { get: () => null, set: (_: unknown, v: unknown) => (value = v) };
    expect(await code(b.call(auth, "auth_get_www_authenticate", ctx, "test", 1, dest))).toBe(1);
    expect(value).toMatch(/^WWW-Authenticate: Digest realm="test", .*qop="auth"\r\n$/);
  });

  test("has_credentials, and Authentication-Info with the server's proof", async () => {
    const b = bed({ add_authinfo_hdr: 1 });
    const c = await challenge(b);
    const { ctx } = await check(b, c);
    expect(await code(b.call(auth, "has_credentials", ctx, "test"))).toBe(1);
    expect(await code(b.call(auth, "has_credentials", ctx, "other"))).toBe(-1);
    const nonce = /nonce="([^"]*)"/.exec(c)![1]!;
    const proof = md5(`${md5("bob:test:secret")}:${nonce}:00000001:abc:auth:${md5(":sip:test")}`);
    expect(ctx.message.replyHeaders).toContain(`qop=auth, rspauth="${proof}", cnonce="abc", nc=00000001\r\n`);
  });
});
