import { describe, expect, test } from "vitest";
import type { SocketAddress } from "../../host/host.ts";
import { PeerRule, type TlsDomain, type TlsVersion } from "../../host/tls.ts";
import { parseTlsConfig } from "./config-file.ts";
import { Domains } from "./domains.ts";
import { profileName, versionsOf } from "./profile.ts";

/** Domains of a tls.cfg whose certificates are of no interest. */
function domainsOf(text: string): Domains {
  const { profiles, findings } = parseTlsConfig("tls.cfg", text);
  expect(findings).toEqual([]);
  return new Domains(
    profiles.map((profile) => {
      const { min, max } = versionsOf(profile.values.method ?? "TLSv1.2+")!;
      const peer = profile.values.verifyCertificate === true ? PeerRule.IF_GIVEN : PeerRule.NONE;
      const settings = { minVersion: min as TlsVersion, maxVersion: max as TlsVersion };
      const domain = { name: profileName(profile), context: { settings, own: null }, peer } as unknown as TlsDomain;
      return { profile, domain, expires: null };
    }),
  );
}
const at = (address: string, port: number): SocketAddress => ({ family: 4, address, port });

describe("domains", () => {
  const domains = domainsOf(`
[server:default]
[client:default]
[server:192.0.2.1:5061]
method = TLSv1.3
[server:192.0.2.1:5061]
server_name = a.example
verify_certificate = yes
[server:any]
server_name = a.example
[server:any]
server_name = b.example
server_name_mode = 1
[server:any]
server_name = c.example
server_name_mode = 2
[client:192.0.2.9:5061]
server_name = far.example
[client:192.0.2.8:5061]
server_id = eight
`);
  const serving = (address: string, name: string | null): string => domains.serving(at(address, 5061), name).name;

  test.each([
    ["192.0.2.1", null, "TLSs<192.0.2.1:5061>"],
    ["192.0.2.1", "z.example", "TLSs<192.0.2.1:5061>"],
    ["192.0.2.2", null, "TLSs<default>"],
    ["192.0.2.2", "z.example", "TLSs<default>"],
    ["192.0.2.2", "a.example", "TLSs<any:a.example>"],
    ["192.0.2.2", "x.a.example", "TLSs<default>"],
    ["192.0.2.2", "b.example", "TLSs<any:b.example>"],
    ["192.0.2.2", "x.b.example", "TLSs<any:b.example>"],
    ["192.0.2.2", "xb.example", "TLSs<default>"],
    ["192.0.2.2", "c.example", "TLSs<default>"],
    ["192.0.2.2", "x.c.example", "TLSs<any:c.example>"],
  ])("a connection to %s that asks for %s", (address, name, domain) => {
    expect(serving(address, name)).toBe(domain);
  });

  test("a name at the address itself goes before one at any", () => {
    const found = domains.serving(at("192.0.2.1", 5061), "a.example");
    expect(found.name).toBe("TLSs<192.0.2.1:5061>");
    expect(found.peer).toBe(PeerRule.IF_GIVEN);
  });

  test("connections of our own go by id, then by address", () => {
    const calling = (address: string, id: string | null) => domains.calling(at(address, 5061), null, id).domain.name;
    expect(calling("192.0.2.9", null)).toBe("TLSc<192.0.2.9:5061>");
    expect(calling("192.0.2.7", null)).toBe("TLSc<default>");
    expect(calling("192.0.2.9", "eight")).toBe("TLSc<192.0.2.8:5061>");
    expect(calling("192.0.2.9", "no such")).toBe("TLSc<192.0.2.9:5061>");
  });

  test("what may be needed before the name is known", () => {
    expect(domains.widest(at("192.0.2.1", 5061))).toEqual({ asks: true, minVersion: "TLSv1.2", maxVersion: "TLSv1.3" });
    expect(domains.widest(at("192.0.2.2", 5061)).asks).toBe(false);
    expect(domains.narrower().map((l) => l.domain.name)).toEqual(["TLSs<192.0.2.1:5061>"]);
  });

  test("the default section counts where it can be met", () => {
    const old = domainsOf(`
[server:default]
[client:default]
[server:192.0.2.1:5061]
method = TLSv1.2
[server:192.0.2.2:5061]
method = TLSv1.2
server_name = a.example
`);
    expect(old.widest(at("192.0.2.1", 5061)).maxVersion).toBe("TLSv1.2");
    expect(old.widest(at("192.0.2.2", 5061)).maxVersion).toBe("TLSv1.3");
    expect(old.narrower().map((l) => l.domain.name)).toEqual(["TLSs<192.0.2.2:5061>"]);
  });
});
