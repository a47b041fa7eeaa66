// Credentials and challenges as text.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textOfChars, token } from "../../test/support/sip-arbitraries.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import {
  Algorithm,
  algorithmId,
  algorithmName,
  checkCredentials,
  DigestParam,
  DigestRange,
  digestText,
  hasDigestParam,
  nonceCount,
  parseDigest,
} from "./digest.ts";
import { SipError } from "./errors.ts";
import { quote } from "./tokens.ts";

function parse(text: string) {
  const bytes = bytesOf(`,,${text},,`);
  const range = new DigestRange();
  const code = parseDigest(bytes, 2, 2 + text.length, range);
  return { code, range, bytes, get: (id: number) => digestText(bytes, range, id) };
}

describe("parseDigest", () => {
  test("reads credentials of RFC 7616", () => {
    const { code, range, bytes, get } = parse(
      'Digest username="Mu\\"fasa", realm="http-auth@example.org",\r\n uri="/dir,index.html", algorithm=SHA-256 , ' +
        'nonce=7ypf/xlj9XXwfDPEoM4URrv==, nc=0000000a, cnonce="f2/w", qop=auth, response="75", opaque="", x-new=1',
    );
    expect(code).toBe(0);
    expect(range.isDigest).toBe(1);
    expect(range.algorithm).toBe(Algorithm.SHA256);
    expect(get(DigestParam.USERNAME)).toBe('Mu"fasa');
    expect(get(DigestParam.URI)).toBe("/dir,index.html");
    expect(get(DigestParam.NONCE)).toBe("7ypf/xlj9XXwfDPEoM4URrv==");
    expect(get(DigestParam.OPAQUE)).toBe("");
    expect([hasDigestParam(range, DigestParam.OPAQUE), hasDigestParam(range, DigestParam.STALE)]).toEqual([
      true,
      false,
    ]);
    expect(nonceCount(bytes, range)).toBe(10);
    expect(range.count).toBe(11);
    expect(checkCredentials(range)).toBe(0);
  });

  test("several challenges in one header are read one by one", () => {
    const text = 'Digest realm="a", nonce="1", algorithm=SHA-256, Digest realm="b", nonce="2", algorithm=MD5,';
    const bytes = bytesOf(text);
    const range = new DigestRange();
    expect(parseDigest(bytes, 0, bytes.length, range)).toBe(0);
    expect([digestText(bytes, range, DigestParam.REALM), range.algorithm]).toEqual(["a", Algorithm.SHA256]);
    expect(parseDigest(bytes, range.next, bytes.length, range)).toBe(0);
    expect([digestText(bytes, range, DigestParam.REALM), range.algorithm]).toEqual(["b", Algorithm.MD5]);
    expect(range.next).toBe(-1);
  });

  test("other schemes: a word, or parameters", () => {
    const basic = parse("Basic dXNlcjpwYXNz/+==");
    expect([basic.code, basic.range.isDigest]).toEqual([0, 0]);
    expect(textOf(basic.bytes, basic.range.wordStart, basic.range.wordEnd)).toBe("dXNlcjpwYXNz/+==");
    const other = parse("NoOneKnowsThisScheme opaque-data=here");
    expect(other.code).toBe(0);
  });

  test.each([
    ["", SipError.DIGEST_SCHEME],
    ["Digest", SipError.DIGEST_PARAM],
    ["Digest ", SipError.DIGEST_PARAM],
    ["Digest x", SipError.DIGEST_PARAM],
    ["Digest =x", SipError.DIGEST_PARAM],
    ["Digest realm=", SipError.DIGEST_VALUE],
    ["Digest realm=,nonce=1", SipError.DIGEST_VALUE],
    ['Digest realm="a', SipError.UNTERMINATED_QUOTE],
    ['Digest realm="a" nonce="b"', SipError.DIGEST_PARAM],
    ['Digest realm="a", REALM="b"', SipError.DIGEST_PARAM],
    [`Digest ${"a=b,".repeat(40)}`, SipError.DIGEST_TOO_MANY],
  ])("refuses %j", (text, error) => {
    expect(parse(text).code).toBe(error);
  });

  test("credentials without what is needed are told", () => {
    const missing = (text: string) => checkCredentials(parse(text).range);
    const whole = 'Digest username="a",realm="b",nonce="c",uri="d",response="e"';
    expect(missing(whole)).toBe(0);
    expect(missing(`${whole},qop=auth`)).toBe(SipError.DIGEST_MISSING);
    expect(missing(`${whole},qop=auth,nc=00000001,cnonce="x"`)).toBe(0);
    expect(missing('Digest username="a",realm="b",nonce="c",uri="d"')).toBe(SipError.DIGEST_MISSING);
    expect(missing(whole.replace("Digest", "Basic"))).toBe(SipError.DIGEST_MISSING);
  });

  test("nc of other shapes is no count", () => {
    for (const nc of ["1", "000000001", "0000000g", '"0000 001"']) {
      const { bytes, range } = parse(`Digest nc=${nc}`);
      expect(nonceCount(bytes, range)).toBe(-1);
    }
  });
});

describe("algorithms", () => {
  test("names and numbers agree, in any case", () => {
    for (let id = Algorithm.MD5; id < Algorithm.OTHER; id++) {
      const name = algorithmName(id);
      expect(algorithmId(bytesOf(name.toLowerCase()), 0, name.length)).toBe(id);
    }
    expect(algorithmId(bytesOf("AKAv1-MD5"), 0, 9)).toBe(Algorithm.OTHER);
  });
});

interface Made {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: number;
  readonly opaque: string;
  readonly qop: string;
}

function buildChallenge(challenge: Made & { readonly stale: boolean }): string {
  let text = `Digest realm=${quote(challenge.realm)}, nonce=${quote(challenge.nonce)}`;
  if (challenge.opaque) text += `, opaque=${quote(challenge.opaque)}`;
  if (challenge.stale === true) text += ", stale=true";
  if (challenge.algorithm) text += `, algorithm=${algorithmName(challenge.algorithm)}`;
  if (challenge.qop) text += `, qop=${quote(challenge.qop)}`;
  return text;
}

interface MadeCredentials extends Made {
  readonly username: string;
  readonly uri: string;
  readonly response: string;
  readonly nc: number;
  readonly cnonce: string;
}

function buildCredentials(credentials: MadeCredentials): string {
  let text = `Digest username=${quote(credentials.username)}, realm=${quote(credentials.realm)}`;
  text += `, nonce=${quote(credentials.nonce)}, uri=${quote(credentials.uri)}, response=${quote(credentials.response)}`;
  if (credentials.algorithm) text += `, algorithm=${algorithmName(credentials.algorithm)}`;
  if (credentials.opaque) text += `, opaque=${quote(credentials.opaque)}`;
  if (credentials.qop) {
    const nc = credentials.nc.toString(16).padStart(8, "0");
    text += `, qop=${credentials.qop}, nc=${nc}, cnonce=${quote(credentials.cnonce)}`;
  }
  return text;
}

describe("what was written", () => {
  const text = textOfChars('abcXYZ09 ,;="\\/@:+\xe9', 0, 10);

  test("a challenge reads back as what it was built from", () => {
    const challenge = fc.record({
      realm: text,
      nonce: text,
      algorithm: fc.integer({ min: 0, max: 6 }),
      qop: fc.constantFrom("", "auth", "auth,auth-int"),
      opaque: text,
      stale: fc.boolean(),
    });
    fc.assert(
      fc.property(challenge, (made) => {
        const { code, range, get } = parse(buildChallenge(made));
        expect(code).toBe(0);
        expect(get(DigestParam.REALM)).toBe(made.realm);
        expect(get(DigestParam.NONCE)).toBe(made.nonce);
        expect(range.algorithm).toBe(made.algorithm);
        expect(get(DigestParam.QOP)).toBe(made.qop);
        expect(get(DigestParam.OPAQUE)).toBe(made.opaque);
        expect(get(DigestParam.STALE)).toBe(made.stale ? "true" : "");
      }),
      { seed: 12 },
    );
  });

  test("credentials read back as what they were built from", () => {
    const credentials = fc.record({
      username: text,
      realm: text,
      nonce: text,
      uri: text,
      response: token,
      algorithm: fc.integer({ min: 0, max: 6 }),
      opaque: text,
      qop: fc.constantFrom("", "auth"),
      nc: fc.integer({ min: 1, max: 0xffffffff }),
      cnonce: text,
    });
    fc.assert(
      fc.property(credentials, (made) => {
        const { code, range, bytes, get } = parse(buildCredentials(made));
        expect(code).toBe(0);
        expect(checkCredentials(range)).toBe(0);
        expect(get(DigestParam.USERNAME)).toBe(made.username);
        expect(get(DigestParam.URI)).toBe(made.uri);
        expect(get(DigestParam.RESPONSE)).toBe(made.response);
        if (made.qop === "") return;
        expect(nonceCount(bytes, range)).toBe(made.nc);
        expect(get(DigestParam.CNONCE)).toBe(made.cnonce);
      }),
      { seed: 13 },
    );
  });
});
