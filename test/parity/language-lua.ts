// Small scripts in Lua, as Kamailio's app_lua runs them (Lua 5.1) and as ours does: what each returns, value by value with its type.

import type { LanguageCase, Setup } from "./language-bed.ts";
import { LIBRARIES } from "./language-lua-libraries.ts";

/** A name and the body of a Lua function; `return` gives the answer, errors are part of it. */
type Script = readonly [name: string, body: string, more?: Partial<LanguageCase>];

const LANGUAGE: readonly Script[] = [
  ["a whole quotient", "return 10/2"],
  ["a fraction", "return 10/4"],
  ["a third", "return 1/3"],
  ["large numbers", "return 2^31, 2^53, 1e15, 1e16, 1e100"],
  ["beyond 32 bits", "return 2147483647 + 1, 2147483648, 4294967296 * 2, 3000000000"],
  ["a large literal", "return 12345678901234"],
  ["hexadecimal", "return 0x10, 0xff, 0x7fffffff, 0xffffffff, 0x80000000"],
  ["negative zero", "return -0"],
  ["infinity", "return 1/0, -1/0"],
  ["modulo", "return 5 % 3, -5 % 3, 5 % -3, 5.5 % 2"],
  ["power", "return 2^10, 2^0.5"],
  ["concatenated numbers", "return 1 .. 2, 1.0 .. '', 1.5 .. 'x'"],
  ["texts as numbers", "return '10' + 5, '3' * '4', 10 .. ''"],
  ["text that is no number", "return 'x' + 1"],
  ["compare number and text", "return 1 < 'x'"],
  ["equal number and text", "return 1 == '1'"],
  [
    "tonumber",
    "return tonumber('10'), tonumber('0x10'), tonumber('1e2'), tonumber(' 5 '), tonumber('5x'), tonumber('')",
  ],
  ["tonumber with base", "return tonumber('ff', 16), tonumber('777', 8), tonumber('zz', 36), tonumber('9', 8)"],
  ["tostring", "return tostring(5), tostring(5.0), tostring(5.5), tostring(true), tostring(nil)"],
  ["length", "return #'abc', #{1, 2, 3}, #''"],
  ["unpack", "return unpack({1, 2, 3})"],
  ["unpack a part", "return unpack({1, 2, 3}, 2, 3)"],
  ["select", "return select('#', 1, nil, nil), select(2, 'a', 'b', 'c')"],
  ["varargs", "local function f(...) local t = {...} return #t, ... end return f(1, 2, 3)"],
  ["loadstring", "return loadstring('return 1 + 1')()"],
  ["loadstring of a wrong text", "return loadstring('return +')"],
  ["load with a function", "local n = 0; return load(function() n = n + 1; return ({'return ', '7', nil})[n] end)()"],
  ["setfenv", "local f = loadstring('return x'); setfenv(f, {x = 5}); return f()"],
  ["getfenv", "return getfenv(1) == _G, getfenv(0) == _G"],
  ["setfenv of this function", "local function f() setfenv(1, {y = 3}) return y end return f()"],
  ["pcall", "return pcall(function() error('bad') end)"],
  ["error with level 0", "return pcall(function() error('bad', 0) end)"],
  ["error with a table", "local ok, e = pcall(function() error({code = 5}) end) return ok, e.code"],
  ["xpcall", "return xpcall(function() error('x', 0) end, function(m) return 'handled ' .. m end)"],
  ["assert", "return pcall(assert, false, 'why')"],
  ["nil index", "return pcall(function() local t = nil; return t.x end)"],
  ["calling nil", "return pcall(function() nothing_here() end)"],
  ["string.format integers", "return string.format('%d %5d %-5d| %05d %+d', 5, 6, 7, 8, 9)"],
  ["string.format a fraction as integer", "return string.format('%d', 3.7), string.format('%d', -3.7)"],
  ["string.format large", "return string.format('%d', 3000000000)"],
  ["string.format hexadecimal", "return string.format('%x %X %#x %o', 255, 255, 255, 8)"],
  ["string.format floats", "return string.format('%f %.2f %g %e', 1.5, 2.345, 0.0001, 12345.678)"],
  ["string.format text", "return string.format('%s %10s|%-10s|%.2s', 'a', 'b', 'c', 'defg')"],
  ["string.format quoted", "return string.format('%q', 'a \"b\" \\n c')"],
  ["string.format percent", "return string.format('100%%')"],
  ["string.format characters", "return string.format('%c%c', 65, 66)"],
  ["string.format missing", "return pcall(string.format, '%d')"],
  ["string.sub", "return string.sub('hello', 2, 4), string.sub('hello', -3), ('x'):rep(3)"],
  [
    "string.find",
    "return string.find('hello world', 'o w'), string.find('a.b', '.', 1, true), string.find('abc', 'x')",
  ],
  ["string.find captures", "return string.find('key=value', '(%w+)=(%w+)')"],
  ["string.match", "return string.match('sip:alice@office', 'sip:(.-)@(.*)'), string.match('x', '%d')"],
  [
    "string.gmatch",
    "local t = {} for k in string.gmatch('a,b,c', '%a') do t[#t+1] = k end return table.concat(t, '|')",
  ],
  ["string.gfind", "return string.gfind ~= nil"],
  ["string.gsub", "return string.gsub('hello', 'l', 'L'), string.gsub('abc', '%w', '%0%0', 2)"],
  ["string.gsub with a table", "return string.gsub('$a $b', '%$(%w+)', {a = '1', b = 2})"],
  ["string.gsub with a function", "return string.gsub('abc', '%w', function(c) return c:upper() end)"],
  ["frontier pattern", "return string.gsub('THE (quick) fox', '%f[%a]%a+', 'X')"],
  ["string.byte and char", "return string.byte('AB', 1, 2), string.char(72, 105)"],
  ["string.reverse upper lower", "return ('abc'):reverse(), ('abc'):upper(), ('ABC'):lower()"],
  ["bytes above 127", "return #'\\228\\255', string.byte('\\228\\255', 1, -1)"],
  ["table.concat", "return table.concat({1, 2, 3}, ', '), table.concat({}, 'x'), table.concat({1, 2, 3}, '-', 2, 3)"],
  [
    "table.insert and remove",
    "local t = {1, 3} table.insert(t, 2, 2) table.insert(t, 4) return table.remove(t), table.remove(t, 1), #t",
  ],
  ["table.sort", "local t = {3, 1, 2} table.sort(t) return table.concat(t, ' ')"],
  [
    "table.sort with a function",
    "local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return table.concat(t, ' ')",
  ],
  ["table.getn and maxn", "return table.getn({1, 2}), table.maxn({[10] = 1})"],
  ["table.foreach", "local s = '' table.foreach({a = 1}, function(k, v) s = s .. k .. v end) return s"],
  ["table.foreachi", "local s = '' table.foreachi({5, 6}, function(k, v) s = s .. k .. v end) return s"],
  ["math.floor and ceil", "return math.floor(3.7), math.ceil(3.2), math.floor(-3.5)"],
  ["math.pow and log10", "return math.pow(2, 8), math.log10(1000), math.mod ~= nil"],
  ["math.fmod and modf", "return math.fmod(7, 3), math.modf(3.7)"],
  ["math.frexp and ldexp", "return math.frexp(8), math.ldexp(0.5, 4)"],
  ["math.max and min", "return math.max(1, 5, 3), math.min(2, 0, 1), math.abs(-3), math.huge"],
  ["math.random bounds", "local n = math.random(5, 5) return n, pcall(math.random, 5, 1)"],
  ["_VERSION", "return _VERSION"],
  ["type", "return type(1), type('x'), type({}), type(nil), type(print), type(true)"],
  ["ipairs stops at a hole", "local n = 0 for _ in ipairs({1, 2, nil, 4}) do n = n + 1 end return n"],
  ["metatables", "local t = setmetatable({}, {__index = function(_, k) return k .. '!' end}) return t.x"],
  [
    "metatable call and add",
    "local t = setmetatable({}, {__call = function(_, a) return a * 2 end, __add = function() return 9 end}) return t(4), t + t",
  ],
  ["metatable tostring", "return tostring(setmetatable({}, {__tostring = function() return 'me' end}))"],
  [
    "coroutines",
    "local c = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end) local _, x = coroutine.resume(c, 1) local _, y = coroutine.resume(c, 5) return x, y, coroutine.status(c)",
  ],
  [
    "coroutine.wrap",
    "local f = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return f(), f(), f()",
  ],
  ["for with a step", "local s = '' for i = 10, 1, -3 do s = s .. i .. ' ' end return s"],
  ["for with fractions", "local s = '' for i = 0, 1, 0.25 do s = s .. i .. ' ' end return s"],
  ["repeat", "local n = 0 repeat n = n + 1 until n >= 3 return n"],
  ["long strings", "return [[a\nb]], [==[x]]y]==]"],
  ["escapes", "return 'a\\tb\\\\c\\'d\\065'"],
  ["numeric keys", "local t = {} t[1] = 'a' t[1.0] = 'b' t['1'] = 'c' return t[1], #t, t['1']"],
  ["next", "return next({}), next({5})"],
  [
    "rawget and rawset",
    "local t = setmetatable({}, {__index = function() return 1 end}) rawset(t, 'a', 2) return rawget(t, 'b'), rawget(t, 'a'), rawequal(t, t)",
  ],
  ["os.time of a date", "return os.time({year = 2020, month = 1, day = 1, hour = 12}) > 1577000000"],
  ["os.date", "return os.date('!%Y-%m-%d %H:%M:%S', 0)"],
  ["os.getenv", "return os.getenv('NO_SUCH_VARIABLE_HERE')"],
  ["os.clock", "return type(os.clock())"],
  ["collectgarbage", "return collectgarbage(), type(collectgarbage('count'))"],
  ["package", "return type(package.loaded), package.loaded.string == string, type(require)"],
  ["require of what is not there", "local ok = pcall(require, 'no_such_module') return ok"],
  ["io of a missing file", "local f, e, c = io.open('/no/such/file') return f, e, c"],
  ["global from the top of the file", "return AT_TOP"],
  ["a global kept between calls", "counter = (counter or 0) + 1 return counter"],
  ["debug.traceback", "return type(debug.traceback('x'))"],
  ["table.unpack", "return table.unpack == nil"],
  ["goto is a name", "return loadstring('local goto = 1 return goto') ~= nil"],
];

const API: readonly Script[] = [
  ["pv.get of texts", "return KSR.pv.get('$rm'), KSR.pv.get('$rU'), KSR.pv.get('$fu')"],
  ["pv.get of a number", "return KSR.pv.get('$ml') > 100, type(KSR.pv.get('$rs'))"],
  ["pv.get of nothing", "return KSR.pv.get('$avp(none)'), KSR.pv.get('$hdr(None)')"],
  ["pv.gete and getw", "return KSR.pv.gete('$avp(none)'), KSR.pv.getw('$avp(none)')"],
  [
    "pv.getvn and getvs",
    "return KSR.pv.getvn('$avp(none)', 5), KSR.pv.getvs('$avp(none)', 'x'), KSR.pv.getvs('$rm', 'x')",
  ],
  ["pv.geti", "return KSR.pv.geti('$var(none)')"],
  ["pv.get of an unknown variable", "return KSR.pv.get('$nosuch')"],
  ["pv.get of no variable", "return KSR.pv.get('text')"],
  ["pv.get of two variables", "return KSR.pv.get('$rU$rd')"],
  ["pv.get with transformation", "return KSR.pv.get('$(rU{s.len})'), KSR.pv.get('$(ru{uri.host})')"],
  ["pv.sets and get", "local r = KSR.pv.sets('$var(a)', 'text') return r, KSR.pv.get('$var(a)')"],
  ["pv.seti and get", "local r = KSR.pv.seti('$var(a)', 5) return r, KSR.pv.get('$var(a)') + 1"],
  ["pv.seti of a fraction", "KSR.pv.seti('$var(a)', 5.7) return KSR.pv.get('$var(a)')"],
  ["pv.seti of a large number", "KSR.pv.seti('$var(a)', 3000000000) return KSR.pv.get('$var(a)')"],
  ["pv.seti of a text", "local r = KSR.pv.seti('$var(t)', 'x') return r, KSR.pv.get('$var(t)')"],
  ["pv.sets of a number", "local r = KSR.pv.sets('$var(n)', 5) return r, KSR.pv.get('$var(n)')"],
  ["pv.sets read-only", "return KSR.pv.sets('$ci', 'x')"],
  ["pv.unset", "KSR.pv.sets('$avp(u)', 'x') local r = KSR.pv.unset('$avp(u)') return r, KSR.pv.get('$avp(u)')"],
  ["pv.is_null", "return KSR.pv.is_null('$avp(none)'), KSR.pv.is_null('$rm')"],
  ["pv.get of nil", "return KSR.pv.get(nil)"],
  ["pv.get without argument", "return KSR.pv.get()"],
  ["pv.get with too many", "return KSR.pv.get('$rm', 'x')"],
  ["hdr.get", "return KSR.hdr.get('Subject'), KSR.hdr.get('None'), KSR.hdr.gete('None'), KSR.hdr.getw('None')"],
  [
    "hdr.get_idx",
    "return KSR.hdr.get_idx('Via', 0), KSR.hdr.get_idx('Via', 1) ~= nil, KSR.hdr.get_idx('Via', -1) ~= nil, KSR.hdr.get_idx('Via', 5)",
  ],
  ["hdr.is_present", "return KSR.hdr.is_present('Subject'), KSR.hdr.is_present('None')"],
  [
    "hdr.append",
    "return KSR.hdr.append('X-New: 1\\r\\n'), KSR.hdr.append('X-New: 1\\r\\n'), KSR.hdr.is_present('X-New')",
  ],
  ["hdr.remove", "return KSR.hdr.remove('Subject'), KSR.hdr.remove('None')"],
  [
    "hdr.insert and append_after",
    "return KSR.hdr.insert('X-A: 1\\r\\n'), KSR.hdr.append_after('X-B: 1\\r\\n', 'From'), KSR.hdr.insert_before('X-C: 1\\r\\n', 'From')",
  ],
  [
    "hdr.rmappend",
    "return KSR.hdr.rmappend('Subject', 'Subject: new\\r\\n'), KSR.hdr.rminsert('X-One', 'X-One: 2\\r\\n')",
  ],
  ["hdr.append_to_reply", "return KSR.hdr.append_to_reply('X-R: 1\\r\\n')"],
  [
    "hdr.match_content",
    "return KSR.hdr.match_content('Subject', 'eq', 'hello there', 'f'), KSR.hdr.match_content('Subject', 'in', 'there', 'f'), KSR.hdr.match_content('Subject', 'eq', 'x', 'f')",
  ],
  [
    "is_METHOD",
    "return KSR.is_OPTIONS(), KSR.is_INVITE(), KSR.is_method('OPTIONS'), KSR.is_method_in('IO'), KSR.is_method_in('IA')",
  ],
  ["is_method with several", "return KSR.is_method('INVITE|OPTIONS')"],
  [
    "is_UDP and kin",
    "return KSR.is_UDP(), KSR.is_TCP(), KSR.is_TLS(), KSR.is_WSX(), KSR.is_IPv4(), KSR.is_IPv6(), KSR.is_SCTP()",
  ],
  ["is_proto", "return KSR.is_proto('U'), KSR.is_proto('T'), KSR.is_proto('TU'), KSR.is_proto('udp')"],
  ["to_UDP and kin", "return KSR.to_UDP(), KSR.to_TCP(), KSR.to_IPv4(), KSR.to_IPv6()"],
  ["is_src_port", "return KSR.is_src_port(1), KSR.is_dst_port(1)"],
  [
    "is_myself",
    "return KSR.is_myself('sip:x@127.0.0.1:' .. KSR.pv.get('$Rp')), KSR.is_myself('sip:x@example.com'), KSR.is_myself_ruri(), KSR.is_myself_furi(), KSR.is_myself_turi()",
  ],
  [
    "is_myself_duri and kin",
    "return KSR.is_myself_duri(), KSR.is_myself_nhuri(), KSR.is_myself_suri(), KSR.is_myself_srcip()",
  ],
  ["flags", "return KSR.setflag(5), KSR.isflagset(5), KSR.resetflag(5), KSR.isflagset(5), KSR.isflagset(40)"],
  ["branch flags", "return KSR.setbflag(5), KSR.isbflagset(5), KSR.resetbflag(5), KSR.isbflagset(5)"],
  [
    "branch flags by branch",
    "return KSR.setbiflag(5, 0), KSR.isbiflagset(5, 0), KSR.resetbiflag(5, 0), KSR.isbiflagset(5, 3)",
  ],
  ["script flags", "return KSR.setsflag(5), KSR.issflagset(5), KSR.resetsflag(5), KSR.issflagset(5)"],
  ["seturi", "local r = KSR.seturi('sip:x@y.example') return r, KSR.pv.get('$ru')"],
  ["setuser and sethost", "local a, b = KSR.setuser('carol'), KSR.sethost('h.example') return a, b, KSR.pv.get('$ru')"],
  [
    "setdsturi",
    "local a = KSR.setdsturi('sip:1.2.3.4') local b = KSR.isdsturiset() local d = KSR.pv.get('$du') local c = KSR.resetdsturi() return a, b, d, c, KSR.isdsturiset()",
  ],
  [
    "force_rport",
    "return KSR.force_rport(), KSR.add_local_rport(), KSR.set_reply_no_connect(), KSR.set_forward_close()",
  ],
  ["set_advertised_address", "return KSR.set_advertised_address('a.example'), KSR.set_advertised_port('5060')"],
  ["get_debug", "return type(KSR.get_debug())"],
  ["log functions", "return KSR.dbg('x'), KSR.log('dbg', 'x')"],
  ["maxfwd", "return KSR.maxfwd.process_maxfwd(10), KSR.maxfwd.is_maxfwd_lt(100)"],
  [
    "siputils",
    "return KSR.siputils.has_totag(), KSR.siputils.is_request(), KSR.siputils.is_reply(), KSR.siputils.is_first_hop()",
  ],
  ["siputils with texts", "return KSR.siputils.is_numeric('123'), KSR.siputils.is_numeric('12a')"],
  [
    "textops.has_body",
    "return KSR.textops.has_body(), KSR.textops.search('probe'), KSR.textops.search('nothing here')",
  ],
  ["textops.is_present_hf", "return KSR.textops.is_present_hf('Subject'), KSR.textops.starts_with('abc', 'ab')"],
  ["texts are taken as they are", "KSR.pv.sets('$var(a)', '$rU') return KSR.pv.get('$var(a)')"],
  ["xlog evaluates", "return KSR.xlog.xdbg('x $rU')"],
  ["tmx", "return KSR.tmx.t_precheck_trans(), KSR.tm.t_is_set('failure_route')"],
  ["tm.t_check_trans", "return KSR.tm.t_check_trans()"],
  ["tm.t_on_failure of no route", "return KSR.tm.t_on_failure('NONE')"],
  [
    "pvx.var",
    "return KSR.pvx.var_sets('a', 'x'), KSR.pvx.var_get('a'), KSR.pvx.var_seti('a', 5), KSR.pvx.var_get('a')",
  ],
  [
    "pvx.avp",
    "return KSR.pvx.avp_sets('k', 'x'), KSR.pvx.avp_get('k'), KSR.pvx.avp_is_null('k'), KSR.pvx.avp_rm('k'), KSR.pvx.avp_gete('k'), KSR.pvx.avp_getw('k')",
  ],
  ["pvx.shv", "return KSR.pvx.shv_seti('lua', 7), KSR.pvx.shv_get('lua')"],
  [
    "pvx.xavp",
    "return KSR.pvx.xavp_sets('x', 'v'), KSR.pvx.xavp_get('x'), KSR.pvx.xavp_is_null('x'), KSR.pvx.xavp_rm('x'), KSR.pvx.xavp_get('x')",
  ],
  [
    "pvx.xavp child",
    "return KSR.pvx.xavp_child_sets('y', 'f', 'v'), KSR.pvx.xavp_child_get('y', 'f'), KSR.pvx.xavp_child_seti('y', 'n', 4), KSR.pvx.xavp_child_get('y', 'n'), KSR.pvx.xavp_child_is_null('y', 'z'), KSR.pvx.xavp_child_rm('y', 'f'), KSR.pvx.xavp_child_get('y', 'f')",
  ],
  [
    "pvx.xavu",
    "return KSR.pvx.xavu_sets('x', 'v'), KSR.pvx.xavu_get('x'), KSR.pvx.xavu_child_sets('c', 'f', 'v'), KSR.pvx.xavu_child_get('c', 'f')",
  ],
  [
    "pvx.xavi",
    "return KSR.pvx.xavi_sets('X', 'v'), KSR.pvx.xavi_get('x'), KSR.pvx.xavi_child_sets('C', 'F', 'v'), KSR.pvx.xavi_child_get('c', 'f')",
  ],
  ["kx", "return KSR.kx.get_ruri(), KSR.kx.get_furi(), KSR.kx.get_turi(), KSR.kx.get_method(), KSR.kx.get_ua()"],
  [
    "kx parts",
    "return KSR.kx.get_ruser(), KSR.kx.get_rhost(), KSR.kx.get_fuser(), KSR.kx.get_fhost(), KSR.kx.get_tuser(), KSR.kx.get_thost()",
  ],
  [
    "kx addresses",
    "return KSR.kx.get_srcip(), type(KSR.kx.get_srcport()), KSR.kx.get_rcvip(), type(KSR.kx.get_rcvport()), KSR.kx.get_proto(), KSR.kx.get_protoid()",
  ],
  [
    "kx without value",
    "return KSR.kx.get_au(), KSR.kx.gete_au(), KSR.kx.getw_au(), KSR.kx.get_duri(), KSR.kx.gete_duri(), KSR.kx.getw_duri(), KSR.kx.get_body(), KSR.kx.get_bodylen()",
  ],
  [
    "kx others",
    "return KSR.kx.get_callid(), KSR.kx.get_msgtype(), KSR.kx.get_status(), KSR.kx.gets_status(), KSR.kx.get_nhuri(), KSR.kx.get_ouri(), KSR.kx.get_conid()",
  ],
  [
    "kx defines",
    "return KSR.kx.get_def('NONE'), KSR.kx.get_defn('NONE'), KSR.kx.ifdef('NONE'), KSR.kx.ifndef('NONE'), KSR.kx.get_env('NO_SUCH'), KSR.kx.get_envn('NO_SUCH')",
  ],
  ["a module that is not loaded", "return KSR.dispatcher, KSR.nosuch"],
  ["a function that is not there", "return KSR.tm.nosuch"],
  ["x.modf", "return KSR.x.modf('is_method', 'OPTIONS'), KSR.x.modf('is_method', 'INVITE')"],
  [
    "x.modf with variables",
    "return KSR.x.modf('is_present_hf', 'Subject'), KSR.x.modf('append_to_reply', 'X-U: $rU\\r\\n')",
  ],
  ["x.modf of no function", "return KSR.x.modf('nosuch')"],
  ["x.exit in pcall", "return pcall(KSR.x.exit)"],
  ["x.drop in pcall", "return pcall(KSR.x.drop)"],
  ["set_drop", "return KSR.set_drop()"],
  ["a table where a text is wanted", "return KSR.pv.get({})"],
  ["true where a number is wanted", "return KSR.setflag(true)"],
  ["a text where a number is wanted", "return KSR.setflag('5'), KSR.isflagset(5)"],
];

const OLD: readonly Script[] = [
  [
    "sr.pv",
    "return sr.pv.get('$rm'), sr.pv.sets('$var(a)', 'x'), sr.pv.get('$var(a)'), sr.pv.seti('$var(a)', 4), sr.pv.get('$var(a)')",
  ],
  ["sr.pv without value", "return sr.pv.get('$avp(none)'), sr.pv.is_null('$avp(none)'), sr.pv.unset('$var(a)')"],
  [
    "sr.hdr",
    "return sr.hdr.append('X-A: 1\\r\\n'), sr.hdr.insert('X-B: 1\\r\\n'), sr.hdr.remove('Subject'), sr.hdr.append_to_reply('X-C: 1\\r\\n')",
  ],
  ["sr.dbg and log", "return sr.dbg('x'), sr.log('dbg', 'x')"],
  [
    "sr flags",
    "return sr.setflag(3), sr.isflagset(3), sr.resetflag(3), sr.isflagset(3), sr.setbflag(2), sr.isbflagset(2)",
  ],
  ["sr.is_myself", "return sr.is_myself('sip:127.0.0.1:' .. sr.pv.get('$Rp')), sr.is_myself('sip:example.com')"],
  [
    "sr URIs",
    "return sr.seturi('sip:q@r.example'), sr.setuser('w'), sr.sethost('z.example'), sr.setdsturi('sip:1.1.1.1'), sr.resetdsturi(), sr.pv.get('$ru')",
  ],
  ["sr.modf", "return sr.modf('is_method', 'OPTIONS'), sr.modf('is_method', 'INVITE')"],
  ["sr.modf of no function", "return sr.modf('nosuch')"],
  ["sr.tm", "return sr.tm.t_check_trans(), sr.tm.t_is_canceled()"],
  ["sr.maxfwd", "return sr.maxfwd.process_maxfwd(10)"],
  ["sr.rr", "return sr.rr.loose_route()"],
  ["sr.siputils", "return sr.siputils.has_totag(), sr.siputils.is_uri_user_e164('sip:+4912@x')"],
  ["sr.textops", "return sr.textops.is_privacy('id')"],
  ["sr.sl", "return type(sr.sl.get_reply_totag())"],
];

const ENDS: readonly Script[] = [
  ["exit ends what called it", "", { run: 'lua_run("bare_exit"); SAY("after $rc");', show: [] }],
  ["drop ends what called it", "", { run: 'lua_run("bare_drop"); SAY("after $rc");', show: [] }],
  ["an error ends what called it", "", { run: 'lua_run("bare_error"); SAY("after $rc");', show: [] }],
  ["lua_run without such a function", "", { run: 'lua_run("nothing_here"); SAY("after $rc");', show: [] }],
  ["a returned number", "", { run: 'lua_run("bare_return", "5"); SAY("after $rc");', show: [] }],
  ["a returned negative number", "", { run: 'lua_run("bare_return", "-3"); SAY("after $rc");', show: [] }],
  ["a returned 0", "", { run: 'lua_run("bare_return", "0"); SAY("after $rc");', show: [] }],
  ["nothing returned", "", { run: 'lua_run("bare_return"); SAY("after $rc");', show: [] }],
  ["a returned text", "", { run: 'lua_run("bare_text"); SAY("after $rc");', show: [] }],
  ["a returned truth", "", { run: 'lua_run("bare_true"); SAY("after $rc");', show: [] }],
  ["parameters", "", { run: 'lua_run("bare_three", "$rU", "2", "$si");', show: ["$avp(r)"] }],
  [
    "lua_dostring",
    "",
    { run: `lua_dostring("KSR.pv.sets([[$$avp(r)]], [[$rU]])"); SAY("after $rc");`, show: ["$avp(r)"] },
  ],
  ["lua_dostring with a wrong text", "", { run: 'lua_dostring("x ="); SAY("after $rc");', show: [] }],
  [
    "lua_dostring does not see what was loaded",
    "",
    { run: 'lua_dostring("KSR.pv.sets([[$$avp(r)]], tostring(AT_TOP))");', show: ["$avp(r)"] },
  ],
  [
    "lua_runstring sees it",
    "",
    { run: 'lua_runstring("KSR.pv.sets([[$$avp(r)]], tostring(AT_TOP))"); SAY("after $rc");', show: ["$avp(r)"] },
  ],
  ["lua_runstring with an error", "", { run: 'lua_runstring("error([[x]])"); SAY("after $rc");', show: [] }],
  ["lua_dofile", "", { run: 'lua_dofile("{DIR}/more.lua"); SAY("after $rc");', show: ["$avp(r)"] }],
  ["lua_dofile of no file", "", { run: 'lua_dofile("{DIR}/none.lua"); SAY("after $rc");', show: [] }],
];

const ALL = [...LANGUAGE, ...LIBRARIES, ...API, ...OLD, ...ENDS];

/** The cases. */
export const cases: readonly LanguageCase[] = ALL.map(([name, , more], i) => ({
  name,
  run: `lua_run("case_${i}");`,
  show: ["$avp(r)"],
  ...more,
}));

const HEAD = `
AT_TOP = "set at the top"
local function show(v)
  local text = tostring(v):gsub("0x%x+", "{ADDRESS}")
  return type(v) .. " " .. text
end
local function shown(...)
  local out = {}
  for i = 1, select("#", ...) do out[i] = show((select(i, ...))) end
  return table.concat(out, " | ")
end
function bare_exit() KSR.x.exit() end
function bare_drop() KSR.x.drop() end
function bare_error() error("x") end
function bare_return(n) if n then return tonumber(n) end end
function bare_text() return "x" end
function bare_true() return true end
function bare_three(a, b, c) KSR.pv.sets("$avp(r)", shown(a, b, c)) end
local function run(f) KSR.pv.sets("$avp(r)", shown(pcall(f))) end
`;

/** Everything in one file, which both load. */
export const setup: Setup = {
  head: [
    'loadmodule "kemix.so"',
    'loadmodule "app_lua.so"',
    'loadmodule "app_lua_sr.so"',
    ...["sl", "tm", "rr", "maxfwd", "textops", "siputils"].map((m) => `modparam("app_lua_sr", "register", "${m}")`),
    'modparam("app_lua", "load", "{DIR}/cases.lua")',
  ].join("\n"),
  files: {
    "beside.lua": "return {name = ...}",
    "cases.lua": `${HEAD}${ALL.map(([, body], i) => `function case_${i}() run(function() ${body} end) end\n`).join("")}`,
  },
};
