// How runs of scripts end before their time.

/** A script that cannot be loaded, or that failed; the message has file, line and traceback. */
export class ScriptError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ScriptError";
  }
}

/** What KSR.x.exit() throws, as there: ends the script, and is no error. */
export const EXIT = "~~ksr~exit~~";
