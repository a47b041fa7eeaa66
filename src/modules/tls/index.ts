// Module tls: certificates, whom to believe, and what scripts may know of a connection (module README of 5.6).

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, str } from "../../registry/args.ts";
import {
  ConfigError,
  defineModule,
  fn,
  intParam,
  type ParamReaders,
  parsedParam,
  strParam,
} from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { toUnicode } from "../../util/bytes.ts";
import { type Commanded, tlsCommands } from "./commands.ts";
import type { Domains, Loaded } from "./domains.ts";
import { METHOD_NAMES, noValues, profileName, VERIFY_CLIENT, type VerifyClient, versionsOf } from "./profile.ts";
import { type Settings, TlsState, UnusableTls } from "./state.ts";
import { tlsOf, tlsVariables } from "./variables.ts";

interface Instance extends Commanded {
  readonly settings: Settings;
  readonly xavpCfg: string;
  readonly logLevel: number;
  /** connection_timeout, seconds. */
  readonly silence: number;
  /** The settings made ready; null while TLS is off. */
  readonly domains: Domains | null;
}

const RUNTIME = "records and buffers are as the runtime's TLS makes them";
const MEMORY = "the runtime looks after the memory of connections";
const QUEUES = "the limits of queues are tcp_conn_wq_max and tcp_wq_max";
const OPENSSL = "it steers OpenSSL as Kamailio links it";

const method = (text: string): string | ArgError => {
  const versions = versionsOf(text);
  if (versions !== null) return text;
  if (/^sslv[23]$/i.test(text)) return new ArgError(`${text} is not spoken by anybody any more`, "write TLSv1.2+");
  return new ArgError(`unknown method "${text}"`, `there are ${METHOD_NAMES.join(", ")}`);
};

const verifyClient = (text: string): VerifyClient | ArgError =>
  VERIFY_CLIENT.find((name) => name === text.toLowerCase()) ??
  new ArgError(`unknown value "${text}"`, `there are ${VERIFY_CLIENT.join(", ")}`);

const nothing = (text: string): string | null => (text === "" ? null : toUnicode(text));

// What the runtime's TLS cannot do as the settings say: told by `portico check` and at the start.
function tellLimits({ host, settings, domains }: Instance, { scripts }: ParamReaders): void {
  if (domains === null) return;
  const { choosesCiphers, hasOldVersions, versionsByName } = host.host.tls;
  const tell = ({ profile }: Loaded, param: string, message: string, hint: string): void => {
    const at = { module: "tls", param: settings.config === null ? param : "config" };
    const where = `${profile.place === null ? "" : `${profile.place}: `}${profileName(profile)}: `;
    scripts.report({ severity: "warning", code: "tls-limit", at, message: where + message, hint });
  };
  for (const one of domains.all) {
    const { ciphers, minVersion } = one.domain.context.settings;
    const { method = null } = one.profile.values;
    if (ciphers !== null && !choosesCiphers)
      tell(
        one,
        "cipher_list",
        "cipher_list has no effect: the TLS of Deno has its own ciphers, ECDHE with AES-GCM or ChaCha20 only",
        "run on Bun, or leave it out",
      );
    if (minVersion < "TLSv1.2" && !hasOldVersions)
      tell(one, "tls_method", `method ${method}: the TLS of Deno begins at TLSv1.2`, "run on Bun, or write TLSv1.2+");
  }
  if (versionsByName) return;
  for (const one of domains.narrower()) {
    const { minVersion, maxVersion } = one.domain.context.settings;
    const spoken = minVersion === maxVersion ? minVersion : `${minVersion} to ${maxVersion}`;
    tell(
      one,
      "tls_method",
      `only ${spoken} is spoken here, others at the same address speak more: the TLS of Bun agrees on a version before it looks at the name, so a connection with another one is closed behind its handshake`,
      "give it an address or port of its own, or all sections of the address the same method",
    );
  }
}

/** Kamailio's module tls. */
export const tls = defineModule({
  name: "tls",
  doc: "TLS: certificates, whom to believe, and what scripts may know of a connection. Needs enable_tls=yes.",
  params: {
    tls_method: parsedParam("TLSv1.2+", "Versions of TLS that are spoken.", method),
    certificate: strParam(
      "",
      "File with the certificate (PEM) and those that lead to its authority; without one, one is made.",
    ),
    private_key: strParam("", "File with its key, when it is not in the same file."),
    ca_list: strParam("", "File with the certificates of authorities that are believed."),
    ca_path: strParam("", "Directory with files of such certificates."),
    crl: strParam("", "File with lists of revoked certificates."),
    verify_certificate: intParam(0, "Whether the far end's certificate must verify.", { min: 0, max: 1 }),
    verify_depth: intParam(9, "The most authorities between a certificate and one that is believed.", { min: 0 }),
    require_certificate: intParam(0, "Whether clients must show a certificate.", { min: 0, max: 1 }),
    verify_client: parsedParam<VerifyClient | null>(
      null,
      "off, on, optional or optional_no_ca, in place of the two before.",
      verifyClient,
    ),
    cipher_list: strParam("", "OpenSSL's list of ciphers for TLS 1.2 and below; on Bun only."),
    server_name: strParam("", "The name that connections opened here ask for."),
    config: strParam(
      "",
      "tls.cfg, or a directory of such files (*.cfg), with settings for each address and name; parameters above count no more then.",
    ),
    connection_timeout: intParam(
      600,
      "How long a connection may be idle that nothing ever came over: 30 s at most; those that were used have tcp_connection_lifetime.",
      { unit: "s", min: -1 },
    ),
    xavp_cfg: strParam("", "XAVP with server_name and server_id for connections that a message opens."),
    session_cache: intParam(0, "Whether sessions can be resumed.", {
      effect:
        "as with Kamailio, clients keep their sessions themselves (tickets) and may always resume them; certificates are looked at each time",
    }),
    session_id: strParam("kamailio-tls-5.x.y", "Context of cached sessions.", {
      effect: "sessions hold for this process alone, so there is no other context to take them for",
    }),
    renegotiation: intParam(0, "Whether clients may renegotiate.", { effect: "it is never allowed" }),
    tls_disable_compression: intParam(1, "Whether TLS does without compression.", { effect: "there is never any" }),
    ssl_release_buffers: intParam(-1, "Whether buffers are released early.", { effect: MEMORY }),
    ssl_freelist_max_len: intParam(-1, "Buffers kept for reuse.", { effect: MEMORY }),
    ssl_max_send_fragment: intParam(-1, "Bytes of a record.", { effect: RUNTIME }),
    ssl_read_ahead: intParam(0, "Whether more is read than asked for.", { effect: RUNTIME }),
    send_close_notify: intParam(0, "Whether the end is told by TLS too.", { effect: "it always is" }),
    con_ct_wq_max: intParam(65536, "Bytes queued on a connection.", { effect: QUEUES }),
    ct_wq_max: intParam(10485760, "Bytes queued on all connections.", { effect: QUEUES }),
    ct_wq_blk_size: intParam(4096, "Block size of queues.", { effect: QUEUES }),
    tls_log: intParam(3, "Log level of messages about handshakes, those that failed too."),
    tls_debug: intParam(3, "Log level of debug messages.", {
      effect: "there are none, as in Kamailio unless it is compiled for them",
    }),
    low_mem_threshold1: intParam(-1, "Kilobytes of free memory below which nothing new is accepted.", {
      effect: MEMORY,
    }),
    low_mem_threshold2: intParam(-1, "Kilobytes of free memory below which open connections fail.", { effect: MEMORY }),
    tls_force_run: intParam(0, "Whether to start with another OpenSSL than compiled with.", { effect: OPENSSL }),
    rand_engine: strParam("", "Source of random numbers.", { effect: OPENSSL }),
    engine: strParam("", "OpenSSL engine.", { effect: OPENSSL }),
    engine_config: strParam("", "Its configuration.", { effect: OPENSSL }),
    engine_algorithms: strParam("", "What it is used for.", { effect: OPENSSL }),
  },
  state: (host): TlsState => new TlsState(host),
  configure: (state, p, host: ModuleHost): Instance => {
    const settings: Settings = {
      config: nothing(p.config),
      values: {
        ...noValues(),
        method: p.tls_method,
        certificate: nothing(p.certificate),
        privateKey: nothing(p.private_key),
        caList: nothing(p.ca_list),
        caPath: nothing(p.ca_path),
        crl: nothing(p.crl),
        verifyCertificate: p.verify_certificate === 1,
        verifyDepth: p.verify_depth,
        requireCertificate: p.require_certificate === 1,
        verifyClient: p.verify_client,
        cipherList: nothing(p.cipher_list),
        serverName: nothing(p.server_name),
      },
    };
    let domains: Domains | null = null;
    if (host.proxy.tlsEnabled) {
      try {
        domains = state.load(settings, false, false);
      } catch (error) {
        if (!(error instanceof UnusableTls)) throw error;
        throw new ConfigError(error.message, error.setting);
      }
    }
    return {
      tls: state,
      host,
      settings,
      xavpCfg: p.xavp_cfg,
      logLevel: p.tls_log,
      silence: p.connection_timeout,
      domains,
      options: optionsOf(p),
    };
  },
  bind: tellLimits,
  start: (instance, host) => {
    if (!host.proxy.tlsEnabled) {
      host.log.warn("TLS is off: write enable_tls=yes to turn it on");
      return;
    }
    instance.tls.start(instance.settings);
    instance.tls.logLevel = instance.logLevel;
    instance.tls.silenceAfter(instance.silence);
    // by the names that Kamailio's group has
    const { groups } = host.proxy;
    const setLevel = (level: number): void => {
      instance.tls.logLevel = level;
    };
    groups.allowNumber("tls", "log", -128, setLevel, instance.logLevel);
    groups.allowNumber("tls", "connection_timeout", -1, (seconds) => instance.tls.silenceAfter(seconds));
    instance.tls.xavpCfg = instance.xavpCfg;
    host.proxy.transports.useTls(instance.tls);
  },
  stop: (state) => state.stop(),
  functions: {
    is_peer_verified: fn({
      routes: RouteKind.REQUEST,
      doc: "True when the message came by TLS and the far end has shown a certificate that verifies.",
      run: (_self: Instance, ctx: RouteContext) => (tlsOf(ctx)?.verified === true ? 1 : -1),
    }),
    tls_set_connect_server_id: fn({
      args: [str("srvid")],
      routes: RouteKind.ANY,
      doc: "The server_id of the client section for the next connection that is opened; an empty text takes that back.",
      run: ({ tls: state }: Instance, _ctx, id) => {
        state.nextServerId = id === "" ? null : toUnicode(id);
        return 1;
      },
    }),
  },
  pvs: tlsVariables,
  rpc: tlsCommands,
  events: {
    "tls:connection-out": {
      doc: "A connection with TLS that was opened here is there; $sndto(…) says where to. drop closes it, and nothing is sent over it.",
    },
  },
});

type Shown = Readonly<Record<string, string | number | null>>;

// The names and order of Kamailio's answer.
function optionsOf(p: Shown): Shown {
  const text = (name: string): string | number | null => (p[name] === "" ? null : (p[name] ?? null));
  const renamed: Readonly<Record<string, string>> = {
    force_run: "tls_force_run",
    method: "tls_method",
    disable_compression: "tls_disable_compression",
    log: "tls_log",
    debug: "tls_debug",
    ssl_freelist_max: "ssl_freelist_max_len",
  };
  const names =
    "force_run method verify_certificate verify_depth require_certificate verify_client private_key ca_list certificate cipher_list session_cache session_id config log debug connection_timeout disable_compression ssl_release_buffers ssl_freelist_max ssl_max_send_fragment ssl_read_ahead send_close_notify low_mem_threshold1 low_mem_threshold2 ct_wq_max con_ct_wq_max ct_wq_blk_size";
  const out: Record<string, string | number | null> = {};
  for (const name of names.split(" ")) out[name] = text(renamed[name] ?? name);
  if (p["verify_client"] === null) out["verify_client"] = "off";
  return out;
}
