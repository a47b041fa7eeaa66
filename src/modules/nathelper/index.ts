// Module nathelper: helps phones behind NAT be reached: tests for NAT, addresses rewritten, aliases, pings.

import type { SocketAddress } from "../../host/host.ts";
import { avpNameOf } from "../../proxy/avp-name.ts";
import { RouteKind } from "../../proxy/context.ts";
import { ArgError, int, optional, str, variable } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, parsedParam, pv, strParam } from "../../registry/define.ts";
import { kemi } from "../../registry/kemi.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { NameAddrRange, parseNameAddr } from "../../sip/name-addr.ts";
import { textOf } from "../../util/bytes.ts";
import { ipFamily } from "../../util/ip.ts";
import { core, uriOf, valueEnd, valueStart } from "../core/index.ts";
import usrloc from "../usrloc/index.ts";
import { isPrivateText } from "./addresses.ts";
import {
  addGivenAlias,
  addReceived,
  addSourceAlias,
  contactAlias,
  fixContact,
  handleAlias,
  setAlias,
  sourceUri,
} from "./contact.ts";
import { fixSdp, type SdpSettings } from "./fix-sdp.ts";
import { Pinger, type PingSettings } from "./pinger.ts";
import { uacTest } from "./uac-test.ts";

const { REQUEST, ONREPLY, REPLY, FAILURE, BRANCH, LOCAL, ANY } = RouteKind;
const REPLIES = ONREPLY | REPLY;

const flagParam = (doc: string) => intParam(-1, doc, { min: -1, max: 31 });
const bit = (flag: number): number => (flag < 0 ? 0 : 1 << flag);

/** An IPv4 address with or without a port. */
function sourceArg(text: string): SocketAddress | null | ArgError {
  if (text === "") return null;
  const [, address = "", port = "5060"] = /^(?:udp:)?([\d.]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (ipFamily(address) !== 4 || Number(port) < 1 || Number(port) > 65_535)
    return new ArgError(`"${text}" is no IPv4 address, with or without a port`, '"192.0.2.1:5060"');
  return { family: 4, address, port: Number(port) };
}

const params = {
  force_socket: strParam("", "Socket that pings leave by; empty: the one the phone registered at."),
  natping_interval: intParam(0, "Each binding is pinged once in this time; 0 none is.", { unit: "seconds", min: 0 }),
  ping_nated_only: intParam(0, "Whether only bindings with usrloc's nat_bflag are pinged."),
  natping_processes: intParam(1, "Ping processes.", { effect: "pings leave from the one process there is" }),
  natping_socket: parsedParam(
    null,
    "IPv4 address, and port after a colon, that pings of zeros say they are from, though it may not be ours (CAP_NET_RAW is needed); 5060 without a port.",
    sourceArg,
  ),
  received_avp: parsedParam("", "AVP that fix_nated_register() writes and registrar reads.", avpNameOf),
  sipping_bflag: flagParam("Branch flag of bindings that are pinged by SIP requests; -1 none."),
  sipping_from: strParam("", "URI of From in pings; empty: no SIP requests are sent."),
  sipping_method: strParam("OPTIONS", "Method of pings."),
  natping_disable_bflag: flagParam("Branch flag of bindings that are not pinged; -1 none."),
  nortpproxy_str: strParam("a=nortpproxy:yes\r\n", "Line that marks a changed session description."),
  keepalive_timeout: intParam(0, "A binding that has not answered SIP pings for this time goes; 0 none does.", {
    unit: "seconds",
    min: 0,
  }),
  udpping_from_path: intParam(
    0,
    "Whether pings of zeros to a phone with a path say they are from the last address of that, its edge proxy (CAP_NET_RAW is needed).",
  ),
  append_sdp_oldmediaip: intParam(1, "Whether fix_nated_sdp() tells the addresses it has replaced."),
  filter_server_id: intParam(0, "Whether only bindings of the own server_id are pinged."),
  nat_addr_mode: intParam(1, "Which addresses are private: 0 the usual ones, 1 all of 192.0.0.0/24 too.", {
    min: 0,
    max: 1,
  }),
  alias_name: strParam("alias", "Name of the parameter that carries the source address."),
};

interface Instance {
  readonly state: State;
  readonly reserved: boolean;
  readonly alias: string;
  readonly receivedAvp: string;
  readonly sdp: SdpSettings;
  readonly pings: PingSettings;
}

class State {
  readonly host: ModuleHost;
  pinger: Pinger | null = null;
  constructor(host: ModuleHost) {
    this.host = host;
  }
}

const route = new NameAddrRange();

/** Calls `each` with the URI of every Record-Route until it returns false. */
function eachRecordRoute(msg: SipMessage, each: (uri: string) => boolean): void {
  for (let h = msg.find(H.RECORD_ROUTE); h >= 0; h = msg.find(H.RECORD_ROUTE, h + 1)) {
    const end = valueEnd(msg, h);
    for (let at = valueStart(msg, h); at >= 0; at = route.next) {
      if (parseNameAddr(msg.buf, at, end, route) !== 0) return;
      if (!each(textOf(msg.buf, route.uriStart, route.uriEnd))) return;
    }
  }
}

function countRecordRoutes(msg: SipMessage): number {
  let n = 0;
  eachRecordRoute(msg, () => ++n > 0);
  return n;
}

function topRecordRoutes(msg: SipMessage): number {
  let n = 0;
  eachRecordRoute(msg, (uri) => {
    n = uriOf(uri)?.param("r2") === undefined ? 1 : 2;
    return false;
  });
  return n;
}

export default defineModule({
  name: "nathelper",
  doc: "Helps phones behind NAT be reached: tests, rewritten addresses, aliases, pings.",
  uses: [core],
  mayUse: [usrloc],
  params,
  state: (host) => new State(host),
  configure: (state, p, host: ModuleHost): Instance => {
    const loaded = host.useIfLoaded(usrloc);
    if (p.natping_interval > 0 && loaded === null)
      throw new ConfigError("natping_interval needs module usrloc", "natping_interval", 'loadmodule "usrloc.so"');
    if (!/^[\w.!%*+`'~-]+$/.test(p.sipping_method))
      throw new ConfigError(`"${p.sipping_method}" is no method`, "sipping_method");
    if (!/^[\w.!%*+`'~-]+$/.test(p.alias_name))
      throw new ConfigError(`"${p.alias_name}" cannot be the name of a parameter`, "alias_name");
    if (p.sipping_from !== "" && uriOf(p.sipping_from) === null)
      throw new ConfigError(`"${p.sipping_from}" is no URI`, "sipping_from", '"sip:pinger@example.org"');
    if (loaded !== null) state.pinger ??= new Pinger(host, loaded);
    return {
      state,
      reserved: p.nat_addr_mode === 1,
      alias: p.alias_name,
      receivedAvp: p.received_avp,
      sdp: { mark: p.nortpproxy_str, tellsOld: p.append_sdp_oldmediaip !== 0 },
      pings: {
        interval: p.natping_interval,
        natedOnly: p.ping_nated_only !== 0,
        sipFlag: bit(p.sipping_bflag),
        disableFlag: bit(p.natping_disable_bflag),
        from: p.sipping_from,
        method: p.sipping_method,
        timeout: p.keepalive_timeout,
        ownServerOnly: p.filter_server_id !== 0,
        socket: p.force_socket,
        source: p.natping_socket,
        asEdge: p.udpping_from_path !== 0,
      },
    };
  },
  start: ({ state, pings }) => state.pinger?.start(pings),
  stop: (state) => state.pinger?.stop(),
  kemi: {
    set_contact_alias_trim: kemi({
      doc: "As set_contact_alias(), in the place of an alias that is there.",
      run: (i: Instance, ctx) => setAlias(ctx, i.alias, true),
    }),
    handle_ruri_alias_mode: "handle_ruri_alias",
    add_contact_alias_addr: "add_contact_alias",
    fix_nated_sdp_ip: "fix_nated_sdp",
  },
  functions: {
    nat_uac_test: fn({
      args: [int("flags")],
      routes: REQUEST | REPLIES | FAILURE | BRANCH,
      doc: "Whether something hints at NAT. Bits: 1 private Contact, 2 Via host other than source, 4 private Via, 8 private SDP, 16 Via port other than source, 32 private source, 64 WebSocket, 128 Contact port other than source, 256 SDP address other than source, 512 target other than the URI says.",
      run: (i: Instance, ctx, flags) => uacTest(ctx, flags, i.reserved),
    }),
    is_rfc1918: fn({
      args: [str("ip_address")],
      routes: ANY,
      doc: "Whether an address is private (RFC 1918, RFC 6598).",
      run: (i: Instance, _ctx, address) => (address === "" ? -2 : isPrivateText(address, i.reserved) ? 1 : -1),
    }),
    fix_nated_contact: fn({
      routes: REQUEST | REPLIES | BRANCH,
      doc: "Puts the source address into the Contact.",
      run: (_: Instance, ctx) => fixContact(ctx),
    }),
    fix_nated_sdp: fn({
      args: [int("flags"), optional(str("ip_address"))],
      routes: REQUEST | REPLIES | FAILURE | BRANCH,
      doc: "Changes the session description: 1 adds a=direction:active, 2 source (or given) address for media, 4 adds the mark, 8 for the origin. 1 replaced, 2 nothing to replace.",
      run: (i: Instance, ctx, flags, address) => fixSdp(ctx, flags, address ?? "", i.sdp),
    }),
    fix_nated_register: fn({
      routes: REQUEST,
      doc: "Puts the source address as URI into the AVP of received_avp, which registrar stores.",
      run: (i: Instance, ctx) => {
        if (i.receivedAvp === "") return -1;
        ctx.avps.push(i.receivedAvp, sourceUri(ctx));
        return 1;
      },
    }),
    add_rcv_param: fn({
      args: [optional(int("flag"))],
      routes: REQUEST,
      doc: "Adds the source address as parameter received to Contacts, or to their URIs when flag is not 0.",
      run: (_: Instance, ctx, flag) => addReceived(ctx, (flag ?? 0) !== 0),
    }),
    add_contact_alias: fn({
      args: [optional(str("ip_addr")), optional(str("port")), optional(str("proto"))],
      routes: REQUEST | REPLIES | BRANCH | LOCAL,
      doc: "Adds the source (or given) address as parameter alias to the Contact's URI: 1 added, 2 not needed.",
      run: (i: Instance, ctx, ip, port, proto) =>
        ip === undefined ? addSourceAlias(ctx, i.alias) : addGivenAlias(ctx, i.alias, ip, port ?? "", proto ?? ""),
    }),
    set_contact_alias: fn({
      args: [optional(str("trim"))],
      routes: REQUEST | REPLIES | BRANCH | FAILURE,
      doc: 'Adds the source address as last parameter alias to the Contact\'s URI; with "1" in place of one that is there.',
      run: (i: Instance, ctx, trim) => setAlias(ctx, i.alias, trim === "1"),
    }),
    handle_ruri_alias: fn({
      args: [optional(int("mode"))],
      routes: REQUEST | BRANCH | LOCAL | FAILURE,
      doc: "Takes the first alias (mode 1: the last) out of the R-URI and sends there: 1 done, 2 none, -1 broken.",
      run: (i: Instance, ctx, mode) => handleAlias(ctx.message, i.alias, (mode ?? 0) !== 0),
    }),
    set_alias_to_pv: fn({
      args: [variable("target_avp")],
      routes: REQUEST | REPLIES | BRANCH | FAILURE | RouteKind.ONSEND,
      doc: "Writes the alias of the Contact as a URI into a variable.",
      run: (i: Instance, ctx, target) => {
        const uri = contactAlias(ctx.message, i.alias);
        if (uri === null || target.set === undefined) return -1;
        target.set(ctx, uri);
        return 1;
      },
    }),
  },
  pvs: {
    rr_count: pv("How many Record-Routes the message has.", (_: Instance, ctx) => countRecordRoutes(ctx.message)),
    rr_top_count: pv(
      "How many of them the topmost proxy wrote: 2 when it recorded both its sides.",
      (_: Instance, ctx) => topRecordRoutes(ctx.message),
    ),
  },
  rpc: {
    "nathelper.enable_ping": {
      doc: "Switches pings off (0) or on.",
      args: [{ name: "enable", kind: "int", optional: false }],
      run: ({ state }, args) => {
        state.pinger?.enable(Number(args[0]) !== 0);
        return null;
      },
    },
  },
});
