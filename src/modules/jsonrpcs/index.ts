// Module jsonrpcs: commands as JSON-RPC 2.0, over HTTP by a route, from the script, over FIFO and datagrams.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, pvClass, strParam } from "../../registry/define.ts";
import { kemi } from "../../registry/kemi.ts";
import { answerJson, type JsonAnswer } from "../../registry/rpc/json.ts";
import type { Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import { Level } from "../../util/log.ts";
import { own } from "../../util/own.ts";
import { core } from "../core/index.ts";
import { parseDatagramPlace } from "./place.ts";
import { DEFAULT_FIFO, DEFAULT_SOCKET, JsonTransports, type Settings } from "./transports.ts";

/** Bits of parameter transport; 0 stands for all of them. */
const Bit = { FIFO: 2, DATAGRAM: 4 } as const;
const KEY = {};

interface JsonRpc {
  readonly transports: JsonTransports;
  readonly settings: Settings;
  run(text: string): JsonAnswer | null | Promise<JsonAnswer>;
}

// Once a promise is there the route waits for it; else it goes straight on.
function then(answer: ReturnType<JsonRpc["run"]>, use: (answer: JsonAnswer) => number): number | Promise<number> {
  if (answer === null) return -1;
  return answer instanceof Promise ? answer.then(use) : use(answer);
}

function dispatch(self: JsonRpc, ctx: RouteContext): number | Promise<number> {
  const { message } = ctx;
  const { http } = message;
  if (http === null) return -1;
  return then(self.run(textOf(message.buf, message.bodyStart, message.end)), ({ code, reason, body }) => {
    const phrase = reason.replace(/[^\t\x20-\x7e\x80-\xff]/g, " ");
    return http.answer(code, phrase, "Content-Type: application/json\r\n", body);
  });
}

const FIELDS: Readonly<Record<string, (answer: JsonAnswer) => Value>> = {
  code: ({ code }) => code,
  text: ({ reason }) => reason,
  body: ({ body }) => body,
};

/** Kamailio's module jsonrpcs. */
const jsonrpcs = defineModule({
  name: "jsonrpcs",
  doc: "Runs commands that come as JSON-RPC 2.0.",
  uses: [core],
  params: {
    pretty_format: intParam(1, "Whether answers are laid out for reading.", { min: 0, max: 1 }),
    transport: intParam(6, "Sum of transports: 1 HTTP, 2 FIFO, 4 datagrams; 0 all. HTTP always works by the route.", {
      min: 0,
      max: 7,
    }),
    fifo_name: strParam(DEFAULT_FIFO, "FIFO to read commands from; below the directory of sockets if relative."),
    fifo_mode: intParam(0o660, "Its permissions.", { min: 0, max: 0o777 }),
    fifo_user: strParam("", "User who owns it; who runs the server when empty."),
    fifo_group: strParam("", "Group that owns it; the user's own when empty."),
    fifo_reply_dir: strParam("/tmp/", "Directory of the FIFOs that requests name for their answers."),
    dgram_socket: strParam(DEFAULT_SOCKET, "Unix datagram socket, or udp:ADDRESS:PORT, to take commands from."),
    dgram_mode: intParam(0o660, "Permissions of the unix datagram socket.", { min: 0, max: 0o777 }),
    dgram_user: strParam("", "User who owns it; who runs the server when empty."),
    dgram_group: strParam("", "Group that owns it; the user's own when empty."),
    dgram_workers: intParam(1, "Processes that read datagrams.", { effect: "one event loop serves everything" }),
    dgram_timeout: intParam(
      2000,
      "How long an answer to a unix datagram is tried, when the client has no room for it.",
      {
        unit: "ms",
        min: 0,
      },
    ),
    tcp_socket: strParam("", "TCP address to take commands on.", { effect: "use HTTP on the ports of SIP" }),
  },
  state: (host) => new JsonTransports(host),
  configure: (transports, params, host): JsonRpc => {
    const { pretty_format: pretty, transport } = params;
    const bits = transport === 0 ? 7 : transport;
    const place = parseDatagramPlace(params.dgram_socket);
    if (place === null) throw new ConfigError(`not a place for datagrams: ${params.dgram_socket}`, "dgram_socket");
    return {
      transports,
      run: (text) => answerJson(host.commands, text, pretty !== 0, (bug) => host.log.write(Level.BUG, bug)),
      settings: {
        fifo: (bits & Bit.FIFO) === 0 || params.fifo_name === "" ? null : params.fifo_name,
        fifoOwner: { mode: params.fifo_mode, user: params.fifo_user, group: params.fifo_group },
        replyDirectory: params.fifo_reply_dir,
        datagrams: (bits & Bit.DATAGRAM) === 0 || params.dgram_socket === "" ? null : place,
        datagramOwner: { mode: params.dgram_mode, user: params.dgram_user, group: params.dgram_group },
        datagramPatience: params.dgram_timeout,
      },
    };
  },
  start: (self) => self.transports.open(self.settings, self.run),
  stop: (transports) => transports.close(),
  kemi: {
    response: kemi({
      gives: "value",
      doc: "What the last exec() for this message answered, as a JSON document; nothing before.",
      run: (_self: JsonRpc, ctx) => {
        const answer = ctx.attachment<JsonAnswer>(KEY);
        return answer === undefined ? null : FIELDS["body"]!(answer);
      },
    }),
    dispatch: "jsonrpc_dispatch",
    exec: "jsonrpc_exec",
    execx: "jsonrpc_exec",
  },
  functions: {
    jsonrpc_dispatch: fn({
      args: [],
      routes: RouteKind.REQUEST | RouteKind.EVENT,
      waits: "maybe",
      doc: "Runs the JSON-RPC request in the body of an HTTP request and answers it. False when the body is no JSON: then nothing is answered.",
      run: (self: JsonRpc, ctx) => dispatch(self, ctx),
    }),
    jsonrpc_exec: fn({
      args: [str("cmd")],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "Runs a JSON-RPC document; what it answers is in $jsonrpl.",
      run: (self: JsonRpc, ctx, text) =>
        then(self.run(text), (answer) => {
          ctx.attach(KEY, answer);
          return 1;
        }),
    }),
  },
  pvs: {
    jsonrpl: pvClass<JsonRpc>({
      doc: "What the last jsonrpc_exec() for this message gave: code, text or body.",
      inner: "required",
      resolve: (_self, name) => {
        const field = own(FIELDS, name);
        if (field === undefined) return new ArgError(`there is no $jsonrpl(${name})`, "code, text and body");
        return {
          get: (ctx) => {
            const answer = ctx.attachment<JsonAnswer>(KEY);
            return answer === undefined ? (name === "code" ? 0 : null) : field(answer);
          },
        };
      },
    }),
  },
  rpc: {
    "jsonrpc.echo": {
      doc: "Gives its parameters back.",
      args: [],
      rest: "any",
      run: (_self, args) => args.filter((arg) => arg !== undefined),
    },
  },
});

export default jsonrpcs;
