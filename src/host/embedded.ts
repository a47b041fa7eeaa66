// The assets as imports, so that `bun build --compile` carries them. A test compares this list with embed/.
// From source nothing imports this file: there assets are read from embed/ itself (assets.ts).
import defaultConfiguration from "../../embed/default.cfg" with { type: "text" };
import dialog from "../../embed/schema/dialog.sql" with { type: "text" };
import dialogVars from "../../embed/schema/dialog_vars.sql" with { type: "text" };
import acc from "../../embed/schema/acc.sql" with { type: "text" };
import accCdrs from "../../embed/schema/acc_cdrs.sql" with { type: "text" };
import location from "../../embed/schema/location.sql" with { type: "text" };
import missedCalls from "../../embed/schema/missed_calls.sql" with { type: "text" };
import porticoHa1 from "../../embed/schema/portico_ha1.sql" with { type: "text" };
import subscriber from "../../embed/schema/subscriber.sql" with { type: "text" };
import version from "../../embed/schema/version.sql" with { type: "text" };

/** Texts by asset name. */
export const texts: Readonly<Record<string, string>> = {
  "default.cfg": defaultConfiguration,
  "schema/dialog.sql": dialog,
  "schema/dialog_vars.sql": dialogVars,
  "schema/acc.sql": acc,
  "schema/acc_cdrs.sql": accCdrs,
  "schema/location.sql": location,
  "schema/missed_calls.sql": missedCalls,
  "schema/portico_ha1.sql": porticoHa1,
  "schema/subscriber.sql": subscriber,
  "schema/version.sql": version,
};
