// TLS by node:tls, the same on Bun and on Deno. A port accepts by node:net and hands the connection to a tls.Server that is made anew when
// the domains change: those that are open keep what they have.
import { createPrivateKey, type X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import {
  connect,
  createSecureContext,
  createServer,
  type PeerCertificate,
  type SecureContext,
  type Server,
  type TLSSocket,
} from "node:tls";
import {
  chainProblem,
  makeCertificate,
  type RevocationList,
  readCertificates,
  readRevocations,
} from "./certificates.ts";
import { HostError, type SocketAddress, type TcpConnectOptions } from "./host.ts";
import {
  cipherBits,
  PeerRule,
  refusalOf,
  type Tls,
  type TlsAcceptor,
  type TlsContext,
  type TlsDialer,
  type TlsDomain,
  type TlsDomains,
  type TlsInfo,
  type TlsSettings,
} from "./tls.ts";
import { Handshakes } from "./tls-handshakes.ts";

interface NodeContext extends TlsContext {
  readonly secure: SecureContext;
  readonly authorities: readonly X509Certificate[];
  readonly lists: readonly RevocationList[];
}

/** Host.tls of a runtime. Deno's TLS (rustls) knows 1.2 and 1.3 and its own ciphers only. */
export function nodeTls(runtime: "bun" | "deno"): Tls {
  return {
    choosesCiphers: runtime === "bun",
    hasOldVersions: runtime === "bun",
    versionsByName: runtime === "deno",
    context: makeContext,
    make: makeCertificate,
  };
}

function makeContext(settings: TlsSettings): NodeContext {
  const { ciphers, minVersion, maxVersion } = settings;
  // A file may hold both, and parameters of curves; Deno reads the first block only.
  const certificate = settings.certificate === null ? null : onlyBlocks(settings.certificate, /CERTIFICATE/);
  const key = settings.key === null ? null : onlyBlocks(settings.key, /(?:[A-Z]+ )*PRIVATE KEY/);
  const authorities = readCertificates(settings.authorities);
  const lists = readRevocations(settings.revoked, authorities);
  const own = certificate === null ? null : (readCertificates(certificate)[0] ?? null);
  if (certificate !== null && own === null) throw new HostError("EINVAL", "there is no certificate in it");
  if (own !== null) checkKey(own, key);
  try {
    const secure = createSecureContext({
      ...(certificate === null ? {} : { cert: certificate }),
      ...(key === null ? {} : { key }),
      ca: authorities.map((a) => a.toString()), // never the system's
      ...(ciphers === null ? {} : { ciphers: withoutLevel(ciphers) }),
      minVersion,
      maxVersion,
    });
    return {
      settings: { ...settings, certificate, key },
      secure,
      authorities,
      lists,
      own: own === null ? null : new Uint8Array(own.raw),
    };
  } catch (error) {
    throw new HostError("EINVAL", error instanceof Error ? error.message : String(error));
  }
}

// "@SECLEVEL=0" lets OpenSSL speak old versions. The library of Bun has no such levels and refuses the word: there the method alone decides.
function withoutLevel(ciphers: string): string {
  return ciphers.replace(/@SECLEVEL=\d/g, "").replace(/^[:, ]+|[:, ]+$/g, "") || "DEFAULT";
}

function onlyBlocks(pem: string, label: RegExp): string {
  const { source } = label;
  return (pem.match(new RegExp(`-----BEGIN ${source}-----[^-]+-----END ${source}-----`, "g")) ?? []).join("\n");
}

function checkKey(certificate: X509Certificate, key: string | null): void {
  if (key === null) throw new HostError("EINVAL", "the certificate has no key");
  let fits: boolean;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw new HostError("EINVAL", "the key cannot be read: it must be PEM without a password");
  }
  if (!fits) throw new HostError("EINVAL", "the key belongs to another certificate");
}

/** What accepts TLS on one port. `accept` gets each connection whose handshake has succeeded, with what it agreed on. */
export class TlsDoor {
  readonly #local: SocketAddress;
  readonly #acceptor: TlsAcceptor;
  readonly #accept: (socket: Socket, info: TlsInfo) => void;
  readonly #handshakes: Handshakes<Socket>;
  #server: Server | null = null;
  #domains: TlsDomains | null = null;

  constructor(local: SocketAddress, acceptor: TlsAcceptor, accept: (socket: Socket, info: TlsInfo) => void) {
    this.#local = local;
    this.#acceptor = acceptor;
    this.#accept = accept;
    this.#handshakes = new Handshakes(acceptor.maxHandshakes, (socket) => socket.destroy());
  }

  /** Begins the handshake on a new connection. */
  admit(socket: Socket): void {
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || port === undefined) {
      socket.destroy();
      return;
    }
    const key = `${address} ${port}`;
    this.#handshakes.begin(key, address, socket);
    const timer = setTimeout(() => {
      if (this.#handshakes.end(key, socket)) {
        this.#failed(address, port, "the handshake takes too long");
        socket.destroy();
      }
    }, this.#acceptor.handshakeTimeout);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#handshakes.end(key, socket);
    });
    socket.on("error", () => {}); // told by tlsClientError, or the close
    this.#current().emit("connection", socket);
  }

  /** Ends the handshakes under way. */
  close(): void {
    this.#handshakes.endAll();
  }

  #failed(address: string, port: number, reason: string): void {
    this.#acceptor.onFailure({ family: address.includes(":") ? 6 : 4, address, port }, this.#local, reason);
  }

  #current(): Server {
    const { domains } = this.#acceptor;
    if (this.#server !== null && this.#domains === domains) return this.#server;
    const local = this.#local;
    const contextOf = (name: string | null): SecureContext => contextBehind(domains.serving(local, name)).secure;
    const { asks, minVersion, maxVersion } = domains.widest(local);
    const plain = domains.serving(local, null).context as NodeContext;
    const { certificate, key, ciphers } = plain.settings;
    const server = createServer({
      allowHalfOpen: true,
      ...(certificate === null ? {} : { cert: certificate }),
      ...(key === null ? {} : { key }),
      ...(ciphers === null ? {} : { ciphers: withoutLevel(ciphers) }),
      ca: plain.authorities.map((a) => a.toString()),
      minVersion,
      maxVersion,
      requestCert: asks,
      rejectUnauthorized: false, // refusalOf does
      SNICallback: (name, done) => done(null, contextOf(nameOrNull(name))),
    });
    server.on("secureConnection", (socket) => this.#done(socket, domains));
    server.on("tlsClientError", (error, socket) => {
      const { remoteAddress: address, remotePort: port } = socket;
      if (address !== undefined && port !== undefined) this.#failed(address, port, error.message);
      socket.destroy();
    });
    this.#server = server;
    this.#domains = domains;
    return server;
  }

  #done(socket: TLSSocket, domains: TlsDomains): void {
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || port === undefined || !this.#handshakes.end(`${address} ${port}`, null)) {
      socket.destroy();
      return;
    }
    const domain = domains.serving(this.#local, nameOrNull(socket.servername));
    const info = infoOf(socket, domain, nameOrNull(socket.servername), true);
    const refusal = refusalOf(info, true);
    if (refusal === null) {
      this.#accept(socket, info);
      return;
    }
    this.#failed(address, port, refusal);
    socket.on("error", () => {});
    socket.destroy();
  }
}

/** Opens a connection with TLS on it; resolves when the handshake has succeeded. `begun` gets the socket at once, to end it. */
export function dialTls(
  options: TcpConnectOptions,
  dialer: TlsDialer,
  begun: (socket: Socket) => void,
): Promise<{ socket: Socket; info: TlsInfo }> {
  const { remote, localAddress } = options;
  const { domain, serverName } = dialer;
  const { minVersion, maxVersion } = domain.context.settings;
  return new Promise((resolve, reject) => {
    const how = {
      host: remote.address,
      port: remote.port,
      allowHalfOpen: true,
      ...(localAddress === undefined ? {} : { localAddress }),
      secureContext: contextBehind(domain).secure,
      minVersion,
      maxVersion,
      ...(serverName === null ? {} : { servername: serverName }),
      rejectUnauthorized: false, // refusalOf does
      checkServerIdentity: () => undefined,
    };
    const socket = connect(how);
    socket.setNoDelay(true);
    begun(socket);
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      socket.removeListener("error", reject);
      const info = infoOf(socket, domain, serverName, false);
      const refusal = refusalOf(info, false);
      if (refusal === null) resolve({ socket, info });
      else reject(new HostError("EPROTO", refusal));
    });
  });
}

function contextBehind({ context }: TlsDomain): NodeContext {
  return context as NodeContext;
}

// Bun says false, Deno an empty text.
function nameOrNull(name: string | false | null | undefined): string | null {
  return typeof name === "string" && name !== "" ? name.toLowerCase() : null;
}

function infoOf(socket: TLSSocket, domain: TlsDomain, serverName: string | null, isServer: boolean): TlsInfo {
  const cipher = socket.getCipher().name;
  const chain = isServer && domain.peer === PeerRule.NONE ? [] : chainOf(socket); // it was another domain that asked
  const [peer = null] = chain;
  const problem = peer === null ? null : problemOf(socket, chain, domain);
  return {
    version: socket.getProtocol() ?? "",
    cipher,
    bits: cipherBits(cipher),
    serverName,
    peer,
    domain,
    verified: peer !== null && problem === null,
    problem,
  };
}

function problemOf(socket: TLSSocket, chain: readonly Uint8Array[], domain: TlsDomain): string | null {
  if (!socket.authorized) {
    const error: unknown = socket.authorizationError;
    const code = error instanceof Error && "code" in error ? error.code : error;
    return typeof code === "string" ? code : "UNSPECIFIED";
  }
  const { authorities, lists, settings } = contextBehind(domain);
  return chainProblem(chain, authorities, lists, settings.depth, Date.now());
}

function chainOf(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let at: PeerCertificate | undefined = socket.getPeerCertificate(true);
  while (at?.raw !== undefined && chain.length < 16) {
    chain.push(new Uint8Array(at.raw));
    const next: PeerCertificate | undefined = (at as { issuerCertificate?: PeerCertificate }).issuerCertificate;
    at = next === at ? undefined : next;
  }
  return chain;
}
