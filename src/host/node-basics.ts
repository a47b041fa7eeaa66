// Clock, random numbers, hashing and the system's names and addresses, the same on Bun and on Deno.
import { createHash, createHmac, getRandomValues, hash, randomFillSync } from "node:crypto";
import { lookup, lookupService } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import type { Clock, Hashing, Network, Random } from "./host.ts";

/** The real clock. */
export const clock: Clock = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
  soon(fn) {
    setImmediate(fn);
  },
};

const POOL = 1024;
const pool = new Uint32Array(POOL);
let poolAt = POOL;

/** Random bytes of the system; `uint32` takes them from a pool that is filled a few kilobytes at a time. */
export const random: Random = {
  fill(bytes) {
    randomFillSync(bytes);
  },
  uint32() {
    if (poolAt === POOL) {
      getRandomValues(pool);
      poolAt = 0;
    }
    return pool[poolAt++]!;
  },
};

/** `hash` is the fastest on both runtimes but takes text as UTF-8, which is the same for ASCII only. */
const hex = (algorithm: string) => (text: string) =>
  isAscii(text) ? hash(algorithm, text, "hex") : createHash(algorithm).update(text, "latin1").digest("hex");

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Digests by node:crypto. */
export const hashing: Hashing = {
  md5: hex("md5"),
  sha1: hex("sha1"),
  sha256: hex("sha256"),
  sha384: hex("sha384"),
  sha512: hex("sha512"),
  sha512_256: hex("sha512-256"),
  hmacSha256: (key, text) => createHmac("sha256", key).update(text, "latin1").digest("hex"),
};

/** Network.interfaces. */
export const interfaces: Network["interfaces"] = () => {
  const all: [string, string][] = [];
  for (const [name, addresses] of Object.entries(networkInterfaces()))
    for (const { address } of addresses ?? []) all.push([name, address]);
  return all;
};

/** Network.nameOf. */
export const nameOf: Network["nameOf"] = async (address) => {
  try {
    const { hostname } = await lookupService(address, 0);
    return hostname === address ? null : hostname;
  } catch {
    return null;
  }
};

/** Network.lookup. */
export const lookupAddresses: Network["lookup"] = async (name, family) => {
  try {
    const found = await lookup(name, { family, all: true });
    return found.map(({ address }) => address);
  } catch {
    return [];
  }
};
