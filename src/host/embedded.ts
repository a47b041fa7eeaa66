// The assets as imports, so that `bun build --compile` carries them. A test compares this list with embed/.
// From source nothing imports this file: there assets are read from embed/ itself (assets.ts).
import defaultConfiguration from "../../embed/default.cfg" with { type: "text" };
import tables from "../../embed/kamailio.tables" with { type: "text" };
import lua51 from "../../embed/lua51.lua" with { type: "text" };
import prelude from "../../embed/python/prelude.py" with { type: "text" };
import surroundings from "../../embed/python/surroundings.py" with { type: "text" };
import porticoHa1 from "../../embed/schema/portico_ha1.sql" with { type: "text" };

/** Texts by asset name. */
export const texts: Readonly<Record<string, string>> = {
  "default.cfg": defaultConfiguration,
  "schema/portico_ha1.sql": porticoHa1,
  "kamailio.tables": tables,
  "lua51.lua": lua51,
  "python/prelude.py": prelude,
  "python/surroundings.py": surroundings,
};
