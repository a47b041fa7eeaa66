// Where ours is meant to differ from Kamailio 5.6.3 in dns.test.ts, and why.

const EACH_TRANSPORT =
  "without NAPTR the SRV records of each transport spoken are asked for (RFC 3263 4.1), not of UDP alone";

const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^dns: failover, made anew after silence: /,
    "the branch route runs again also after silence; on Kamailio what it did is lost then",
  ],
  [
    /^dns: (as it is|with IPv6|dns_try_ipv6 off, with IPv6|dns_cache_flags [14]): (a|both|six|nobody|two|tcp)\.test$/,
    EACH_TRANSPORT,
  ],
  [/^dns: (use_dns_cache off|dns_cache_negative_ttl \d): nobody\.test( \(3\))?$/, EACH_TRANSPORT],
  [/^dns: (dns_cache_negative_ttl 0: nobody\.test \(2\)|no failover: two\.test)$/, EACH_TRANSPORT],
  [
    /^dns: dns_cache_flags 2: ((a|srv|both|six|nobody|two|nap|dead)\.test|srv\.test:7003|tcp\.test;transport=tcp)$/,
    `${EACH_TRANSPORT}; where there are SRV records the name's own addresses are not tried (4.2)`,
  ],
  [
    /^dns: dns_try_naptr.*: (srv\.test:7003|alias\.test:7001)$/,
    "a URI with a port leads to the addresses of its host: no SRV records (RFC 3263 4.2)",
  ],
  [
    /^dns: dns_try_naptr, UDP ignored: ((a|srv|tcp|both|six|nobody|two|dead)\.test|a\.test \(2\)|(a|alias)\.test:7001)$/,
    "a negative preference leaves out the records of a transport; who has an address alone is still reached by UDP",
  ],
  [/^dns: failover: srv\.test off/, "t_set_disable_failover() counts before t_relay(), as the README's example has it"],
  [
    /^dns: failover, refused: tcp\.test;transport=tcp$/,
    "a branch whose connection is refused takes the next target itself: nothing was sent",
  ],
];

/** Why a case differs; null when it must not. */
export function reasonOf(name: string): string | null {
  return REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Reasons that fit no case. */
export function unusedReasons(names: readonly string[]): string[] {
  return REASONS.filter(([pattern]) => !names.some((n) => pattern.test(n))).map(([, reason]) => reason);
}
