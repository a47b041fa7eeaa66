// Two modules that declare one function: the one loaded later runs, as on Kamailio.

import { expect, test } from "vitest";
import { modules } from "../../src/modules/index.ts";
import { RouteKind } from "../../src/proxy/context.ts";
import { defineModule, fn } from "../../src/registry/define.ts";
import { compileRoutes, loadConfig } from "../../src/script/index.ts";

test("the module loaded later counts", () => {
  const ran: string[] = [];
  const made = (name: string) =>
    defineModule({
      name,
      doc: name,
      state: () => null,
      configure: () => null,
      functions: {
        twice: fn({
          routes: RouteKind.ANY,
          doc: "says who it is",
          run: () => {
            ran.push(name);
            return 1;
          },
        }),
      },
    });
  const available = new Map([...modules, ["one", made("one")], ["two", made("two")]]);
  for (const order of [
    ["one", "two"],
    ["two", "one"],
  ]) {
    const text = `${order.map((name) => `loadmodule "${name}.so"`).join("\n")}\nrequest_route { twice(); }`;
    const { routes } = compileRoutes(loadConfig({ file: "t", text }, available), new Map());
    routes!.request({ depth: 0, vars: [] } as never);
    expect(ran.at(-1)).toBe(order[1]);
  }
});
