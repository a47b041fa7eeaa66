// Calls of the functions of rtpproxy and rtpengine that are compared with Kamailio's: what the relay is asked, and what becomes of the body.

/** A statement of the script, which body the INVITE has, and whether it is within a dialog. The body's name is part of the Call-ID. */
export type MediaCase = readonly [statement: string, body: keyof typeof BODIES, within?: boolean];

/** Cases of one module. {RELAY} in parameters is its relay. */
export interface MediaGroup {
  readonly module: "rtpproxy" | "rtpengine";
  /** The module's when left out. */
  readonly name?: string;
  readonly params: string;
  /** What is shown of variables afterwards, besides the return code; that of the first groups when left out. */
  readonly shown?: string;
  readonly cases: readonly MediaCase[];
}

const HEAD = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\n";
const PLAIN = `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`;

/** Bodies by name. */
export const BODIES = {
  none: "",
  plain: PLAIN,
  refused: PLAIN,
  warned: PLAIN,
  bare: PLAIN,
  newer: PLAIN,
  two: `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 10.0.0.2\r\na=x\r\nm=video 5000 RTP/AVP 31\r\nc=IN IP4 10.0.0.3\r\n`,
  six: "v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
  mixed: `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nm=message 5000 TCP/MSRP *\r\nm=image 6000 udptl t38\r\n`,
  refused_stream: `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n`,
  hold: `${HEAD}c=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`,
  marked: `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=nortpproxy:yes\r\n`,
  rtcp: `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:4005\r\na=sendrecv\r\n`,
  multicast: `${HEAD}c=IN IP4 224.1.1.1/127\r\nt=0 0\r\nm=audio 4000/2 RTP/AVP 0\r\n`,
  parts: `--bb\r\nContent-Type: application/sdp\r\n\r\n${PLAIN}\r\n--bb\r\nContent-Type: text/plain\r\n\r\nhi\r\n--bb--\r\n`,
  named: `${HEAD}c=IN IP4 host.example\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`,
  fax: `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=image 6000 udptl t38\r\n`,
  unconnected: `${HEAD}t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`,
  ice: `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=ice-ufrag:x\r\na=candidate:1 1 UDP 2130706431 10.0.0.1 4000 typ host\r\na=rtcp:4001\r\n`,
  unended: `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0`,
  many: `${HEAD}c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\nm=video 5000 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\n`,
} as const;

const RTPPROXY: readonly MediaCase[] = [
  ["rtpproxy_offer()", "plain"],
  ['rtpproxy_offer("1")', "plain"],
  ['rtpproxy_offer("2")', "plain"],
  ['rtpproxy_offer("3")', "plain"],
  ['rtpproxy_offer("a")', "plain"],
  ['rtpproxy_offer("b")', "plain"],
  ['rtpproxy_offer("l")', "plain"],
  ['rtpproxy_offer("ie")', "plain"],
  ['rtpproxy_offer("ei")', "plain"],
  ['rtpproxy_offer("x")', "plain"],
  ['rtpproxy_offer("f")', "plain"],
  ['rtpproxy_offer("r")', "plain"],
  ['rtpproxy_offer("o")', "plain"],
  ['rtpproxy_offer("c")', "plain"],
  ['rtpproxy_offer("w")', "plain"],
  ['rtpproxy_offer("z30")', "plain"],
  ['rtpproxy_offer("z20aw")', "plain"],
  ['rtpproxy_offer("rwoc")', "plain"],
  ['rtpproxy_offer("fr")', "plain"],
  ['rtpproxy_offer("s")', "plain"],
  ['rtpproxy_offer("co")', "plain"],
  ['rtpproxy_offer("q")', "plain"],
  ['rtpproxy_offer("v")', "plain"],
  ['rtpproxy_offer("+")', "plain"],
  ['rtpproxy_offer("rie")', "plain"],
  ["rtpproxy_offer()", "two"],
  ['rtpproxy_offer("c")', "two"],
  ['rtpproxy_offer("o")', "two"],
  ["rtpproxy_offer()", "six"],
  ["rtpproxy_offer()", "mixed"],
  ["rtpproxy_offer()", "refused_stream"],
  ["rtpproxy_offer()", "hold"],
  ['rtpproxy_offer("r")', "hold"],
  ["rtpproxy_offer()", "marked"],
  ['rtpproxy_offer("f")', "marked"],
  ["rtpproxy_offer()", "rtcp"],
  ["rtpproxy_offer()", "multicast"],
  ["rtpproxy_offer()", "parts"],
  ["rtpproxy_offer()", "bare"],
  ["rtpproxy_offer()", "refused"],
  ["rtpproxy_offer()", "newer"],
  ["rtpproxy_offer()", "named"],
  ["rtpproxy_offer()", "fax"],
  ["rtpproxy_offer()", "unconnected"],
  ["rtpproxy_offer()", "ice"],
  ["rtpproxy_offer()", "unended"],
  ['rtpproxy_offer("","7.7.7.7")', "plain"],
  ['rtpproxy_offer("r","7.7.7.7")', "plain"],
  ["rtpproxy_answer()", "plain", true],
  ['rtpproxy_answer("l")', "plain", true],
  ["rtpproxy_destroy()", "plain", true],
  ['rtpproxy_destroy("t")', "plain", true],
  ['rtpproxy_destroy("1")', "plain", true],
  ['rtpproxy_destroy("b")', "plain", true],
  ["unforce_rtp_proxy()", "plain", true],
  ["rtpproxy_manage()", "plain"],
  ['rtpproxy_manage("co")', "plain"],
  ['rtpproxy_stream2uac("/x/moh","-1")', "plain", true],
  ['rtpproxy_stream2uas("/x/moh","3")', "plain", true],
  ["rtpproxy_stop_stream2uac()", "plain", true],
  ["rtpproxy_stop_stream2uas()", "plain", true],
  ["start_recording()", "plain"],
  ["rtpproxy_offer()", "many"],
  ['rtpproxy_offer("1")', "two"],
  ["start_recording()", "plain", true],
  ['rtpproxy_offer("ieawz20")', "six"],
  ['rtpproxy_offer("z20wiea")', "six"],
  ['rtpproxy_offer("x")', "six"],
  ["rtpproxy_offer()", "plain", true],
  ['rtpproxy_offer("l")', "plain", true],
  ["$avp(ice)=1; rtpproxy_offer()", "ice"],
  ["$avp(ice)=0; rtpproxy_offer()", "ice"],
];

const RTPENGINE: readonly MediaCase[] = [
  ["rtpengine_offer()", "plain"],
  ['rtpengine_offer("via-branch=1")', "plain"],
  ['rtpengine_offer("via-branch=2")', "plain"],
  ['rtpengine_offer("via-branch=auto")', "plain"],
  ['rtpengine_offer("via-branch=extra")', "plain"],
  ['rtpengine_offer("via-branch=auto-extra")', "plain"],
  ['rtpengine_offer("asymmetric no-redis-update")', "plain"],
  ['rtpengine_offer("force-answer")', "plain"],
  ['rtpengine_offer("direction=priv direction=pub")', "plain"],
  ['rtpengine_offer("internal external")', "plain"],
  ['rtpengine_offer("address-family=IP6")', "plain"],
  ['rtpengine_offer("force trust-address")', "plain"],
  ['rtpengine_offer("SIP-source-address")', "plain"],
  ['rtpengine_offer("replace-origin replace-session-connection symmetric")', "plain"],
  ['rtpengine_offer("repacketize=30")', "plain"],
  ['rtpengine_offer("ICE=force")', "plain"],
  ['rtpengine_offer("ICE=force-relay")', "plain"],
  ['rtpengine_offer("ICE=remove")', "plain"],
  ['rtpengine_offer("RTP")', "plain"],
  ['rtpengine_offer("SRTP")', "plain"],
  ['rtpengine_offer("DTLS")', "plain"],
  ['rtpengine_offer("AVP")', "plain"],
  ['rtpengine_offer("AVPF")', "plain"],
  ['rtpengine_offer("RTP AVP")', "plain"],
  ['rtpengine_offer("SRTP AVPF")', "plain"],
  ['rtpengine_offer("RTP/SAVPF")', "plain"],
  ['rtpengine_offer("UDP/TLS/RTP/SAVPF")', "plain"],
  ['rtpengine_offer("RTP/AVP")', "plain"],
  ['rtpengine_offer("RTP/SAVP")', "plain"],
  ['rtpengine_offer("RTP/AVPF")', "plain"],
  ['rtpengine_offer("UDP/TLS/RTP/SAVP")', "plain"],
  ['rtpengine_offer("to-tag")', "plain"],
  ['rtpengine_offer("to-tag=TT from-tag=FF call-id=CC")', "plain"],
  ['rtpengine_offer("rtcp-mux-demux rtcp-mux-offer")', "plain"],
  ['rtpengine_offer("rtcp-mux-accept rtcp-mux-reject")', "plain"],
  ['rtpengine_offer("media-address=1.2.3.4")', "plain"],
  ['rtpengine_offer("TOS=184")', "plain"],
  ['rtpengine_offer("delete-delay=3")', "plain"],
  ['rtpengine_offer("strict-source media-handover")', "plain"],
  ['rtpengine_offer("DTLS=off")', "plain"],
  ['rtpengine_offer("DTLS=passive")', "plain"],
  ['rtpengine_offer("SDES-off")', "plain"],
  ['rtpengine_offer("SDES-unencrypted_srtp SDES-authenticated_srtp")', "plain"],
  ['rtpengine_offer("unidirectional record-call=on")', "plain"],
  ['rtpengine_offer("metadata=abc")', "plain"],
  ['rtpengine_offer("codec-transcode=PCMU codec-transcode=PCMA codec-mask=all")', "plain"],
  ['rtpengine_offer("codec-set=opus/48000 codec-strip=G729 codec-offer=PCMA codec-except=x")', "plain"],
  ['rtpengine_offer("T.38=decode T.38=force")', "plain"],
  ['rtpengine_offer("unknown foo=bar")', "plain"],
  ['rtpengine_offer("label=caller")', "plain"],
  ['rtpengine_offer("loop-protect trickle-ice generate-mid")', "plain"],
  ['rtpengine_offer("via-branch-param=zz")', "plain"],
  ['rtpengine_offer("received-from=1.1.1.1")', "plain"],
  [
    'rtpengine_offer("all directional address=1.2.3.4 file=/x.wav db-id=12 blob=zz code=5 duration=300 volume=9 pause=100")',
    "plain",
  ],
  ['rtpengine_offer("set-label=x xmlrpc-callback=1.2.3.4")', "plain"],
  ['rtpengine_offer("original-sendrecv ptime=30 ptime-reverse=20")', "plain"],
  ['rtpengine_offer("transport-protocol=RTP/AVP DTLS-reverse=passive")', "plain"],
  ['rtpengine_offer("DTLS-fingerprint=sha-1 OSRTP=accept SDES=off SDES-no-AES")', "plain"],
  ['rtpengine_offer("ICE-lite=both endpoint-learning=off")', "plain"],
  ['rtpengine_offer("1")', "plain"],
  ['rtpengine_offer("rtcp-mux=offer")', "plain"],
  ['rtpengine_offer("frequency=3 output-destination=4 call-flow=y template=x repeat-times=2 start-pos=3")', "plain"],
  ['rtpengine_offer("reset")', "plain"],
  ['rtpengine_offer("port-latching no-port-latching record-call")', "plain"],
  ['rtpengine_offer("replace=origin")', "plain"],
  ['rtpengine_offer("dir=1.2.3.4")', "plain"],
  ['rtpengine_offer("sdp-attr=x")', "plain"],
  ['rtpengine_offer("always-transcode single-codec inject-DTMF")', "plain"],
  ['rtpengine_offer("from-interface=a interface=b to-interface=c")', "plain"],
  ['rtpengine_offer("metadata=\\"a b\\"")', "plain"],
  ["rtpengine_answer()", "plain", true],
  ['rtpengine_answer("ICE=remove via-branch=auto")', "plain", true],
  ["rtpengine_delete()", "plain", true],
  ['rtpengine_delete("to-tag")', "plain", true],
  ['rtpengine_delete("via-branch=1 delete-delay=0")', "plain", true],
  ["rtpengine_query()", "plain", true],
  ["rtpengine_info()", "plain", true],
  ["rtpengine_manage()", "plain"],
  ["block_dtmf()", "plain"],
  ['block_dtmf("directional")', "plain"],
  ['unblock_dtmf("all")', "plain"],
  ['block_media("address=1.2.3.4")', "plain"],
  ["unblock_media()", "plain"],
  ["silence_media()", "plain"],
  ["unsilence_media()", "plain"],
  ["start_forwarding()", "plain"],
  ["stop_forwarding()", "plain"],
  ['play_media("file=/x.wav")', "plain"],
  ['play_media("from-tag=ff db-id=12")', "plain"],
  ["stop_media()", "plain"],
  ['play_dtmf("code=# volume=5 duration=300 pause=150")', "plain"],
  ["start_recording()", "plain"],
  ["stop_recording()", "plain"],
  ['start_recording("call-id=zz metadata=x")', "plain"],
  ["rtpengine_offer()", "refused"],
  ["rtpengine_offer()", "warned"],
  ["rtpengine_offer()", "none"],
  ['rtpengine_offer("force-answer")', "plain", true],
  ["rtpengine_offer()", "parts"],
  ['rtpengine_offer("RTP/SAVPF AVP")', "plain"],
  ['rtpengine_offer("DTLS AVPF")', "plain"],
  ['block_dtmf("to-tag directional")', "plain", true],
  ['play_media("all")', "plain", true],
  ['rtpengine_delete("via-branch=extra")', "plain", true],
  ["rtpengine_offer()", "plain", true],
];

/** The first groups; media-more-cases.ts has others. */
export const groups: readonly MediaGroup[] = [
  {
    module: "rtpproxy",
    params: `modparam("rtpproxy", "rtpproxy_sock", "udp:{RELAY}")
modparam("rtpproxy", "extra_id_pv", "$avp(extra)")
modparam("rtpproxy", "ice_candidate_priority_avp", "$avp(ice)")
modparam("rtpproxy", "timeout_socket", "xmlrpc:http://192.0.2.99:8000/RPC2")
`,
    cases: RTPPROXY,
  },
  {
    module: "rtpengine",
    params: `modparam("rtpengine", "rtpengine_sock", "udp:{RELAY}")
modparam("rtpengine", "extra_id_pv", "$avp(extra)")
modparam("rtpengine", "media_duration", "$avp(dur)")
modparam("rtpengine", "mos_min_pv", "$avp(q1)")
modparam("rtpengine", "mos_average_pv", "$avp(q2)")
modparam("rtpengine", "mos_min_at_pv", "$avp(q3)")
modparam("rtpengine", "mos_max_roundtrip_pv", "$avp(q4)")
modparam("rtpengine", "mos_average_samples_pv", "$avp(q5)")
`,
    cases: RTPENGINE,
  },
];

/** The configuration of a group. */
export function configOf(group: MediaGroup, relay: string): string {
  const arms = group.cases.map(([statement], n) => `  if ($hdr(X-Case) == "${n}") { ${statement}; $var(rc) = $rc; }\n`);
  return `${group.params.replaceAll("{RELAY}", relay)}request_route {
  if ($rU == "up") { sl_send_reply("200", "OK"); exit; }
  $avp(extra) = "xtra";
${arms.join("")}  append_hf("RC: $var(rc)|${group.shown ?? "$avp(dur)|$avp(q1)|$avp(q2)|$avp(q3)|$avp(q4)|$avp(q5)"}\\r\\n");
  forward();
}
`;
}

/** The request of a case, to a URI at `far` from `near`. */
export function requestOf([, body, within]: MediaCase, n: number, near: string, far: string): string {
  const text = BODIES[body];
  const type = body === "parts" ? "multipart/mixed;boundary=bb" : "application/sdp";
  return [
    `INVITE sip:bob@${far} SIP/2.0`,
    `Via: SIP/2.0/UDP ${near};branch=z9hG4bKcase${n};rport`,
    "Via: SIP/2.0/UDP 5.5.5.5:5061;branch=z9hG4bKsecond",
    "Max-Forwards: 70",
    "From: <sip:alice@x>;tag=ft",
    `To: <sip:bob@y>${within === true ? ";tag=tt" : ""}`,
    `Call-ID: ${body}-${n}`,
    "CSeq: 1 INVITE",
    `X-Case: ${n}`,
    ...(text === "" ? [] : [`Content-Type: ${type}`]),
    `Content-Length: ${text.length}`,
    "",
    text,
  ].join("\r\n");
}

/** What was seen of a case: what the relay was asked, the return code and variables, the body as it was forwarded. */
export interface MediaSeen {
  readonly asked: readonly string[];
  readonly rc: string;
  readonly body: string;
}

/** What was seen, without addresses that differ from run to run. */
export function seenOf(asked: readonly string[], forwarded: string, near: string): MediaSeen {
  const mask = (text: string): string => text.replaceAll(near.replace(/:.*/, ""), "{NEAR}");
  const at = forwarded.indexOf("\r\n\r\n");
  return {
    asked: asked.map(mask),
    rc: /^RC: (.*)$/m.exec(forwarded)?.[1]?.trimEnd() ?? "",
    body: mask(forwarded.slice(at + 4)),
  };
}
