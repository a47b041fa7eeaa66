// `portico catalogue --json`: all that the program declares, for tools: the language, global parameters, modules.

import { modules } from "../modules/index.ts";
import { catalogue, type ModuleDoc } from "../registry/docs.ts";
import { GLOBALS, type GlobalDef, LANGUAGE, type LanguageRow } from "../script/index.ts";

/** Everything; `parameters` are the global ones. */
export interface WholeCatalogue {
  readonly language: readonly LanguageRow[];
  readonly parameters: readonly GlobalDef[];
  readonly modules: readonly ModuleDoc[];
}

/** What there is. */
export function wholeCatalogue(): WholeCatalogue {
  return { language: LANGUAGE, parameters: GLOBALS, modules: catalogue([...modules.values()]) };
}
