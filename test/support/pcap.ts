// Captures of RTP as sipp plays them: cut short, and taken apart.

import { readFileSync } from "node:fs";

/** A capture of G.711 A-law that comes with sipp. */
export const G711 = "/usr/share/sip-tester/g711a.pcap";

const FILE_HEAD = 24;
const RECORD_HEAD = 16;
/** Ethernet, IPv4, UDP and RTP before the sound. */
const HEADS = 14 + 20 + 8 + 12;

/** The first packets of a capture, as a capture, and the sound of each (latin1). */
export function firstPackets(file: string, count: number): { capture: Uint8Array; sounds: string[] } {
  const data = readFileSync(file);
  const sounds: string[] = [];
  let at = FILE_HEAD;
  while (at < data.length && sounds.length < count) {
    const length = data.readUInt32LE(at + 8);
    at += RECORD_HEAD;
    sounds.push(data.subarray(at + HEADS, at + length).toString("latin1"));
    at += length;
  }
  return { capture: data.subarray(0, at), sounds };
}
