import { describe, expect, test } from "vitest";
import type { SctpSetting } from "./sctp.ts";
import * as S from "./sctp-structs.ts";

/** Bytes of hexadecimal text, as a Linux 6.1 kernel has written them. */
function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.replace(/\s/g, "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const view = (size: number): DataView => new DataView(new ArrayBuffer(size));

describe("ancillary data", () => {
  test("of a sent message: header, flags, mark, time to live, association", () => {
    const control = view(S.CONTROL_SIZE);
    S.writeControl(control, 0, S.SendFlag.UNORDERED, 7, 32_000, 5);
    expect(new Uint8Array(control.buffer)).toEqual(
      bytes(`30 00 00 00 00 00 00 00  84 00 00 00  01 00 00 00
             00 00 00 00  01 00 00 00  00 00 00 00  07 00 00 00  00 7d 00 00  00 00 00 00  00 00 00 00  05 00 00 00`),
    );
  });

  test("of a received one names its association", () => {
    const control = bytes(`30 00 00 00 00 00 00 00  84 00 00 00  01 00 00 00
      00 00 00 00  01 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  78 30 1a 7c  78 30 1a 7c  03 00 00 00`);
    expect(S.associationOf(new DataView(control.buffer), 0, control.length)).toBe(3);
  });

  test("stands behind data of other kinds too", () => {
    const control = view(24 + S.CONTROL_SIZE);
    control.setUint32(0, 20, true); // of 20 bytes, padded to 24
    control.setInt32(8, 1, true);
    S.writeControl(control, 24, 0, 0, 0, 9);
    expect(S.associationOf(control, 0, control.byteLength)).toBe(9);
  });

  test.each([
    ["none", view(0), 0],
    ["cut short", view(47), 47],
    ["a length of zero", view(48), 48],
  ])("%s names none", (_, control, length) => {
    if (length === 47) control.setUint32(0, 48, true);
    expect(S.associationOf(control, 0, length)).toBe(0);
  });
});

describe("notifications", () => {
  test("an association is there", () => {
    const buf = bytes("01 80 00 00 14 00 00 00 00 00 00 00 0a 00 0a 00 03 00 00 00");
    expect(S.readNotice(buf, 0, buf.length)).toEqual({
      kind: "change",
      id: 3,
      state: S.AssociationState.UP,
      error: 0,
    });
  });

  test("authentication is none of ours", () => {
    const buf = bytes("08 80 00 00 14 00 00 00 00 00 00 00 02 00 00 00 03 00 00 00");
    expect(S.readNotice(buf, 0, buf.length)).toBeNull();
  });

  test("the peer ends it; a message breaks off", () => {
    expect(S.readNotice(bytes("05 80 00 00 0c 00 00 00 04 00 00 00"), 0, 12)).toEqual({ kind: "shutdown", id: 4 });
    const cut = bytes("06 80 00 00 18 00 00 00 00 00 00 00 06 00 00 00 00 00 00 00 00 00 00 00");
    expect(S.readNotice(cut, 0, cut.length)).toEqual({ kind: "cut", id: 6 });
  });

  test("a message was given up, wherever the notification stands", () => {
    const buf = new Uint8Array(10 + 48 + 5);
    const at = new DataView(buf.buffer, 10);
    at.setUint16(0, 0x8003, true);
    at.setUint32(4, 53, true);
    at.setUint16(16, 3, true); // a message in one chunk
    at.setUint32(24, 2, true);
    at.setInt32(44, 8, true);
    buf.set(bytes("68 65 6c 6c 6f"), 58);
    const notice = S.readNotice(buf, 10, buf.length);
    expect(notice).toEqual({ kind: "unsent", id: 8, mark: 2, first: true, last: true, start: 58, end: 63 });
  });

  test("what is cut short is nothing", () => {
    for (let n = 0; n < 20; n++) {
      const buf = bytes("01 80 00 00 14 00 00 00 00 00 00 00 0a 00 0a 00 03 00 00 00").slice(0, n);
      expect(S.readNotice(buf, 0, n)).toBeNull();
    }
    const failed = new Uint8Array(47);
    failed.set([3, 0x80]);
    expect(S.readNotice(failed, 0, 47)).toBeNull();
  });
});

describe("settings", () => {
  test("each stands in the structure of one option", () => {
    const all = S.LAYOUTS.flatMap(({ fields }) => fields.map(({ setting }) => setting));
    expect(new Set(all).size).toBe(all.length);
  });

  test("are read as they were written", () => {
    const settings: Partial<Record<SctpSetting, number>> = {
      autoclose: 180,
      srto_initial: 1500,
      srto_max: 4000,
      srto_min: 700,
      asocmaxrxt: 9,
      pathmaxrxt: 3,
      init_max_attempts: 4,
      init_max_timeo: 8000,
      hbinterval: 12_000,
      sack_delay: 150,
      sack_freq: 3,
      max_burst: 8,
    };
    const read: Partial<Record<SctpSetting, number>> = {};
    for (const layout of S.LAYOUTS) {
      const structure = view(layout.size);
      expect(S.writeOption(layout, settings, structure)).toBe(true);
      S.readOption(layout, structure, read);
    }
    expect(read).toEqual(settings);
  });

  test("heartbeats are switched off and on", () => {
    const layout = S.LAYOUTS.find(({ option }) => option === S.SctpOption.PEER_ADDR_PARAMS)!;
    const structure = view(layout.size);
    S.writeOption(layout, { hbinterval: -1 }, structure);
    expect(structure.getUint32(S.HEARTBEAT_FLAGS, true)).toBe(S.Heartbeat.OFF);
    const read: Partial<Record<SctpSetting, number>> = {};
    S.readOption(layout, structure, read);
    expect(read.hbinterval).toBe(-1);
    S.writeOption(layout, { hbinterval: 30_000 }, structure);
    expect(structure.getUint32(S.HEARTBEAT_FLAGS, true)).toBe(S.Heartbeat.ON);
  });

  test("an option of which nothing is said is left alone", () => {
    for (const layout of S.LAYOUTS) expect(S.writeOption(layout, {}, view(layout.size))).toBe(false);
  });
});
