// TLS on this runtime and on the simulated network: who sees whose certificate, who is refused, what is replaced while it runs.

import { afterEach, describe, expect, test } from "vitest";
import { makeCertificate } from "./certificates.ts";
import type { Host, TcpConnection, TcpListener } from "./host.ts";
import { selectHost } from "./index.ts";
import { createSimulation } from "./simulated.ts";
import {
  type MadeCertificate,
  PeerRule,
  type TlsAcceptor,
  type TlsDomain,
  type TlsDomains,
  type TlsSettings,
} from "./tls.ts";

const ca = makeCertificate({ commonName: "test CA", hosts: [], days: 2, issuer: null, now: Date.now() });
const otherCa = makeCertificate({ commonName: "other CA", hosts: [], days: 2, issuer: null, now: Date.now() });
const leaf = (commonName: string, issuer: MadeCertificate, days = 2): MadeCertificate =>
  makeCertificate({ commonName, hosts: [commonName, "127.0.0.1", "::1"], days, issuer, now: Date.now() });

function settingsOf(own: MadeCertificate | null, authorities: string, more: Partial<TlsSettings> = {}): TlsSettings {
  return {
    certificate: own?.certificate ?? null,
    key: own?.key ?? null,
    authorities,
    revoked: "",
    depth: 9,
    ciphers: null,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    ...more,
  };
}

/** Domains by name; the first stands for all others. */
function domainsOf(list: Readonly<Record<string, TlsDomain>>): TlsDomains {
  const all = Object.values(list);
  return {
    serving: (_local, name) => list[name ?? ""] ?? all[0]!,
    widest: () => ({ asks: all.some((d) => d.peer !== PeerRule.NONE), minVersion: "TLSv1.2", maxVersion: "TLSv1.3" }),
  };
}

class Bed {
  readonly failures: string[] = [];
  readonly accepted: TcpConnection[] = [];
  readonly acceptor: TlsAcceptor & { domains: TlsDomains };
  readonly host: Host;
  private listener: TcpListener | null = null;

  constructor(host: Host, domains: TlsDomains, handshakeTimeout = 2000, maxHandshakes = 64) {
    this.host = host;
    const { failures } = this;
    this.acceptor = {
      domains,
      handshakeTimeout,
      maxHandshakes,
      onFailure: (_remote, _local, reason) => void failures.push(reason),
    };
  }

  async listen(): Promise<TcpListener> {
    this.listener = await this.host.network.listenTcp({
      local: { family: 4, address: "127.0.0.1", port: 0 },
      maxQueue: 1 << 20,
      tls: this.acceptor,
      onConnection: (connection) => {
        this.accepted.push(connection);
        return { onData: (c, buf, start, end) => void c.send(buf, start, end), onClose: () => {} };
      },
    });
    return this.listener;
  }

  /** Connects, says something, and gives what came back and the connection; rejects when refused. */
  async say(text: string, own: TlsDomain, serverName: string | null = null) {
    const { local } = this.listener ?? (await this.listen());
    let heard = "";
    let done: (text: string) => void = () => {};
    const answer = new Promise<string>((resolve) => {
      done = resolve;
    });
    const connection = await this.host.network.connectTcp({
      remote: { family: 4, address: "127.0.0.1", port: local.port },
      timeout: 3000,
      maxQueue: 1 << 20,
      tls: { domain: own, serverName },
      handlers: {
        onData: (_c, buf, start, end) => {
          heard += new TextDecoder().decode(buf.subarray(start, end));
          if (heard.length >= text.length) done(heard);
        },
        onClose: () => done(`closed ${heard}`),
      },
    });
    const bytes = new TextEncoder().encode(text);
    connection.send(bytes, 0, bytes.length);
    return { connection, answer: await answer };
  }

  close(): void {
    this.listener?.close();
    for (const c of this.accepted) c.abort();
  }
}

const beds: Bed[] = [];
afterEach(() => {
  for (const bed of beds.splice(0)) bed.close();
});
function bedOf(host: Host, domains: TlsDomains, handshakeTimeout?: number, maxHandshakes?: number): Bed {
  const bed = new Bed(host, domains, handshakeTimeout, maxHandshakes);
  beds.push(bed);
  return bed;
}
const real = await selectHost();
const { context } = real.tls;
const domain = (name: string, settings: TlsSettings, peer: PeerRule): TlsDomain => ({
  name,
  context: context(settings),
  peer,
});
const trusting = domain("client", settingsOf(null, ca.certificate), PeerRule.REQUIRED);
const carefree = domain("client", settingsOf(null, ""), PeerRule.MAY_FAIL);
const a = leaf("a.example", ca);
const b = leaf("b.example", ca);

describe(`TLS on ${real.name}`, () => {
  test("both ends learn what was agreed on; the server name chooses the certificate", async () => {
    const bed = bedOf(
      real,
      domainsOf({
        "": domain("A", settingsOf(a, ca.certificate), PeerRule.IF_GIVEN),
        "b.example": domain("B", settingsOf(b, ca.certificate), PeerRule.IF_GIVEN),
      }),
    );
    const withOwn = domain("client", settingsOf(leaf("c.example", ca), ca.certificate), PeerRule.REQUIRED);
    const { connection, answer } = await bed.say("hello", withOwn, "b.example");
    expect(answer).toBe("hello");
    expect(connection.tls).toMatchObject({ version: "TLSv1.3", verified: true, problem: null });
    expect(Buffer.from(connection.tls!.peer!)).toEqual(Buffer.from(context(settingsOf(b, "")).own!));
    const [far] = bed.accepted;
    expect(far!.tls).toMatchObject({ serverName: "b.example", verified: true });
    expect(far!.tls!.domain.name).toBe("B");
    const second = await bed.say("again", trusting);
    expect(second.answer).toBe("again");
    expect(bed.accepted[1]!.tls).toMatchObject({ serverName: null, peer: null, verified: false });
    expect(bed.accepted[1]!.tls!.domain.name).toBe("A");
  });

  test("a server that is not believed is refused by who asks for that", async () => {
    const bed = bedOf(real, domainsOf({ "": domain("A", settingsOf(leaf("x", otherCa), ""), PeerRule.NONE) }));
    await expect(bed.say("hello", trusting)).rejects.toMatchObject({ code: "EPROTO" });
    expect((await bed.say("hello", carefree)).answer).toBe("hello");
  });

  test("a client without a certificate, or with a strange one, is refused where one is required", async () => {
    const bed = bedOf(real, domainsOf({ "": domain("A", settingsOf(a, ca.certificate), PeerRule.REQUIRED) }));
    const strange = domain("client", settingsOf(leaf("x", otherCa), ca.certificate), PeerRule.REQUIRED);
    for (const own of [trusting, strange]) {
      const said = await bed.say("hello", own).then(
        ({ answer }) => answer,
        () => "closed ",
      );
      expect(said).toBe("closed ");
    }
    expect(bed.accepted).toEqual([]);
    expect(bed.failures).toHaveLength(2);
    const known = domain("client", settingsOf(leaf("c", ca), ca.certificate), PeerRule.REQUIRED);
    expect((await bed.say("hello", known)).answer).toBe("hello");
  });

  test("new domains are for new connections; open ones go on", async () => {
    const bed = bedOf(real, domainsOf({ "": domain("A", settingsOf(a, ""), PeerRule.NONE) }));
    const first = await bed.say("one", trusting);
    bed.acceptor.domains = domainsOf({ "": domain("B", settingsOf(b, ""), PeerRule.NONE) });
    const second = await bed.say("two", trusting);
    expect(Buffer.from(second.connection.tls!.peer!)).toEqual(Buffer.from(context(settingsOf(b, "")).own!));
    expect(Buffer.from(first.connection.tls!.peer!)).toEqual(Buffer.from(context(settingsOf(a, "")).own!));
    const far = bed.accepted[0]!;
    expect(far.send(new TextEncoder().encode("still"), 0, 5)).toBe(true);
  });

  test("handshakes that do not come forward end in time, and delay nobody", async () => {
    const bed = bedOf(real, domainsOf({ "": domain("A", settingsOf(a, ""), PeerRule.NONE) }), 300, 16);
    const { local } = await bed.listen();
    const closed: Promise<void>[] = [];
    for (let i = 0; i < 24; i++) {
      let gone: () => void = () => {};
      closed.push(
        new Promise((resolve) => {
          gone = resolve;
        }),
      );
      await real.network.connectTcp({
        remote: { family: 4, address: "127.0.0.1", port: local.port },
        timeout: 1000,
        maxQueue: 1000,
        handlers: { onData: () => {}, onClose: gone },
      });
    }
    expect((await bed.say("hello", trusting)).answer).toBe("hello");
    await Promise.all(closed);
    expect(bed.accepted).toHaveLength(1);
  });

  test("a key of another certificate is no context; nor is nonsense", () => {
    expect(() => context(settingsOf({ certificate: a.certificate, key: b.key }, ""))).toThrow(/another certificate/);
    expect(() => context(settingsOf({ certificate: "nothing", key: b.key }, ""))).toThrow(/no certificate/);
    expect(() => context(settingsOf({ certificate: a.certificate, key: "nothing" }, ""))).toThrow(/cannot be read/);
  });
});

test("the simulated network looks at certificates too", async () => {
  const world = createSimulation({ seed: 1 });
  const host = world.host({ addresses: ["10.0.0.1"] });
  const bed = bedOf(host, domainsOf({ "": domain("A", settingsOf(a, ca.certificate), PeerRule.REQUIRED) }));
  const known = domain("client", settingsOf(leaf("c", ca), ca.certificate), PeerRule.REQUIRED);
  const saying = bed.say("hello", known, "a.example");
  await world.runUntilIdle(60_000);
  const { connection, answer } = await saying;
  expect(answer).toBe("hello");
  expect(connection.tls).toMatchObject({ verified: true });
  expect(bed.accepted[0]!.tls).toMatchObject({ verified: true, serverName: "a.example" });
  const refused = bed.say("hello", trusting).then(
    () => "let in",
    (error: { code: string }) => error.code,
  );
  await world.runUntilIdle(60_000);
  expect(await refused).toBe("EPROTO");
});

test("nobody begins a handshake who may not", async () => {
  const asked: number[] = [];
  const listener = await real.network.listenTcp({
    local: { family: 4, address: "127.0.0.1", port: 0 },
    maxQueue: 1000,
    tls: {
      domains: domainsOf({ "": domain("A", settingsOf(a, ""), PeerRule.NONE) }),
      handshakeTimeout: 1000,
      maxHandshakes: 10,
      onFailure: () => {},
    },
    mayBegin: (remote) => {
      asked.push(remote.port);
      return false;
    },
    onConnection: () => {
      throw new Error("nobody comes in");
    },
  });
  const refused = await real.network
    .connectTcp({
      remote: listener.local,
      timeout: 2000,
      maxQueue: 1000,
      tls: { domain: carefree, serverName: null },
      handlers: { onData: () => {}, onClose: () => {} },
    })
    .then(
      () => "let in",
      () => "refused",
    );
  expect(refused).toBe("refused");
  expect(asked).toHaveLength(1);
  listener.close();
});
