// What a module finds wrong with the scripts its parameters name, and what it may know of the configuration to find it.

import type { RouteArg } from "./args.ts";
import type { AnyModule } from "./define.ts";

/** A script's text, as it was read (a byte string). */
export interface ScriptText {
  readonly file: string;
  readonly text: string;
}

/** Where something is wrong: a range of a script, a parameter of a module, or a global parameter. */
export type FindingPlace =
  | { readonly script: ScriptText; readonly start: number; readonly end: number }
  | { readonly module: string; readonly param: string }
  | { readonly global: string };

/** One finding. An error keeps the configuration from being used; a warning is what will fail when it is reached. */
export interface Finding {
  readonly severity: "error" | "warning";
  /** As codes of diagnostics: "unknown-function". */
  readonly code: string;
  readonly at: FindingPlace;
  readonly message: string;
  readonly hint: string | null;
}

/** A function of the script that the configuration names. */
export interface ScriptCallback {
  readonly name: string;
  /** What names it: "event_callback of module dialog". */
  readonly by: string;
  readonly at: FindingPlace;
}

/** What the check of a script may know of the configuration that loads it. */
export interface ScriptSurroundings {
  /** All modules that exist, loaded or not. */
  readonly modules: readonly AnyModule[];
  /** The language that routes messages, as cfgengine names it; null when it is the native one. */
  readonly language: string | null;
  /** The functions that this language's script must have. */
  readonly callbacks: readonly ScriptCallback[];
  /** Whether Kamailio has a module of that name. */
  isKamailios(module: string): boolean;
  /** Whether the native configuration has a route of that name. */
  hasRoute(kind: RouteArg, name: string): boolean;
  report(finding: Finding): void;
}
