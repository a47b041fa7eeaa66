// Commands about commands: what there is, what each does and takes.

import { type RpcDef, RpcError } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";

type Args = readonly (string | number | undefined)[];

export const systemCommands: Readonly<Record<string, RpcDef<ModuleHost>>> = {
  "system.listMethods": {
    doc: "Names of all commands.",
    args: [],
    run: ({ commands }) => commands.names(),
  },
  "system.methodHelp": {
    doc: "What a command does.",
    args: [{ name: "method", kind: "str", optional: true }],
    run: (host, args) => named(host, args).def.doc,
  },
  "system.methodSignature": {
    doc: "Name and arguments of a command, those that may be left out in brackets.",
    args: [{ name: "method", kind: "str", optional: true }],
    run: (host, args) => {
      const { name, def } = named(host, args);
      const each = def.args.map((a) => (a.optional ? `[${a.name}:${a.kind}]` : `${a.name}:${a.kind}`));
      return [name, ...each, ...(def.rest === undefined ? [] : [`[${def.rest}...]`])].join(" ");
    },
  },
};

function named({ commands }: ModuleHost, args: Args): { readonly name: string; readonly def: RpcDef<unknown> } {
  if (args[0] === undefined) throw new RpcError(400, "Method Name Expected");
  const name = String(args[0]);
  const def = commands.find(name);
  if (def === null) throw new RpcError(400, "command not found");
  return { name, def };
}
