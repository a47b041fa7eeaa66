// JSON-RPC requests to ask Kamailio and us alike, in this order: each sees what those before it have done.

/** One request: its body and where it goes. */
export interface JsonCase {
  readonly name: string;
  readonly body: string;
  readonly path: string;
  /** Why the answers differ; left out where status, phrase, content type and body are equal byte for byte. */
  readonly differs?: string;
}

export const CONFIG = `tcp_accept_no_cl=yes
server_header="Server: test"
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "htable.so"
loadmodule "pike.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 1)
modparam("jsonrpcs", "pretty_format", PRETTY)
modparam("htable", "htable", "a=>size=2;")
modparam("pv", "shvset", "x=i:5")
modparam("pv", "shvset", "y=s:text")
request_route { if (is_method("REGISTER")) save("location"); sl_send_reply("200", "OK"); }
event_route[xhttp:request] {
  if ($hu =~ "^/RPC") { jsonrpc_dispatch(); $var(rc) = $rc; if ($var(rc) < 0) xhttp_reply("499", "False", "text/plain", "rc $var(rc)"); }
  else {
    $var(before) = "$jsonrpl(code)";
    jsonrpc_exec($rb); $var(rc) = $rc;
    xhttp_reply("200", "OK", "text/plain", "rc $var(rc) [$jsonrpl(code)] [$jsonrpl(text)] [$jsonrpl(body)]");
  }
}
`;

const rpc = (method: string, params?: unknown, id: unknown = 1): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    method,
    ...(params === undefined ? {} : { params }),
    ...(id === null ? {} : { id }),
  });

const call = (method: string, params?: unknown, differs?: string): JsonCase => ({
  name: `${method}${params === undefined ? "" : ` ${JSON.stringify(params)}`}`,
  body: rpc(method, params),
  path: "/RPC",
  ...(differs === undefined ? {} : { differs }),
});
const raw = (name: string, body: string, differs?: string): JsonCase => ({
  name,
  body,
  path: "/RPC",
  ...(differs === undefined ? {} : { differs }),
});
const exec = (name: string, body: string): JsonCase => ({ name: `exec: ${name}`, body, path: "/exec" });

const NO_REQUEST = "Kamailio runs nothing and answers with an empty result; here it is an error";
const NUMBERS = "Kamailio ends the list at what does not fit its numbers; here they are kept";

export const CASES: readonly JsonCase[] = [
  // the envelope
  raw("an id that is a text", rpc("jsonrpc.echo", ["a"], "abc")),
  raw("an id with quotes", '{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["a"],"id":"a\\"b\\\\c"}'),
  raw("no id", rpc("jsonrpc.echo", ["a"], null)),
  raw("id null", '{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["a"],"id":null}'),
  raw("id true", rpc("jsonrpc.echo", ["a"], true)),
  raw("id false", rpc("jsonrpc.echo", ["a"], false)),
  raw("id that is an object", rpc("jsonrpc.echo", ["a"], { a: 1 })),
  raw("id that is a list", rpc("jsonrpc.echo", ["a"], [1])),
  raw("id with a fraction", rpc("jsonrpc.echo", ["a"], 1.5)),
  raw("id below zero", rpc("jsonrpc.echo", ["a"], -7)),
  raw("a long id", rpc("jsonrpc.echo", ["a"], 12345678901)),
  raw("blanks and line ends", '\r\n { "jsonrpc" :\t"2.0",\n"method":"jsonrpc.echo","id" : 3 } \n'),
  raw("members nobody knows", '{"x":[1,{"y":2}],"jsonrpc":"2.0","method":"jsonrpc.echo","id":3,"z":null}'),
  raw("params before the method", '{"params":["p"],"id":4,"method":"jsonrpc.echo","jsonrpc":"2.0"}'),
  raw("an unknown method", rpc("nosuch")),
  raw("an unknown method without id", rpc("nosuch", undefined, null)),
  raw("an unknown method, id a text", rpc("nosuch", undefined, "x")),
  raw("an empty method", rpc("")),
  raw("no JSON", "nonsense"),
  raw("half a request", '{"jsonrpc":"2.0","method":"jsonrpc.echo"'),
  raw("nothing", ""),
  raw("the wrong version", '{"jsonrpc":"1.0","method":"jsonrpc.echo","id":1}', NO_REQUEST),
  raw("no version", '{"method":"jsonrpc.echo","id":1}', NO_REQUEST),
  raw("no method", '{"jsonrpc":"2.0","id":1}', NO_REQUEST),
  raw("a method that is a number", '{"jsonrpc":"2.0","method":5,"id":1}', NO_REQUEST),
  raw("a list of requests", `[${rpc("jsonrpc.echo")}]`, NO_REQUEST),
  raw("an empty list", "[]", NO_REQUEST),
  raw("a text", '"text"', NO_REQUEST),
  raw("something behind the request", `${rpc("jsonrpc.echo")} trailing`, "Kamailio does not look at what follows"),
  // parameters
  call("jsonrpc.echo"),
  call("jsonrpc.echo", []),
  call("jsonrpc.echo", ["a", 1]),
  call("jsonrpc.echo", ["b c", 2147483647]),
  call("jsonrpc.echo", ["a", 1, "b"], "Kamailio gives back the first two"),
  call("jsonrpc.echo", { x: "a", y: 2 }),
  call("jsonrpc.echo", "a"),
  call("jsonrpc.echo", ['with "quotes"']),
  call("jsonrpc.echo", ["back\\slash a/b"]),
  call("jsonrpc.echo", ["line\r\nend"]),
  call("jsonrpc.echo", ["tab\t"]),
  call("jsonrpc.echo", ["\u0001\u001f"]),
  call("jsonrpc.echo", ["öäü€ 日本"]),
  raw("escapes of letters", '{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["\\u00e9\\u0041\\/"],"id":1}'),
  raw("escapes of pairs", '{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["\\ud83d\\ude00"],"id":1}'),
  call("jsonrpc.echo", [1.5], NUMBERS),
  call("jsonrpc.echo", [2147483648], NUMBERS),
  call(
    "jsonrpc.echo",
    ["a", true, "b"],
    "Kamailio takes the parameters in front of one that is no text or number; here it is refused",
  ),
  call("jsonrpc.echo", [["a"]], "the same"),
  // commands
  call("system.methodHelp", ["nosuch"]),
  call("system.methodHelp"),
  call("htable.sets", ["a", "s", "t"]),
  call("htable.seti", ["a", "k", 7]),
  call("htable.get", ["a", "s"]),
  call("htable.get", ["a", "k"]),
  call("htable.get", ["a", "none"]),
  call("htable.get", ["none", "k"]),
  call("htable.dump", ["none"]),
  call("htable.listTables"),
  call("htable.delete", ["a", "s"]),
  call("htable.stats"),
  call("htable.flush", ["a"]),
  call("htable.dump", ["a"]),
  call("tm.stats"),
  call("tm.list"),
  call("tm.cancel", ["a", "b"]),
  call("ul.lookup", ["location", "zz"]),
  call("ul.lookup", ["nolocation", "zz"]),
  call("ul.rm", ["location", "zz"]),
  call("ul.flush"),
  call("dst_blocklist.view"),
  call("dst_blocklist.mem_info"),
  call("dns.view"),
  call("dns.lookup", ["A", "x.example"]),
  call("pike.top"),
  call("pike.list"),
  call("pv.shvGet", undefined, "Kamailio repeats a name in one object; here it is a list"),
  call("pv.shvGet", ["y"]),
  call("pv.shvGet", ["none"]),
  call("pv.shvSet", ["x", "int", 7]),
  call("pv.shvSet", ["x", "str", "abc"]),
  call("pv.shvGet", ["x"]),
  call("pv.shvSet", ["x", "foo", 1]),
  call("pv.shvSet", ["x", "int", "abc"], "what is a number is looked at as text here"),
  call("pv.shvSet", ["x"]),
  call("pv.shvSet", ["none", "int", 1]),
  call("pv.shvSet"),
  call("sl.stats", undefined, "the same members in another order; Kamailio counts answers to HTTP too"),
  // from the script
  exec("a command", rpc("tm.list")),
  exec("a refusal", rpc("htable.get", ["none", "k"])),
  exec("an unknown method", rpc("nosuch")),
];

/** Cases that are run again without layout. */
export const COMPACT = CASES.filter((c) => c.differs === undefined && !c.name.startsWith("ul."));
