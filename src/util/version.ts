// Which build this is. `scripts/build` puts PORTICO_BUILD in; from source the version alone is known.

declare const PORTICO_BUILD: { readonly version: string; readonly commit: string } | undefined;

/** The program's version; package.json and CHANGELOG.md carry the same, which a test holds. */
export const VERSION = "0.1.0";

/** The commit the executable was built from; empty from source. */
export const COMMIT: string = typeof PORTICO_BUILD === "undefined" ? "" : PORTICO_BUILD.commit;
