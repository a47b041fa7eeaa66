// fix_nated_sdp(): addresses of a session description that cannot be reached from here.

import type { RouteContext } from "../../proxy/context.ts";
import { equalsText, textOf } from "../../util/bytes.ts";
import { ipFamily } from "../../util/ip.ts";
import { AddressLine, hasSession, nextAddress, SessionAddress } from "./session.ts";

/** Bits of the argument, as Kamailio documents them. */
const Fix = { DIRECTION: 1, MEDIA: 2, MARK: 4, ORIGIN: 8 } as const;

/** The most addresses looked at: more are in no session description. */
const MAX_ADDRESSES = 256;

const found = new SessionAddress();

/** What parameters say. */
export interface SdpSettings {
  /** A whole line that marks what has been changed; "" for none. */
  readonly mark: string;
  /** Whether lines tell which addresses stood there. */
  readonly tellsOld: boolean;
}

/** 1 when an address was replaced, 2 when none was, -1 without a session description or with an address that is none. */
export function fixSdp(ctx: RouteContext, flags: number, given: string, settings: SdpSettings): number {
  const msg = ctx.message;
  if (!hasSession(msg)) return -1;
  const address = given === "" ? ctx.flow.remote.address : given.replace(/^\[|\]$/g, "");
  const family = ipFamily(address);
  if (family === 0) return -1;
  const { buf, bodyStart, end } = msg;
  const edits = msg.currentEdits();
  const wanted =
    ((flags & Fix.MEDIA) !== 0 ? AddressLine.CONNECTION | AddressLine.RTCP : 0) |
    ((flags & Fix.ORIGIN) !== 0 ? AddressLine.ORIGIN | AddressLine.RTCP : 0);
  let lines = "";
  if ((flags & Fix.DIRECTION) !== 0) lines += "a=direction:active\r\n";
  if ((flags & Fix.MARK) !== 0) lines += settings.mark;
  let old = "";
  let oldOrigin = "";
  let changed = false;
  let count = 0;
  for (let at = bodyStart; count < MAX_ADDRESSES && nextAddress(buf, at, end, found); at = found.next, count++) {
    if ((found.kind & wanted) === 0 || edits.touches(found.start, found.end)) continue;
    if (equalsText(buf, found.start, found.end, "0.0.0.0") || equalsText(buf, found.start, found.end, address))
      continue;
    edits.add(found.start, found.end - found.start, address);
    const line = `a=oldmediaip${found.isIpv6 ? "6" : ""}:${textOf(buf, found.start, found.end)}\r\n`;
    if (found.kind === AddressLine.ORIGIN) oldOrigin += line;
    else old += line;
    if (found.isIpv6 !== (family === 6)) edits.add(found.typeStart, 3, `IP${family}`);
    changed = true;
  }
  if (settings.tellsOld) lines += old + oldOrigin;
  if (lines !== "") edits.add(end, 0, buf[end - 1] === 0x0a ? lines : `\r\n${lines.slice(0, -2)}`);
  return changed ? 1 : 2;
}
