// Module permissions: who may call whom, by files of rules; which addresses and peers are trusted, by tables.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { ConfigError, defineModule, intParam, strParam } from "../../registry/define.ts";
import { core } from "../core/index.ts";
import { functions } from "./functions.ts";
import { commands } from "./rpc.ts";
import { Permissions, type Settings, VERSION } from "./state.ts";

const params = {
  default_allow_file: strParam("permissions.allow", "File of allow rules where a function names none."),
  default_deny_file: strParam("permissions.deny", "File of deny rules where a function names none."),
  check_all_branches: intParam(1, "Whether allow_routing() looks at each branch."),
  allow_suffix: strParam(".allow", "Ending of files of allow rules."),
  deny_suffix: strParam(".deny", "Ending of files of deny rules."),
  address_file: strParam("", "File of addresses, in place of the table."),
  db_url: strParam("", "Database with the tables."),
  address_table: strParam("address", "Table of addresses, networks and names."),
  grp_col: strParam("grp", "Column of groups."),
  ip_addr_col: strParam("ip_addr", "Column of addresses."),
  mask_col: strParam("mask", "Column of bits of the network; 0 a single address."),
  port_col: strParam("port", "Column of ports; 0 any."),
  db_mode: intParam(0, "Whether trusted peers are kept in memory: 0 asks the database each time."),
  trusted_table: strParam("trusted", "Table of trusted peers."),
  source_col: strParam("src_ip", "Column of sources."),
  proto_col: strParam("proto", "Column of protocols: any, udp, tcp, tls, sctp, ws, wss, none."),
  from_col: strParam("from_pattern", "Column of expressions for the From URI."),
  ruri_col: strParam("ruri_pattern", "Column of expressions for the R-URI."),
  tag_col: strParam("tag", "Column of tags."),
  priority_col: strParam("priority", "Column of priorities: in memory the highest comes first."),
  peer_tag_avp: strParam("", "AVP that gets the tag of what fits."),
  peer_tag_mode: intParam(0, "1: the tags of all trusted peers that fit."),
  max_subnets: intParam(512, "The most networks; a table with more is refused.", { min: 0, max: 1_000_000 }),
  subnet_match_mode: intParam(0, "Which network of several counts: 0 the first, 1 the longest prefix.", {
    min: 0,
    max: 1,
  }),
  load_backends: intParam(0xffff, "What is loaded: 1 addresses, 2 trusted peers, 4 allow files, 8 deny files."),
  reload_delta: intParam(5, "Least time between two reloads of a table.", { unit: "s", min: 0 }),
  trusted_cleanup_interval: intParam(60, "When an old table is freed.", {
    unit: "s",
    effect: "an old table is freed when nothing uses it any more",
  }),
};

// As Kamailio refuses to start.
function tagAvpOf(text: string): string {
  if (text !== "" && !/^\$avp\([^)]+\)$/.test(text.trim()))
    throw new ConfigError(`"${text}" is no AVP`, "peer_tag_avp", "write it as $avp(name)");
  return text === "" ? "" : avpNameOf(text);
}

/** Kamailio's module permissions. */
export const permissions = defineModule({
  name: "permissions",
  doc: "Who may call whom and register what; which sources are trusted.",
  uses: [core],
  params,
  state: () => null,
  configure: (_state, p, host): Permissions => {
    const settings: Settings = {
      url: p.db_url,
      allowFile: p.default_allow_file,
      denyFile: p.default_deny_file,
      allBranches: p.check_all_branches !== 0,
      allowSuffix: p.allow_suffix,
      denySuffix: p.deny_suffix,
      addressFile: p.address_file,
      addressTable: p.address_table,
      address: { group: p.grp_col, ip: p.ip_addr_col, mask: p.mask_col, port: p.port_col, tag: p.tag_col },
      trustedTable: p.trusted_table,
      trusted: {
        source: p.source_col,
        proto: p.proto_col,
        from: p.from_col,
        ruri: p.ruri_col,
        tag: p.tag_col,
        priority: p.priority_col,
      },
      cached: p.db_mode !== 0,
      tagAvp: tagAvpOf(p.peer_tag_avp),
      allTags: p.peer_tag_mode !== 0,
      maxSubnets: p.max_subnets,
      longestSubnet: p.subnet_match_mode !== 0,
      backends: p.load_backends,
      reloadDelta: p.reload_delta * 1000,
    };
    return new Permissions(host, settings);
  },
  start: (self) => self.start(),
  functions,
  rpc: commands,
  tables: {
    trusted: { version: VERSION, doc: "Peers that are trusted." },
    address: { version: VERSION, doc: "Addresses, networks and names in groups." },
  },
});
