// The assets as imports, so that `bun build --compile` carries them. A test compares this list with embed/.

/** Texts by asset name. */
export const texts: Readonly<Record<string, string>> = {};
