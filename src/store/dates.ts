// Moments as columns of Kamailio's tables hold them.

const JULIAN_1970 = 2440587.5;
const DAY = 86400;

/** A moment in seconds since 1970 as the Julian day that Kamailio's db_sqlite writes for its DATETIME. */
export function dateCell(seconds: number): number {
  return seconds / DAY + JULIAN_1970;
}
