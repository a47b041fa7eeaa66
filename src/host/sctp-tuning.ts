// Settings of a native SCTP socket: set by setsockopt, read back by getsockopt.
import type { HostError } from "./host.ts";
import * as C from "./libc.ts";
import { SCTP_DEFAULTS, type SctpSetting, type SctpSettings } from "./sctp.ts";
import { IPPROTO_SCTP, LAYOUTS, type OptionLayout, readOption, SctpOption, writeOption } from "./sctp-structs.ts";

const LARGEST = 156;

/** Sets what the settings say; the error of the first option that the system refuses. */
export function tune(libc: C.Libc, fd: number, settings: SctpSettings): HostError | null {
  const memory = C.nativeMemory(LARGEST);
  const view = new DataView(memory.buffer);
  let failed: HostError | null = null;
  const set = (level: number, option: number, length: number, what: string): void => {
    if (libc.setsockopt(fd, level, option, libc.pin(memory), length) < 0)
      failed ??= C.systemError(libc, `cannot set ${what}`);
  };
  const buffer = (bytes: number | undefined, force: number, option: number, what: string): void => {
    if (bytes === undefined) return;
    view.setInt32(0, bytes, true);
    if (libc.setsockopt(fd, C.SOL_SOCKET, force, libc.pin(memory), 4) < 0) set(C.SOL_SOCKET, option, 4, what);
  };
  buffer(settings.socket_rcvbuf, C.SO_RCVBUFFORCE, C.SO_RCVBUF, "socket_rcvbuf");
  buffer(settings.socket_sndbuf, C.SO_SNDBUFFORCE, C.SO_SNDBUF, "socket_sndbuf");
  for (const layout of LAYOUTS) {
    memory.fill(0);
    if (writeOption(layout, settings, view)) set(IPPROTO_SCTP, layout.option, layout.size, namesOf(layout, settings));
  }
  C.releaseMemory(memory);
  return failed;
}

function namesOf({ fields }: OptionLayout, settings: SctpSettings): string {
  return fields.flatMap(({ setting }) => (settings[setting] === undefined ? [] : [setting])).join(", ");
}

/** The settings in force; `sendTtl` goes with each message, the system does not know it. */
export function readTuning(libc: C.Libc, fd: number, sendTtl: number): Required<SctpSettings> {
  const memory = C.nativeMemory(LARGEST);
  const length = C.nativeMemory(4);
  const view = new DataView(memory.buffer);
  const found: Partial<Record<SctpSetting, number>> = { send_ttl: sendTtl };
  const get = (level: number, option: number, size: number): boolean => {
    memory.fill(0);
    new DataView(length.buffer).setUint32(0, size, true);
    return libc.getsockopt(fd, level, option, libc.pin(memory), libc.pin(length)) === 0;
  };
  // the system doubles what it is asked for
  if (get(C.SOL_SOCKET, C.SO_RCVBUF, 4)) found.socket_rcvbuf = view.getInt32(0, true) >> 1;
  if (get(C.SOL_SOCKET, C.SO_SNDBUF, 4)) found.socket_sndbuf = view.getInt32(0, true) >> 1;
  for (const layout of LAYOUTS) if (get(IPPROTO_SCTP, layout.option, layout.size)) readOption(layout, view, found);
  C.releaseMemory(memory);
  C.releaseMemory(length);
  return { ...SCTP_DEFAULTS, ...found };
}

/** The association that the system has with an address, whose sockaddr stands in `name`; 0 when it has none. */
export function associationWith(libc: C.Libc, fd: number, name: Int32Array): number {
  const memory = C.nativeMemory(PADDRINFO);
  const length = C.nativeMemory(4);
  new DataView(length.buffer).setUint32(0, PADDRINFO, true);
  memory.set(new Uint8Array(name.buffer, name.byteOffset, name.byteLength), 4);
  const option = SctpOption.GET_PEER_ADDR_INFO;
  const found = libc.getsockopt(fd, IPPROTO_SCTP, option, libc.pin(memory), libc.pin(length)) === 0;
  const id = found ? new DataView(memory.buffer).getInt32(0, true) : 0;
  C.releaseMemory(memory);
  C.releaseMemory(length);
  return id;
}

/** Bytes of a struct sctp_paddrinfo: the association, a struct sockaddr_storage, five numbers. */
const PADDRINFO = 4 + 128 + 20;
