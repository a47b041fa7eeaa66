// Session descriptions: what is read of them.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ipv4, ipv6 } from "../../test/support/sip-arbitraries.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { SipError } from "./errors.ts";
import { CANDIDATE_FIELDS, Direction, parseSdp, Sdp } from "./sdp.ts";

const OFFER = `v=0
o=alice 2890844526 2890844527 IN IP4 host.atlanta.example.com
s=-
c=IN IP4 10.0.0.1/127
t=0 0
a=sendonly
m=audio 49170/2 RTP/AVP 0 8 97
a=rtpmap:0 PCMU/8000
a=rtcp:53020 IN IP4 10.0.0.2
a=candidate:1 1 UDP 2130706431 10.0.0.1 49170 typ host
a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.0.1 rport 49170
m=video 51372 RTP/SAVPF 31
c=IN IP6 2001:db8::5
a=rtcp-mux
a=recvonly
m=application 0 UDP/BFCP
`.replaceAll("\n", "\r\n");

function parse(text: string) {
  const bytes = bytesOf(`#${text}#`);
  const sdp = new Sdp();
  const code = parseSdp(bytes, 1, 1 + text.length, sdp);
  const at = (start: number, end: number) => (start < 0 ? null : textOf(bytes, start, end));
  return { code, sdp, at };
}

describe("parseSdp", () => {
  test("finds what an offer holds", () => {
    const { code, sdp, at } = parse(OFFER);
    expect(code).toBe(0);
    expect(at(sdp.originAddressStart, sdp.originAddressEnd)).toBe("host.atlanta.example.com");
    expect(at(sdp.originVersionStart, sdp.originVersionEnd)).toBe("2890844527");
    expect([sdp.family, at(sdp.addressStart, sdp.addressEnd)]).toEqual([4, "10.0.0.1"]);
    expect(sdp.direction).toBe(Direction.SENDONLY);
    expect(at(sdp.sessionEnd, sdp.sessionEnd + 7)).toBe("m=audio");
    expect(sdp.mediaCount).toBe(3);
    const [audio, video, bfcp] = [sdp.media[0]!, sdp.media[1]!, sdp.media[2]!];
    expect([at(audio.typeStart, audio.typeEnd), audio.port, audio.portCount]).toEqual(["audio", 49170, 2]);
    expect(at(audio.protoStart, audio.protoEnd)).toBe("RTP/AVP");
    expect(at(audio.formatsStart, audio.formatsEnd)).toBe("0 8 97");
    expect([audio.family, audio.direction, audio.candidates]).toEqual([0, Direction.SENDONLY, 2]);
    expect(at(audio.rtcpPortStart, audio.rtcpPortEnd)).toBe("53020");
    expect(at(audio.rtcpAddressStart, audio.rtcpAddressEnd)).toBe("10.0.0.2");
    expect(at(audio.end, audio.end + 7)).toBe("m=video");
    expect([video.family, at(video.addressStart, video.addressEnd)]).toEqual([6, "2001:db8::5"]);
    expect([video.rtcpMux, video.direction]).toEqual([1, Direction.RECVONLY]);
    expect([bfcp.port, bfcp.formatsStart]).toEqual([0, -1]);
    expect(sdp.candidates.length).toBe(2 * CANDIDATE_FIELDS);
    expect(at(sdp.candidates[8]!, sdp.candidates[9]!)).toBe("192.0.2.3");
    expect(at(sdp.candidates[10]!, sdp.candidates[11]!)).toBe("45664");
  });

  test("bare line feeds, missing s= and t=, and a missing last line end are borne", () => {
    const { code, sdp } = parse("v=0\no=- 1 1 IN IP4 h\nm=audio 1 RTP/AVP 0");
    expect([code, sdp.mediaCount, sdp.media[0]!.port]).toEqual([0, 1, 1]);
  });

  test("a record used again keeps nothing of the description before", () => {
    const sdp = new Sdp();
    const bytes = bytesOf(OFFER);
    expect(parseSdp(bytes, 0, bytes.length, sdp)).toBe(0);
    const small = bytesOf("v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 1 RTP/AVP 0\r\n");
    expect(parseSdp(small, 0, small.length, sdp)).toBe(0);
    const fresh = new Sdp();
    parseSdp(small, 0, small.length, fresh);
    sdp.media.length = 1;
    expect(sdp).toEqual(fresh);
  });

  test.each([
    ["", SipError.SDP_VERSION],
    ["o=- 1 1 IN IP4 h\r\n", SipError.SDP_VERSION],
    ["v=1\r\n", SipError.SDP_VERSION],
    ["v=0\r\nv=0\r\n", SipError.SDP_VERSION],
    ["v=0\r\n", SipError.SDP_ORIGIN],
    ["v=0\r\no=- 1 1 IN IP4\r\n", SipError.SDP_ORIGIN],
    ["v=0\r\nx\r\n", SipError.SDP_LINE],
    ["v=0\r\nc=IN IP4\r\n", SipError.SDP_CONNECTION],
    ["v=0\r\nc=IN IP5 1.2.3.4\r\n", SipError.SDP_CONNECTION],
    ["v=0\r\nc=IN IP4 ::1\r\n", SipError.SDP_CONNECTION],
    ["v=0\r\nc=IN IP6 1.2.3.4\r\n", SipError.SDP_CONNECTION],
    ["v=0\r\nm=audio 1\r\n", SipError.SDP_MEDIA],
    ["v=0\r\nm=audio 65536 RTP/AVP 0\r\n", SipError.SDP_PORT],
    ["v=0\r\nm=audio -1 RTP/AVP 0\r\n", SipError.SDP_PORT],
    ["v=0\r\nm=audio 1/0 RTP/AVP 0\r\n", SipError.SDP_PORT],
    ["v=0\r\nm=audio 1 RTP/AVP 0\r\na=rtcp:x\r\n", SipError.SDP_PORT],
    [`v=0\r\n${"m=audio 1 RTP/AVP 0\r\n".repeat(65)}`, SipError.SDP_TOO_MANY_MEDIA],
  ])("refuses %j", (text, error) => {
    expect(parse(text).code).toBe(error);
  });
});

test("descriptions of any addresses and ports read as they were written", () => {
  const medium = fc.record({
    port: fc.integer({ min: 0, max: 65535 }),
    address: fc.option(fc.oneof(ipv4, ipv6), { nil: null }),
    rtcp: fc.option(fc.integer({ min: 0, max: 65535 }), { nil: null }),
  });
  const family = (address: string): 4 | 6 => (address.includes(":") ? 6 : 4);
  fc.assert(
    fc.property(fc.array(medium, { maxLength: 4 }), fc.oneof(ipv4, ipv6), (media, whole) => {
      let text = `v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\nc=IN IP${family(whole)} ${whole}\r\nt=0 0\r\n`;
      for (const { port, address, rtcp } of media) {
        text += `m=audio ${port} RTP/AVP 0\r\n`;
        if (address !== null) text += `c=IN IP${family(address)} ${address}\r\n`;
        if (rtcp !== null) text += `a=rtcp:${rtcp}\r\n`;
      }
      const { code, sdp, at } = parse(text);
      expect(code).toBe(0);
      expect(at(sdp.addressStart, sdp.addressEnd)).toBe(whole);
      media.forEach(({ port, address, rtcp }, i) => {
        const found = sdp.media[i]!;
        expect(found.port).toBe(port);
        expect(at(found.addressStart, found.addressEnd)).toBe(address);
        expect(at(found.rtcpPortStart, found.rtcpPortEnd)).toBe(rtcp === null ? null : String(rtcp));
      });
    }),
    { seed: 14 },
  );
});
