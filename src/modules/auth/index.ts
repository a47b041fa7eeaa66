// Module auth: digest challenges and checks against passwords the script has. auth_db checks against a database by way of it.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, int, optional, parsed, str, variable } from "../../registry/args.ts";
import { defineModule, fn, intParam, parsedParam, strParam } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { Algorithm } from "../../sip/digest.ts";
import { H } from "../../sip/headers.ts";
import { Method } from "../../sip/methods.ts";
import { LINE_END, NAME_START, STRIDE } from "../../sip/scan.ts";
import { isToken } from "../../sip/tokens.ts";
import { bytesOf } from "../../util/bytes.ts";
import { own } from "../../util/own.ts";
import { core } from "../core/index.ts";
import { AuthCode, Authenticator, type AuthSettings } from "./authenticator.ts";
import { authorizedCredentials, type DigestCredentials, findCredentials } from "./credentials.ts";
import { userMatches } from "./identity.ts";
import { Nonces } from "./nonce.ts";
import { responseLength } from "./response.ts";

export { AuthCode, Authenticator } from "./authenticator.ts";
export { authorizedCredentials, type DigestCredentials } from "./credentials.ts";
export { userMatches } from "./identity.ts";
export { digestHash, digestResponse, ha1Of } from "./response.ts";

/** What survives reloads, and which generation is in force, for modules that build on this one. */
export class AuthState {
  readonly nonces: Nonces;
  current: Authenticator | null = null;

  constructor(host: ModuleHost) {
    const { clock, hashing, random } = host.host;
    this.nonces = new Nonces(hashing, random, () => Math.floor(clock.wall() / 1000));
  }
}

/** Algorithms named in a list such as "SHA-256, MD5", in that order; MD5 when it is empty. */
export function algorithmList(text: string): readonly number[] | ArgError {
  const known: Readonly<Record<string, number>> = {
    md5: Algorithm.MD5,
    "sha-256": Algorithm.SHA256,
    "sha-512-256": Algorithm.SHA512_256,
  };
  const list: number[] = [];
  for (const name of text.split(/[\s,]+/)) {
    if (name === "") continue;
    const algorithm = own(known, name.toLowerCase());
    if (algorithm === undefined || responseLength(algorithm) === 0)
      return new ArgError(`"${name}" is no algorithm for digests`, "there are MD5, SHA-256 and SHA-512-256");
    if (!list.includes(algorithm)) list.push(algorithm);
  }
  return list.length === 0 ? [Algorithm.MD5] : list;
}

function qopValue(text: string): string | ArgError {
  const parts = text.split(/[\s,]+/).filter((p) => p !== "");
  const bad = parts.find((p) => p !== "auth" && p !== "auth-int");
  return bad === undefined ? parts.join(",") : new ArgError(`"${bad}" is no qop`, "there are auth and auth-int");
}

// SER wrote attributes as $name, $s:name, $i:5 or with a class ($f.name, $tu.name); all are AVPs now.
function challengeAvp(text: string): string | ArgError {
  const name = /^\$(?:(?:[ft][urd]?|g)\.)?((?:s:|i:)?[A-Za-z0-9_-]+|avp\([^()]+\))$/.exec(text)?.[1];
  return name === undefined
    ? new ArgError(`"${text}" names no AVP`, "write $digest_challenge or $avp(digest_challenge)")
    : avpNameOf(name);
}

function headerName(text: string): string | ArgError {
  const bytes = bytesOf(text);
  return isToken(bytes, 0, bytes.length)
    ? text
    : new ArgError(`"${text}" is no name of a header`, "write WWW-Authenticate, for example");
}

const params = {
  auth_checks_register: intParam(
    0,
    "What nonces of REGISTER are bound to: 1 R-URI, 2 Call-ID, 4 From tag, 8 source address.",
    { min: 0, max: 15 },
  ),
  auth_checks_no_dlg: intParam(0, "The same for requests outside dialogs.", { min: 0, max: 15 }),
  auth_checks_in_dlg: intParam(0, "The same for requests inside dialogs.", { min: 0, max: 15 }),
  qop: parsedParam("", "qop of challenges where the function does not say: auth, auth-int or empty.", qopValue),
  nonce_count: intParam(0, "Whether nc must grow with each use of a nonce, which refuses replays."),
  one_time_nonce: intParam(0, "Whether a nonce is good for one request only."),
  nc_array_size: intParam(1_048_576, "How many of the last nonces nc is remembered for; a power of two.", {
    min: 2,
    max: 2 ** 26,
  }),
  nc_array_order: intParam(0, "The same as the exponent of two.", { min: 0, max: 26 }),
  otn_in_flight_no: intParam(1_048_576, "How many of the last one-time nonces are remembered; a power of two.", {
    min: 2,
    max: 2 ** 26,
  }),
  otn_in_flight_order: intParam(0, "The same as the exponent of two.", { min: 0, max: 26 }),
  secret: strParam("", "Key of the nonces, for several servers; otherwise random."),
  nonce_expire: intParam(300, "How long a nonce is good.", { unit: "seconds", min: 1 }),
  nonce_auth_max_drift: intParam(3, "How far in the future a nonce may have been made.", { unit: "seconds", min: 0 }),
  force_stateless_reply: intParam(0, "Whether challenges are sent without the transaction."),
  realm_prefix: strParam("", "Prefix taken off realms."),
  use_domain: intParam(0, "Whether pv_auth_check() compares domains too."),
  algorithm: strParam(
    "",
    "Algorithms offered, in order of preference: MD5, SHA-256, SHA-512-256, or several with commas.",
  ),
  add_authinfo_hdr: intParam(0, "Whether answers to authenticated requests carry Authentication-Info."),
  nid_pool_no: intParam(1, "Pools of nonces.", { effect: "there is one pool of nonces" }),
  challenge_attr: parsedParam(
    "digest_challenge",
    "AVP that gets the challenge of the pv_ functions: $name or $avp(name).",
    challengeAvp,
  ),
  protect_contacts: intParam(0, "Contact as part of nonces.", {
    effect: "as with the installed Kamailio; nonces are tied by auth_checks_register, _no_dlg and _in_dlg",
  }),
  proxy_challenge_header: parsedParam("Proxy-Authenticate", "Name of the header of proxies' challenges.", headerName),
  www_challenge_header: parsedParam("WWW-Authenticate", "Name of the header of servers' challenges.", headerName),
};

type Given = { readonly [K in keyof typeof params]: (typeof params)[K]["default"] };

function settingsOf(p: Given): AuthSettings {
  const algorithms = algorithmList(p.algorithm);
  return {
    nonces: {
      expire: p.nonce_expire,
      maxDrift: p.nonce_auth_max_drift,
      countChecked: p.nonce_count !== 0,
      oneTime: p.one_time_nonce !== 0,
      countSize: p.nc_array_order > 0 ? 2 ** p.nc_array_order : p.nc_array_size,
      oneTimeSize: p.otn_in_flight_order > 0 ? 2 ** p.otn_in_flight_order : p.otn_in_flight_no,
    },
    secret: p.secret,
    qop: p.qop,
    algorithms: algorithms instanceof ArgError ? [Algorithm.MD5] : algorithms,
    nameAlgorithm: p.algorithm !== "",
    realmPrefix: p.realm_prefix,
    checksRegister: p.auth_checks_register,
    checksNoDialog: p.auth_checks_no_dlg,
    checksInDialog: p.auth_checks_in_dlg,
    stateless: p.force_stateless_reply !== 0,
    authInfo: p.add_authinfo_hdr !== 0,
    useDomain: p.use_domain !== 0,
    challengeAvp: p.challenge_attr,
    wwwHeader: p.www_challenge_header,
    proxyHeader: p.proxy_challenge_header,
  };
}

class Instance extends Authenticator {
  state: AuthState | null = null;
}

const { REQUEST, ANY, FAILURE, ONREPLY, REPLY } = RouteKind;
/** Where Kamailio takes a challenge; there is none for a reply. */
const CHALLENGING = REQUEST | FAILURE | ONREPLY | REPLY;
const realmArg = str("realm");
const flagsArg = int("flags");
const algorithmsArg = optional(parsed("algorithms", algorithmList));

/** Flags of the pv_ functions: the password is an HA1; put a challenge into the AVP challenge_attr when the check fails. */
const PvFlag = { HA1: 1, CHALLENGE_PLAIN: 2, CHALLENGE_AUTH: 4, CHALLENGE_AUTH_INT: 8, STALE: 16 } as const;

/** Checks credentials against a password (or HA1) of the script. */
function checkPassword(
  auth: Authenticator,
  ctx: RouteContext,
  given: string,
  password: string,
  flags: number,
  header: number,
  method: string | null,
): number {
  const found = auth.before(ctx, given, header);
  const code =
    typeof found === "number"
      ? found
      : auth.after(ctx, found, (flags & PvFlag.HA1) !== 0 ? password.toLowerCase() : auth.ha1(found, password), method);
  if (code < 0 && (flags & (PvFlag.CHALLENGE_PLAIN | PvFlag.CHALLENGE_AUTH | PvFlag.CHALLENGE_AUTH_INT)) !== 0) {
    const qop = (flags & PvFlag.CHALLENGE_AUTH_INT) !== 0 ? 2 : (flags & PvFlag.CHALLENGE_AUTH) !== 0 ? 1 : 0;
    const { wwwHeader, proxyHeader, challengeAvp: avp } = auth.settings;
    const name = header === H.AUTHORIZATION ? wwwHeader : proxyHeader;
    ctx.avps.push(
      avp,
      auth.challengeLines(ctx, name, auth.realm(ctx.message, given), qop | (flags & PvFlag.STALE), null),
    );
  }
  return code;
}

/** Which header a REGISTER carries credentials in, and which any other request. */
const headerFor = (ctx: RouteContext): number =>
  ctx.message.method === Method.REGISTER ? H.AUTHORIZATION : H.PROXY_AUTHORIZATION;

function pvAuthCheck(
  auth: Authenticator,
  ctx: RouteContext,
  realm: string,
  password: string,
  flags: number,
  checks: number,
): number {
  const code = checkPassword(auth, ctx, realm, password, flags, headerFor(ctx), null);
  const credentials: DigestCredentials | null = authorizedCredentials(ctx);
  if (code < 0 || (checks & 1) === 0 || credentials === null) return code;
  return userMatches(ctx.message, credentials, auth.settings.useDomain)
    ? code
    : auth.failed(ctx, AuthCode.WRONG_USER, credentials);
}

/** Takes the header of the credentials that were right out of the request. */
function consume(ctx: RouteContext): number {
  const credentials = authorizedCredentials(ctx);
  if (credentials === null) return -1;
  const { index, edits } = ctx.message;
  const at = credentials.header * STRIDE;
  const start = index[at + NAME_START]!;
  const end = index[at + LINE_END]!;
  if (!edits.touches(start, end)) edits.add(start, end - start, "");
  return 1;
}

function hasCredentials(auth: Authenticator, ctx: RouteContext, given: string): number {
  const realm = auth.realm(ctx.message, given);
  if (typeof findCredentials(ctx.message, H.AUTHORIZATION, realm) !== "number") return 1;
  return typeof findCredentials(ctx.message, H.PROXY_AUTHORIZATION, realm) !== "number" ? 1 : -1;
}

export default defineModule({
  name: "auth",
  doc: "Digest authentication (RFC 7616, RFC 8760): challenges, nonces, and checks against passwords of the script.",
  uses: [core],
  params,
  state: (host) => new AuthState(host),
  configure: (state, p, host): Instance => {
    const instance = new Instance(host, state.nonces, settingsOf(p));
    instance.state = state;
    const algorithms = algorithmList(p.algorithm);
    if (algorithms instanceof ArgError) host.log.error(`parameter algorithm: ${algorithms.message}; MD5 is used`);
    return instance;
  },
  start: (instance) => {
    instance.nonces.configure(instance.settings.secret, instance.settings.nonces);
    if (instance.state !== null) instance.state.current = instance;
  },
  functions: {
    www_challenge: fn({
      args: [realmArg, flagsArg, algorithmsArg],
      routes: CHALLENGING,
      doc: "Answers 401 with a challenge. Flags: 1 qop auth, 2 qop auth-int, 4 no answer 500 on failure, 16 stale.",
      run: (auth: Instance, ctx, realm, flags, algorithms) =>
        auth.challenge(ctx, realm, flags, false, algorithms ?? null),
    }),
    proxy_challenge: fn({
      args: [realmArg, flagsArg, algorithmsArg],
      routes: CHALLENGING,
      doc: "Answers 407 with a challenge. Flags as for www_challenge().",
      run: (auth: Instance, ctx, realm, flags, algorithms) =>
        auth.challenge(ctx, realm, flags, true, algorithms ?? null),
    }),
    auth_challenge: fn({
      args: [realmArg, flagsArg, algorithmsArg],
      routes: CHALLENGING,
      doc: "www_challenge() for REGISTER, proxy_challenge() for all else.",
      run: (auth: Instance, ctx, realm, flags, algorithms) =>
        auth.challenge(ctx, realm, flags, ctx.message.method !== Method.REGISTER, algorithms ?? null),
    }),
    pv_www_authenticate: fn({
      args: [realmArg, str("passwd"), flagsArg, optional(str("method"))],
      routes: REQUEST,
      doc: "Checks Authorization against a password. Flags: 1 it is an HA1; 2, 4, 8 on failure put a challenge without qop, with auth, auth-int into the AVP challenge_attr; 16 stale.",
      aliases: ["pv_www_authorize"],
      run: (auth: Instance, ctx, realm, password, flags, method) =>
        checkPassword(auth, ctx, realm, password, flags, H.AUTHORIZATION, method ?? null),
    }),
    pv_proxy_authenticate: fn({
      args: [realmArg, str("passwd"), flagsArg],
      routes: REQUEST,
      doc: "Checks Proxy-Authorization against a password. Flags as for pv_www_authenticate().",
      aliases: ["pv_proxy_authorize"],
      run: (auth: Instance, ctx, realm, password, flags) =>
        checkPassword(auth, ctx, realm, password, flags, H.PROXY_AUTHORIZATION, null),
    }),
    pv_auth_check: fn({
      args: [realmArg, str("passwd"), flagsArg, int("checks")],
      routes: REQUEST,
      doc: "Checks the credentials of the kind the method wants; with checks 1 also that they are those of From (REGISTER: To).",
      run: (auth: Instance, ctx, realm, password, flags, checks) =>
        pvAuthCheck(auth, ctx, realm, password, flags, checks),
    }),
    consume_credentials: fn({
      routes: REQUEST,
      doc: "Takes the credentials that were found right out of the request before it goes on.",
      run: (_: Instance, ctx) => consume(ctx),
    }),
    has_credentials: fn({
      args: [realmArg],
      routes: REQUEST,
      doc: "Whether the request carries credentials for a realm.",
      run: (auth: Instance, ctx, realm) => hasCredentials(auth, ctx, realm),
    }),
    auth_get_www_authenticate: fn({
      args: [realmArg, flagsArg, variable("pvdest")],
      routes: ANY,
      doc: "Puts the header line of a challenge into a variable. Flags as for www_challenge().",
      run: (auth: Instance, ctx, realm, flags, dest) => {
        const name = auth.realm(ctx.message, realm);
        const algorithm = auth.settings.algorithms[0] ?? Algorithm.MD5;
        if (dest.set === undefined || name === "") return -1;
        dest.set(ctx, auth.challengeLines(ctx, auth.settings.wwwHeader, name, flags, [algorithm]));
        return 1;
      },
    }),
  },
});
