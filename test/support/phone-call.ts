// A call between two scripted telephones through a server, and its audio: packets of one telephone that the other has got.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { SipAgent } from "./sip-agent.ts";
import { type SipText, uriOf } from "./sip-text.ts";

/** Where a telephone's audio comes and goes; data is latin1. */
export interface AudioSocket {
  readonly address: string;
  readonly port: number;
  readonly got: { readonly from: string; readonly data: string }[];
  send(data: string, address: string, port: number): void;
  close(): void;
}

/** A socket for audio on loopback. */
export async function openAudio(): Promise<AudioSocket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const got: AudioSocket["got"] = [];
  socket.on("message", (data, from) =>
    got.push({ from: `${from.address}:${from.port}`, data: data.toString("latin1") }),
  );
  return {
    ...{ address: "127.0.0.1", port: socket.address().port, got },
    send: (data, address, port) => socket.send(Buffer.from(data, "latin1"), port, address, () => {}),
    close: () => socket.close(),
  };
}

/** The sound of RTP packets of G.711 A-law among datagrams. */
export function soundsOf(audio: AudioSocket): string[] {
  return audio.got.filter(({ data }) => data.charCodeAt(1) % 128 === 8).map(({ data }) => data.slice(12));
}

/** A description of one stream of G.711 A-law at that socket. */
export function describeAudio({ address, port }: AudioSocket, direction = "sendrecv"): string {
  return `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=${direction}\r\n`;
}

/** What a call needs of a telephone. */
export interface Caller {
  readonly user: string;
  readonly agent: SipAgent;
  readonly audio: AudioSocket;
  /** Header line. */
  readonly contact: string;
  readonly sdp: string;
}

const WITH_SDP = "Content-Type: application/sdp";

/** One side of a call that stands. */
interface Leg {
  readonly phone: Caller;
  readonly from: string;
  readonly to: string;
  readonly routes: readonly string[];
  readonly target: string;
  /** The description that came. */
  sdp: string;
  cseq: number;
}

/** A call that stands. */
export class PhoneCall {
  readonly caller: Leg;
  readonly callee: Leg;
  readonly callId: string;
  /** The INVITE as it arrived, and its answer as it arrived. */
  readonly invite: SipText;
  readonly ok: SipText;

  private constructor(caller: Leg, callee: Leg, invite: SipText, ok: SipText) {
    this.caller = caller;
    this.callee = callee;
    this.invite = invite;
    this.ok = ok;
    this.callId = invite.first("Call-ID");
  }

  /** The INVITE of a call, sent. */
  static dial(from: Caller, uri: string): SipText {
    const { agent, user, contact, sdp } = from;
    const headers = [contact, WITH_SDP];
    const request = agent.request({ method: "INVITE", uri, from: agent.from(user), headers, body: sdp });
    agent.send(request.raw);
    return request;
  }

  /** INVITE, 180, 200, ACK. */
  static async between(from: Caller, to: Caller, uri: string): Promise<PhoneCall> {
    const sent = PhoneCall.dial(from, uri);
    const invite = await to.agent.receiveRequest("INVITE");
    to.agent.send(to.agent.reply(invite, 180, "Ringing", [to.contact]));
    await from.agent.receiveReply(sent, (status) => status === 180, "ringing");
    to.agent.send(to.agent.reply(invite, 200, "OK", [to.contact, WITH_SDP], to.sdp));
    const ok = await from.agent.receiveFinal(sent);
    if (ok.status !== 200) throw new Error(`not answered: ${ok.raw}`);
    const caller: Leg = {
      phone: from,
      from: ok.first("From"),
      to: ok.first("To"),
      routes: ok.all("Record-Route").reverse(),
      target: uriOf(ok.first("Contact")),
      sdp: ok.body,
      cseq: 1,
    };
    const callee: Leg = {
      phone: to,
      from: ok.first("To"),
      to: ok.first("From"),
      routes: invite.all("Record-Route"),
      target: uriOf(invite.first("Contact")),
      sdp: invite.body,
      cseq: 1,
    };
    const call = new PhoneCall(caller, callee, invite, ok);
    call.send(caller, "ACK", "", 1);
    await to.agent.receiveRequest("ACK");
    return call;
  }

  private send(leg: Leg, method: string, body = "", cseq = 0): SipText {
    if (cseq === 0) leg.cseq++;
    const request = leg.phone.agent.request({
      method,
      uri: leg.target,
      from: leg.from,
      to: leg.to,
      callId: this.callId,
      cseq: cseq > 0 ? cseq : leg.cseq,
      headers: [...leg.routes.map((r) => `Route: ${r}`), leg.phone.contact, ...(body === "" ? [] : [WITH_SDP])],
      body,
    });
    leg.phone.agent.send(request.raw);
    return request;
  }

  /** A new INVITE of the caller or the callee; gives what the other side got. */
  async change(by: "caller" | "callee", body: string, answer: string): Promise<{ offer: string; answer: string }> {
    const [leg, other] = by === "caller" ? [this.caller, this.callee] : [this.callee, this.caller];
    const sent = this.send(leg, "INVITE", body);
    const invite = await other.phone.agent.receiveRequest("INVITE");
    other.phone.agent.send(other.phone.agent.reply(invite, 200, "OK", [other.phone.contact, WITH_SDP], answer));
    const ok = await leg.phone.agent.receiveFinal(sent);
    this.send(leg, "ACK", "", leg.cseq);
    await other.phone.agent.receiveRequest("ACK");
    other.sdp = invite.body;
    leg.sdp = ok.body;
    return { offer: invite.body, answer: ok.body };
  }

  async hangUp(by: "caller" | "callee"): Promise<SipText> {
    const [leg, other] = by === "caller" ? [this.caller, this.callee] : [this.callee, this.caller];
    const sent = this.send(leg, "BYE");
    const bye = await other.phone.agent.receiveRequest("BYE");
    other.phone.agent.send(other.phone.agent.reply(bye, 200, "OK"));
    return leg.phone.agent.receiveFinal(sent);
  }

  /**
   * Both sides send audio to where the other's description says, until each has got `enough` packets of the other with their payload as it was sent.
   * How many each has got; less than `enough` when `limit` ms are over.
   */
  async talk(enough = 10, limit = 4000): Promise<{ caller: number; callee: number }> {
    const deadline = Date.now() + limit;
    const ends = [this.caller, this.callee] as const;
    const payload = (leg: Leg): string => `${leg.phone.user}|`.repeat(160).slice(0, 160);
    for (const { phone } of ends) phone.audio.got.length = 0;
    const heard = (leg: Leg, of: Leg): number =>
      soundsOf(leg.phone.audio).filter((sound) => sound === payload(of)).length;
    const count = () => ({ caller: heard(this.caller, this.callee), callee: heard(this.callee, this.caller) });
    for (let n = 0; Date.now() < deadline; n++) {
      const { caller, callee } = count();
      if (caller >= enough && callee >= enough) break;
      for (const leg of ends) {
        const [address, port] = audioOf(leg.sdp);
        leg.phone.audio.send(rtp(n, payload(leg)), address, port);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return count();
  }
}

/** Where a description wants the audio. */
export function audioOf(sdp: string): [address: string, port: number] {
  const address = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1];
  const port = /^m=audio (\d+)/m.exec(sdp)?.[1];
  if (address === undefined || port === undefined) throw new Error(`no audio in: ${sdp}`);
  return [address, Number(port)];
}

/** An RTP packet of PCMA (RFC 3550 5.1). */
export function rtp(n: number, payload: string): string {
  const word = (v: number, bytes: number): string =>
    Array.from({ length: bytes }, (_, i) => String.fromCharCode(Math.floor(v / 256 ** (bytes - 1 - i)) % 256)).join("");
  return `\x80\x08${word(n, 2)}${word(n * 160, 4)}${word(0x1234_5678, 4)}${payload}`;
}
