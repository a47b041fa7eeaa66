// Module rr: Record-Route and Route, so that requests of a dialog keep to the path of the first one.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, int, optional, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, pv, pvClass, strParam } from "../../registry/define.ts";
import { matches } from "../../script/posix-regex.ts";
import type { NameAddrRange } from "../../sip/name-addr.ts";
import { toText, type Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import type { Log } from "../../util/log.ts";
import { core, currentUri, isMyselfText, regexArg } from "../core/index.ts";
import { type Outbound, outbound } from "../outbound/index.ts";
import { firstRouteUri, looseRoute, Result, RouteState } from "./loose.ts";
import { AdvertisedRecordRoute, type Pending, PresetRecordRoute, SocketRecordRoute, type Style } from "./record.ts";

/** What rr is to other modules. */
export class RecordRouting {
  /** Told when a request has been routed by its Route headers; `params` are those of our own Route, with their leading ";". Must not throw. */
  readonly onRouted: ((ctx: RouteContext, params: string) => void)[] = [];
  /** The same for every request with a Route of ours on top, also when that was the only one and no dialog is there yet. Comes first. */
  readonly onOwnRoute: ((ctx: RouteContext, params: string) => void)[] = [];

  /** Adds parameters, ";name=value", to the Record-Route of a request, whether that is there yet or comes later. */
  addParam(ctx: RouteContext, params: string): void {
    addParam(ctx, params);
  }

  /** Whether the request goes from caller to callee; after loose_route(). */
  isDownstream(ctx: RouteContext): boolean {
    return isDownstream(ctx);
  }
}

/** The parameters of our own Route, with their leading ";"; empty before loose_route() or without one. */
export function routeParams(ctx: RouteContext): string {
  return ctx.attachment<RouteState>(KEY)?.params ?? "";
}

interface Rr {
  readonly shared: RecordRouting;
  /** Module outbound, when it is loaded. */
  readonly flows: Outbound | null;
  readonly log: Log;
  readonly style: Style;
  readonly appendFromTag: boolean;
  readonly addUsername: boolean;
  readonly userAvp: string | null;
  readonly forceSendSocket: boolean;
  /** loose_route() behaves as loose_route_mode() with 1. */
  readonly looseOnly: boolean;
  readonly ignoreSips: boolean;
  readonly warnMismatch: boolean;
}

const KEY = {};
const RECORDING = RouteKind.REQUEST | RouteKind.BRANCH | RouteKind.FAILURE | RouteKind.LOCAL;

/** What this run knows of the request's Route; made when first asked for. */
function stateOf(ctx: RouteContext): RouteState {
  let state = ctx.attachment<RouteState>(KEY);
  if (state === undefined) {
    state = new RouteState();
    ctx.attach(KEY, state);
  }
  return state;
}

function tagOf(ctx: RouteContext, party: NameAddrRange | null): string | null {
  return party === null || party.tagStart < 0 ? null : textOf(ctx.message.buf, party.tagStart, party.tagEnd);
}

// ---- Record-Route ----

function record(
  self: Rr,
  ctx: RouteContext,
  make: (scheme: string, user: string, params: string) => Pending,
  params: string,
): number {
  const edits = ctx.message.currentEdits();
  if (edits.recordRoute !== null) return -1;
  const state = ctx.attachment<RouteState>(KEY);
  const fromTag = self.appendFromTag ? tagOf(ctx, ctx.message.from()) : null;
  const ftag = fromTag === null ? "" : `;ftag=${fromTag}`;
  const scheme = !self.ignoreSips && ctx.message.requestUri().startsWith("sips:") ? "sips" : "sip";
  edits.recordRoute = make(scheme, userPart(self, ctx), ftag + params + (state?.pendingParams ?? ""));
  return 1;
}

function userPart(self: Rr, ctx: RouteContext): string {
  const token = self.flows?.tokenFor(ctx) ?? null;
  if (token !== null) return `${token}@`;
  if (!self.addUsername) return "";
  const avp = self.userAvp === null ? undefined : ctx.avpsOrNull?.all(self.userAvp)?.[0];
  const user = avp === undefined ? (currentUri(ctx.message)?.user ?? "") : toText(avp);
  return user === "" ? "" : `${user}@`;
}

function recordPreset(self: Rr, ctx: RouteContext, first: string, second: string | undefined): number {
  const given = second === undefined ? [first] : [first, second];
  if (self.warnMismatch && !given.some((address) => isMyselfText(ctx, address.split(";")[0]!))) {
    self.log.warn(`record_route_preset: ${first} is no address of this server`);
  }
  return record(
    self,
    ctx,
    (scheme, user, params) =>
      new PresetRecordRoute(
        self.style,
        given.map((a) => `${scheme}:${user}${a}`),
        params,
      ),
    "",
  );
}

function routed(self: Rr, ctx: RouteContext, looseOnly: boolean): number {
  const state = stateOf(ctx);
  const result = looseRoute(ctx, state, looseOnly, self.forceSendSocket, self.flows);
  if (state.params !== null && state.params !== "" && result !== Result.FAILED)
    for (const told of self.shared.onOwnRoute) told(ctx, state.params);
  if (result === Result.ROUTED || result === Result.BY_TOKEN)
    for (const told of self.shared.onRouted) told(ctx, state.params ?? "");
  return result;
}

function addParam(ctx: RouteContext, params: string): number {
  const edits = ctx.message.currentEdits();
  if (edits.recordRoute === null) stateOf(ctx).pendingParams += params;
  else edits.recordRoute = (edits.recordRoute as Pending).with(params);
  return 1;
}

// ---- direction ----

/** Whether the request goes from caller to callee: our Route carries the tag From had in the request that made the dialog. */
function isDownstream(ctx: RouteContext): boolean {
  const params = ctx.attachment<RouteState>(KEY)?.params ?? "";
  const ftag = /(?:^|;)ftag=([^;?]*)/i.exec(params)?.[1];
  return ftag === undefined || ftag === tagOf(ctx, ctx.message.from());
}

function isDirection(ctx: RouteContext, direction: string): number {
  const wanted = direction.toLowerCase();
  if (wanted === "downstream") return isDownstream(ctx) ? 1 : -1;
  return wanted === "upstream" && !isDownstream(ctx) ? 1 : -1;
}

/** Kamailio's module rr. */
export const rr = defineModule({
  name: "rr",
  doc: "Record-Route and Route: keeps this server in the path of a dialog and routes its requests.",
  uses: [core],
  mayUse: [outbound],
  params: {
    enable_full_lr: intParam(0, "Whether lr is written lr=on, for equipment that wants a value.", { min: 0, max: 1 }),
    append_fromtag: intParam(1, "Whether Record-Route carries the From tag, which is_direction() needs.", {
      min: 0,
      max: 1,
    }),
    enable_double_rr: intParam(
      1,
      "Two Record-Routes when a request leaves by another socket than it came by (1), always (2), never (0).",
      { min: 0, max: 2 },
    ),
    add_username: intParam(0, "Whether Record-Route carries the user part of the R-URI.", { min: 0, max: 1 }),
    custom_user_avp: strParam("", "AVP that holds the user part for add_username, written $avp(name)."),
    force_send_socket: intParam(
      0,
      "Whether the socket named by a single Route is used to send, not only by one of a pair.",
      { min: 0, max: 1 },
    ),
    loose_route_mode: intParam(0, "The mode of loose_route(), as loose_route_mode() takes it.", { min: 0, max: 1 }),
    sockname_mode: intParam(0, "Whether Record-Route names the socket.", {
      effect: "sockets are found by their address",
    }),
    ignore_sips: intParam(0, "Whether Record-Route says sip even when the R-URI says sips.", { min: 0, max: 1 }),
    enable_socket_mismatch_warning: intParam(1, "Whether record_route_preset() warns of an address that is not ours.", {
      min: 0,
      max: 1,
    }),
  },
  state: () => new RecordRouting(),
  configure: (shared, params, host): Rr => {
    const avp = params.custom_user_avp === "" ? null : /^\$avp\((.+)\)$/.exec(params.custom_user_avp);
    if (params.custom_user_avp !== "" && avp === null)
      throw new ConfigError("not an AVP", "custom_user_avp", "write it as $avp(name)");
    const flows = host.useIfLoaded(outbound);
    if (flows !== null && params.add_username !== 0)
      throw new ConfigError("with module outbound the user part is for its tokens", "add_username", "leave it out");
    return {
      shared,
      flows,
      log: host.log,
      style: { lr: params.enable_full_lr === 0 ? ";lr" : ";lr=on", double: params.enable_double_rr },
      appendFromTag: params.append_fromtag !== 0,
      addUsername: params.add_username !== 0,
      userAvp: avp === null ? null : avpNameOf(avp[1]!),
      forceSendSocket: params.force_send_socket !== 0,
      looseOnly: params.loose_route_mode === 1,
      ignoreSips: params.ignore_sips !== 0,
      warnMismatch: params.enable_socket_mismatch_warning !== 0,
    };
  },
  kemi: {
    record_route_params: "record_route",
    record_route_preset_one: "record_route_preset",
    next_hop_route: "rr_next_hop_route",
  },
  functions: {
    record_route: fn({
      args: [optional(str("sparams"))],
      routes: RECORDING,
      doc: "Adds Record-Route with our address, and with URI parameters if given; two of them when the request leaves by another socket.",
      run: (self: Rr, ctx, params) =>
        record(self, ctx, (scheme, user, all) => new SocketRecordRoute(self.style, scheme, user, all), params ?? ""),
    }),
    record_route_preset: fn({
      args: [str("string"), optional(str("string2"))],
      routes: RECORDING,
      doc: "Adds Record-Route with the given address, without scheme: the way out, and with a second one also the way in.",
      run: recordPreset,
    }),
    record_route_advertised_address: fn({
      args: [str("address")],
      routes: RECORDING,
      doc: "Adds Record-Route with the given address; two of them when the transport changes.",
      run: (self: Rr, ctx, address) =>
        record(
          self,
          ctx,
          (scheme, user, all) => new AdvertisedRecordRoute(self.style, `${scheme}:${user}${address}`, all),
          "",
        ),
    }),
    remove_record_route: fn({
      routes: RECORDING,
      doc: "Takes back what record_route() and its like have added.",
      run: (_self: Rr, ctx) => {
        ctx.message.currentEdits().recordRoute = null;
        return 1;
      },
    }),
    add_rr_param: fn({
      args: [str("param")],
      routes: RECORDING,
      doc: "Adds a parameter, ;name=value, to our Record-Route, whether that is there yet or comes later.",
      run: (_self: Rr, ctx, param) => addParam(ctx, param),
    }),
    loose_route: fn({
      routes: RouteKind.REQUEST,
      doc: "Routes by the Route headers: 1 done, -1 nothing to route by, -3 our own Route alone in a request without dialog; by a token of module outbound 2, -2 when it was tampered with.",
      run: (self: Rr, ctx) => routed(self, ctx, self.looseOnly),
    }),
    loose_route_preloaded: fn({
      routes: RouteKind.REQUEST,
      doc: "As loose_route(), but true only when a request without dialog came with our own Route alone.",
      run: (self: Rr, ctx) => (routed(self, ctx, false) === Result.PRELOADED ? 1 : -1),
    }),
    loose_route_mode: fn({
      args: [int("vmode")],
      routes: RouteKind.REQUEST,
      doc: "As loose_route(); with mode 1 without asking whether the R-URI is ours, for servers whose Contact is this server.",
      run: (self: Rr, ctx, mode) => routed(self, ctx, mode === 1),
    }),
    check_route_param: fn({
      args: [regexArg("re")],
      routes: RouteKind.ANY,
      doc: "True when the parameters of our Route match; after loose_route().",
      run: (_self: Rr, ctx, re) => {
        const params = ctx.attachment<RouteState>(KEY)?.params;
        return params !== undefined && params !== null && params !== "" && matches(re, params) ? 1 : -1;
      },
    }),
    is_direction: fn({
      args: [str("dir")],
      routes: RouteKind.ANY,
      doc: "True when the request goes in that direction, downstream (caller to callee) or upstream; after loose_route().",
      run: (_self: Rr, ctx, direction) => isDirection(ctx, direction),
    }),
    rr_next_hop_route: fn({
      routes: RouteKind.ANY,
      doc: "True when a Route for the next hop was left behind ours; after loose_route().",
      run: (_self: Rr, ctx) => (ctx.attachment<RouteState>(KEY)?.hasNextHop === true ? 1 : -1),
    }),
  },
  pvs: {
    route_uri: pv(
      "The URI of the first Route; empty without one.",
      (_self: Rr, ctx): Value => firstRouteUri(ctx.message) ?? "",
    ),
    fti: pv(
      "The From tag of the request that made the dialog.",
      (_self: Rr, ctx): Value => tagOf(ctx, isDownstream(ctx) ? ctx.message.from() : ctx.message.to()),
    ),
    tti: pv(
      "The To tag of the dialog, seen from the request that made it.",
      (_self: Rr, ctx): Value => tagOf(ctx, isDownstream(ctx) ? ctx.message.to() : ctx.message.from()),
    ),
    rdir: pvClass<Rr>({
      doc: "Direction of the request in its dialog: (id) 1 downstream, 2 upstream; (name) the word.",
      inner: "required",
      resolve: (_self, inner) => {
        if (inner === "id") return { get: (ctx) => (isDownstream(ctx) ? 1 : 2) };
        if (inner === "name") return { get: (ctx) => (isDownstream(ctx) ? "downstream" : "upstream") };
        return new ArgError(`unknown form of direction "${inner}"`, "use $rdir(id) or $rdir(name)");
      },
    }),
  },
});
