// The flags of functions, one letter each: "rwco", "z20", "ie".

import { ArgError } from "../../registry/args.ts";

/** What the flags say. */
export interface Flags {
  /** Letters for the relay, in the order given: A, S, I, E. */
  readonly letters: string;
  /** Milliseconds of a packet; "" as it is. */
  readonly repacketize: string;
  /** The address in the description counts, not the message's source. */
  readonly trusts: boolean;
  /** Only when the relay knows the call. */
  readonly looksUp: boolean;
  /** Marks of other relays are ignored. */
  readonly forces: boolean;
  readonly session: boolean;
  /** I and E by the family of the description's address. */
  readonly bridges: boolean;
  readonly withoutToTag: boolean;
  /** What is added to the Call-ID: 0 nothing, 1 and 2 the branch of that Via, 3 of the one that is ours to choose; "extra". */
  readonly branch: 0 | 1 | 2 | 3 | "extra";
}

/** Reads flags. */
export function parseFlags(text: string): Flags | ArgError {
  let letters = "";
  let repacketize = "";
  let trusts = false;
  let looksUp = false;
  let forces = false;
  let session = false;
  let bridges = false;
  let withoutToTag = false;
  let branch: Flags["branch"] = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    switch (c) {
      case " ":
      case "o": // the origin is always rewritten
        break;
      case "1":
      case "2":
      case "3":
        branch = Number(c) as 1 | 2 | 3;
        break;
      case "a":
        letters += "A";
        trusts = true;
        break;
      case "w":
        letters += "S";
        break;
      case "i":
      case "e":
        letters += c.toUpperCase();
        break;
      case "b":
        branch = "extra";
        break;
      case "l":
        looksUp = true;
        break;
      case "x":
        bridges = true;
        break;
      case "f":
        forces = true;
        break;
      case "r":
        trusts = true;
        break;
      case "c":
        session = true;
        break;
      case "t":
        withoutToTag = true;
        break;
      case "z": {
        const digits = /^\d{1,4}/.exec(text.slice(i + 1))?.[0] ?? "";
        repacketize = digits;
        i += digits.length;
        break;
      }
      default:
        return new ArgError(`unknown flag "${c}"`, "1 2 3 a b l i e x f r o c w t zNN");
    }
  }
  return { letters, repacketize, trusts, looksUp, forces, session, bridges, withoutToTag, branch };
}
