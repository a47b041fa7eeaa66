-- What Lua 5.1 has and the virtual machine (5.3) has not, or has otherwise. Run once in each machine, before any script.
-- Numbers are made floats by the program itself (src/languages/lua/dialect.ts).

local select, type, pairs, ipairs, error, loadfile, floor, ceil = select, type, pairs, ipairs, error, loadfile, math.floor, math.ceil
local getinfo, getupvalue, upvaluejoin = debug.getinfo, debug.getupvalue, debug.upvaluejoin
local raw_load = load

_VERSION = "Lua 5.1"
unpack = table.unpack
utf8 = nil
math.type, math.tointeger, math.ult, math.maxinteger, math.mininteger = nil

function loadstring(text, name)
  return raw_load(text, name or text)
end

function math.pow(x, y) return x ^ y end
function math.log10(x) return math.log(x, 10) end
function math.mod(x, y) return math.fmod(x, y) end
function math.sinh(x) return (math.exp(x) - math.exp(-x)) / 2 end
function math.cosh(x) return (math.exp(x) + math.exp(-x)) / 2 end
function math.tanh(x)
  local e = math.exp(2 * x)
  if e == math.huge then return 1 end
  return (e - 1) / (e + 1)
end
function math.ldexp(m, e) return m * 2.0 ^ e end
function math.frexp(x)
  if x == 0 or x ~= x or x == math.huge or x == -math.huge then return x, 0 end
  local e = floor(math.log(math.abs(x), 2)) + 1
  local m = x / 2.0 ^ e
  if math.abs(m) >= 1 then m, e = m / 2, e + 1 end
  if math.abs(m) < 0.5 then m, e = m * 2, e - 1 end
  return m, e
end

string.gfind = string.gmatch

function table.getn(t) return #t end
function table.maxn(t)
  local most = 0
  for k in pairs(t) do
    if type(k) == "number" and k > most then most = k end
  end
  return most
end
function table.foreach(t, f)
  for k, v in pairs(t) do
    local result = f(k, v)
    if result ~= nil then return result end
  end
end
function table.foreachi(t, f)
  for i = 1, #t do
    local result = f(i, t[i])
    if result ~= nil then return result end
  end
end
function table.setn() error("'setn' is obsolete", 2) end

-- The machine has one hook, which counts the instructions of a run.
function debug.sethook() error("debug.sethook: hooks are not for scripts here", 2) end

-- environments of functions: the upvalue _ENV of those that have one
local function environment_of(f)
  for i = 1, math.huge do
    local name = getupvalue(f, i)
    if name == nil then return nil end
    if name == "_ENV" then return i end
  end
end
local function function_at(f, who)
  if type(f) == "function" then return f end
  local level = f == nil and 1 or f
  if type(level) ~= "number" or level < 0 then
    error("bad argument #1 to '" .. who .. "' (level must be non-negative)", 3)
  end
  local info = getinfo(level + 2, "f")
  if not info then error("bad argument #1 to '" .. who .. "' (invalid level)", 3) end
  return info.func
end
function getfenv(f)
  if f == 0 then return _G end
  local fn = function_at(f, "getfenv")
  local i = environment_of(fn)
  if not i then return _G end
  local _, env = getupvalue(fn, i)
  return env
end
function setfenv(f, env)
  if type(env) ~= "table" then error("bad argument #2 to 'setfenv' (table expected)", 2) end
  local fn = function_at(f, "setfenv")
  local i = environment_of(fn)
  if not i then
    if getinfo(fn, "S").what == "C" then error("'setfenv' cannot change environment of given object", 2) end
    return fn
  end
  upvaluejoin(fn, i, function() return env end, 1)
  return fn
end
debug.getfenv, debug.setfenv = getfenv, setfenv

-- modules
local host = _HOST
_HOST = nil
local loaded, preload = package.loaded, package.preload
package.searchers, package.searchpath = nil
package.path = "./?.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua;"
  .. "/usr/local/lib/lua/5.1/?.lua;/usr/local/lib/lua/5.1/?/init.lua;/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"
package.cpath = ""
function package.loadlib()
  return nil, "libraries in C cannot be loaded", "absent"
end
package.loaders = {
  function(name)
    return preload[name] or "\n\tno field package.preload['" .. name .. "']"
  end,
  function(name)
    local inner, missing = name:gsub("%.", "/"), ""
    for template in package.path:gmatch("[^;]+") do
      local file = template:gsub("%?", (inner:gsub("%%", "%%%%")))
      if host.exists(file) then
        local chunk, problem = host.load(file)
        if not chunk then error("error loading module '" .. name .. "' from file '" .. file .. "':\n\t" .. problem, 0) end
        return chunk
      end
      missing = missing .. "\n\tno file '" .. file .. "'"
    end
    return missing
  end,
}
local loading = {}
function require(name)
  local there = loaded[name]
  if there == loading then error("loop or previous error loading module '" .. name .. "'", 2) end
  if there then return there end
  local loader, why = nil, ""
  for _, search in ipairs(package.loaders) do
    local found = search(name)
    if type(found) == "function" then
      loader = found
      break
    end
    if type(found) == "string" then why = why .. found end
  end
  if not loader then error("module '" .. name .. "' not found:" .. why, 2) end
  loaded[name] = loading
  local value = loader(name)
  if value ~= nil then loaded[name] = value end
  if loaded[name] == loading then loaded[name] = true end
  return loaded[name]
end
function dofile(file)
  local chunk, problem = loadfile(file)
  if not chunk then error(problem, 0) end
  return chunk()
end
function package.seeall(module)
  local meta = getmetatable(module)
  if not meta then
    meta = {}
    setmetatable(module, meta)
  end
  meta.__index = _G
end
local function named_table(name)
  local at = _G
  for part in name:gmatch("[^.]+") do
    local inner = rawget(at, part)
    if inner == nil then
      inner = {}
      at[part] = inner
    elseif type(inner) ~= "table" then
      error("name conflict for module '" .. name .. "'", 3)
    end
    at = inner
  end
  return at
end
function module(name, ...)
  local this = package.loaded[name]
  if type(this) ~= "table" then
    this = named_table(name)
    package.loaded[name] = this
  end
  if this._NAME == nil then
    this._M, this._NAME, this._PACKAGE = this, name, name:match("^(.*%.)[^.]*$") or ""
  end
  setfenv(2, this)
  for i = 1, select("#", ...) do (select(i, ...))(this) end
end

function gcinfo() return collectgarbage("count") end
function newproxy(with)
  local proxy = setmetatable({}, with and (with == true and {} or getmetatable(with)) or nil)
  return proxy
end
