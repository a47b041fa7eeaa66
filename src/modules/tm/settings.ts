// What module tm's parameters say in one generation of the configuration, apart from what belongs to the engine (TmOptions).

import type { TmOptions } from "../../tm/index.ts";
import type { TmEngine } from "./engine.ts";

export interface TmSettings {
  /** Whether INVITE is answered 100 before it is relayed, and with what phrase. */
  readonly auto100: boolean;
  readonly auto100Reason: string;
  /** What becomes of a CANCEL whose INVITE is not known: 0 relayed with a transaction, 1 forwarded without, 2 dropped. */
  readonly unmatchedCancel: number;
  /** Whether Reason headers of a CANCEL go on with the CANCELs made from it. */
  readonly e2eCancelReason: boolean;
  /** Code and phrase of t_reply when its own cannot be used. */
  readonly defaultCode: number;
  readonly defaultReason: string;
}

/** What functions and variables of the module get as themselves. */
export interface TmInstance {
  readonly engine: TmEngine;
  readonly settings: TmSettings;
  readonly options: TmOptions;
  readonly maxTransactions: number;
  readonly maxBytes: number;
  /** Methods as bits by number: kept from listed destinations, and listing those that are silent. */
  readonly checkedMethods: number;
  readonly silentMethods: number;
  readonly rest503: Rest503 | null;
}

/** How long a next hop that answers 503 is left alone, in seconds: with Retry-After between `least` and `most`, else `usual`. */
export interface Rest503 {
  readonly usual: number;
  readonly least: number;
  readonly most: number;
}
