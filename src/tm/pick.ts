// Which reply of several failed branches goes back (RFC 3261 16.7 step 6, with Kamailio's order within classes).

import { H } from "../sip/headers.ts";
import { LINE_END, NAME_START, STRIDE } from "../sip/scan.ts";
import { textOf } from "../util/bytes.ts";
import { type Branch, BranchFlag } from "./branch.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Rank of a final failure status: the lowest goes back. 6xx before 3xx, 4xx, 5xx; of 4xx those first that the client can mend by itself.
 * The order is that of the oracle, measured over all pairs.
 */
export function rank(status: number): number {
  if (status >= 600) return status - 600;
  switch (status) {
    case 401:
    case 407:
    case 415:
    case 420:
    case 484:
      return 4000 + status;
    default:
      return Math.floor(status / 100) * 1000 + 500 + (status % 100);
  }
}

/** The branch whose reply goes back, of those of the present leg that ended in failure; null without any. */
export function pickBranch(tx: Transaction, fakedReplyRank = 0): Branch | null {
  let best: Branch | null = null;
  let bestRank = 0;
  for (const branch of tx.branches) {
    if (branch.status < 300 || (branch.flags & BranchFlag.DISCARDED) !== 0) continue;
    const r = rank(branch.status) + ((branch.flags & BranchFlag.LOCAL) !== 0 ? fakedReplyRank : 0);
    if (best === null || r < bestRank) {
      best = branch;
      bestRank = r;
    }
  }
  return best;
}

/**
 * Header lines with the challenges of all branches that ended in 401 or 407 (RFC 3261 16.7 step 7), in their order; null when
 * fewer than two did, since then the reply goes back as it is.
 */
export function joinedChallenges(tx: Transaction): string | null {
  let lines = "";
  let count = 0;
  for (const branch of tx.branches) {
    const { reply } = branch;
    if (reply === null || (branch.flags & BranchFlag.DISCARDED) !== 0) continue;
    if (branch.status !== 401 && branch.status !== 407) continue;
    count++;
    for (let h = 0; h < reply.headerCount; h++) {
      const id = reply.index[h * STRIDE];
      if (id !== H.WWW_AUTHENTICATE && id !== H.PROXY_AUTHENTICATE) continue;
      lines += textOf(reply.buf, reply.index[h * STRIDE + NAME_START]!, reply.index[h * STRIDE + LINE_END]!);
    }
  }
  return count < 2 ? null : lines;
}
