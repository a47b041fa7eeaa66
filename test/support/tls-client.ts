// A SIP client over TLS that is not ours: openssl s_client, one question a run; and many connections at once by node:tls.

import { spawn } from "node:child_process";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";

let count = 0;

/** An OPTIONS request as it goes over TLS. */
export function optionsRequest(user = "x"): string {
  const n = ++count;
  return `OPTIONS sip:${user}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKtls${n}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: tls${n}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n`;
}

/** What openssl s_client has seen: everything that it prints, and what came from the server. */
export interface Asked {
  readonly output: string;
  /** The reply; "" when there was none. */
  readonly reply: string;
  /** Subject of the server's certificate: "C = AT, … CN = a.example". */
  readonly subject: string;
}

/** Whether a reply has come to its end, with as much of a body as its Content-Length says. */
function isWhole(output: string): boolean {
  const reply = /SIP\/2\.0 200[\s\S]*?\r\n\r\n/.exec(output);
  if (reply === null) return false;
  const length = Number(/^Content-Length: (\d+)/im.exec(reply[0])?.[1] ?? 0);
  return output.length >= reply.index + reply[0].length + length;
}

/** Runs openssl s_client with these options, sends an OPTIONS and waits for its reply, or for the end. */
export function askByOpenssl(port: number, args: readonly string[] = [], limit = 15_000, user = "x"): Promise<Asked> {
  return new Promise((resolve) => {
    const child = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, ...args]);
    let output = "";
    let done = false;
    const finish = (): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      child.stdin.end();
      child.kill();
      const at = output.indexOf("SIP/2.0 200");
      const subject = /^subject=(.*)$/m.exec(output)?.[1] ?? "";
      resolve({ output, reply: at < 0 ? "" : output.slice(at), subject });
    };
    const timer = setTimeout(finish, limit);
    const hear = (data: Buffer): void => {
      output += data.toString("latin1");
      if (isWhole(output)) finish();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.stdin.on("error", () => {});
    child.on("close", finish);
    child.stdin.write(optionsRequest(user));
  });
}

/** A connection by TLS that stays: `ask` sends an OPTIONS over it and gives the reply. */
export class StayingClient {
  readonly socket: TLSSocket;
  closed = false;
  #heard = "";
  #wake: () => void = () => {};

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#heard += data.toString("latin1");
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Common name of the server's certificate. */
  get commonName(): string {
    return String(this.socket.getPeerCertificate().subject.CN);
  }

  async ask(): Promise<string> {
    this.#heard = "";
    this.socket.write(optionsRequest());
    while (!this.closed && !this.#heard.includes("\r\n\r\n")) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#heard;
  }
}

/** Opens a connection with TLS; rejects when the handshake fails. */
export function openTls(port: number, servername?: string): Promise<StayingClient> {
  return new Promise((resolve, reject) => {
    const name = servername === undefined ? {} : { servername };
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...name });
    socket.once("error", reject);
    socket.once("secureConnect", () => resolve(new StayingClient(socket)));
  });
}

/** A connection that begins no handshake. */
export function openSilent(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, "127.0.0.1", () => resolve(socket));
    socket.once("error", reject);
  });
}
