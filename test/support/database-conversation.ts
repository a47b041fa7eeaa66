// One conversation that makes every module with tables read and write them. What was answered, and what stands in the tables afterwards, is
// given as lines; the same lines are due whatever kind of database lies below.

import type { KindOfDatabase } from "./database-kinds.ts";
import { type Server, startServer, type Target } from "./server.ts";
import type { SipAgent } from "./sip-agent.ts";
import type { SipText } from "./sip-text.ts";

/** The scripts whose tables are used. */
export const SCRIPTS = "acc alias_db auth_db dialog domain htable permissions presence speeddial usrloc".split(" ");

const MODULES =
  "sl tm rr pv maxfwd textops siputils xlog usrloc registrar auth auth_db dialog acc htable permissions presence presence_xml domain alias_db speeddial jsonrpcs";

const utf8 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const fromUtf8 = (text: string): string => Buffer.from(text, "latin1").toString("utf8");

/** A configuration that lets each method and user part drive one module. */
function config(database: KindOfDatabase): string {
  return `
children=2
debug=0
log_stderror=yes
${[`db_${database.kind}`, ...MODULES.split(" ")].map((name) => `loadmodule "${name}.so"\n`).join("")}
modparam("usrloc|auth_db|dialog|acc|htable|permissions|presence|presence_xml|domain|alias_db|speeddial", "db_url", "${database.url}")
modparam("usrloc", "db_mode", 1)
modparam("usrloc", "use_domain", 1)
modparam("usrloc", "xavp_contact", "ulattrs")
modparam("registrar", "received_avp", "$avp(rcv)")
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
modparam("auth_db", "calculate_ha1", 1)
modparam("auth_db", "password_column", "password")
modparam("auth_db", "use_domain", 1)
modparam("auth_db", "load_credentials", "username;$avp(b)=ha1b;$avp(id)=id;$avp(h)=ha1")
modparam("dialog", "db_mode", 1)
modparam("dialog", "profiles_with_value", "caller")
modparam("acc", "db_flag", 1)
modparam("acc", "db_missed_flag", 2)
modparam("acc", "db_extra", "who=$fU;ua=$ua;blank=$avp(blank)")
modparam("acc", "acc_extra_nullable", 1)
modparam("acc", "time_mode", 1)
modparam("acc", "time_attr", "t_sec")
modparam("acc", "time_exten", "t_usec")
modparam("acc", "cdr_enable", 1)
modparam("acc", "cdrs_table", "acc_cdrs")
modparam("acc", "cdr_extra", "who=$dlg_var(who)")
modparam("htable", "htable", "kept=>size=4;dbtable=htable;dbmode=1;autoexpire=7200;")
modparam("htable", "htable", "cols=>size=4;dbtable=dbaliases;cols='alias_username,username,domain';")
modparam("htable", "db_expires", 1)
modparam("permissions", "db_mode", 1)
modparam("permissions", "peer_tag_avp", "$avp(peer)")
modparam("presence", "subs_db_mode", 3)
modparam("presence_xml", "force_active", 1)
modparam("domain", "register_myself", 1)
modparam("alias_db|speeddial", "use_domain", 1)
request_route {
  if (is_method("OPTIONS") && $rU == $null) { sl_send_reply("200", "up"); exit; }
  if ($hdr(X-Peer) != $null) { $var(x) = "see"; }
  if (has_totag() && !is_method("PUBLISH|SUBSCRIBE")) {
    if (loose_route()) { if (is_method("BYE")) setflag(1); t_relay(); exit; }
    if (is_method("ACK")) exit;
  }
  if (is_method("REGISTER")) {
    $avp(rcv) = $hdr(X-Received);
    if ($hdr(X-Note) != $null) {
      $xavp(ulattrs=>note) = $hdr(X-Note);
      $xavp(ulattrs[0]=>level) = 41;
    }
    save("location");
    exit;
  }
  if (is_method("PUBLISH")) { handle_publish(); exit; }
  if (is_method("SUBSCRIBE")) { handle_subscribe(); exit; }
  if (is_method("INVITE")) {
    record_route();
    setflag(1);
    setflag(2);
    dlg_manage();
    $dlg_var(who) = $hdr(X-Who);
    set_dlg_profile("caller", "$hdr(X-Who)");
    if (!lookup("location")) { send_reply("404", "not here"); exit; }
    t_relay();
    exit;
  }
  if (is_method("INFO")) {
    jsonrpc_exec("$rb");
    set_reply_body("$jsonrpl(body)", "application/json");
    sl_send_reply("200", "told");
    exit;
  }
  $var(rc) = 0;
  switch ($rU) {
    case "auth":
      if (!www_authorize("realm.example", "subscriber")) { www_challenge("realm.example", "0"); exit; }
      sl_send_reply("200", "user $au $avp(username) b=$avp(b) h=$avp(h) id=$avp(id)");
      exit;
    case "subscriber":
      $var(rc) = is_subscriber("$hdr(X-Uri)", "subscriber", "2");
      sl_send_reply("200", "rc $var(rc)");
      exit;
    case "alias":
      $ru = $hdr(X-Uri);
      $var(rc) = alias_db_lookup("dbaliases");
      sl_send_reply("200", "rc $var(rc) $ru");
      exit;
    case "speed":
      $ru = $hdr(X-Uri);
      $var(rc) = sd_lookup("speed_dial");
      sl_send_reply("200", "rc $var(rc) $ru");
      exit;
    case "domain":
      $var(rc) = lookup_domain("$hdr(X-Uri)", "p_");
      $var(next) = $avp(p_limit) + 1;
      sl_send_reply("200", "rc $var(rc) $avp(p_did) $avp(p_limit) $var(next) $avp(p_text)");
      exit;
    case "address":
      $var(g) = $(hdr(X-Group){s.int});
      $var(p) = $(hdr(X-Port){s.int});
      $var(rc) = allow_address("$var(g)", "$hdr(X-Uri)", "$var(p)");
      sl_send_reply("200", "rc $var(rc) $avp(peer)");
      exit;
    case "trusted":
      $var(rc) = allow_trusted("$hdr(X-Uri)", "udp", "$hdr(X-From)");
      sl_send_reply("200", "rc $var(rc) $avp(peer)");
      exit;
    case "get":
      sl_send_reply("200", "is $sht(kept=>$hdr(X-Key)) $sht(cols=>$hdr(X-Key))");
      exit;
    case "set":
      $sht(kept=>$hdr(X-Key)) = $hdr(X-Value);
      sl_send_reply("200", "set");
      exit;
    case "add":
      $var(n) = $sht(kept=>number) + 1;
      sl_send_reply("200", "sum $var(n)");
      exit;
    case "profile":
      get_profile_size("caller", "$hdr(X-Key)", "$var(n)");
      sl_send_reply("200", "size $var(n)");
      exit;
    case "lookup":
      $ru = $hdr(X-Uri);
      $var(rc) = lookup("location");
      $var(next) = $xavp(ulattrs=>level) + 1;
      sl_send_reply("200", "rc $var(rc) $ru du=$du note=$xavp(ulattrs=>note) $var(next)");
      exit;
  }
  sl_send_reply("404", "what");
}
`;
}

/** Rows that are there before the start: quotes, other alphabets, NULL and numbers. */
const ROWS = `
INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES
  ('o''neil', 'realm.example', 'pass "word" ''1''', '', 'b;b'), ('j%C3%BCrgen', 'x.example', 'p\u00e4ss', 'h', '');
INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES
  ('o''neil', 'a.example', 'j''neil', 'b.example'), ('%E6%97%A5', 'a.example', 'nihon', 'c.example');
INSERT INTO speed_dial (username, domain, sd_username, sd_domain, new_uri, fname, lname, description) VALUES
  ('alice', 'a.example', '22', 'a.example', 'sip:o''neil@b.example;x=y', '', '', '');
INSERT INTO domain (domain, did, last_modified) VALUES ('a.example', 'one', '2020-01-01 00:00:00'), ('B.example', NULL, '2020-01-01 00:00:00');
INSERT INTO domain_attrs (did, name, type, value, last_modified) VALUES
  ('one', 'limit', 0, '41', '2020-01-01 00:00:00'), ('one', 'text', 2, 'caf\u00e9 ''x''', '2020-01-01 00:00:00');
INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES
  (1, '192.0.2.0', 24, 0, 'lab ''1'''), (1, '10.0.0.1', 32, 5060, NULL), (2, '2001:db8::', 32, 0, 'six');
INSERT INTO trusted (src_ip, proto, from_pattern, ruri_pattern, tag, priority) VALUES
  ('192.0.2.1', 'any', '^sip:.*@a[.]example$', NULL, 'low', 1), ('192.0.2.1', 'UDP', NULL, NULL, NULL, 0);
INSERT INTO htable (key_name, key_type, value_type, key_value, expires) VALUES
  ('number', 0, 1, '41', 0), ('caf\u00e9', 0, 0, 'it''s "\u00fc"', 0), ('list', 1, 0, 'a', 0), ('list', 1, 0, 'b', 0), ('old', 0, 0, 'x', 5);
ALTER TABLE acc ADD COLUMN who VARCHAR(64) DEFAULT NULL;
ALTER TABLE acc ADD COLUMN ua VARCHAR(64) DEFAULT NULL;
ALTER TABLE acc ADD COLUMN blank VARCHAR(64) DEFAULT NULL;
ALTER TABLE acc ADD COLUMN t_sec INTEGER DEFAULT 0;
ALTER TABLE acc ADD COLUMN t_usec INTEGER DEFAULT 0;
ALTER TABLE missed_calls ADD COLUMN who VARCHAR(64) DEFAULT NULL;
ALTER TABLE missed_calls ADD COLUMN ua VARCHAR(64) DEFAULT NULL;
ALTER TABLE missed_calls ADD COLUMN blank VARCHAR(64) DEFAULT NULL;
ALTER TABLE missed_calls ADD COLUMN t_sec INTEGER DEFAULT 0;
ALTER TABLE missed_calls ADD COLUMN t_usec INTEGER DEFAULT 0;
ALTER TABLE acc_cdrs ADD COLUMN who VARCHAR(64) DEFAULT NULL;
`;

const PIDF = utf8(
  `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:alice@a.example"><tuple id="t"><status><basic>open</basic></status><note>caf\u00e9 \\ 'here' "now" \u{1f4de}</note></tuple></presence>`,
);

/** Carries the conversation out on one database; the lines tell what came of it. Ports and times are made alike. */
export async function converse(target: Target, database: KindOfDatabase): Promise<string[]> {
  database.exec(ROWS);
  const server = await startServer(target, { config: config(database) });
  try {
    return await new Conversation(server, database).run();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.stack : String(error)}\n${server.log.slice(-4000)}`);
  } finally {
    await server.close();
  }
}

class Conversation {
  readonly #lines: string[] = [];
  readonly #server: Server;
  readonly #database: KindOfDatabase;
  #agent!: SipAgent;
  #ports = new Map<string, string>();

  constructor(server: Server, database: KindOfDatabase) {
    this.#server = server;
    this.#database = database;
  }

  async run(): Promise<string[]> {
    this.#agent = await this.#server.agent("udp");
    this.#ports = new Map([
      [String(this.#server.port), "SERVER"],
      [String(this.#agent.port), "AGENT"],
    ]);
    await this.#lookups();
    await this.#tables();
    await this.#registrations();
    const hangUp = await this.#call();
    await this.#presence();
    await this.#server.restart();
    this.#note("restarted");
    await this.#afterRestart(hangUp);
    return this.#lines;
  }

  #note(text: string): void {
    let shown = fromUtf8(text);
    shown = shown
      .replace(/"puid":"[^"]*"/g, '"puid":"P"')
      .replace(/^(dialog_vars: start_time\t).*/, "$1T")
      .replaceAll("&#xE9;", "\u00e9")
      .replaceAll("&#x1F4DE;", "\u{1f4de}");
    for (const [port, name] of this.#ports) shown = shown.replaceAll(new RegExp(`\\b${port}\\b`, "g"), name);
    this.#lines.push(shown);
  }

  async #ask(user: string, headers: Record<string, string> = {}): Promise<void> {
    const lines = Object.entries(headers).map(([name, value]) => `X-${name}: ${utf8(value)}`);
    const reply = await this.#agent.ask({ method: "MESSAGE", uri: `sip:${user}@127.0.0.1`, headers: lines });
    this.#note(`${user} ${utf8(JSON.stringify(headers))}: ${reply.startLine.slice(8)}`);
  }

  async #rpc(method: string, ...params: (string | number)[]): Promise<void> {
    const body = JSON.stringify({ jsonrpc: "2.0", method, params, id: 1 });
    const reply = await this.#agent.ask({ method: "INFO", uri: "sip:rpc@127.0.0.1", body });
    this.#note(`${method}: ${reply.body.replaceAll(/\s+/g, " ")}`);
  }

  #rows(sql: string): void {
    for (const row of this.#database.rows(sql)) this.#note(utf8(`${/FROM (\w+)/.exec(sql)![1]}: ${row}`));
  }

  async #lookups(): Promise<void> {
    for (const password of [`pass "word" '1'`, "wrong"]) {
      const login = { user: "o'neil", password };
      const reply = await this.#agent.askWithLogin({ method: "MESSAGE", uri: "sip:auth@127.0.0.1" }, login);
      this.#note(`auth: ${reply.startLine.slice(8)}`);
    }
    for (const Uri of ["sip:j%C3%BCrgen@x.example", "sip:o'neil@x.example", "sip:j@x.example"])
      await this.#ask("subscriber", { Uri });
    for (const Uri of ["sip:o'neil@a.example", "sip:%E6%97%A5@a.example", "sip:x'OR'1'='1@a.example"])
      await this.#ask("alias", { Uri });
    for (const Uri of ["sip:22@a.example", "sip:23@a.example"]) {
      const headers = [`X-Uri: ${Uri}`];
      const from = "<sip:alice@a.example>;tag=x";
      const reply = await this.#agent.ask({ method: "MESSAGE", uri: "sip:speed@127.0.0.1", from, headers });
      this.#note(`speed ${Uri}: ${reply.startLine.slice(8)}`);
    }
    for (const Uri of ["a.example", "b.example", "c.example"]) await this.#ask("domain", { Uri });
    await this.#ask("address", { Group: "1", Uri: "192.0.2.77", Port: "5080" });
    await this.#ask("address", { Group: "1", Uri: "10.0.0.1", Port: "5060" });
    await this.#ask("address", { Group: "1", Uri: "10.0.0.1", Port: "5061" });
    await this.#ask("address", { Group: "2", Uri: "2001:db8::5", Port: "1" });
    await this.#ask("trusted", { Uri: "192.0.2.1", From: "sip:x@a.example" });
    await this.#ask("trusted", { Uri: "192.0.2.1", From: "sip:x@b.example" });
    await this.#ask("trusted", { Uri: "192.0.2.2", From: "sip:x@b.example" });
  }

  async #tables(): Promise<void> {
    for (const Key of ["caf\u00e9", "list[1]", "old", "o'neil"]) await this.#ask("get", { Key });
    await this.#ask("add");
    await this.#ask("set", { Key: "it's", Value: `back\\slash "quote" 'one' \u65e5\u672c \u{1f4de} %s $1 ?` });
    await this.#ask("set", { Key: "empty", Value: "" });
    await this.#rpc("htable.store", "kept");
    const columns = "key_name, key_type, value_type, key_value";
    this.#rows(
      `SELECT ${columns} FROM htable WHERE key_name NOT LIKE 'list%' ORDER BY id DESC`.replace(
        " ORDER BY id DESC",
        " ORDER BY key_value",
      ),
    );
    this.#database.exec("INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (3, '10.3.0.0', 16, 0, NULL)");
    this.#database.exec("UPDATE dbaliases SET username = 'new' WHERE alias_username = 'o''neil'");
    await this.#rpc("permissions.addressReload");
    await this.#ask("address", { Group: "3", Uri: "10.3.4.5", Port: "1" });
    await this.#ask("alias", { Uri: "sip:o'neil@a.example" });
    await this.#rpc("htable.reload", "cols");
    await this.#ask("get", { Key: "o'neil" });
  }

  async #registrations(): Promise<void> {
    const register = async (user: string, headers: readonly string[], cseq: number): Promise<void> => {
      const to = `<sip:${user}@a.example>`;
      const reply = await this.#agent.ask({
        method: "REGISTER",
        to,
        from: `${to};tag=${cseq}`,
        callId: `r-${user}`,
        cseq,
        headers,
      });
      this.#note(
        `REGISTER ${user}: ${reply.startLine} ${reply
          .all("Contact")
          .map((c) => c.replace(/expires=\d+/, "expires=N"))
          .sort()
          .join()}`,
      );
    };
    const at = `127.0.0.1:${this.#agent.port}`;
    const instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>";reg-id=1';
    const more = [
      "Supported: path",
      "Path: <sip:192.0.2.9;lr;x='1'>",
      utf8(`User-Agent: Ph\u00f6ne "6" 'x' \\ \u{1f4de}`),
      "Allow: INVITE, ACK",
    ];
    await register(
      "o'neil",
      [
        `Contact: <sip:o'neil@${at};x='y'>;q=0.7;${instance}`,
        "X-Received: sip:192.0.2.8:7000",
        utf8(`X-Note: it's "caf\u00e9" \\ 1`),
        "Expires: 3600",
        ...more,
      ],
      1,
    );
    await register("bob", [`Contact: <sip:bob@${at}>`, "Expires: 600", "User-Agent: a"], 1);
    await register("bob", [`Contact: <sip:bob@${at}>`, "Expires: 1200", "User-Agent: b"], 2);
    await register("carol", [`Contact: <sip:carol@${at}>, <sip:carol2@${at}>;q=0.5`, "Expires: 600"], 1);
    await register("carol", [`Contact: <sip:carol@${at}>;expires=0`], 2);
    await this.#ask("lookup", { Uri: "sip:o'neil@a.example" });
    // the first day of 2020; SQLite has Julian days, as Kamailio writes them
    const expired = this.#database.kind === "sqlite" ? "2458849.5" : "'2020-01-01 00:00:00'";
    this.#database.exec(
      `INSERT INTO location (ruid, username, domain, contact, expires) VALUES ('old', 'old', 'a.example', 'sip:old@192.0.2.4', ${expired})`,
    );
    // Kamailio's own statement for these counts is understood by MySQL only
    for (const what of this.#server.target.name === "kamailio" ? [] : ["users", "contacts"])
      await this.#rpc(`ul.db_${what}`, "location");
    this.#rows("SELECT username, domain, aname, atype, avalue FROM location_attrs ORDER BY aname");
    const columns =
      "username, domain, contact, received, path, q, callid, cseq, flags, cflags, user_agent, socket, methods, instance, reg_id, server_id, keepalive";
    this.#rows(
      `SELECT ${columns.replace(" q,", " CAST(ROUND(q * 100) AS INTEGER),")} FROM location ORDER BY username, contact`.replaceAll(
        "AS INTEGER",
        this.#database.kind === "mysql" ? "AS SIGNED" : "AS INTEGER",
      ),
    );
    this.#lines.push(...(await this.#times("location", "expires", "username = 'bob'", 1200)));
    this.#lines.push(...(await this.#times("location", "last_modified", "username = 'bob'", 0)));
  }

  // A time column as the seconds from now on, give or take 20. The text is that of local time, but for SQLite's Julian days.
  async #times(table: string, column: string, where: string, wanted: number): Promise<string[]> {
    return this.#database.rows(`SELECT ${column} FROM ${table} WHERE ${where}`).map((cell) => {
      const isDay = /^\d+(\.\d+)?$/.test(cell);
      const ms = isDay ? (Number(cell) - 2440587.5) * 86_400_000 : new Date(cell.replace(" ", "T")).getTime();
      const off = Math.abs((ms - Date.now()) / 1000 - wanted);
      return `${table}.${column}: ${off < 20 ? "as due" : `${cell} is ${off} s off`}`;
    });
  }

  /** A missed call, and one that goes on; what ends it. */
  async #call(): Promise<() => Promise<void>> {
    const agent = this.#agent;
    const at = `127.0.0.1:${agent.port}`;
    const invite = (user: string, callId: string): SipText => {
      const headers = [`Contact: <sip:caller@${at}>`, `X-Who: ${utf8('o\'n\u00e9il "x"')}`, "User-Agent: u'a"];
      const request = agent.request({
        method: "INVITE",
        uri: `sip:${user}@a.example`,
        from: "<sip:o'caller@a.example>;tag=f",
        callId,
        headers,
      });
      agent.send(request.raw);
      return request;
    };
    const missed = invite("bob", "missed'1");
    const first = await agent.receiveRequest("INVITE");
    agent.send(agent.reply(first, 486, "Busy 'here'"));
    const busy = await agent.receiveFinal(missed);
    agent.send(agent.ackRefusal(missed, busy));
    await agent.receiveRequest("ACK");
    const kept = invite("bob", "kept'1");
    const second = await agent.receiveRequest("INVITE");
    agent.send(agent.reply(second, 200, "OK", [`Contact: <sip:bob@${at}>`]));
    const ok = await agent.receiveFinal(kept);
    const within = (method: string, cseq: number): SipText =>
      agent.request({
        method,
        uri: `sip:bob@${at}`,
        from: kept.first("From"),
        to: ok.first("To"),
        callId: "kept'1",
        cseq,
        headers: ok.all("Record-Route").map((route) => `Route: ${route}`),
      });
    agent.send(within("ACK", 1).raw);
    await agent.receiveRequest("ACK");
    await this.#dialogRows();
    return async () => {
      const bye = within("BYE", 2);
      agent.send(bye.raw);
      const arrived = await agent.receiveRequest("BYE");
      agent.send(agent.reply(arrived, 200, "OK"));
      this.#note(`BYE: ${(await agent.receiveFinal(bye)).startLine}`);
    };
  }

  async #dialogRows(): Promise<void> {
    await until(() => this.#database.rows("SELECT id FROM dialog_vars").length > 0);
    this.#rows(
      "SELECT callid, from_uri, to_uri, from_tag, caller_cseq, callee_cseq, state, req_uri, xdata FROM dialog",
    );
    this.#rows(
      "SELECT dialog_key, dialog_value FROM dialog_vars WHERE dialog_key IN ('start_time', 'who') ORDER BY dialog_key",
    );
    const same = "dialog.hash_entry = dialog_vars.hash_entry AND dialog.hash_id = dialog_vars.hash_id";
    this.#rows(`SELECT COUNT(*) FROM dialog JOIN dialog_vars ON ${same} WHERE dialog_key = 'who'`);
  }

  async #presence(): Promise<void> {
    const agent = this.#agent;
    const headers = ["Event: presence", "Content-Type: application/pidf+xml", "Expires: 3000"];
    const published = await agent.ask({
      method: "PUBLISH",
      uri: "sip:alice@a.example",
      to: "<sip:alice@a.example>",
      headers,
      body: PIDF,
    });
    this.#note(`PUBLISH: ${published.startLine}`);
    const watch = ["Event: presence", `Contact: <sip:o'watcher@127.0.0.1:${agent.port}>`, "Expires: 3000"];
    const subscribed = await agent.ask({
      method: "SUBSCRIBE",
      uri: "sip:alice@a.example",
      to: "<sip:alice@a.example>",
      from: "<sip:o'watcher@a.example>;tag=w",
      callId: "watch'1",
      headers: watch,
    });
    this.#note(`SUBSCRIBE: ${subscribed.startLine}`);
    await this.#notified();
    this.#rows(
      "SELECT presentity_uri, watcher_username, watcher_domain, event, callid, status, user_agent FROM active_watchers",
    );
    this.#rows("SELECT username, domain, event, sender, priority FROM presentity");
    const body = { sqlite: "hex(body)", mysql: "hex(body)", postgres: "upper(encode(body, 'hex'))" }[
      this.#database.kind
    ];
    const [hex = ""] = this.#database.rows(`SELECT ${body} FROM presentity`);
    this.#note(`body as it was: ${Buffer.from(hex, "hex").toString("latin1") === PIDF}`);
  }

  async #notified(): Promise<void> {
    const notify = await this.#agent.receiveRequest("NOTIFY");
    this.#agent.send(this.#agent.reply(notify, 200, "OK"));
    this.#note(`NOTIFY: ${/<note>.*<\/note>/.exec(notify.body)?.[0] ?? notify.body}`);
  }

  async #afterRestart(hangUp: () => Promise<void>): Promise<void> {
    await this.#ask("lookup", { Uri: "sip:o'neil@a.example" });
    await this.#ask("lookup", { Uri: "sip:carol@a.example" });
    for (const Key of ["it's", "empty", "caf\u00e9"]) await this.#ask("get", { Key });
    await this.#ask("profile", { Key: `o'n\u00e9il "x"` });
    await hangUp();
    await until(
      () =>
        this.#database.rows("SELECT id FROM acc_cdrs").length > 0 &&
        this.#database.rows("SELECT id FROM acc").length > 1,
    );
    this.#rows("SELECT method, from_tag, callid, sip_code, sip_reason, who, ua, blank FROM acc ORDER BY id");
    this.#rows("SELECT method, from_tag, callid, sip_code, sip_reason, who, ua, blank FROM missed_calls ORDER BY id");
    this.#rows("SELECT who FROM acc_cdrs");
    for (const [table, column] of [
      ["acc", "time"],
      ["missed_calls", "time"],
      ["acc_cdrs", "start_time"],
      ["acc_cdrs", "end_time"],
    ] as const)
      this.#lines.push(...(await this.#times(table, column, "1 = 1", 0)));
    const [duration = ""] = this.#database.rows("SELECT duration FROM acc_cdrs");
    this.#note(`a duration: ${/^\d+(\.\d+)?$/.test(duration) && Number(duration) < 30}`);
    await until(() => this.#database.rows("SELECT id FROM dialog").length === 0);
    this.#rows("SELECT COUNT(*) FROM dialog_vars");
    // the subscription is known after the restart: a publication is told
    const headers = ["Event: presence", "Content-Type: application/pidf+xml", "Expires: 3000"];
    await this.#agent.ask({
      method: "PUBLISH",
      uri: "sip:alice@a.example",
      to: "<sip:alice@a.example>",
      headers,
      body: PIDF.replace("open", "closed"),
    });
    await this.#notified();
  }
}

async function until(holds: () => boolean, limit = 10_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error("it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
