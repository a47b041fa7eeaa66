import { describe, expect, test } from "vitest";
import { parseTlsConfig } from "./config-file.ts";
import { profileName } from "./profile.ts";

const parse = (text: string) => parseTlsConfig("tls.cfg", text);

describe("tls.cfg", () => {
  test("sections and values", () => {
    const { profiles, findings } = parse(
      [
        "# a comment",
        "[server:default]",
        "method = TLSv1.2+   # and another",
        'cipher_list = "HIGH:!aNULL#x"',
        "verify_certificate=yes",
        "[client:[2001:db8::1]:5061]",
        "server_id = one",
        "verify_depth = 3",
        "[server:any]",
        "server_name = example.org",
        "server_name_mode = 1",
        "verify_client = optional_no_ca",
      ].join("\r\n"),
    );
    expect(findings).toEqual([]);
    expect(profiles.map(profileName)).toEqual(["TLSs<default>", "TLSc<[2001:db8::1]:5061>", "TLSs<any:example.org>"]);
    expect(profiles[0]!.values).toMatchObject({
      method: "TLSv1.2+",
      cipherList: "HIGH:!aNULL#x",
      verifyCertificate: true,
      requireCertificate: null,
    });
    expect(profiles[1]!.values).toMatchObject({ serverId: "one", verifyDepth: 3 });
    expect(profiles[2]!.values).toMatchObject({ serverNameMode: 1, verifyClient: "optional_no_ca" });
    expect(profiles[2]!.place).toBe("tls.cfg:9");
  });

  test.each([
    ["[server:default]\ncertificat = x", "tls.cfg:2:1", "unknown setting certificat", "did you mean certificate?"],
    ["[server:default]\n  method = TLSv9", "tls.cfg:2:12", 'method: unknown method "TLSv9"', null],
    ["[server:default]\nmethod = SSLv3", "tls.cfg:2:10", "method: SSLv3 is not spoken", null],
    ["[foo:default]", "tls.cfg:1:1", "for server or client, not for foo", "[server:192.0.2.1:5061]"],
    ["[server:default]\n[server:default]", "tls.cfg:2:1", "the first one is at tls.cfg:1", null],
    ["[server:1.2.3.4]", "tls.cfg:1:1", "no address with a port", null],
    ["[server:host.example:5061]", "tls.cfg:1:1", "is not a numeric address", null],
    ["[server:1.2.3.4:70000]", "tls.cfg:1:1", "is no port", null],
    ["[server:default]\nverify_certificate = maybe", "tls.cfg:2:22", "yes or no is expected", null],
    ["[server:default]\nverify_depth = x", "tls.cfg:2:16", "a number is expected", null],
    ["[server:default]\nverify_client = perhaps", "tls.cfg:2:17", "there are off, on, optional", null],
    ["[server:default]\ngarbage", "tls.cfg:2:1", "not of the form name = value", null],
    ["method = TLSv1.2", "tls.cfg:1:1", "stands before any section", "write [server:default] above it"],
    ["[server:any]\ncertificate = x", "tls.cfg:1", "needs server_name", "the name that clients ask for"],
    ["[server:default]\ncertificate =", "tls.cfg:2:14", "a value is missing", null],
  ])("%j", (text, place, message, hint) => {
    const { findings } = parse(text);
    expect(findings).toHaveLength(1);
    expect(findings[0]!.place).toBe(place);
    expect(findings[0]!.message).toContain(message);
    if (hint !== null) expect(findings[0]!.hint).toContain(hint);
  });
});
