// The native configuration language: loadConfig reads and checks, compileRoutes makes it run.

export type { LoadedModule } from "./check-modules.ts";
export { checkNoSctp, SctpMode, sctpAddress, sctpMode, withoutSctp } from "./check-sctp.ts";
export { wantsTls } from "./check-tls.ts";
export { type Compiled, type CompileOptions, compileRoutes } from "./compile.ts";
export { type Config, loadConfig } from "./config.ts";
export { type Diagnostic, Diagnostics, renderDiagnostic } from "./diagnostics.ts";
export { findGlobal, GLOBALS, type GlobalDef, type Globals, type Listen } from "./globals.ts";
export { isKnownModule } from "./known-modules.ts";
export { LANGUAGE, type LanguageRow } from "./language.ts";
export type { PreprocessOptions, ReadFile } from "./preprocess.ts";
export type { CompiledRoutes } from "./routes.ts";
export { RouteError } from "./runtime.ts";
export { fileLine, type Place, SourceFile } from "./source.ts";
export { TCP_GROUP } from "./tcp-group.ts";
