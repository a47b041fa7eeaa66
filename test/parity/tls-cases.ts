// What clients of TLS do, and what Kamailio and ours make of it: settings in tls.cfg, one connection of openssl s_client a case.

/** One connection: where to, with which options of s_client, and what is asked over it. */
export interface TlsCase {
  readonly name: string;
  /** A port of the group. */
  readonly to: string;
  readonly args?: readonly string[];
  /** The user of the R-URI, which chooses what the script does. */
  readonly user?: string;
  /** The TLS of Deno has neither versions before 1.2 nor a choice of ciphers. */
  readonly notOnDeno?: boolean;
}

export interface TlsGroup {
  readonly name: string;
  readonly ports: readonly string[];
  /** tls.cfg; {DIR} is the directory of the certificates, {port} stands for a port by name. Null: module parameters only. */
  readonly file: string | null;
  readonly params?: string;
  readonly cases: readonly TlsCase[];
}

const shown = (names: readonly string[]): string =>
  names.map((name) => `    append_to_reply("X: ${name} $${name}\\r\\n");\n`).join("");

const PARTS = ["cn", "locality", "country", "state", "organization", "unit"];
const ends = (make: (side: string) => string): string[] => ["peer", "my"].map(make);
export const VARIABLES: readonly string[] = [
  ..."tls_version tls_cipher_info tls_cipher_bits tls_peer_verified tls_peer_revoked tls_peer_expired".split(" "),
  ..."tls_peer_selfsigned tls_peer_server_name tls_peer_notBefore tls_peer_notAfter".split(" "),
  ...ends((side) => `tls_${side}_version`),
  ...ends((side) => `tls_${side}_serial`),
  ...ends((side) => `tls_${side}_subject`),
  ...ends((side) => `tls_${side}_issuer`),
  ...PARTS.flatMap((part) => ends((side) => `tls_${side}_subject_${part}`)),
  ...PARTS.flatMap((part) => ends((side) => `tls_${side}_issuer_${part}`)),
  ...ends((side) => `tls_${side}_subject_uid`),
  ...["email", "hostname", "uri", "ip"].flatMap((kind) => ends((side) => `tls_${side}_san_${kind}`)),
  ...["m_issuer_line", "p_issuer_line", "m_subject_line", "p_subject_line"].map((name) => `tls(${name})`),
];

const RPC = ["tls.info", "tls.list", "tls.options", "tls.reload"];
const exec = (method: string, params = ""): string =>
  `jsonrpc_exec('{"jsonrpc":"2.0","method":"${method}"${params},"id":1}'); set_reply_body("$jsonrpl(body)", "application/json"); sl_send_reply("200", "$jsonrpl(code)"); exit;`;

/** The script of all groups. */
export const SCRIPT = `request_route {
  if ($rU == "all") {
${shown(VARIABLES)}    sl_send_reply("200", "OK");
    exit;
  }
${RPC.map((name) => `  if ($rU == "${name}") { ${exec(name)} }\n`).join("")}
  if ($rU == "kill-none") { ${exec("tls.kill", ',"params":[77777]')} }
  if ($rU == "kill") { $var(id) = $conid; jsonrpc_exec('{"jsonrpc":"2.0","method":"tls.kill","params":[$var(id)],"id":1}'); sl_send_reply("200", "killed $jsonrpl(code)"); exit; }
  append_to_reply("X: $proto $tls_version $tls_my_subject_cn $tls_peer_subject_cn $tls_peer_verified $tls_peer_server_name\\r\\n");
  if (is_peer_verified()) append_to_reply("X: is_peer_verified\\r\\n");
  sl_send_reply("200", "OK");
}
`;

const pair = (name: string): string => `certificate = {DIR}/${name}.pem\nprivate_key = {DIR}/${name}.key\n`;
const own = (name: string): string[] => ["-cert", `{DIR}/${name}.pem`, "-key", `{DIR}/${name}.key`];
const CA = "ca_list = {DIR}/ca.pem\n";
const CRL = "crl = {DIR}/crl.pem\n";
const DEFAULT = `[server:default]\n${pair("a")}`;
const at = (port: string): string => `[server:127.0.0.1:{${port}}]\n`;
const named = (name: string, certificate: string, mode: number | null): string =>
  `[server:any]\nserver_name = ${name}\n${mode === null ? "" : `server_name_mode = ${mode}\n`}${pair(certificate)}`;

const NAMES =
  "a.example b.example sub.b.example c.example sub.c.example deep.sub.c.example xc.example d.example sub.d.example B.EXAMPLE unknown.example p.example".split(
    " ",
  );

const CLIENTS = ["none", "client", "revoked", "strange", "expired", "self"];

const METHODS = ["TLSv1", "TLSv1+", "TLSv1.1", "TLSv1.1+", "TLSv1.2", "TLSv1.2+", "SSLv23"];
const VERSIONS = ["tls1", "tls1_1", "tls1_2", "tls1_3"];
const LOW = "DEFAULT:@SECLEVEL=0";
const portOf = (method: string): string => `m${METHODS.indexOf(method)}`;

const CIPHERS = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"];
/** Which of the client's ciphers is taken is the runtime's choice. */
const ONE_CIPHER = ["-tls1_2", "-cipher", CIPHERS[0]!];

const verifying: readonly (readonly [string, string])[] = [
  ["optional", `${CA}${CRL}verify_certificate = yes\n`],
  ["required", `${CA}${CRL}verify_certificate = yes\nrequire_certificate = yes\n`],
  ["requiredonly", `${CA}${CRL}require_certificate = yes\n`],
  ["vcon", `${CA}${CRL}verify_client = on\n`],
  ["vcoptional", `${CA}${CRL}verify_client = optional\n`],
  ["vcnoca", `${CA}${CRL}verify_client = optional_no_ca\n`],
  ["vcoff", `${CA}${CRL}verify_client = off\n`],
  ["nocrl", `${CA}verify_certificate = yes\nrequire_certificate = yes\n`],
  ["depth0", `${CA}verify_certificate = yes\nrequire_certificate = yes\nverify_depth = 0\n`],
  ["nothing", ""],
];

export const TLS_GROUPS: readonly TlsGroup[] = [
  {
    name: "names",
    ports: ["main", "pinned"],
    file: `${DEFAULT}${named("b.example", "b", null)}${named("c.example", "c", 1)}${named("d.example", "d", 2)}${at("pinned")}server_name = p.example\n${pair("p")}[client:default]\n`,
    cases: [
      ...NAMES.map((name) => ({ name: `asks for ${name}`, to: "main", args: ["-servername", name] })),
      { name: "asks for none", to: "main", args: ["-noservername"] },
      ...["p.example", "b.example", "unknown.example"].map((name) => ({
        name: `a section with address and name: ${name}`,
        to: "pinned",
        args: ["-servername", name],
      })),
      { name: "a section with address and name: none", to: "pinned", args: ["-noservername"] },
    ],
  },
  {
    name: "client certificates",
    ports: ["main", ...verifying.map(([port]) => port)],
    file: `${DEFAULT}${verifying.map(([port, lines]) => `${at(port)}${pair("a")}${lines}`).join("")}[client:default]\n`,
    cases: verifying.flatMap(([port]) =>
      CLIENTS.map((who) => ({
        name: `${port}: ${who}`,
        to: port,
        args: who === "none" ? ["-tls1_2"] : ["-tls1_2", ...own(who)],
      })),
    ),
  },
  {
    name: "versions",
    ports: METHODS.map(portOf),
    file: `[server:default]\n${pair("a")}cipher_list = ${LOW}\n${METHODS.map((m) => `${at(portOf(m))}method = ${m}\ncipher_list = ${LOW}\n${pair("a")}`).join("")}[client:default]\n`,
    cases: METHODS.flatMap((method) =>
      VERSIONS.map((version) => ({
        name: `${method} meets ${version}`,
        to: portOf(method),
        args: [`-${version}`, "-cipher", LOW],
        notOnDeno: true,
      })),
    ),
  },
  {
    name: "ciphers",
    ports: ["main", "one", "high"],
    file: `${DEFAULT}${at("one")}cipher_list = ${CIPHERS[0]}\n${pair("a")}${at("high")}cipher_list = HIGH:!AES128\n${pair("a")}[client:default]\n`,
    cases: ["one", "high"].flatMap((to) => [
      ...CIPHERS.map((cipher) => ({
        name: `${to}: ${cipher}`,
        to,
        args: ["-tls1_2", "-cipher", cipher],
        user: "all",
        notOnDeno: true,
      })),
      { name: `${to}: TLS 1.3 is not touched`, to, args: ["-tls1_3"] },
    ]),
  },
  {
    name: "variables",
    ports: ["main"],
    file: `${DEFAULT}${CA}${CRL}verify_certificate = yes\n[client:default]\n`,
    cases: [
      {
        name: "no certificate of the client's",
        to: "main",
        user: "all",
        args: [...ONE_CIPHER, "-servername", "x.example"],
      },
      { name: "with one", to: "main", user: "all", args: [...ONE_CIPHER, ...own("client")] },
      {
        name: "TLS 1.3",
        to: "main",
        user: "all",
        args: ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256", ...own("client")],
      },
    ],
  },
  {
    name: "parameters without a file",
    ports: ["main"],
    file: null,
    params: `modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "{DIR}/b.pem")
modparam("tls", "private_key", "{DIR}/b.key")
modparam("tls", "ca_list", "{DIR}/ca.pem")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 1)
`,
    cases: [
      { name: "none", to: "main", args: ["-tls1_2"] },
      { name: "a good one", to: "main", args: ["-tls1_2", ...own("client")] },
      { name: "a strange one", to: "main", args: ["-tls1_2", ...own("strange")] },
      { name: "options", to: "main", args: ["-tls1_2", ...own("client")], user: "tls.options" },
      { name: "reload", to: "main", args: ["-tls1_2", ...own("client")], user: "tls.reload" },
    ],
  },
  {
    name: "commands",
    ports: ["main"],
    file: `${DEFAULT}[client:default]\n`,
    cases: [
      ...RPC.map((user) => ({ name: user, to: "main", user })),
      { name: "tls.kill of none", to: "main", user: "kill-none" },
      { name: "tls.kill of its own", to: "main", user: "kill" },
    ],
  },
];
