// TLS of the process: the settings in force, their replacement while connections live, and the look at files that change.

import { type Host, HostError, type SocketAddress } from "../../host/host.ts";
import type { TlsAcceptor, TlsDialer } from "../../host/tls.ts";
import type { Flow } from "../../net/flow.ts";
import type { TlsProvider } from "../../net/tls.ts";
import { Avps, RouteContext, RouteKind, Stop } from "../../proxy/context.ts";
import { unaskedContext } from "../../proxy/unasked.ts";
import { pickField } from "../../proxy/xavp.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { toUnicode } from "../../util/bytes.ts";
import { CertificateText, textOfCertificate, timeText } from "../../util/certificate-text.ts";
import { Level, type Log } from "../../util/log.ts";
import { type Finding, parseTlsConfig } from "./config-file.ts";
import { Domains } from "./domains.ts";
import { type Loading, type LoadProblem, loadProfiles, pathOf } from "./load.ts";
import { type OwnCertificate, ownCertificate } from "./own-certificate.ts";
import { noValues, type Profile, type ProfileValues, profileName } from "./profile.ts";

/** What the parameters say. */
export interface Settings {
  /** tls.cfg; null without one. */
  readonly config: string | null;
  readonly values: ProfileValues;
}

/** Why settings cannot be used: one line each, with place and hint. */
export class UnusableTls extends Error {
  readonly setting: string | null;
  constructor(lines: readonly string[], setting: string | null) {
    super(lines.join("; "));
    this.name = "UnusableTls";
    this.setting = setting;
  }
}

const HANDSHAKE_TIMEOUT = 10_000;
const MAX_HANDSHAKES = 512;
/** Milliseconds between two looks at the files. */
const LOOK_EVERY = 5_000;
/** A certificate that ends sooner is told of when it is loaded, and once a day. */
const WARN_BEFORE = 30 * 86_400_000;
const DAY = 86_400_000;

/** The process's TLS. */
export class TlsState implements TlsProvider {
  readonly acceptor: TlsAcceptor & { domains: Domains };
  /** Of the local authority, where one is used. */
  own: OwnCertificate | null = null;
  /** The id of the client section for the next connection that is opened (tls_set_connect_server_id). */
  nextServerId: string | null = null;
  /** The XAVP with server_name and server_id of one message (xavp_cfg); "" for none. */
  xavpCfg = "";
  failures = 0;
  /** tls_log: level of lines about handshakes. */
  logLevel: number = Level.DEBUG;
  silence = Number.POSITIVE_INFINITY;
  settings: Settings = { config: null, values: noValues() };
  private readonly host: Host;
  private readonly log: Log;
  private readonly moduleHost: ModuleHost;
  private seen = "";
  private tried = "";
  private cancelLook: () => void = () => {};
  private lastWarning = 0;

  constructor(host: ModuleHost) {
    this.host = host.host;
    this.log = host.log;
    this.moduleHost = host;
    this.acceptor = {
      domains: new Domains([]), // those of start are there before anything listens
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      maxHandshakes: MAX_HANDSHAKES,
      onFailure: (remote, local, reason) => this.failed(remote, local, reason),
    };
  }

  /** connection_timeout, in seconds; below 0 there is none. */
  silenceAfter(seconds: number): void {
    this.silence = seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
  }

  get domains(): Domains {
    return this.acceptor.domains;
  }

  dialer(remote: SocketAddress, _local: SocketAddress, asker: object | null): TlsDialer {
    const id = this.wish(asker, "server_id") ?? this.nextServerId;
    const name = this.wish(asker, "server_name");
    this.nextServerId = null;
    const { domain, profile } = this.domains.calling(remote, name?.toLowerCase() ?? null, id);
    return { domain, serverName: name ?? profile.values.serverName };
  }

  // What the script has put into the XAVP for the message that opens a connection.
  private wish(asker: object | null, field: string): string | null {
    if (this.xavpCfg === "" || !(asker instanceof Avps)) return null;
    const fields = asker.xavps("xavp").one(this.xavpCfg, 0)?.fields ?? null;
    const value = fields === null ? undefined : pickField(fields, field, null)?.value;
    return typeof value === "string" && value !== "" ? toUnicode(value) : null;
  }

  // event_route[tls:connection-out]; one that waits comes too late.
  mayUse(flow: Flow): boolean {
    const { proxy } = this.moduleHost;
    const event = proxy.routes?.event("tls:connection-out") ?? null;
    if (event === null) return true;
    const { message } = unaskedContext(proxy, RouteKind.EVENT);
    const ctx = new RouteContext(proxy, proxy.routes!, message, flow, RouteKind.EVENT);
    ctx.sending = { flow, length: 0 };
    const complain = (error: unknown): void =>
      this.log.error(`event_route[tls:connection-out]: ${error instanceof Error ? error.message : String(error)}`);
    try {
      const ran = event(ctx);
      if (typeof ran !== "number") ran.catch(complain);
    } catch (error) {
      complain(error);
    }
    return ctx.stop !== Stop.DROP;
  }

  /** Reads everything and puts it in force; throws UnusableTls. */
  start(settings: Settings): void {
    this.settings = settings;
    this.acceptor.domains = this.load(settings, false);
    this.tellExpiry();
    this.seen = this.tried = this.contents();
    this.look();
    this.host.process.onSignal("SIGHUP", () => {
      this.reload("SIGHUP");
    });
  }

  stop(): void {
    this.cancelLook();
  }

  /** Reads everything again. Null when it is in force now, else why it is refused; then nothing has changed. */
  reload(why: string): string | null {
    try {
      this.acceptor.domains = this.load(this.settings, true);
      this.seen = this.tried = this.contents();
      this.log.notice(`certificates and settings of TLS are read again (${why}); open connections go on as they are`);
      this.tellExpiry();
      return null;
    } catch (error) {
      if (!(error instanceof UnusableTls)) throw error;
      this.log.error(`what TLS would use now is refused (${why}), the old goes on: ${error.message}`);
      return error.message;
    }
  }

  /** Reads the settings without putting them in force. `strict` refuses expired certificates too. Throws UnusableTls. */
  load(settings: Settings, strict: boolean, makesOwn = true): Domains {
    const profiles = this.profilesOf(settings);
    const defaults = settings.config === null ? settings.values : noValues();
    const needsOwn = profiles.some(({ role, values }) => role === "server" && values.certificate === null);
    if (needsOwn && makesOwn && defaults.certificate === null) this.own = this.makeOwn();
    const loading: Loading = {
      host: this.host,
      directory: this.moduleHost.proxy.places.config,
      defaults,
      fallback: this.own,
    };
    const { loaded, problems } = loadProfiles(loading, profiles);
    if (strict)
      for (const { profile, expires } of loaded)
        if (expires !== null && expires <= this.host.clock.wall())
          problems.push({ profile, setting: "certificate", message: `it has expired at ${timeText(expires)}` });
    if (problems.length > 0)
      throw new UnusableTls(problems.map(problemText), settings.config === null ? problems[0]!.setting : "config");
    return new Domains(loaded);
  }

  private profilesOf(settings: Settings): Profile[] {
    const make = (role: "server" | "client", values: ProfileValues): Profile => ({
      role,
      scope: "default",
      values,
      place: null,
    });
    const client = { ...settings.values };
    if (settings.config === null) return [make("server", settings.values), make("client", client)];
    const file = pathOf(this.host.files, this.moduleHost.proxy.places.config, settings.config);
    const profiles: Profile[] = [];
    const findings: Finding[] = [];
    for (const name of this.configFiles(file)) {
      const parsed = parseTlsConfig(name, this.textOf(name));
      profiles.push(...parsed.profiles);
      findings.push(...parsed.findings);
    }
    for (const role of ["server", "client"])
      for (const { place } of profiles.filter((p) => p.role === role && p.scope === "default").slice(1))
        if (!findings.some((f) => f.place.startsWith(`${place}:`)))
          findings.push({ place: place ?? file, message: `a second [${role}:default]`, hint: null });
    if (findings.length > 0) throw new UnusableTls(findings.map(findingText), "config");
    for (const role of ["server", "client"] as const)
      if (!profiles.some((p) => p.role === role && p.scope === "default")) profiles.unshift(make(role, noValues()));
    return profiles;
  }

  // The file, or those of a directory in the order of their names.
  private configFiles(path: string): string[] {
    const { files } = this.host;
    try {
      const names = files.list(path).filter((name) => name.endsWith(".cfg"));
      return names.sort().map((name) => files.resolve(path, name));
    } catch {
      return [path];
    }
  }

  private textOf(file: string): string {
    try {
      return new TextDecoder().decode(this.host.files.read(file));
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      throw new UnusableTls([`${file}: ${error.message}`], "config");
    }
  }

  private makeOwn(): OwnCertificate {
    const { proxy } = this.moduleHost;
    const addresses = this.host.network.interfaces().map(([, address]) => address);
    const hosts = ["localhost", ...new Set(addresses.filter((a) => !a.startsWith("fe80")))];
    try {
      const own = ownCertificate(this.host, proxy.places.data, hosts, expiryOfPem);
      if (own.made.length > 0)
        this.log.warn(
          `no certificate is configured: made ${own.made.join(", ")}; telephones may trust ${own.authorityFile}`,
        );
      return own;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      throw new UnusableTls([`no certificate is configured, and none can be made: ${error.message}`], "certificate");
    }
  }

  private failed(remote: SocketAddress, local: SocketAddress, reason: string): void {
    this.failures++;
    this.moduleHost.proxy.counters.drop("tls-handshake");
    this.tell(
      "handshakes that came to nothing",
      () => `handshake of ${at(remote)} with ${at(local)} came to nothing: ${reason}`,
    );
  }

  accepted({ tls, remote, local }: Flow): void {
    if (tls == null) return;
    this.tell("connections", () => {
      const shown = tls.peer === null ? "did not present a certificate" : `certificate subject: ${subjectOf(tls.peer)}`;
      return `new connection from ${at(remote)} to ${at(local)} using ${tls.version} ${tls.cipher} ${tls.bits}, client ${shown}`;
    });
  }

  // Strangers cause these lines: above level debug they are limited.
  private tell(what: string, text: () => string): void {
    const { log, logLevel } = this;
    if (!log.enabled(logLevel)) return;
    if (logLevel >= Level.DEBUG) log.write(logLevel, text());
    else this.moduleHost.proxy.limited.write(log, logLevel, what, text());
  }

  private tellExpiry(): void {
    const now = this.host.clock.wall();
    this.lastWarning = now;
    for (const { profile, expires } of this.domains.all) {
      if (expires === null) continue;
      const days = Math.floor((expires - now) / DAY);
      const text = `${profileName(profile)}: the certificate ${expires <= now ? "has expired at" : "is valid until"} ${timeText(expires)}`;
      if (expires <= now) this.log.error(text);
      else if (expires < now + WARN_BEFORE) this.log.warn(`${text}, in ${days} days`);
      else this.log.info(text);
    }
  }

  // Files are believed when two looks in a row find the same in them: they may be about to be written.
  private look(): void {
    this.cancelLook = this.host.clock.after(LOOK_EVERY, () => {
      const now = this.contents();
      if (now !== this.tried && now === this.seen) {
        this.tried = now;
        this.reload("a file has changed");
      }
      this.seen = now;
      if (this.host.clock.wall() - this.lastWarning >= DAY) this.tellExpiry();
      this.look();
    });
  }

  // Everything in the files that the sections name; tls.cfg itself is read again only when asked to.
  private contents(): string {
    const { files } = this.host;
    const names = new Set<string>();
    for (const { profile } of this.domains.all) {
      const { certificate, privateKey, caList, crl } = profile.values;
      for (const name of [certificate, privateKey, caList, crl]) if (name !== null) names.add(name);
    }
    let all = "";
    for (const name of names) {
      try {
        all += `${name} ${String.fromCharCode(...files.read(pathOf(files, this.moduleHost.proxy.places.config, name)))}\n`;
      } catch (error) {
        all += `${name}: ${error instanceof HostError ? error.code : "?"}\n`;
      }
    }
    return all;
  }
}

// What a stranger shows need not be a certificate that we can read.
function subjectOf(der: Uint8Array): string {
  try {
    return textOfCertificate(der).line("subject");
  } catch {
    return "unreadable";
  }
}

function at({ address, port }: SocketAddress): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** When the first certificate of a PEM text expires; null when there is none that can be read. */
function expiryOfPem(pem: string): number | null {
  const block = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(pem)?.[1];
  if (block === undefined) return null;
  try {
    return new CertificateText(Uint8Array.from(atob(block.replace(/\s/g, "")), (c) => c.charCodeAt(0))).notAfter;
  } catch {
    return null;
  }
}

function problemText({ profile, setting, message }: LoadProblem): string {
  const where = profile.place === null ? "" : `${profile.place}: `;
  return `${where}${profileName(profile)} ${setting}: ${message}`;
}

function findingText({ place, message, hint }: Finding): string {
  return `${place}: ${message}${hint === null ? "" : ` (${hint})`}`;
}
