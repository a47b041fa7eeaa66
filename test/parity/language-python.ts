// Small scripts in Python, as Kamailio's app_python3 runs them and as ours does: what each returns, value by value with its type.

import type { LanguageCase, Setup } from "./language-bed.ts";

/** A name and the body of a method (self, msg); `return` gives the answer, errors are part of it. */
type Script = readonly [name: string, body: string, more?: Partial<LanguageCase>];

const MESSAGE: readonly Script[] = [
  ["msg.Type", "return msg.Type"],
  ["msg.Method", "return msg.Method"],
  ["msg.Status of a request", "return msg.Status"],
  ["msg.RURI", "return msg.RURI"],
  ["msg.src_address", "return msg.src_address[0], type(msg.src_address)"],
  ["msg.dst_address", "return msg.dst_address[0], type(msg.dst_address[1])"],
  ["msg.getHeader", "return msg.getHeader('Subject'), msg.getHeader('subject'), msg.getHeader('None')"],
  ["msg.getHeader of several", "return msg.getHeader('X-One'), msg.getHeader('CSeq'), msg.getHeader('from')"],
  ["msg.getHeader of a number", "return msg.getHeader(5)"],
  ["msg.call_function", "return msg.call_function('is_method', 'OPTIONS'), msg.call_function('is_method', 'INVITE')"],
  ["msg.call_function with variables", "return msg.call_function('append_to_reply', 'X: $rU\\r\\n')"],
  ["msg.call_function of no function", "return msg.call_function('no_such_function')"],
  ["msg.call_function without name", "return msg.call_function()"],
  ["msg.call_function with too many", "return msg.call_function('is_method', 'a', 'b', 'c')"],
  ["msg.rewrite_ruri", "return msg.rewrite_ruri('sip:new@example.com'), KSR.pv.get('$ru')"],
  ["msg.rewrite_ruri of a number", "return msg.rewrite_ruri(5)"],
  ["msg.set_dst_uri", "return msg.set_dst_uri('sip:192.0.2.9:5099'), KSR.pv.get('$du')"],
  ["msg.set_dst_uri of nothing", "return msg.set_dst_uri(None)"],
  ["msg has no such thing", "return msg.nothing"],
  ["msg.Method is not set", "msg.Method = 'X'"],
  ["msg.copy", "return type(msg.copy()).__name__"],
  ["what msg has", "return [k for k in dir(msg) if not k.startswith('_')]"],
  ["the kind of msg", "return type(msg).__name__, type(msg).__module__"],
];

const API: readonly Script[] = [
  ["pv.get of texts", "return KSR.pv.get('$rm'), KSR.pv.get('$rU'), KSR.pv.get('$fu')"],
  ["pv.get of a number", "return KSR.pv.get('$ml') > 100, type(KSR.pv.get('$ml'))"],
  ["pv.get of nothing", "return KSR.pv.get('$avp(none)'), KSR.pv.get('$hdr(None)')"],
  ["pv.gete and getw", "return KSR.pv.gete('$avp(none)'), KSR.pv.getw('$avp(none)')"],
  ["pv.getvn and getvs", "return KSR.pv.getvn('$avp(none)', 5), KSR.pv.getvs('$avp(none)', 'x')"],
  ["pv.geti", "return KSR.pv.geti('$var(none)')"],
  ["pv.get of an unknown variable", "return KSR.pv.get('$nosuch')"],
  ["pv.get of no variable", "return KSR.pv.get('text')"],
  ["pv.get with transformation", "return KSR.pv.get('$(rU{s.len})'), KSR.pv.get('$(ru{uri.host})')"],
  ["pv.sets and get", "r = KSR.pv.sets('$var(a)', 'text'); return r, KSR.pv.get('$var(a)')"],
  ["pv.seti and get", "r = KSR.pv.seti('$var(a)', 5); return r, KSR.pv.get('$var(a)') + 1"],
  ["pv.seti of a truth", "r = KSR.pv.seti('$var(a)', True); return r, KSR.pv.get('$var(a)')"],
  ["pv.seti of a negative number", "r = KSR.pv.seti('$var(a)', -7); return r, KSR.pv.get('$var(a)')"],
  ["pv.sets read-only", "return KSR.pv.sets('$ci', 'x')"],
  ["pv.unset", "KSR.pv.sets('$avp(u)', 'x'); r = KSR.pv.unset('$avp(u)'); return r, KSR.pv.get('$avp(u)')"],
  ["pv.is_null", "return KSR.pv.is_null('$avp(none)'), KSR.pv.is_null('$rm')"],
  [
    "texts above 127",
    "KSR.pv.sets('$var(u)', '\\xe4\\u20ac'); return KSR.pv.get('$var(u)'), KSR.pv.get('$(var(u){s.len})')",
  ],
  ["an empty text", "KSR.pv.sets('$var(u)', ''); return KSR.pv.get('$var(u)'), KSR.pv.is_null('$var(u)')"],
  ["texts are taken as they are", "KSR.pv.sets('$var(a)', '$rU'); return KSR.pv.get('$var(a)')"],
  ["hdr.get", "return KSR.hdr.get('Subject'), KSR.hdr.get('None'), KSR.hdr.gete('None'), KSR.hdr.getw('None')"],
  ["hdr.is_present", "return KSR.hdr.is_present('Subject'), KSR.hdr.is_present('None')"],
  ["hdr.append", "return KSR.hdr.append('X-New: 1\\r\\n'), KSR.hdr.is_present('X-New')"],
  ["hdr.remove", "return KSR.hdr.remove('Subject'), KSR.hdr.remove('None')"],
  ["hdr.insert", "return KSR.hdr.insert('X-A: 1\\r\\n'), KSR.hdr.append_after('X-B: 1\\r\\n', 'From')"],
  ["hdr.rmappend", "return KSR.hdr.rmappend('Subject', 'Subject: new\\r\\n')"],
  ["hdr.append_to_reply", "return KSR.hdr.append_to_reply('X-R: 1\\r\\n')"],
  ["is_METHOD", "return KSR.is_OPTIONS(), KSR.is_INVITE(), KSR.is_method('OPTIONS'), KSR.is_method_in('IO')"],
  ["is_UDP and kin", "return KSR.is_UDP(), KSR.is_TCP(), KSR.is_WSX(), KSR.is_IPv4(), KSR.is_IPv6()"],
  ["is_myself", "return KSR.is_myself('sip:x@example.com'), KSR.is_myself_ruri(), KSR.is_myself_furi()"],
  ["flags", "return KSR.setflag(5), KSR.isflagset(5), KSR.resetflag(5), KSR.isflagset(5)"],
  ["branch flags", "return KSR.setbflag(5), KSR.isbflagset(5), KSR.resetbflag(5), KSR.isbflagset(5)"],
  ["script flags", "return KSR.setsflag(5), KSR.issflagset(5), KSR.resetsflag(5), KSR.issflagset(5)"],
  ["seturi", "return KSR.seturi('sip:x@y.example'), KSR.pv.get('$ru')"],
  ["setuser and sethost", "return KSR.setuser('carol'), KSR.sethost('h.example'), KSR.pv.get('$ru')"],
  ["setdsturi", "return KSR.setdsturi('sip:1.2.3.4'), KSR.isdsturiset(), KSR.resetdsturi(), KSR.isdsturiset()"],
  ["force_rport", "return KSR.force_rport(), KSR.add_local_rport(), KSR.set_forward_close()"],
  ["log functions", "return KSR.dbg('x'), KSR.log('dbg', 'x')"],
  ["set_drop", "return KSR.set_drop()"],
  ["get_debug", "return type(KSR.get_debug())"],
  ["maxfwd", "return KSR.maxfwd.process_maxfwd(10), KSR.maxfwd.is_maxfwd_lt(100)"],
  ["siputils", "return KSR.siputils.has_totag(), KSR.siputils.is_request(), KSR.siputils.is_reply()"],
  ["textops", "return KSR.textops.has_body(), KSR.textops.search('probe'), KSR.textops.is_present_hf('Subject')"],
  ["xlog evaluates", "return KSR.xlog.xdbg('x $rU')"],
  ["tm", "return KSR.tm.t_check_trans(), KSR.tm.t_is_set('failure_route'), KSR.tmx.t_precheck_trans()"],
  ["rr", "return KSR.rr.loose_route()"],
  ["sl", "return type(KSR.sl.sl_get_reply_totag())"],
  [
    "pvx.var",
    "return KSR.pvx.var_sets('a', 'x'), KSR.pvx.var_get('a'), KSR.pvx.var_seti('a', 5), KSR.pvx.var_get('a')",
  ],
  ["pvx.avp", "return KSR.pvx.avp_sets('k', 'x'), KSR.pvx.avp_get('k'), KSR.pvx.avp_is_null('k'), KSR.pvx.avp_rm('k')"],
  [
    "pvx.xavp",
    "return KSR.pvx.xavp_sets('x', 'v'), KSR.pvx.xavp_get('x'), KSR.pvx.xavp_rm('x'), KSR.pvx.xavp_get('x')",
  ],
  ["kx", "return KSR.kx.get_ruri(), KSR.kx.get_furi(), KSR.kx.get_method(), KSR.kx.get_ua(), KSR.kx.get_au()"],
  ["kx numbers", "return KSR.kx.get_bodylen(), KSR.kx.get_cseq() if hasattr(KSR.kx, 'get_cseq') else None"],
  ["x.modf", "return KSR.x.modf('is_method', 'OPTIONS'), KSR.x.modf('is_method', 'INVITE')"],
  ["x.modf with variables", "return KSR.x.modf('append_to_reply', 'X-U: $rU\\r\\n')"],
  ["x.modf of no function", "return KSR.x.modf('no_such_function')"],
  ["a module that is not loaded", "return KSR.dispatcher"],
  ["a function that is not there", "return KSR.tm.nosuch"],
  ["a number where a text is wanted", "return KSR.pv.get(5)"],
  ["nothing where a text is wanted", "return KSR.pv.get(None)"],
  ["bytes where a text is wanted", "return KSR.pv.get(b'$rm')"],
  ["a list where a text is wanted", "return KSR.pv.get(['$rm'])"],
  ["a text where a number is wanted", "return KSR.setflag('5')"],
  ["a fraction where a number is wanted", "return KSR.setflag(5.5)"],
  ["a truth where a number is wanted", "return KSR.setflag(True), KSR.isflagset(1)"],
  ["no argument", "return KSR.pv.get()"],
  ["too many arguments", "return KSR.pv.get('$rm', 'x')"],
  ["too few of two", "return KSR.pv.sets('$var(a)')"],
  ["an argument by name", "return KSR.hdr.append(hdr='x')"],
  ["the kind of KSR", "return type(KSR), KSR.__name__, type(KSR.pv), KSR.pv.__name__"],
  ["KSR through getattr", "return getattr(KSR, 'pv').get('$rm'), KSR.__dict__['pv'].get('$rU')"],
];

const PYTHON: readonly Script[] = [
  ["Router.Logger levels", "import Router.Logger as L; return L.L_ERR, L.L_DBG, L.L_ALERT, L.DEFAULT_FACILITY"],
  [
    "Router.Logger functions",
    "import Router.Logger as L; return L.LM_DBG('x'), L.LM_GEN1(3, 'x'), L.LM_GEN2(0, 3, 'x')",
  ],
  ["Router.Ranks", "import Router.Ranks as R; return R.PROC_MAIN, R.PROC_TIMER, R.PROC_SIPINIT, R.PROC_MIN"],
  ["from Router", "from Router import Logger, Ranks; return Logger.L_INFO, Ranks.PROC_INIT"],
  ["name and file", "return __name__, __file__.rsplit('/', 1)[1]"],
  ["a global kept between calls", "global COUNT; COUNT = globals().get('COUNT', 0) + 1; return COUNT"],
  ["an attribute kept between calls", "self.n = getattr(self, 'n', 0) + 1; return self.n"],
  ["a module beside the script", "import beside; return beside.VALUE, beside.method()"],
  ["a module that is not there", "import no_such_module"],
  [
    "standard modules",
    "import json, re, hashlib; return json.dumps({'a': 1}), re.match('a+', 'aab').group(), hashlib.md5(b'x').hexdigest()",
  ],
  ["base64 and struct", "import base64, struct; return base64.b64encode(b'ab'), struct.pack('!H', 258)"],
  ["datetime", "import datetime; return datetime.datetime.fromtimestamp(0, datetime.timezone.utc).isoformat()"],
  ["time", "import time; return time.time() > 1e9, type(time.monotonic())"],
  ["random", "import random; return 0 <= random.random() < 1"],
  ["environment", "import os; return os.environ.get('NO_SUCH_VARIABLE_HERE'), type(os.environ)"],
  ["child_init has run", "return self.ranks[0] >= 0, self.made"],
  ["f-strings and walrus", "return f'{msg.Method:>10}|', (n := 5) + n"],
  ["match", "\n    match msg.Method:\n        case 'OPTIONS': return 'o'\n        case _: return 'x'"],
  ["generators", "\n    def g():\n        for i in range(3): yield KSR.pv.get('$rm') + str(i)\n    return list(g())"],
  [
    "with and finally",
    "\n    out = []\n    try:\n        with open('/dev/null') as f: out.append(f.read())\n        raise ValueError('x')\n    except ValueError as e: out.append(str(e))\n    finally: out.append('f')\n    return out",
  ],
  ["large numbers", "return 2 ** 80"],
  ["an error", "raise ValueError('bad')"],
  ["a zero division", "return 1 / 0"],
];

const ENDS: readonly Script[] = [
  ...[
    ["a returned number", "5"],
    ["a returned negative number", "-3"],
    ["a returned 0", "0"],
    ["a returned -255", "-255"],
    ["a returned truth", "True"],
    ["a returned untruth", "False"],
    ["nothing returned", "None"],
    ["a returned text", "'x'"],
    ["a returned fraction", "1.5"],
    ["a returned list", "[1]"],
    ["a returned great number", "2 ** 40"],
    ["sys.exit", "sys.exit()"],
    ["sys.exit with a number", "sys.exit(3)"],
    ["exit", "exit()"],
    ["an error that nobody catches", "1 / 0"],
  ].map(([name, code]): Script => [name!, "", { run: `python_exec("bare", "${code}"); SAY("after $rc");`, show: [] }]),
  ["no such method", "", { run: 'python_exec("nothing_here"); SAY("after $rc");', show: [] }],
  ["something that is no method", "", { run: 'python_exec("number"); SAY("after $rc");', show: [] }],
  ["a method with too many parameters", "", { run: 'python_exec("two"); SAY("after $rc");', show: [] }],
  ["a method with too few parameters", "", { run: 'python_exec("none", "x"); SAY("after $rc");', show: [] }],
  ["a text with variables", "", { run: 'python_exec("tell", "$rU and $si");', show: ["$avp(r)"] }],
  ["a method by a variable", "", { run: '$var(m) = "tell"; python_exec("$var(m)", "x");', show: ["$avp(r)"] }],
  ["an empty text", "", { run: 'python_exec("tell", ""); SAY("after $rc");', show: ["$avp(r)"] }],
  ["variables seen from both sides", "", { run: '$var(x) = "n"; python_exec("swap");', show: ["$var(x) $avp(r)"] }],
  ["exit behind a function that replies", "", { run: 'python_exec("reply_and_exit"); SAY("after $rc");', show: [] }],
];

const NAMED = [...MESSAGE, ...API, ...PYTHON].map((script) => ({ script, ends: false }));
const ALL = [...NAMED, ...ENDS.map((script) => ({ script, ends: true }))];

/** The cases. */
export const cases: readonly LanguageCase[] = ALL.map(({ script: [name, , more], ends }, i) => ({
  name: `python: ${ends ? "end: " : ""}${name}`,
  run: `python_exec("case_${i}");`,
  show: ["$avp(r)"],
  ...more,
}));

const HEAD = `
import sys
import KSR
NAME = "x"

def shown(v):
    if isinstance(v, tuple) and type(v) is tuple:
        return " | ".join(shown(x) for x in v)
    return type(v).__name__ + " " + ascii(v)

def tell(self, msg, f):
    try:
        text = shown(f(self, msg))
    except Exception as e:
        text = type(e).__name__ + ": " + str(e).strip()
    KSR.pv.sets("$avp(r)", text)
    return 1

class Script:
    number = 5
    def __init__(self):
        self.ranks = []
        self.made = "made"
    def child_init(self, rank):
        self.ranks.append(rank)
        return 0
    def bare(self, msg, code):
        return eval(code)
    def two(self, msg, a):
        return 1
    def none(self, msg):
        return 1
    def tell(self, msg, a):
        KSR.pv.sets("$avp(r)", shown(a))
        return 1
    def swap(self, msg):
        KSR.pv.sets("$avp(r)", KSR.pv.get("$var(x)"))
        KSR.pv.sets("$var(x)", "p")
        return 1
    def reply_and_exit(self, msg):
        KSR.setflag(1)
        exit()
`;

const METHODS = ALL.map(({ script: [, body] }, i) => {
  const block = body.startsWith("\n") ? body : `\n    ${body === "" ? "pass" : body}`;
  return `def body_${i}(self, msg):${block}\nScript.case_${i} = lambda self, msg: tell(self, msg, body_${i})\n`;
}).join("");

/** Everything in one file, which both load. */
export const setup: Setup = {
  head: [
    'loadmodule "kemix.so"',
    'loadmodule "app_python3.so"',
    'modparam("app_python3", "load", "{DIR}/cases.py")',
  ].join("\n"),
  files: {
    "cases.py": `${HEAD}\n${METHODS}\ndef mod_init():\n    return Script()\n`,
    "beside.py": 'VALUE = 5\ndef method():\n    import KSR\n    return KSR.pv.get("$rm")\n',
  },
};
