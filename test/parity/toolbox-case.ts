// Cases of the script toolbox: what a change makes of the message.

import { type LanguageCase, shows } from "./language-bed.ts";

/** Runs statements, applies the changes they asked for and shows the message that comes of it, without the number of the case. */
export function after(name: string, run: string, more: Partial<LanguageCase> = {}): LanguageCase {
  return shows(name, ["$mb"], { ...more, run: `${run} remove_hf("X-Case"); msg_apply_changes();` });
}
