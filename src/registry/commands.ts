// Commands (RPC) of a generation by name, whoever asks for them: arguments are checked against the declaration first.

import { type RpcDef, RpcError, type RpcValue } from "./define.ts";
import type { Configured } from "./loader.ts";
import { didYouMean } from "./nearest.ts";
import { todaysCommand } from "./older-commands.ts";

/** The commands of all modules of the generation in force; none before there is one. */
export class Commands {
  private known = new Map<string, { readonly def: RpcDef<unknown>; readonly instance: unknown }>();

  /** From now on these modules' commands are run. */
  enter(generation: readonly Configured[]): void {
    this.known = new Map();
    for (const { module, instance } of generation)
      for (const [name, def] of Object.entries(module.rpc)) this.known.set(name, { def, instance });
  }

  /** Names, in alphabetical order. */
  names(): string[] {
    return [...this.known.keys()].sort();
  }

  /** What the declaration says of a command; null without one. */
  find(name: string): RpcDef<unknown> | null {
    return this.named(name, 0)?.def ?? null;
  }

  private named(name: string, args: number) {
    const found = this.known.get(name);
    return found ?? this.known.get(todaysCommand(name, args) ?? "");
  }

  /**
   * Runs a command. Texts of digits pass as numbers and numbers as texts, as it is declared. Throws (or rejects with) RpcError: 404 for an
   * unknown command, 400 for wrong arguments, whatever the command itself says.
   */
  run(name: string, args: readonly (string | number)[]): RpcValue | Promise<RpcValue> {
    const found = this.named(name, args.length);
    if (found === undefined) {
      const hint = didYouMean(name, this.known.keys());
      throw new RpcError(404, `command ${name} not found${hint === undefined ? "" : `; ${hint}`}`);
    }
    const { def, instance } = found;
    if (args.length > def.args.length && def.rest === undefined)
      throw new RpcError(400, `${name} takes at most ${def.args.length} arguments, not ${args.length}`);
    const given = def.args.map((arg, i) => {
      const value = args[i];
      if (value !== undefined) return converted(value, arg.kind, `${name}: argument ${i + 1} (${arg.name})`);
      if (arg.optional) return undefined;
      throw new RpcError(400, `${name}: argument ${i + 1} (${arg.name}) is missing`);
    });
    const { rest } = def;
    for (let i = given.length; rest !== undefined && i < args.length; i++)
      given.push(converted(args[i]!, rest, `${name}: argument ${i + 1}`));
    return def.run(instance, given);
  }
}

function converted(value: string | number, kind: "int" | "str" | "any", what: string): string | number {
  if (kind === "any") return value;
  if (kind === "str") return String(value);
  const number = typeof value === "number" ? value : /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isInteger(number)) throw new RpcError(400, `${what} must be a number`);
  return number;
}
