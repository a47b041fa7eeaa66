// What a script says about the sending of one message: set_advertised_address, set_forward_no_connect, add_local_rport and their like.

/** Kept with a message; null members and false mean what the configuration says. */
export class SendOptions {
  /** Host and port that our Via and Record-Route show; IPv6 without brackets. */
  advertisedHost: string | null = null;
  advertisedPort: number | null = null;
  /** Our Via asks for rport. */
  localRport = false;
  /** What our Via carries more: the number of this server, when not 0, and whole parameters, made when it is written. */
  viaServerId = 0;
  viaParams: (() => string) | null = null;
  /** Host (IPv6 without brackets) and port that our Via shows, made when it is written; null members are left as they are. */
  viaFields: (() => { readonly host: string | null; readonly port: number | null }) | null = null;
  /** Requests go only over connections that are open already, and these are closed afterwards. */
  forwardNoConnect = false;
  /** It goes to the flow that a token named: when that is no longer there, it is answered 430 (RFC 5626 5.3.1). */
  byFlowToken = false;
  forwardClose = false;
  /** The same for replies. */
  replyNoConnect = false;
  replyClose = false;
  /** A `Transport` number for requests above udp_mtu; -1: as the parameter says. */
  mtuProtocol = -1;
  /** Failures that do not put the destination on the blocklist, as its reasons (blst_set_ignore); the same for local replies. */
  ignoreFailures = 0;
  ignoreReplyFailures = 0;
}
