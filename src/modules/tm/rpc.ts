// Commands of module tm on transactions there are: lists, counts, replies. Names and fields are Kamailio's.

import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { methodName } from "../../sip/methods.ts";
import { LINE_END, NAME_START, STRIDE } from "../../sip/scan.ts";
import { findByCallId, type Tm, type Transaction } from "../../tm/index.ts";
import { textOf } from "../../util/bytes.ts";
import type { TmInstance } from "./settings.ts";

type Args = readonly (string | number | undefined)[];

/** The most transactions a list shows. */
const MAX_LISTED = 1000;

const CODE = { name: "code", kind: "int", optional: false } as const;
const REASON = { name: "reason", kind: "str", optional: false } as const;
const TRANS_ID = { name: "trans_id", kind: "str", optional: false } as const;
const CALL_ID = { name: "callid", kind: "str", optional: false } as const;
const CSEQ = { name: "cseq", kind: "str", optional: false } as const;
const TO_TAG = { name: "to_tag", kind: "str", optional: false } as const;
const HEADERS = { name: "new_headers", kind: "str", optional: false } as const;
const BODY = { name: "body", kind: "str", optional: true } as const;

/** The commands. */
export const commands: Readonly<Record<string, RpcDef<TmInstance>>> = {
  "tm.stats": { doc: "Counts of transactions and replies.", args: [], run: ({ engine }) => stats(engine.tm) },
  "tm.list": { doc: "The transactions there are.", args: [], run: ({ engine }) => listTransactions(engine.tm) },
  "tm.hash_stats": {
    doc: "How the transactions are spread over the table.",
    args: [],
    run: ({ engine }) => ({ ...engine.tm.table.spread() }),
  },
  "tm.clean": {
    doc: "Ends transactions whose longest lifetime is over; how many there were.",
    args: [],
    run: ({ engine }) => engine.tm.clean(),
  },
  "tm.reply": {
    doc: 'Replies to a transaction given as index:label; "." stands for no To tag of its own and for no headers.',
    args: [CODE, REASON, TRANS_ID, TO_TAG, HEADERS, BODY],
    run: ({ engine }, args) => reply(engine.tm, byId(engine.tm, args[2]), args, 3),
  },
  "tm.reply_callid": {
    doc: "As tm.reply, to the transaction with that Call-ID and CSeq number.",
    args: [CODE, REASON, CALL_ID, CSEQ, TO_TAG, HEADERS, BODY],
    run: ({ engine }, args) => reply(engine.tm, byCallId(engine.tm, args[2], args[3]), args, 4),
  },
  "tm.retransmit_reply": {
    doc: "Sends the last reply of a transaction given as index:label again.",
    args: [TRANS_ID],
    run: ({ engine }, args) => again(engine.tm, byId(engine.tm, args[0])),
  },
  "tm.retransmit_reply_callid": {
    doc: "The same for the transaction with that Call-ID and CSeq number.",
    args: [CALL_ID, CSEQ],
    run: ({ engine }, args) => again(engine.tm, byCallId(engine.tm, args[0], args[1])),
  },
};

/** Under the names Kamailio's tm.stats has; memory is freed at once. */
function stats(tm: Tm): RpcValue {
  const { table } = tm;
  const c = table.counters;
  return {
    current: table.count,
    waiting: c.waiting,
    total: c.created,
    total_local: c.local,
    rpl_received: c.repliesReceived,
    rpl_generated: c.repliesGenerated,
    rpl_sent: c.repliesSent,
    "6xx": c.ended[6]!,
    "5xx": c.ended[5]!,
    "4xx": c.ended[4]!,
    "3xx": c.ended[3]!,
    "2xx": c.ended[2]!,
    created: c.created,
    freed: c.freed,
    delayed_free: 0,
  };
}

// One entry a transaction, the first thousand.
function listTransactions(tm: Tm): RpcValue {
  const out: RpcValue[] = [];
  for (const tx of tm.table.all()) {
    if (out.length >= MAX_LISTED) break;
    out.push(listed(tx));
  }
  return out;
}

function listed(tx: Transaction): RpcValue {
  const msg = tx.request();
  const { maxInvite, maxOther } = tx.timers;
  return {
    cell: `0x${tx.slot.toString(16)}`,
    tindex: tx.slot,
    tlabel: tx.label,
    method: methodName(tx.method),
    from: lineOf(msg, H.FROM),
    to: lineOf(msg, H.TO),
    callid: lineOf(msg, H.CALL_ID),
    cseq: `CSeq: ${msg.cseq()?.number ?? 0}`,
    uas_request: tx.local === null ? "yes" : "no",
    tflags: (tx.isInvite ? 1 : 0) | (tx.canceled ? 8 : 0),
    outgoings: tx.branches.length,
    ref_count: tx.busy ? 2 : 1,
    lifetime: Math.ceil((tx.began + (tx.isInvite ? maxInvite : maxOther)) / 1000),
  };
}

// The whole header line, its end included, as there.
function lineOf(msg: SipMessage, id: number): string {
  const at = msg.find(id) * STRIDE;
  return at < 0 ? "" : textOf(msg.buf, msg.index[at + NAME_START]!, msg.index[at + LINE_END]!);
}

function byId(tm: Tm, given: string | number | undefined): Transaction {
  const parts = /^(\d+):(-?\d+)$/.exec(String(given));
  if (parts === null) throw new RpcError(400, `trans_id must be index:label, not "${given}"`);
  const tx = tm.table.at(Number(parts[1]), Number(parts[2]) >>> 0);
  if (tx === null) throw new RpcError(481, "No such transaction");
  return tx;
}

function byCallId(tm: Tm, callId: string | number | undefined, cseq: string | number | undefined): Transaction {
  const number = Number.parseInt(String(cseq), 10);
  if (Number.isNaN(number)) throw new RpcError(400, `cseq must be a number, not "${cseq}"`);
  const tx = findByCallId(tm, String(callId), number);
  if (tx === null) throw new RpcError(481, "No such transaction");
  return tx;
}

// `args` are code, reason, …, and from `at` on To tag, headers and body.
function reply(tm: Tm, tx: Transaction, args: Args, at: number): RpcValue {
  const code = Number(args[0]);
  if (!(code >= 100 && code <= 699)) throw new RpcError(400, "the code of a reply lies between 100 and 699");
  const tag = String(args[at] ?? ".");
  const body = String(args[at + 2] ?? "");
  const lines = String(args[at + 1] ?? ".")
    .split(/\r?\n/)
    .filter((line) => line !== "" && line !== ".");
  if (lines.some((line) => !/^[\w!%*.+`'~-]+\s*:/.test(line)))
    throw new RpcError(400, "new_headers holds a line that is no header");
  if (tx.final || tx.released) throw new RpcError(500, "Reply failed");
  if (tag !== "." && tag !== "" && tx.toTag === "") tx.toTag = tag.replace(/[^\w!%*.+`'~-]/g, "");
  if (!tm.sendReply(tx, code, String(args[1]), lines.map((line) => `${line}\r\n`).join(""), body))
    throw new RpcError(500, "Reply failed");
  return null;
}

function again(tm: Tm, tx: Transaction): RpcValue {
  if (!tm.resendReply(tx)) throw new RpcError(500, "there is no reply to send again");
  return null;
}
