// What a generation of the configuration says about registrations.

export interface RegistrarSettings {
  readonly defaultExpires: number;
  readonly defaultExpiresRange: number;
  readonly expiresRange: number;
  readonly minExpires: number;
  /** Whether too short a time is answered 423; else it is raised to the minimum. */
  readonly refuseBrief: boolean;
  /** 0 no limit. */
  readonly maxExpires: number;
  /** Thousandths, -1 unspecified. */
  readonly defaultQ: number;
  readonly realmPrefix: string;
  readonly appendBranches: boolean;
  readonly caseSensitive: boolean;
  /** Name of the AVP whose URI stands for that of the message; "" none. */
  readonly aorAvp: string;
  /** Name of the AVP that holds the source URI, "" none. */
  readonly receivedAvp: string;
  /** Contact parameter that reports it, "" none. */
  readonly receivedParam: string;
  /** 0 no limit. */
  readonly maxContacts: number;
  readonly retryAfter: number;
  /** Message flag as a bit, 0 none. */
  readonly sockFlag: number;
  /** The same for connections that stay as long as what is registered over them. */
  readonly persistentFlag: number;
  readonly sockHeader: string;
  readonly sockAdvertised: boolean;
  readonly methodFiltering: boolean;
  readonly usePath: boolean;
  readonly pathMode: number;
  readonly pathUseReceived: boolean;
  readonly pathCheckLocal: boolean;
  readonly gruu: boolean;
  readonly outboundMode: number;
  readonly flowTimer: number;
  readonly contactMaxSize: number;
  readonly useExpired: boolean;
  /** Names of XAVPs, "" none: settings for one request, attributes of bindings and which of them to leave out. */
  /** Key of the AVP with the Call-ID that registered() asks for; "" none. */
  readonly callIdAvp: string;
  readonly xavpCfg: string;
  readonly xavpRcd: string;
  readonly xavpRcdMask: number;
  /** Bits: 1 lookup() takes bindings with the branch flags asked for only, 2 those whose connection is there only. */
  readonly lookupFilter: number;
}

/** What Kamailio does without any modparam. */
export const DEFAULT_REGISTRAR: RegistrarSettings = {
  defaultExpires: 3600,
  defaultExpiresRange: 0,
  expiresRange: 0,
  minExpires: 60,
  refuseBrief: false,
  maxExpires: 0,
  defaultQ: -1,
  realmPrefix: "",
  appendBranches: true,
  caseSensitive: false,
  aorAvp: "",
  receivedAvp: "",
  receivedParam: "received",
  maxContacts: 0,
  retryAfter: 0,
  sockFlag: 0,
  persistentFlag: 0,
  sockHeader: "",
  sockAdvertised: false,
  methodFiltering: false,
  usePath: false,
  pathMode: 2,
  pathUseReceived: false,
  pathCheckLocal: false,
  gruu: true,
  outboundMode: 0,
  flowTimer: 0,
  contactMaxSize: 512,
  useExpired: false,
  callIdAvp: "",
  xavpCfg: "",
  xavpRcd: "",
  xavpRcdMask: 0,
  lookupFilter: 0,
};
