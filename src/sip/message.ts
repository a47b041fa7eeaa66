// A SIP message: bytes, an index of its headers, values parsed when first asked for, and pending edits (design.md, D2).

import { copyBytes, textOf } from "../util/bytes.ts";
import { CseqRange, parseCseq } from "./cseq.ts";
import { Edits } from "./edits.ts";
import { H } from "./headers.ts";
import { Method, methodName } from "./methods.ts";
import { NameAddrRange, parseSingleAddr } from "./name-addr.ts";
import { findHeader, STRIDE, scan, VALUE_END, VALUE_START } from "./scan.ts";
import type { SendOptions } from "./send-options.ts";
import { parseUint } from "./tokens.ts";
import { parseUri, UriRange } from "./uri.ts";
import type { Value } from "./value.ts";
import { parseVia, ViaRange } from "./via.ts";

const VIA = 1;
const CSEQ = 2;
const FROM = 4;
const TO = 8;
const RURI = 16;
const VIA2 = 32;

/** Who answers an HTTP request. */
export interface HttpAnswer {
  /** Sends the one answer; `lines` are whole header lines. Returns 1, or -1 when it cannot be sent or the request has been answered. */
  answer(code: number, reason: string, lines: string, body: string): number;
}

/**
 * One message. An object may be reused for the next datagram as long as nobody keeps it: who keeps it past the call calls `own()`,
 * which copies the bytes out of the receive buffer.
 *
 *     buf:   ...|lineStart  first line|headers ...|headEnd CRLF|bodyStart body|end...
 */
export class SipMessage {
  buf: Uint8Array;
  start = 0;
  end = 0;
  /** True once the bytes are this object's own and the object must not be reused for another message. */
  owned = false;

  // the first line
  isRequest = false;
  /** Who answers it, when it is an HTTP request ("METHOD target HTTP/1.x"), whose target is no SIP URI; null in SIP. */
  http: HttpAnswer | null = null;
  method = 0;
  status = 0;
  lineStart = 0;
  firstLineEnd = 0;
  methodStart = 0;
  methodEnd = 0;
  uriStart = 0;
  uriEnd = 0;
  reasonStart = 0;
  reasonEnd = 0;

  // the header index: STRIDE numbers a header (scan.ts)
  index: Int32Array = new Int32Array(24 * STRIDE);
  headerCount = 0;
  headEnd = 0;
  bodyStart = 0;

  // pending changes
  readonly edits = new Edits();
  /** Edits that only the branch being built carries (branch_route), or null. */
  branchEdits: Edits | null = null;
  /** R-URI that replaces the one in the first line, as a byte string; null when unchanged. */
  newUri: string | null = null;
  /** Where to send, overriding R-URI and Route ($du); null when unset. */
  dstUri: string | null = null;
  /** Route set to be put in front as Route headers (path of a binding), as a byte string; null when none. */
  path: string | null = null;
  /** q of the first branch in thousandths; -1 unspecified. */
  q = -1;
  /** Message flags 0 to 31 (setflag). */
  flags = 0;
  /** Extended flags 32 to 63 (setxflag). */
  highFlags = 0;
  /** Flags of the first branch (setbflag). */
  branchFlags = 0;
  /** Set when rport must be answered although the request did not ask (force_rport). */
  forceRport = false;
  /** Set once received and rport stand among the edits (build.ts, markSource). */
  sourceMarked = false;
  /** The stream connection the first branch's binding was registered over (Flow.id); 0 none. */
  flowId = 0;
  /** The R-URI that `flowId` belongs to: with any other, or with a destination URI, the connection is not meant. */
  flowUri: string | null = null;
  /** Header lines that script functions add to replies made here (append_to_reply), as a byte string. */
  replyHeaders = "";
  /** Body of the replies made here, and its type (set_reply_body); "" none. */
  replyBody = "";
  replyBodyType = "";
  /** Registration id of the binding that the R-URI was taken from; "" when it was not. */
  ruid = "";
  /** User-Agent of whoever registered that binding; "" when it is not known. */
  locationUa = "";
  /** Values that scripts keep with the message ($var), and whose they are (opaque here); null until a script has some. */
  vars: Value[] | null = null;
  varsOwner: object | null = null;

  /** Number of the message among those that have come ($mi); 0 when it has none. */
  number = 0;
  /** How it is to be sent, where a script has said so; null otherwise. */
  send: SendOptions | null = null;

  private parsed = 0; // which of the values below were looked at
  private good = 0; // and which of those are there and well-formed
  private viaRange: ViaRange | null = null;
  private via2Range: ViaRange | null = null;
  private cseqRange: CseqRange | null = null;
  private fromRange: NameAddrRange | null = null;
  private toRange: NameAddrRange | null = null;
  private uriRange: UriRange | null = null;

  constructor() {
    this.buf = NO_BYTES;
  }

  /**
   * Takes buf[start,end) as its bytes and scans them. Returns 0, or a ScanError. Everything of an earlier message is forgotten. `http`: it
   * is an HTTP request, not a SIP message, and that answers it.
   */
  parse(buf: Uint8Array, start: number, end: number, http: HttpAnswer | null = null): number {
    this.http = http;
    this.number = 0;
    this.dstUri = null;
    this.path = null;
    this.q = -1;
    this.flags = 0;
    this.highFlags = 0;
    this.branchFlags = 0;
    this.forceRport = false;
    this.sourceMarked = false;
    this.flowId = 0;
    this.flowUri = null;
    this.replyHeaders = "";
    this.replyBody = "";
    this.ruid = "";
    this.locationUa = "";
    this.vars = null;
    this.send = null;
    return this.take(buf, start, end);
  }

  /**
   * Goes on with other bytes of its own (msg_apply_changes): edits and a new R-URI are gone, what the script has set beside them stays.
   * Returns 0, or a ScanError; then the message has its old bytes, without the edits.
   */
  replaceBytes(bytes: Uint8Array, end: number): number {
    const { buf, start, end: oldEnd } = this;
    const bad = this.take(bytes, 0, end);
    if (bad === 0) this.owned = true;
    else this.take(buf, start, oldEnd);
    return bad;
  }

  private take(buf: Uint8Array, start: number, end: number): number {
    this.buf = buf;
    this.start = start;
    this.end = end;
    this.parsed = 0;
    this.good = 0;
    this.edits.clear();
    this.branchEdits = null;
    this.newUri = null;
    return scan(this);
  }

  /** Makes room in the index for more headers; for scan. */
  growIndex(): Int32Array {
    const bigger = new Int32Array(this.index.length * 2);
    bigger.set(this.index);
    this.index = bigger;
    return bigger;
  }

  /** Copies the bytes out of the receive buffer, so that the message may be kept. Offsets do not change when `start` is 0. */
  own(): void {
    if (this.owned) return;
    const { start } = this;
    const bytes = new Uint8Array(this.end - start);
    copyBytes(bytes, 0, this.buf, start, this.end);
    this.buf = bytes;
    if (start !== 0) this.shift(-start);
    this.index = this.index.slice(0, Math.max(1, this.headerCount) * STRIDE);
    this.owned = true;
  }

  /** Changes the byte at an offset from the start of the message; what was parsed is parsed again. */
  putByte(offset: number, byte: number): void {
    this.own();
    this.buf[this.start + offset] = byte;
    this.parsed = 0;
    this.good = 0;
  }

  private shift(delta: number): void {
    this.start += delta;
    this.end += delta;
    this.lineStart += delta;
    this.firstLineEnd += delta;
    this.methodStart += delta;
    this.methodEnd += delta;
    this.uriStart += delta;
    this.uriEnd += delta;
    this.reasonStart += delta;
    this.reasonEnd += delta;
    this.headEnd += delta;
    this.bodyStart += delta;
    const { index } = this;
    for (let h = 0; h < this.headerCount; h++) for (let i = 1; i < STRIDE; i++) index[h * STRIDE + i]! += delta;
    this.edits.shift(delta);
    this.branchEdits?.shift(delta);
    this.parsed = 0;
    this.good = 0;
  }

  /** The R-URI as it stands now: the new one if it was changed. */
  requestUri(): string {
    return this.newUri ?? textOf(this.buf, this.uriStart, this.uriEnd);
  }

  /** The version as the first line spells it. */
  versionText(): string {
    if (this.http === null) return "SIP/2.0";
    const { buf, firstLineEnd } = this;
    return textOf(buf, this.uriEnd + 1, buf[firstLineEnd - 2] === 13 ? firstLineEnd - 2 : firstLineEnd - 1);
  }

  /** The method's name as received; in a reply that of CSeq. */
  methodText(): string {
    if (this.method !== Method.UNKNOWN) return methodName(this.method);
    if (this.isRequest) return textOf(this.buf, this.methodStart, this.methodEnd);
    const cseq = this.cseq();
    return cseq === null ? "" : textOf(this.buf, cseq.methodStart, cseq.methodEnd);
  }

  /** Number in the index of the first header with that id from header `from` on; -1 without one. */
  find(id: number, from = 0): number {
    return findHeader(this, id, from);
  }

  /** The value of header number `h` of the index, as a byte string (folding kept). */
  value(h: number): string {
    return textOf(this.buf, this.index[h * STRIDE + VALUE_START]!, this.index[h * STRIDE + VALUE_END]!);
  }

  /** The value of the first header with that id as a byte string; null without one. */
  header(id: number): string | null {
    const h = findHeader(this, id);
    return h < 0 ? null : this.value(h);
  }

  /** The value of the first header with that id as a non-negative integer; -1 without one, -2 when it is not a number. */
  uint(id: number): number {
    const h = findHeader(this, id);
    if (h < 0) return -1;
    const n = parseUint(this.buf, this.index[h * STRIDE + VALUE_START]!, this.index[h * STRIDE + VALUE_END]!);
    return n < 0 ? -2 : n;
  }

  /** The topmost Via; null when there is none or it is broken. */
  via(): ViaRange | null {
    if ((this.parsed & VIA) === 0) {
      this.parsed |= VIA;
      const h = findHeader(this, H.VIA);
      this.viaRange ??= new ViaRange();
      if (h >= 0) {
        const { index } = this;
        if (parseVia(this.buf, index[h * STRIDE + VALUE_START]!, index[h * STRIDE + VALUE_END]!, this.viaRange) === 0)
          this.good |= VIA;
      }
    }
    return (this.good & VIA) !== 0 ? this.viaRange : null;
  }

  /** The second Via, in the same header or the next one; null when there is none or it is broken. */
  secondVia(): ViaRange | null {
    if ((this.parsed & VIA2) === 0) {
      this.parsed |= VIA2;
      const top = this.via();
      if (top !== null) {
        this.via2Range ??= new ViaRange();
        const { index } = this;
        let h = findHeader(this, H.VIA);
        let from = top.next;
        if (from < 0) {
          h = findHeader(this, H.VIA, h + 1);
          from = h < 0 ? -1 : index[h * STRIDE + VALUE_START]!;
        }
        if (from >= 0 && parseVia(this.buf, from, index[h * STRIDE + VALUE_END]!, this.via2Range) === 0)
          this.good |= VIA2;
      }
    }
    return (this.good & VIA2) !== 0 ? this.via2Range : null;
  }

  /** CSeq; null when there is none or it is broken. */
  cseq(): CseqRange | null {
    if ((this.parsed & CSEQ) === 0) {
      this.parsed |= CSEQ;
      const h = findHeader(this, H.CSEQ);
      this.cseqRange ??= new CseqRange();
      if (h >= 0) {
        const { index } = this;
        if (parseCseq(this.buf, index[h * STRIDE + VALUE_START]!, index[h * STRIDE + VALUE_END]!, this.cseqRange) === 0)
          this.good |= CSEQ;
      }
    }
    return (this.good & CSEQ) !== 0 ? this.cseqRange : null;
  }

  /** From; null when there is none or it is broken. */
  from(): NameAddrRange | null {
    this.fromRange ??= new NameAddrRange();
    return this.nameAddr(FROM, H.FROM, this.fromRange);
  }

  /** To; null when there is none or it is broken. */
  to(): NameAddrRange | null {
    this.toRange ??= new NameAddrRange();
    return this.nameAddr(TO, H.TO, this.toRange);
  }

  private nameAddr(bit: number, id: number, range: NameAddrRange): NameAddrRange | null {
    if ((this.parsed & bit) === 0) {
      this.parsed |= bit;
      const h = findHeader(this, id);
      if (h >= 0) {
        const { index } = this;
        if (parseSingleAddr(this.buf, index[h * STRIDE + VALUE_START]!, index[h * STRIDE + VALUE_END]!, range) === 0)
          this.good |= bit;
      }
    }
    return (this.good & bit) !== 0 ? range : null;
  }

  /** The R-URI of the first line as received, parsed; null in a reply or when it is broken. */
  originalUri(): UriRange | null {
    if ((this.parsed & RURI) === 0) {
      this.parsed |= RURI;
      this.uriRange ??= new UriRange();
      if (this.isRequest && parseUri(this.buf, this.uriStart, this.uriEnd, this.uriRange) === 0) this.good |= RURI;
    }
    return (this.good & RURI) !== 0 ? this.uriRange : null;
  }

  /** The edits that apply to what is built now. */
  currentEdits(): Edits {
    return this.branchEdits ?? this.edits;
  }
}

const NO_BYTES = new Uint8Array(0);
