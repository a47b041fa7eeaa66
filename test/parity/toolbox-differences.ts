// Where our script toolbox answers otherwise than Kamailio on purpose: why, and in which cases. What we answer there is in
// toolbox/ours.json, written with PORTICO_RECORD.

export interface Difference {
  readonly why: string;
  /** What the names of the cases look like. */
  readonly names: RegExp;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    why: "hf_iterator_prev() goes to the header before, the first one too; Kamailio loses its place there.",
    names: /^hf_iterator: back and forth/,
  },
  {
    why: "Header lines that scripts add always end as lines; Kamailio puts the next header into them.",
    names: /^(hf_iterator: append|append_urihf:) without line end/,
  },
  { why: "Flag i of fnmatch() does what the documentation says.", names: /^fnmatch abc ABC i/ },
  { why: "keep_hf() has done what was asked, and says so.", names: /^keep_hf: by name/ },
  { why: "Without a body there is no Content-Type either.", names: /^remove_body: with type/ },
  {
    why: "A part is found by its media type without parameters too, not only by the whole text of its Content-Type.",
    names:
      /\b(application\/isup|text\/b)\b(?!; p).*(: three|: two parts|: quoted boundary|: not ended|of three.*)$|of three: text\/b$/,
  },
  {
    why: "A new body of several parts is closed at once, and its Content-Type replaces the one before; Kamailio closes it when a part is appended, and ends itself where there was no body.",
    names:
      /^set_body_multipart\((?!\)).*: (two parts|quoted boundary|plain|none|empty)$|^set_body_multipart\(\): plain|^multipart: made, applied/,
  },
  {
    why: "Parts are added and taken away where they belong; what stands in front of the first delimiter and behind the last one stays.",
    names: /^(append_body_part|append_body_part_hex|remove_body_part\("application\/sdp"\)).*: quoted boundary$/,
  },
  {
    why: "A body without its own delimiters is left alone.",
    names: /^(append_body_part.*|filter_body\("application\/sdp"\)): wrong boundary$/,
  },
  {
    why: "A part goes behind a body whose last delimiter is missing, with delimiters that close it.",
    names: /^append_body_part.*: not ended$/,
  },
  {
    why: "A part goes with all its headers, not from its Content-Type on.",
    names: /^(get_body_part_raw of three: text\/b; p=1|remove_body_part\("text\/b; p=1"\): three)$/,
  },
  {
    why: "What a stranger has packed into a parameter is only unpacked when it is a URI; Kamailio writes whatever it is into headers.",
    names: /^contact_param_decode.*(ksu=c2lwOmFAYg--|ksu=c2lwOmFAYjp4;x=1)$/,
  },
  {
    why: "An equal sign cannot stand in the value of a URI parameter (RFC 3261 25.1): such a URI is not read.",
    names: /^contact_param_.*ksu=c2lwOmFAYg==$/,
  },
  { why: "No address is made of what is no URI.", names: /^contact_param_encode\("ksu", "no uri"\)/ },
  {
    why: "P-Charging-Vector is read with blanks, quotes and in any case, and r and f take it away; Kamailio 5.6.3 leaves it, or ends itself.",
    names:
      /^(\$pcv: (quoted|spaces|case)|sip_p_charging_vector r: (whole|quoted|spaces|broken|case)|sip_p_charging_vector f: whole)$/,
  },
  {
    why: "A tel URI has no host, and the brackets of an IPv6 address belong to it; Kamailio writes what is no URI.",
    names: /^set_uri_(user|user to nothing|host): tel:\+49$|^set_uri_host: sip:a@\[::1\]/,
  },
  { why: "The number of a tel URI is its user part.", names: /^is_uri, is_uri_user_e164: tel:\+49$/ },
  {
    why: "The first Route and the R-URI are both ours when a phone behind us has our address as its Contact: the request goes on; Kamailio sends it to itself.",
    names: /^loose_route: R-URI is ours$/,
  },
  { why: "A character of $msgbuf equals the same character.", names: /^\$msgbuf(\([0-8]\)|: index of a variable)$/ },
  { why: "A port that is none is refused.", names: /^sent: send_udp to no host/ },
  {
    why: "Without a port it is 5060; Kamailio takes the beginning of the address.",
    names: /^set_source_address: no port/,
  },
  {
    why: "A request is recorded once: what was asked for is not there, and the request goes its way.",
    names: /^recorded: removed$/,
  },
  { why: "add_rr_param() holds for preset headers too, and says so.", names: /^recorded: preset and parameters/ },
  { why: "What loose_route() left for an earlier message is not asked.", names: /^questions without loose_route/ },
  {
    why: "Functions newer than 5.6.3, and km_append_branch of SIP Router 3.1.",
    names:
      /^(str_a(ll|ny)_in|is_(sip|http|myhost)|sip_parse_headers|contact_param_(check|decode_uri|encode_alias)|xavp_(xparams_explode|params_implode_qval|lshift|rm_all|push_dst)|xavi_rm_all|km_append_branch)\b/,
  },
  { why: "Names of URI parameters are compared without case everywhere.", names: /^URI parameter X$/ },
];

/** Whether a case is answered otherwise on purpose. */
export function isMeant(name: string): boolean {
  return DIFFERENCES.some((d) => d.names.test(name));
}
