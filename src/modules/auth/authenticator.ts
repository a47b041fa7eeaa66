// Challenges, and the check of what comes back: the part of digest authentication that knows no database. auth_db and the pv_
// functions bring the password's HA1.

import type { RouteContext } from "../../proxy/context.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { Algorithm, algorithmName } from "../../sip/digest.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { quote } from "../../sip/tokens.ts";
import { parseUri, UriRange } from "../../sip/uri.ts";
import { textOf } from "../../util/bytes.ts";
import { Level } from "../../util/log.ts";
import {
  authorizedCredentials,
  type DigestCredentials,
  findCredentials,
  outcomeOf,
  setOutcome,
} from "./credentials.ts";
import { equalTexts, type NonceSettings, NonceState, type Nonces } from "./nonce.ts";
import { digestResponse, ha1Of, responseLength } from "./response.ts";

/** Return codes of the authenticating functions, as Kamailio documents them. */
export const AuthCode = {
  OK: 1,
  ERROR: -1,
  WRONG_PASSWORD: -2,
  NO_USER: -3,
  STALE: -4,
  NO_CREDENTIALS: -5,
  REUSED: -6,
  WRONG_USER: -8,
} as const;

/** Codes by NonceState. */
const CODE_OF: Readonly<Record<number, number>> = {
  [NonceState.STALE]: AuthCode.STALE,
  [NonceState.REUSED]: AuthCode.REUSED,
  [NonceState.FOREIGN]: AuthCode.ERROR,
};

/** What the codes mean, for the log. */
const WHY: Readonly<Record<number, string>> = {
  [AuthCode.ERROR]: "credentials that cannot be read, a nonce that is not ours, or an algorithm that is not offered",
  [AuthCode.WRONG_PASSWORD]: "wrong password",
  [AuthCode.NO_USER]: "no such user, or no secret for that algorithm",
  [AuthCode.STALE]: "the nonce has expired, belongs to another request, or its count was used before",
  [AuthCode.NO_CREDENTIALS]: "no credentials for the realm",
  [AuthCode.REUSED]: "the nonce was used before",
  [AuthCode.WRONG_USER]: "the user is not who the request says it is from",
};

export interface AuthSettings {
  readonly nonces: NonceSettings;
  readonly secret: string;
  readonly qop: string;
  /** Algorithm numbers in the order they are offered. */
  readonly algorithms: readonly number[];
  /** Whether challenges name the algorithm: not when nothing but MD5 was configured, since old user agents stumble over it. */
  readonly nameAlgorithm: boolean;
  readonly realmPrefix: string;
  readonly checksRegister: number;
  readonly checksNoDialog: number;
  readonly checksInDialog: number;
  readonly stateless: boolean;
  readonly authInfo: boolean;
  readonly useDomain: boolean;
  /** The AVP in which pv_www_authenticate() and its like leave a challenge. */
  readonly challengeAvp: string;
  /** Names of the headers of challenges. */
  readonly wwwHeader: string;
  readonly proxyHeader: string;
}

/** Flags of the challenging functions. */
export const ChallengeFlag = { QOP_AUTH: 1, QOP_AUTH_INT: 2, NO_500: 4, STALE: 16 } as const;

const uri = new UriRange();

/** One generation of module auth; other modules get it by `current` of the state. */
export class Authenticator {
  readonly host: ModuleHost;
  readonly nonces: Nonces;
  readonly settings: AuthSettings;

  constructor(host: ModuleHost, nonces: Nonces, settings: AuthSettings) {
    this.host = host;
    this.nonces = nonces;
    this.settings = settings;
  }

  /** The realm a function works with: the given one without realm_prefix; when empty the host of To (REGISTER) or From. */
  realm(msg: SipMessage, given: string): string {
    let realm = given;
    if (realm === "") {
      const addr = msg.method === Method.REGISTER ? msg.to() : msg.from();
      if (addr !== null && parseUri(msg.buf, addr.uriStart, addr.uriEnd, uri) === 0 && uri.hostStart >= 0) {
        realm = textOf(msg.buf, uri.hostStart, uri.hostEnd);
      }
    }
    const { realmPrefix } = this.settings;
    return realmPrefix !== "" && realm.startsWith(realmPrefix) ? realm.slice(realmPrefix.length) : realm;
  }

  /**
   * The first half of a check: credentials of the realm with a nonce that is good. Returns them, or a code: AuthCode.OK for ACK and
   * CANCEL, which cannot be challenged (RFC 3261 22.1), else below 0.
   */
  before(ctx: RouteContext, given: string, header: number): DigestCredentials | number {
    const msg = ctx.message;
    if (msg.method === Method.ACK || msg.method === Method.CANCEL) return AuthCode.OK;
    const realm = this.realm(msg, given);
    if (realm === "") return AuthCode.ERROR;
    const found = findCredentials(msg, header, realm);
    if (typeof found === "number") return this.failed(ctx, found, null);
    const state = this.nonces.check(found.nonce, found.count, this.parts(ctx), this.settings.nonces);
    if (state !== NonceState.FRESH) return this.failed(ctx, CODE_OF[state]!, found, true);
    const algorithm = this.algorithmOf(found);
    if (algorithm === 0 || found.response.length !== responseLength(algorithm))
      return this.failed(ctx, AuthCode.ERROR, found);
    return found;
  }

  /** The algorithm credentials were made with, 0 when it is not on offer. Who does not say is taken by the length of the response. */
  algorithmOf(credentials: DigestCredentials): number {
    const { algorithms } = this.settings;
    if (credentials.algorithm !== Algorithm.NONE)
      return algorithms.includes(credentials.algorithm) ? credentials.algorithm : 0;
    return algorithms.find((a) => responseLength(a) === credentials.response.length) ?? 0;
  }

  /** HA1 of a plain password for credentials. */
  ha1(credentials: DigestCredentials, password: string): string {
    return ha1Of(
      this.host.host.hashing,
      this.algorithmOf(credentials),
      credentials.username,
      credentials.realm,
      password,
    );
  }

  /**
   * The second half: whether the response was made with that HA1. `method` overrides the request's; `isKnown` false: there is no such user,
   * which the caller tells. Returns an AuthCode.
   */
  after(ctx: RouteContext, credentials: DigestCredentials, ha1: string, method: string | null, isKnown = true): number {
    const msg = ctx.message;
    const input = {
      ...credentials,
      algorithm: this.algorithmOf(credentials),
      ha1,
      method: method ?? msg.methodText(),
      body: textOf(msg.buf, msg.bodyStart, msg.end),
    };
    const { hashing } = this.host.host;
    if (!equalTexts(credentials.response, digestResponse(hashing, input)))
      return this.failed(ctx, AuthCode.WRONG_PASSWORD, isKnown ? credentials : undefined);
    const { nonces } = this.settings;
    // where a database had to be waited for, the same nonce may have been used meanwhile
    const state = this.nonces.check(credentials.nonce, credentials.count, this.parts(ctx), nonces);
    if (state !== NonceState.FRESH) return this.failed(ctx, CODE_OF[state]!, credentials, true);
    this.nonces.used(credentials.nonce, credentials.count, nonces);
    if (this.settings.authInfo)
      msg.replyHeaders += this.authInfo(ctx, credentials, digestResponse(hashing, { ...input, method: "" }));
    setOutcome(ctx, { code: AuthCode.OK, credentials });
    return AuthCode.OK;
  }

  /** The credentials found right in this run, null without. */
  authorized(ctx: RouteContext): DigestCredentials | null {
    return authorizedCredentials(ctx);
  }

  /**
   * Takes note of a failure, so that the challenge that follows can say `stale`; returns its code. At level debug the log tells why: of these
   * credentials, of none (null); undefined when it is told elsewhere. `isStale`: with a newer nonce they may be right.
   */
  failed(ctx: RouteContext, code: number, credentials?: DigestCredentials | null, isStale = false): number {
    if (credentials !== undefined && this.host.log.enabled(Level.DEBUG)) this.tell(ctx, code, credentials);
    if (isStale) setOutcome(ctx, { code: AuthCode.STALE, credentials: null });
    else if (outcomeOf(ctx) !== undefined) setOutcome(ctx, { code, credentials: null });
    return code;
  }

  // Strangers write user names and realms: control characters must not forge lines of the log.
  private tell(ctx: RouteContext, code: number, c: DigestCredentials | null): void {
    const { address, port } = ctx.flow.remote;
    const who = c === null ? "" : ` ${JSON.stringify(c.username)} of realm ${JSON.stringify(c.realm)}`;
    this.host.log.debug(`login${who} from ${address}:${port} refused: ${WHY[code] ?? `code ${code}`}`);
  }

  private authInfo(ctx: RouteContext, c: DigestCredentials, proof: string): string {
    const next = this.settings.nonces.oneTime ? this.nonces.make(this.parts(ctx)) : c.nonce;
    const qop = c.qop === "" ? "" : `, qop=${c.qop}`;
    const count = c.qop === "" ? "" : `, cnonce=${quote(c.cnonce)}, nc=${c.nc}`;
    return `Authentication-Info: nextnonce="${next}"${qop}, rspauth="${proof}"${count}\r\n`;
  }

  /** What of the request its nonces are bound to, null nothing (auth_checks_*: 1 R-URI, 2 Call-ID, 4 From tag, 8 source address). */
  private parts(ctx: RouteContext): string | null {
    const msg = ctx.message;
    const { settings } = this;
    const to = msg.to();
    const inDialog = to !== null && to.tagStart >= 0;
    const bits = inDialog
      ? settings.checksInDialog
      : msg.method === Method.REGISTER
        ? settings.checksRegister
        : settings.checksNoDialog;
    if (bits === 0) return null;
    let parts = "";
    if ((bits & 1) !== 0) parts += textOf(msg.buf, msg.uriStart, msg.uriEnd);
    if ((bits & 2) !== 0) parts += `\n${msg.header(H.CALL_ID) ?? ""}`;
    const from = (bits & 4) !== 0 ? msg.from() : null;
    if (from !== null && from.tagStart >= 0) parts += `\nt${textOf(msg.buf, from.tagStart, from.tagEnd)}`;
    return (bits & 8) !== 0 ? `${parts}\ns${ctx.flow.remote.address}` : parts;
  }

  /** Header lines of a challenge, one for each algorithm (RFC 8760 2.4: the preferred one first). */
  challengeLines(
    ctx: RouteContext,
    name: string,
    realm: string,
    flags: number,
    algorithms: readonly number[] | null,
  ): string {
    let lines = "";
    for (const algorithm of algorithms ?? this.settings.algorithms)
      lines += `${name}: ${this.challengeValue(ctx, realm, flags, algorithm)}\r\n`;
    return lines;
  }

  /** One challenge, in Kamailio's order of parameters. */
  challengeValue(ctx: RouteContext, realm: string, flags: number, algorithm: number): string {
    const code = outcomeOf(ctx)?.code;
    const stale = (flags & ChallengeFlag.STALE) !== 0 || code === AuthCode.STALE;
    const { settings } = this;
    const qop =
      (flags & ChallengeFlag.QOP_AUTH_INT) !== 0
        ? "auth-int"
        : (flags & ChallengeFlag.QOP_AUTH) !== 0
          ? "auth"
          : settings.qop;
    let text = `Digest realm=${quote(realm)}, nonce="${this.nonces.make(this.parts(ctx))}"`;
    if (qop !== "") text += `, qop="${qop}"`;
    if (stale) text += ", stale=true";
    if (settings.nameAlgorithm || algorithm !== Algorithm.MD5) text += `, algorithm=${algorithmName(algorithm)}`;
    return text;
  }

  /** Sends a challenge: 401, or 407 with `proxy`. Returns 1, or -1 when it cannot be sent. */
  challenge(
    ctx: RouteContext,
    given: string,
    flags: number,
    proxy: boolean,
    algorithms: readonly number[] | null,
  ): number {
    const msg = ctx.message;
    if (!msg.isRequest || msg.method === Method.ACK || msg.method === Method.CANCEL) return -1;
    const realm = this.realm(msg, given);
    if (realm === "") {
      if ((flags & ChallengeFlag.NO_500) === 0) ctx.proxy.reply(ctx, 500, "Internal Server Error", "");
      return -1;
    }
    const name = proxy ? this.settings.proxyHeader : this.settings.wwwHeader;
    const lines = this.challengeLines(ctx, name, realm, flags, algorithms);
    const code = proxy ? 407 : 401;
    const reason = proxy ? "Proxy Authentication Required" : "Unauthorized";
    if (this.settings.stateless) return ctx.proxy.replyStateless(msg, ctx.flow, code, reason, lines);
    return ctx.proxy.reply(ctx, code, reason, lines);
  }
}
