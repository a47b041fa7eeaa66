// Selects of header values (@hf_value…), of branches, of the process and of parts of parts.

import { type LanguageCase, shows, value } from "./language-bed.ts";

const REQUEST: Partial<LanguageCase> = {
  line: "INVITE sip:bob:pw@127.0.0.1:{ME};transport=udp;x=1?h=2",
  headers: [
    "CSeq: 7 INVITE",
    'From: "Alice A" <sip:alice:pw@office.example:5062;p=1;transport=tcp>;tag=t1;y=2',
    'Contact: "C D" <sip:alice@127.0.0.1:{UA};transport=udp;foo=bar>;q=0.5;z=3, <sip:second@127.0.0.1>',
    "Contact: <sip:third@127.0.0.1>;expires=9",
    "Record-Route: <sip:10.0.0.1;lr;ftag=a>",
    "Record-Route: <sip:10.0.0.2;lr>",
    "Content-Type: text/plain",
    'P-Two: "N N" <sip:n@n.example:99;k=v>;par=1, <sip:m@m.example>;par="q r"',
    "P-Two: sip:o@o.example;par=3;flag",
    "P-List: a;x=1, b;y=2;x=8",
    "P-List: c",
    "P-Plain: just some words; with=semicolons",
    'P-Quote: "a,b";x="1,2", c',
    "P-Empty:",
    'P-Auth: Digest username="bob", realm="office.example", nc=00000001',
    "P-Alone: one",
    "Supported: timer, 100rel,path",
    "Proxy-Require: privacy",
  ],
  body: "Hello",
};

const SELECTS: readonly string[] = [
  // values of a header
  ...["@hf_value.p_list", "@hf_value.p_list[1]", "@hf_value.p_list[3]", "@hf_value.p_list[4]", "@hf_value.p_list[-1]"],
  ...[
    "@hf_value.p_list[-3]",
    "@hf_value.p_list[-4]",
    "@hf_value.p_list[0]",
    "@hf_value.p_plain",
    "@hf_value.p_plain[1]",
  ],
  ...["@hf_value.p_quote", "@hf_value.p_quote[1]", "@hf_value.p_quote[2]", "@hf_value.p_empty", "@hf_value.p_empty[1]"],
  ...["@hf_value.p_none", "@hf_value.p_none[1]", "@hf_value.p_none.uri", "@hf_value.p_two[1]", "@hf_value.p_two[2]"],
  ...["@hf_value.p_two[3]", "@hf_value.p_two[-1]", "@hf_value.supported", "@hf_value.supported[2]", "@hf_value.p_auth"],
  ...["@hf_value.p_auth[2]", "@hf_value.contact", "@hf_value.contact[1]", "@hf_value.contact[3]", "@hf_value.from"],
  ...["@hf_value.from[1]", "@hf_value.via[2]", "@hf_value.subject", '@hf_value["P-List"]', "@hf_value.P_LIST[2]"],
  // their parameters
  ...["@hf_value.p_list[1].x", "@hf_value.p_list[2].x", "@hf_value.p_list[1].y", "@hf_value.p_list[2].param.x"],
  ...['@hf_value.p_list[2].param["x"]', '@hf_value.p_list[2].p["x"]', "@hf_value.p_list[2].p.y", "@hf_value.p_list.x"],
  ...['@hf_value.p_list.param["x"]', "@hf_value.p_list.param.y", "@hf_value.p_list.p.x", "@hf_value.p_two[1].par"],
  ...["@hf_value.p_two[2].par", "@hf_value.p_two[3].par", "@hf_value.p_two[3].flag", "@hf_value.p_two[-1].par"],
  ...[
    "@hf_value.p_two.par",
    "@hf_value.p_two.param.par",
    "@hf_value.p_two[1].param.par",
    "@hf_value.p_two[2].param.par",
  ],
  ...["@hf_value.contact[1].z", "@hf_value.contact[1].q", "@hf_value.contact[3].expires", "@hf_value.from[1].tag"],
  ...["@hf_value.from.tag", "@hf_value.from.param.tag", "@hf_value.p_quote[1].x", "@hf_value.p_alone.x"],
  ...[
    "@hf_value.p_plain.with",
    "@hf_value.p_plain[1].with",
    "@hf_value.p_list[1].params",
    '@hf_value.p_list[2].params["x"]',
  ],
  // their addresses
  ...["@hf_value.p_two.uri", "@hf_value.p_two[1].uri", "@hf_value.p_two[3].uri", "@hf_value.p_two[1].name"],
  ...[
    "@hf_value.p_two[2].name",
    "@hf_value.p_two.name",
    "@hf_value.p_two[1].nameaddr",
    "@hf_value.p_two[1].nameaddr.uri",
  ],
  ...["@hf_value.p_two[1].nameaddr.name", "@hf_value.p_two[1].nameaddr.uri.user", "@hf_value.p_two.nameaddr.uri"],
  ...["@hf_value.p_two.nameaddr.name", "@hf_value.p_two[3].nameaddr.uri", "@hf_value.p_two[1].nameaddr.params"],
  ...['@hf_value.p_two[1].nameaddr.params["par"]', "@hf_value.p_two[1].uri.user", "@hf_value.p_two[1].uri.host"],
  ...[
    "@hf_value.p_two[1].uri.params",
    '@hf_value.p_two[1].uri.params["k"]',
    "@hf_value.p_two.uri.user",
    "@hf_value.p_two.nameaddr",
  ],
  ...["@hf_value.contact[1].uri", "@hf_value.contact[1].uri.params.foo", "@hf_value.contact.uri", "@hf_value.from.uri"],
  ...["@hf_value.from[1].uri.user", "@hf_value.p_list[1].uri", "@hf_value.p_list[1].name", "@hf_value.p_plain.uri"],
  // values taken as in credentials
  ...["@hf_value2.p_auth", "@hf_value2.p_auth.realm", "@hf_value2.p_auth.username", "@hf_value2.p_auth[1]"],
  ...["@hf_value2.p_auth[1].realm", "@hf_value2.p_auth.nc", "@hf_value2.p_auth.none", "@hf_value2.p_list"],
  ...[
    "@hf_value2.p_list.x",
    "@hf_value2.p_list[1].x",
    "@hf_value2.p_two",
    "@hf_value2.p_none",
    "@hf_value2.p_auth.param.realm",
  ],
  ...['@hf_value2.p_auth.p["realm"]', "@hf_value2.p_alone", "@hf_value2.p_auth.uri", "@hf_value2.p_auth.name"],
  // whether a value is there
  ...[
    '@hf_value_exists["P-List"].a',
    '@hf_value_exists["P-List"].b',
    '@hf_value_exists["P-List"].c',
    '@hf_value_exists["P-List"].d',
  ],
  ...["@hf_value_exists.supported.timer", '@hf_value_exists.supported["100rel"]', "@hf_value_exists.supported.TIMER"],
  ...[
    "@hf_value_exists.supported.none",
    "@hf_value_exists.p_alone.one",
    "@hf_value_exists.p_none.one",
    "@hf_value_exists.p_list",
  ],
  ...[
    "@hf_value_exists.p_list.c",
    '@hf_value_exists.p_list["c"]',
    '@hf_value_exists.p_list["a;x=1"]',
    "@hf_value_exists.proxy_require.privacy",
  ],
  ...[
    '@hf_value_exists["Supported"].path',
    '@hf_value_exists.supported["path"]',
    '@hf_value_exists["Supported"]["path"]',
  ],
  // values of branches
  ...["@branch.uri", "@branch.q", "@branch.count", "@branch.dst_uri", "@branch[0].uri", "@branch.uri.user"],
  ...[
    "@branch[1].uri",
    "@branch[0]",
    "@branch",
    "@branch.uri[0]",
    "@branch.count.x",
    "@branch[0].q",
    "@branch[0].dst_uri",
  ],
  // the process
  ...["@sys", "@sys.server_id", "@sys.nope"],
  // parts of parts
  ...[
    "@from.uri.params.p",
    '@from.uri.params["transport"]',
    "@from.params",
    "@from.params.y",
    "@from.name.x",
    "@ruri.params.x",
  ],
  ...[
    "@ruri.user.x",
    "@contact[1]",
    "@contact[1].uri",
    "@contact[1].uri.params.foo",
    "@contact[2]",
    "@contact.uri.params.foo",
  ],
  ...[
    '@contact.uri.params["foo"]',
    "@contact.params.z",
    "@contact.method",
    "@contact.methods",
    "@contact.nope",
    "@to.uri.params",
  ],
  ...[
    "@to.uri.port",
    "@to.uri.hostport",
    "@to.uri.type",
    "@to.uri.pwd",
    "@to.params",
    "@f.name",
    "@t.name",
    "@t.uri.user",
  ],
  ...[
    "@f.params.y",
    '@rr.params["x"]',
    "@rr.uri.params.ftag",
    "@rr.name",
    "@rr.uri.type",
    "@rr[1]",
    "@record_route[2]",
  ],
  ...[
    "@next_hop.user",
    "@next_hop.type",
    "@next_hop.port",
    "@next_hop.hostport",
    "@next_hop.params",
    "@next_hop.params.x",
  ],
  ...[
    "@next_hop.pwd",
    "@next_hop.transport",
    "@dst_uri.user",
    "@dst_uri.type",
    "@dst_uri.params",
    "@src",
    "@dst",
    "@received",
  ],
  ...["@src.proto", "@dst.proto", "@received.nope", "@via.params", "@via.params.branch", "@v.branch", "@v[2].host"],
  ...["@v[2].transport", "@via[2].params.received", "@via[1].nope", "@cseq.nope", "@method.x", "@ruri.hostport"],
  // the message
  ...["@msg.nope", "@msg.len", "@msg.response", "@msg.req.uri"],
  ...[
    "@msg.req.uri.user",
    "@msg.req.version",
    "@msg.res.code",
    "@msg.res.status",
    "@msg.res.reason",
    "@msg.response.version",
  ],
  ...["@msg.body.sdp", "@msg.body.sdp.x", "@msg.body.x", "@msg.content.x", "@msg.p_two", "@msg.p_two.nameaddr.uri"],
  ...[
    "@msg.header.p_two.nameaddr.params",
    '@msg.header.p_two.nameaddr.params["par"]',
    "@msg.header.p_two.nameaddr.uri.params",
  ],
  ...[
    '@msg.header.p_two.nameaddr.uri.params["k"]',
    "@msg.header.p_two.nameaddr.uri.hostport",
    "@msg.header.p_two.params.par",
  ],
  ...[
    "@msg.header.p_two.uri",
    "@msg.header.p_two[2]",
    '@msg["P-Two"][1]',
    "@msg.p_two[1].nameaddr.uri",
    "@msg.header.from.nameaddr.uri.user",
  ],
  ...["@msg.header.contact.nameaddr.uri.user", "@msg.header.p_plain", "@msg.header.p_alone.nameaddr.uri"],
  // of modules that are not loaded, and of no module
  ...[
    "@tls.version",
    "@tls",
    "@tls.peer.subject.cn",
    "@db.fetch",
    "@eval.uuid",
    "@timer.executed",
    "@xmlrpc.method",
    "@rr.dialog_cookie",
  ],
  ...[
    "@nathelper.rewrite_contact[1]",
    "@cfg_get.core.debug",
    "@cfg_get",
    "@cfg_get.core",
    "@cfg_get.core.nope",
    "@cfg_get.maxfwd.max_limit",
  ],
  ...["@cfg_get.nope.nope", "@cfg_get.tm.fr_inv_timer", "@cfg_get[0].core.debug"],
  ...[
    "@proxy_authorization",
    "@authorization",
    "@authorization.realm",
    '@authorization["x"].realm.y',
    "@content_type.x",
    "@call_id.x",
  ],
];

const BRANCHES =
  'append_branch("sip:one@10.0.0.1;p=1", "0.5"); append_branch("sip:two@10.0.0.2"); $(branch(dst_uri)[1]) = "sip:9.9.9.9"; ';
const OF_BRANCHES = [
  ...["@branch.uri", "@branch.uri[0]", "@branch.uri[1]", "@branch.uri[2]", "@branch.uri[-1]", "@branch.uri[0].user"],
  ...["@branch.uri[1].params", "@branch.q", "@branch.q[0]", "@branch.q[1]", "@branch.dst_uri", "@branch.dst_uri[0]"],
  ...["@branch.dst_uri[1]", "@branch.uriq", "@branch.uriq[0]", "@branch.uriq[1]", "@branch.count"],
  ...["@branch.uri[0].host", '@branch.uri[0].params["p"]'],
];

const SDP: Partial<LanguageCase> = {
  headers: ["Content-Type: application/sdp", 'P-Par: x=1, y="2 3",z', "Supported: a", "Supported: b"],
  body: "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n",
};
const OF_SDP = [
  ...["@msg.body.sdp", "@msg.content.sdp", "@msg.body.sdp.line.c", "@msg.body.sdp.line.m", "@msg.body.sdp.line.z"],
  ...[
    "@hf_value2.p_par",
    "@hf_value2.p_par[1]",
    "@hf_value2.p_par[2]",
    "@hf_value2.p_par.params.x",
    "@hf_value2.p_par.params.y",
  ],
  ...["@hf_value2.p_par.params.z", "@hf_value2.supported", "@hf_value2.supported[2]", "@hf_value2.supported[-1]"],
];

const WHOLE = ["msg", "msg.header", "msg.h", "msg.request"].map((s) => `$(sel(${s}){line.at,0})`);

export const cases: readonly LanguageCase[] = [
  shows("more selects: whole parts of the message", WHOLE, REQUEST),
  ...SELECTS.map((s) => value(`more selects: ${s}`, s, REQUEST)),
  ...OF_BRANCHES.map((s) => value(`selects of branches: ${s}`, s, { run: BRANCHES })),
  ...OF_SDP.map((s) => value(`selects of sdp: ${s}`, s, SDP)),
];
