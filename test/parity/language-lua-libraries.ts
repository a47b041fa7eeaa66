// Lua's libraries io, os, string, table, coroutine and package, small script by small script, beside Kamailio's app_lua.

/** Name and body of a function, as in language-lua.ts. */
export const LIBRARIES: readonly (readonly [name: string, body: string])[] = [
  [
    "io: a file is written and read",
    `local n = "{DIR}/t1" local f = io.open(n, "w") local w = f:write("one\\n", 2, " 0x10 -3.5e1\\n\\nrest") f:close()
    local g = io.open(n) return w, g:read(), g:read("*n", "*n", "*n"), g:read("*l"), g:read("*l"), g:read(2), g:read("*a"), g:read("*a"), g:read("*l"), g:read(0)`,
  ],
  [
    "io: seek",
    `local n = "{DIR}/t2" local f = io.open(n, "w+") f:write("abcdef") return f:seek("set", 2), f:read(1), f:seek("cur"), f:seek("end"), f:seek("cur", -1), f:read("*a"), pcall(f.seek, f, "no")`,
  ],
  [
    "io: append",
    `local n = "{DIR}/t3" for i = 1, 3 do local f = io.open(n, i == 1 and "w" or "a") f:write(i) f:close() end return io.open(n):read("*a")`,
  ],
  [
    "io: update",
    `local n = "{DIR}/t4" local f = io.open(n, "w") f:write("abc") f:close() f = io.open(n, "r+") f:seek("set", 1) f:write("X") f:close() return io.open(n):read("*a")`,
  ],
  [
    "io.lines",
    `local n = "{DIR}/t5" local f = io.open(n, "w") f:write("a\\n\\nc") f:close() local t = {} for l in io.lines(n) do t[#t + 1] = "[" .. l .. "]" end return table.concat(t)`,
  ],
  ["io.lines of a missing file", "local ok, e = pcall(io.lines, '/no/such') return ok, (e:gsub('#1 to .- %(', '('))"],
  [
    "file:lines",
    `local n = "{DIR}/t6" local f = io.open(n, "w") f:write("a\\nb\\n") f:close() f = io.open(n) local t = {} for l in f:lines() do t[#t + 1] = l end return table.concat(t, "|"), io.type(f)`,
  ],
  [
    "io: a closed file",
    `local f = io.open("{DIR}/t7", "w") return f:close(), io.type(f), tostring(f), pcall(f.write, f, "x")`,
  ],
  ["io: a wrong format", "local f = io.open('{DIR}/cases.lua') return pcall(f.read, f, 'x'), pcall(f.read, f, '*x')"],
  ["io: reading what is only written", "local f = io.open('{DIR}/t9', 'w') return f:read()"],
  ["io: writing what is only read", "local f = io.open('{DIR}/cases.lua') return f:write('x')"],
  ["io.type", "return io.type(io.stdout), io.type(5), type(io.stderr)"],
  ["io.close of standard output", "return io.stdout:close()"],
  [
    "io.output and io.input",
    "local was = io.output() io.output('{DIR}/t11') io.write('x', 1) io.close() io.output(was) io.input('{DIR}/t11') return io.read('*a')",
  ],
  [
    "os.rename and remove",
    `local f = io.open("{DIR}/t12", "w") f:close() return os.rename("{DIR}/t12", "{DIR}/t13"), os.remove("{DIR}/t13"), os.remove("/no/such")`,
  ],
  ["os.rename of a missing file", "return os.rename('/no/such', '/no/other')"],
  [
    "os.date: all conversions",
    "return os.date('!%a %A %b %B %c %C %d %D %e %F %g %G %h %H %I %j %k %l %m %M %p %P %r %R %s %S %T %u %U %V %w %W %x %X %y %Y %z %Z %%', 1234567890)",
  ],
  [
    "os.date: weeks",
    "local t = {} for y = 2004, 2016 do t[#t + 1] = os.date('!%G-%V %U %W %j', os.time({year = y, month = 1, day = 1, hour = 12})) end return table.concat(t, '|')",
  ],
  [
    "os.date: a table",
    "local d = os.date('!*t', 86400 * 59 + 3661) return d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.isdst",
  ],
  ["os.date: before 1970", "return os.date('!%Y-%m-%d %H:%M:%S', -1)"],
  [
    "os.time carries over",
    "return os.time({year = 2020, month = 14, day = -3, hour = 0}), os.time({year = 2020, month = 1, day = 1})",
  ],
  ["os.time without a day", "return pcall(os.time, {year = 2020, month = 1})"],
  ["os.difftime and setlocale", "return os.difftime(5, 3), os.setlocale(), os.setlocale('xx')"],
  ["os.time and date", "return os.date('%Y', os.time()) == os.date('!%Y')"],
  ["loadfile", "return pcall(loadfile, '/no/such'), loadfile('{DIR}/more.lua') ~= nil"],
  ["dofile of no file", "return pcall(dofile, '/no/such')"],
  [
    "require: what was searched",
    "package.path = './?.lua;/a/?/b.lua' local _, e = pcall(require, 'x.y') return (e:gsub('\\n\\tno file [^\\n]-%.so\\'', ''))",
  ],
  ["package.preload", "package.preload.made = function(n) return n .. '!' end return require('made'), require('made')"],
  [
    "gsub: empty matches",
    "return string.gsub('abc', '%w*', 'x'), string.gsub('hello world', 'o*', '-'), string.gsub('abc', '', '-')",
  ],
  ["gsub: a percent in the replacement", "return string.gsub('abc', 'b', '%%'), string.gsub('abc', 'b', '%a')"],
  ["gsub: values", "return string.gsub('abc', '%w', {a = 1, b = true and 'B', c = false})"],
  ["gsub: a wrong value", "return pcall(string.gsub, 'abc', '%w', function() return {} end)"],
  ["gsub: anchored", "return string.gsub('aaa', '^a', 'b')"],
  ["gsub: limited", "return string.gsub('aaaa', 'a', 'b', 2), string.gsub('aaaa', 'a', 'b', 0)"],
  [
    "find: beyond the end",
    "return string.find('abc', '', 10), string.find('abc', '', 4), string.find('abc', 'b', -1), string.find('abc', 'b', -2)",
  ],
  ["find: position captures", "return string.find('abcd', '()bc()')"],
  ["find: back references", "return string.find('say \"hi\" now', '([\"])(.-)%1')"],
  ["find: balanced", "return string.match('f(a(b)c)d', '%b()')"],
  ["find: frontier", "return string.find('THE (quick) fox', '%f[%a]%a+%f[%A]', 5)"],
  [
    "find: sets",
    "return string.match('a-b]c', '[]%-a-c]+'), string.match('x^y', '[%^x]+'), string.match('abc', '[^b]+', 2), string.match('a-', '[a-]+')",
  ],
  ["find: optional", "return string.match('color colour', 'colou?r', 2), string.match('ac', 'ab?c')"],
  [
    "find: lazy and greedy",
    "return string.match('<<a>>', '<(.-)>'), string.match('<<a>>', '<(.*)>'), string.match('aaa', 'a-$')",
  ],
  [
    "find: zero octets",
    "return string.find('a\\0b', '%z'), string.match('a\\0b', '%Z+$'), #string.match('a\\0b', '.*')",
  ],
  [
    "find: wrong patterns",
    "return pcall(string.find, 'a', '%'), pcall(string.find, 'a', '[a'), pcall(string.find, 'a', '(a'), pcall(string.find, 'a', 'a)'), pcall(string.find, 'a', '%1'), pcall(string.find, 'a', '%f')",
  ],
  [
    "gmatch: captures",
    "local t = {} for k, v in string.gmatch('a=1, b=2', '(%w+)=(%w+)') do t[#t + 1] = k .. v end return table.concat(t, '|')",
  ],
  ["gmatch: empty matches", "local n = 0 for w in string.gmatch('abc', '%d*') do n = n + 1 end return n"],
  ["string.rep", "return string.rep('ab', 3), string.rep('x', 0), string.rep('x', -1), #string.rep('abc', 1000)"],
  ["table.concat: a wrong value", "return pcall(table.concat, {1, {}, 3})"],
  [
    "table.concat: numbers and parts",
    "return table.concat({1, 2.5, 'x'}, '-'), table.concat({1, 2, 3}, ',', 2), table.concat({}, ',', 1, 0)",
  ],
  [
    "coroutine.running",
    "return coroutine.running(), type(coroutine.wrap(function() return coroutine.running() end)())",
  ],
  ["coroutine: an error in it", "return coroutine.resume(coroutine.create(function() error('x', 0) end))"],
  ["coroutine.wrap: an error in it", "return pcall(coroutine.wrap(function() error('x', 0) end))"],
  [
    "coroutine: a dead one",
    "local c = coroutine.create(function() end) coroutine.resume(c) return coroutine.resume(c)",
  ],
  [
    "coroutine: itself",
    "local c c = coroutine.create(function() return coroutine.resume(c) end) return coroutine.resume(c)",
  ],
  ["coroutine.yield outside", "return pcall(coroutine.yield, 1)"],
  [
    "coroutine: values both ways",
    "local c = coroutine.create(function(...) local a = {...} while true do a = {coroutine.yield(#a, unpack(a))} end end) local t = {} for i = 0, 3 do t[i] = {coroutine.resume(c, unpack({1, 2, 3}, 1, i))} end return #t[0], #t[3], t[2][2], t[3][4]",
  ],
  [
    "coroutine.status inside",
    "local c c = coroutine.create(function() return coroutine.status(c) end) return coroutine.status(c), select(2, coroutine.resume(c)), coroutine.status(c)",
  ],
  [
    "xpcall with a traceback",
    "local ok, e = xpcall(function() error('x', 0) end, function(m) return m .. type(debug.traceback()) end) return ok, e",
  ],
  ["io: a wrong mode", "local f, e, c = io.open('{DIR}/t8', 'zz') return f, (e:gsub('.*/', '')), c"],
  [
    "require beside",
    "package.path = '{DIR}/?.lua;' .. package.path return require('beside').name, package.loaded.beside ~= nil",
  ],
];
