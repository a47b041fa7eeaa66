// What module tm's parameters say in one generation of the configuration, apart from what belongs to the engine (TmOptions).

import type { LocalSettings } from "../../proxy/local-requests.ts";
import type { ParamValues } from "../../registry/define.ts";
import type { Matching, TmOptions } from "../../tm/index.ts";
import type { TmEngine } from "./engine.ts";
import type { params } from "./params.ts";

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
  /** Whether headers of a CANCEL go on with the CANCELs made from it (headers_mode 1). */
  readonly cancelHeaders: boolean;
  /** Whether errors of t_relay are answered when the script ends, not at once. */
  readonly delayedReply: boolean;
  /** Names of the XAVPs of t_load_contacts and t_next_contact_flow; empty: these do nothing. */
  readonly contacts: string;
  readonly contactFlows: string;
  /** Name of the XAVP with attributes of contacts, an entry each by the number of its branch; empty for none. */
  readonly contactAttributes: string;
  /** Keys of AVPs that give fr_timer and fr_inv_timer in seconds; empty for none. */
  readonly frAvp: string;
  readonly frInvAvp: string;
}

/** What functions and variables of the module get as themselves. */
export interface TmInstance {
  readonly engine: TmEngine;
  /** The parameters that all of this is made of. */
  readonly values: ParamValues<typeof params>;
  readonly settings: TmSettings;
  /** For requests that begin here. */
  readonly local: LocalSettings;
  readonly options: TmOptions;
  readonly matching: Matching;
  /** The onreply_route for replies without a transaction; empty for none. */
  readonly strayReplyRoute: string;
  /** What a 3xx tells of its contacts: 1 branch flags, 2 path. */
  readonly richRedirect: number;
  readonly maxTransactions: number;
  readonly maxBytes: number;
  /** Whether requests for further targets of a name are made anew; whether those leave by the socket the request came by. */
  readonly remakes: boolean;
  readonly reusesSocket: boolean;
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
