// Certificates for tests, made by openssl in a directory of their own: authorities, servers, clients, one revoked, one that has expired.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory of PEM files; `path("a.pem")`, `path("a.key")`. */
export class TestCertificates {
  readonly directory = mkdtempSync(join(tmpdir(), "portico-certificates-"));
  #serial = 1;

  path(name: string): string {
    return join(this.directory, name);
  }

  /** An authority that signs itself. */
  authority(name: string): this {
    const { key, pem } = this.#files(name);
    const subject = `/C=AT/ST=Vienna/L=Wien/O=Test CA/OU=${name}/CN=${name}`;
    this.#openssl("req", "-x509", ...NEW_KEY, "-keyout", key, "-out", pem, "-days", "30", "-subj", subject);
    return this;
  }

  /** A certificate for a name, signed by an authority; `days` below zero: it has expired. */
  issue(name: string, authority: string, host: string, days = 20, newKey: readonly string[] = NEW_KEY): this {
    const { key, pem, request, extensions } = this.#files(name);
    const subject = `/C=AT/ST=Vienna/L=Wien/O=Org ${name}/OU=Unit ${name}/CN=${host}/emailAddress=a@${host}/UID=u${name}`;
    this.#openssl("req", ...newKey, "-keyout", key, "-out", request, "-subj", subject);
    writeFileSync(
      extensions,
      `subjectAltName=DNS:${host},DNS:*.${host},IP:127.0.0.1,email:a@${host},URI:sip:${host}\n`,
    );
    const issuer = this.#files(authority);
    writeFileSync(this.path("ca.cnf"), CA_CONFIG(this.directory));
    const at = (shift: number): string =>
      `${new Date(Date.now() + shift * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, "")}`;
    writeFileSync(this.path("serial"), `${(4096 + this.#serial++).toString(16)}\n`);
    writeFileSync(this.path("index.txt"), this.#index);
    const dates = ["-startdate", at(Math.min(-1, days - 5)), "-enddate", at(days)];
    const ca = ["-config", this.path("ca.cnf"), "-batch", "-notext", "-cert", issuer.pem, "-keyfile", issuer.key];
    this.#openssl("ca", ...ca, ...dates, "-extfile", extensions, "-in", request, "-out", pem);
    return this;
  }

  /** A list of revoked certificates by that authority. */
  revoke(list: string, authority: string, ...names: readonly string[]): this {
    const issuer = this.#files(authority);
    writeFileSync(this.path("ca.cnf"), CA_CONFIG(this.directory));
    writeFileSync(this.path("index.txt"), this.#index);
    writeFileSync(this.path("crlnumber"), "01\n");
    const ca = ["-config", this.path("ca.cnf"), "-cert", issuer.pem, "-keyfile", issuer.key];
    for (const name of names) this.#openssl("ca", ...ca, "-revoke", this.#files(name).pem);
    this.#openssl("ca", ...ca, "-gencrl", "-out", this.path(list));
    return this;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  readonly #index = "";

  #files(name: string): { key: string; pem: string; request: string; extensions: string } {
    const file = (ending: string): string => this.path(`${name}.${ending}`);
    return { key: file("key"), pem: file("pem"), request: file("csr"), extensions: file("ext") };
  }

  #openssl(...args: readonly string[]): void {
    execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"], cwd: this.directory });
  }
}

/** A key for what only RSA certificates can do. */
export const RSA_KEY: readonly string[] = ["-newkey", "rsa:2048", "-nodes"];
const NEW_KEY: readonly string[] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

const CA_CONFIG = (directory: string): string => `
[ca]
default_ca = test
[test]
new_certs_dir = ${directory}
database = ${directory}/index.txt
serial = ${directory}/serial
crlnumber = ${directory}/crlnumber
default_md = sha256
default_crl_days = 30
policy = any
unique_subject = no
[any]
C = optional
ST = optional
L = optional
O = optional
OU = optional
CN = supplied
emailAddress = optional
UID = optional
`;
