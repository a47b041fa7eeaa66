// The parameters of module dialog as its parts use them.

import type { Accessor } from "../../registry/args.ts";
import type { Dialogs } from "./dialogs.ts";

/** What functions and variables of one generation of the configuration get. */
export interface DialogInstance {
  readonly dialogs: Dialogs;
  readonly settings: DialogSettings;
  /** ruri_pvar, and what it names. */
  readonly uriName: string;
  uri: Accessor | null;
}

/** How requests within a dialog are matched (dlg_match_mode): by the cookie, by it and else by SIP means, by SIP means alone. */
export const MatchMode = { DID_ONLY: 0, DID_FALLBACK: 1, DID_NONE: 2 } as const;

/** When dialogs are written (db_mode): never, at once, by timer, at the end. */
export const DbMode = { NONE: 0, REALTIME: 1, DELAYED: 2, SHUTDOWN: 3 } as const;

/** Column names that may be chosen. */
export interface DialogColumns {
  readonly callId: string;
  readonly fromUri: string;
  readonly fromTag: string;
  readonly toUri: string;
  readonly toTag: string;
  readonly callerCseq: string;
  readonly calleeCseq: string;
  readonly callerRoutes: string;
  readonly calleeRoutes: string;
  readonly callerContact: string;
  readonly calleeContact: string;
  readonly callerSocket: string;
  readonly calleeSocket: string;
  readonly id: string;
  readonly entry: string;
  readonly state: string;
  readonly startTime: string;
  readonly timeout: string;
  readonly flags: string;
  readonly timeoutRoute: string;
  readonly varsId: string;
  readonly varsEntry: string;
  readonly varsKey: string;
  readonly varsValue: string;
}

/** Times are seconds. */
export interface DialogSettings {
  readonly hashSize: number;
  readonly rrParam: string;
  /** Bit of the message flag that has a dialog made; 0 none. */
  readonly flag: number;
  /** Name of the AVP of a lifetime; "" none. */
  readonly timeoutAvp: string;
  readonly defaultTimeout: number;
  readonly earlyTimeout: number;
  readonly noackTimeout: number;
  readonly endTimeout: number;
  readonly extraHeaders: string;
  readonly calleeHeaders: string;
  readonly matchMode: number;
  readonly detectSpirals: boolean;
  readonly profilesWithValue: readonly string[];
  readonly profilesNoValue: readonly string[];
  readonly bridgeController: string;
  readonly bridgeContact: string;
  readonly callbacksInScript: boolean;
  readonly sendBye: boolean;
  /** No keep-alives and timeouts for dialogs whose sockets are not ours. */
  readonly localOnly: boolean;
  readonly waitAck: boolean;
  readonly kaTimer: number;
  readonly kaInterval: number;
  readonly kaFailedLimit: number;
  readonly timeoutNoReset: boolean;
  readonly trackCseq: boolean;
  readonly idStart: number;
  readonly idStep: number;
  /** Whether our own Record-Route stays in what is remembered: 1 towards the callee, 2 towards the caller. */
  readonly keepProxyRr: number;
  /** What a client gets whose ringing call is ended here. */
  readonly byeEarlyCode: number;
  readonly byeEarlyReason: string;
  readonly maxDialogs: number;
  readonly dbUrl: string;
  readonly dbMode: number;
  readonly dbUpdatePeriod: number;
  readonly dbFetchRows: number;
  readonly dbSkipLoad: boolean;
  readonly table: string;
  readonly varsTable: string;
  readonly columns: DialogColumns;
}
