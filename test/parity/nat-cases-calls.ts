// Commands of usrloc and functions of registrar in every way to call them.

import { type NatGroup, type NatStep, STREAM } from "./nat-case.ts";
import { db, find, group, NAMES, register, send, sql, table } from "./nat-cases-leftover-parts.ts";
import { p } from "./nat-cases-parts.ts";

// ---- commands ----

const TELL_ALL = `
  lookup("location");
  $var(rc) = $rc;
  reg_fetch_contacts("location", "$ou", "one");
  append_to_reply("R: $var(rc) $ru $du $fs\\r\\n");
  append_to_reply("F: [$ulc(one=>addr)] [$ulc(one=>q)] [$ulc(one=>path)] [$ulc(one=>received)] [$ulc(one=>socket)] [$ulc(one=>methods)] [$ulc(one=>flags)] [$ulc(one=>cflags)]\\r\\n");
  append_to_reply("F2: [$ulc(one=>cseq)] [$ulc(one=>instance)] [$ulc(one=>regid)] [$ulc(one=>conid)] [$ulc(one=>server_id)]\\r\\n");
  sl_send_reply("299", "Done");
`;
const rpc = (...words: (string | number)[]): NatStep => ({ rpc: words, ms: 10 });
const add = (user: string, ...words: (string | number)[]): NatStep[] => [
  rpc("ul.add", "location", user, ...words),
  find(user),
];
const COMMANDS: readonly NatGroup[] = [
  group(
    "ul.add",
    "",
    [
      {
        name: "with and without what may be left out",
        steps: [
          ...add("a", "sip:a@1.1.1.1", 1000, 0.5, "<sip:198.51.100.9;lr>", 0, 0, 31),
          ...add("b", "sip:b@1.1.1.1", 1000, 0.9, ".", 0, 2, 4095, "sip:198.51.100.7:7000", "udp:203.0.113.1:5062"),
          ...add("c", "sip:c@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, ".", "udp:203.0.113.1:5062"),
          ...add("d", "sip:d@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, ".", "."),
          ...add("e", "sip:e@1.1.1.1", 0, 0.9, ".", 0, 0, 4095),
          ...add("g", "sip:g@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, "sip:198.51.100.7:7000"),
          ...add("a", "sip:a@1.1.1.1", 1000, 0.7, ".", 0, 64, 1, "sip:198.51.100.7:7000"),
          ...add("h", "sip:h@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, ".", "udp:9.9.9.9:5062"),
          ...add("i", "sip:i@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, ".", "nonsense"),
        ],
      },
    ],
    { request: TELL_ALL },
  ),
];

// ---- functions ----

const TABLES_ATTRS = `
  INSERT INTO version (table_name, table_version) VALUES ('location_attrs', 1);
  CREATE TABLE location_attrs (id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) DEFAULT '' NOT NULL, username VARCHAR(64) DEFAULT '' NOT NULL,
    domain VARCHAR(64), aname VARCHAR(64) DEFAULT '' NOT NULL, atype INTEGER DEFAULT 0 NOT NULL, avalue VARCHAR(512) DEFAULT '' NOT NULL,
    last_modified TIMESTAMP DEFAULT '2000-01-01 00:00:01' NOT NULL);
`;

const ASKED = `
  $var(do) = $hdr(X-Do);
  if (is_method("REGISTER")) {
    if ($var(do) == "red") $xavp(ulattrs=>color) = "red";
    if ($var(do) == "blue") $xavp(ulattrs=>color) = "blue";
    if ($var(do) == "1") save("location", "0x01");
    else if ($var(do) == "4") save("location", "4");
    else if ($var(do) == "8") save("location", "8");
    else if ($var(do) == "18") { save("location", "0x12"); append_to_reply("R: $rc\\r\\n"); reg_send_reply(); }
    else if ($var(do) == "18own") { save("location", "0x12"); append_to_reply("R: $rc\\r\\n"); sl_send_reply("200", "Mine"); }
    else if ($var(do) == "16") save("location", "16");
    else if ($var(do) == "2own") { save("location", "2"); append_to_reply("R: $rc\\r\\n"); sl_send_reply("200", "Mine"); }
    else if ($var(do) == "2") { save("location", "2"); append_to_reply("R: $rc\\r\\n"); if (!reg_send_reply()) sl_send_reply("299", "None"); }
    else if ($var(do) == "uri") save("location", "0", "sip:given@else.example");
    else if ($var(do) == "baduri") save("location", "0", "given");
    else save("location");
    exit;
  }
  if ($var(do) == "fetch") reg_fetch_contacts("location", "$ru", "n");
  if ($var(do) == "lookbad") lookup("location", "nonsense");
  if ($var(do) == "looknone") lookup("location", "sip:else.example");
  if ($var(do) == "dsetnone") lookup_to_dset("location", "sip:else.example");
  if ($var(do) == "regnone") registered("location", "sip:else.example");
  if ($var(do) == "fetchnone") reg_fetch_contacts("location", "sip:else.example", "n");
  if ($var(do) == "fetchbad") reg_fetch_contacts("location", "nonsense", "n");
  if ($var(do) == "unwho") unregister("location", "sip:else.example");
  if ($var(do) == "registered") registered("location");
  if ($var(do) == "other") registered("location", "sip:a@else.example");
  if ($var(do) == "bad") registered("location", "nonsense");
  if ($var(do) == "act1") registered("location", "$ru", 0, 1);
  if ($var(do) == "act2") registered("location", "$ru", 0, 2);
  if ($var(do) == "act3") registered("location", "$ru", 0, 3);
  if ($var(do) == "act0") registered("location", "$ru", 0, 0);
  if ($var(do) == "act1m") { $xavp(cfg=>match_contact) = "sip:a2@1.1.1.1"; registered("location", "$ru", 4, 1); }
  if ($var(do) == "unregister") unregister("location", "$ru");
  if ($var(do) == "unbad") unregister("location", "nonsense");
  if ($var(do) == "unruid") { reg_fetch_contacts("location", "$ru", "u"); $var(id) = $ulc(u=>ruid); unregister("location", "$ru", "$var(id)"); }
  if ($var(do) == "unruid0") { reg_fetch_contacts("location", "$ru", "u"); $var(id) = $ulc(u=>ruid); unregister("location", "", "$var(id)"); }
  if ($var(do) == "unnone") unregister("location", "$ru", "uloc-none");
  if ($var(do) == "uri") lookup("location", "sip:given@else.example");
  if ($var(do) == "lookup") lookup("location");
  if ($var(do) == "ruri") { $ru = "sip:else.example"; lookup("location"); }
  if ($var(do) == "tel") { $ru = "tel:+49123"; lookup("location"); }
  $var(rc) = $rc;
  append_to_reply("R: $var(rc) $ru $du $branch(uri) [$xavp(ulattrs=>color)] [$xavp(rcd=>contact)]\\r\\n");
  sl_send_reply("299", "Done");
`;
// saving to memory only is refused where nothing is in memory
const IN_DATABASE = ASKED.replace('"location", "0x01"', '"location"');
const ask = (user: string, does: string): NatStep => send("OPTIONS", user, [`X-Do: ${does}`]);
const put = (user: string, does: string, contact: string, ...lines: string[]): NatStep =>
  register(user, contact, `X-Do: ${does}`, ...lines);

const FUNCTIONS: readonly NatGroup[] = [
  table(
    "functions",
    db(1) +
      p("usrloc", "xavp_contact", "ulattrs") +
      p("usrloc", "use_domain", 0) +
      p("registrar", "xavp_cfg", "cfg") +
      p("registrar", "xavp_rcd", "rcd"),
    [
      {
        name: "registered",
        steps: [
          put("a", "red", "<sip:a@1.1.1.1>"),
          put("a", "blue", "<sip:a2@1.1.1.1>", "Call-ID: two"),
          ...["registered", "other", "bad", "act0", "act1", "act2", "act3", "act1m"].map((does) => ask("a", does)),
          ask("nobody", "registered"),
        ],
      },
      {
        name: "save",
        steps: [
          put("b", "1", "<sip:b@1.1.1.1>"),
          sql("SELECT count(*) FROM location WHERE username = 'b'", 200),
          put("b", "4", "<sip:b2@1.1.1.1>", "Call-ID: two"),
          ask("b", "lookup"),
          put("b", "8", "<sip:b2@1.1.1.1>;expires=77", "Call-ID: two", "CSeq: 2 REGISTER"),
          put("b", "18", "<sip:b2@1.1.1.1>;expires=78", "Call-ID: two", "CSeq: 3 REGISTER"),
          put("b", "2", "<sip:b2@1.1.1.1>;expires=79", "Call-ID: two", "CSeq: 4 REGISTER"),
          put("b", "18own", "<sip:b2@1.1.1.1>;expires=80", "Call-ID: two", "CSeq: 5 REGISTER"),
          put("b", "2own", "<sip:b2@1.1.1.1>;expires=80", "Call-ID: two", "CSeq: 6 REGISTER"),
          put("b", "16", "<sip:b2@1.1.1.1>;expires=80", "Call-ID: two", "CSeq: 7 REGISTER"),
          put("b", "18own", "<sip:b2@1.1.1.1>;expires=80;q=7", "Call-ID: two", "CSeq: 8 REGISTER"),
          put("b", "18", "<sip:b2@1.1.1.1>;expires=80;q=7", "Call-ID: two", "CSeq: 8 REGISTER"),
          put("b", "uri", "<sip:g@1.1.1.1>"),
          ask("b", "uri"),
          ask("b", "lookup"),
          put("b", "baduri", "<sip:g@1.1.1.1>"),
        ],
      },
      {
        name: "unregister",
        steps: [
          put("c", "", "<sip:c@1.1.1.1>"),
          put("c", "", "<sip:c2@1.1.1.1>", "Call-ID: two"),
          ask("c", "unnone"),
          ask("c", "unruid"),
          ask("c", "lookup"),
          ask("c", "unruid0"),
          ask("c", "lookup"),
          ask("c", "unbad"),
          ask("c", "unregister"),
          ask("c", "lookup"),
          ask("c", "unregister"),
        ],
      },
      {
        name: "lookup of what has no user",
        steps: ["ruri", "tel", "lookbad", "looknone", "dsetnone", "regnone", "fetchnone", "fetchbad", "unwho"].map(
          (does) => ask("a", does),
        ),
      },
    ],
    TABLES_ATTRS,
    ASKED,
  ),
  table(
    "unregister in the database",
    db(3),
    [
      {
        name: "by record id",
        steps: [
          put("c", "", "<sip:c@1.1.1.1>"),
          put("c", "", "<sip:c2@1.1.1.1>", "Call-ID: two"),
          ask("c", "unnone"),
          ask("c", "unruid"),
          sql(NAMES),
          ask("c", "unregister"),
          ask("c", "unbad"),
        ],
      },
    ],
    "",
    IN_DATABASE,
  ),
  table(
    "a table that has gone",
    db(3),
    [
      {
        name: "what functions say",
        steps: [
          put("a", "", "<sip:a@1.1.1.1>"),
          sql("DROP TABLE location", 50),
          ...["lookup", "registered", "unregister", "fetch"].map((does) => ask("a", does)),
          put("a", "", "<sip:a@1.1.1.1>", "CSeq: 2 REGISTER"),
        ],
      },
    ],
    "",
    IN_DATABASE,
  ),
  group("handle_lost_tcp", p("usrloc", "handle_lost_tcp", 1), [
    {
      name: "a binding goes with its connection",
      steps: [
        send("REGISTER", "a", ["Contact: <sip:a@1.1.1.1;transport=tcp>"], STREAM),
        register("b", "<sip:b@1.1.1.1>"),
        find("a"),
        find("b"),
        { close: STREAM, ms: 1500 },
        find("a"),
        find("b"),
      ],
    },
  ]),
];

export const CALLS: readonly NatGroup[] = [...COMMANDS, ...FUNCTIONS];
