// Read by fengari when it is loaded: numbers print as in Lua 5.1, without ".0" behind whole ones. Imported before it.

process.env["FENGARICONF"] = JSON.stringify({ LUA_COMPAT_FLOATSTRING: true });
