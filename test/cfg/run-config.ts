// Runs a configuration on the stub modules over a message that exists in name only, and gives what it did.

import { RouteContext, RouteKind } from "../../src/proxy/context.ts";
import type { Flow } from "../../src/net/flow.ts";
import type { Proxy } from "../../src/proxy/proxy.ts";
import { type Config, compileRoutes, loadConfig, type ReadFile, renderDiagnostic } from "../../src/script/index.ts";
import { SipMessage } from "../../src/sip/message.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { stubModules, Trace } from "./stub-modules.ts";

/** The message of all language tests. */
export const MESSAGE = [
  "OPTIONS sip:bob@example.com:5066;transport=udp SIP/2.0",
  "Via: SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bK1",
  'From: "Al" <sip:alice@example.org>;tag=a1',
  "To: <sip:bob@example.com>",
  "Call-ID: 1@example.org",
  "CSeq: 1 OPTIONS",
  "X-T: hello",
  "Content-Length: 0",
  "",
  "",
].join("\r\n");

const HEADER = 'loadmodule "pv.so"\nloadmodule "xlog.so"\nloadmodule "fake.so"\n';

/** A context as the proxy would make one, as far as the language looks into it. */
export function makeContext(routes: RouteContext["routes"]): RouteContext {
  const message = new SipMessage();
  const bytes = bytesOf(MESSAGE);
  message.parse(bytes, 0, bytes.length);
  const flow = {
    protocol: 1,
    local: { family: 4, address: "127.0.0.1", port: 5070 },
    remote: { family: 4, address: "127.0.0.1", port: 5099 },
  } as Flow;
  const proxy = { logAs: () => undefined, logPlain: () => undefined, identity: { isMyself: (host: string) => host === "127.0.0.1" || host === "me.example" } } as unknown as Proxy;
  return new RouteContext(proxy, routes, message, flow, RouteKind.REQUEST);
}

export interface RunResult {
  readonly lines: string[];
  readonly rc: number;
  readonly stop: number;
}

/** Loads, compiles and runs the request route. Throws with the rendered diagnostics when the configuration is not accepted. */
export async function runConfig(text: string, waits: () => boolean = () => false, readFile?: ReadFile): Promise<RunResult> {
  const trace = new Trace();
  trace.waits = waits;
  const modules = stubModules(trace);
  const config = loadConfig({ file: "test.cfg", text: text.includes("loadmodule") ? text : HEADER + text }, modules, readFile === undefined ? {} : { readFile });
  const routes = compile(config, trace);
  const ctx = makeContext(routes);
  const rc = await routes.request(ctx);
  return { lines: trace.lines, rc, stop: ctx.stop };
}

/** Compiles a configuration on stub instances; errors of running routes go into the trace. */
export function compile(config: Config, trace: Trace) {
  const instances = new Map(config.modules.map((m) => [m.module.name, null]));
  const failed = () => config.diagnostics.map(renderDiagnostic).join("\n");
  if (!config.ok) throw new Error(failed());
  const { routes, diagnostics } = compileRoutes(config, instances, { report: (message) => trace.add(`! ${message}`) });
  if (routes === null) throw new Error(diagnostics.map(renderDiagnostic).join("\n"));
  return routes;
}
