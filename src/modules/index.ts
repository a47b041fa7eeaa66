// Every module there is, by name. Importing a module has no effect; what a configuration loads is decided by its loadmodule lines.

import type { AnyModule } from "../registry/define.ts";
import { core } from "./core/index.ts";
import { maxfwd } from "./maxfwd.ts";
import { pv } from "./pv/index.ts";
import { rr } from "./rr/index.ts";
import { siputils } from "./siputils/index.ts";
import { sl } from "./sl.ts";
import { textops } from "./textops/index.ts";
import { xlog } from "./xlog.ts";

/** All modules, each after those it uses. */
export const modules: readonly AnyModule[] = [core, pv, sl, maxfwd, rr, textops, siputils, xlog];

/** Modules that are there without a loadmodule line. */
export const builtIn: readonly AnyModule[] = [core];
