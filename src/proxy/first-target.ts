// Under this key a context keeps what lookup() has put into the R-URI, for modules that want more of it than the message holds.

/** The key (RouteContext.attachment); a FirstTarget. */
export const firstTarget: object = {};

/** What is known of the R-URI's binding. */
export interface FirstTarget {
  /** +sip.instance (RFC 5626) as it was registered; empty for none. */
  readonly instance: string;
}
