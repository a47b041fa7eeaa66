// Types for the part of dns-packet that is used here; the package brings none. What comes from the network is checked in wire.ts.

declare module "dns-packet" {
  /** Flag bits of a message. */
  export const RECURSION_DESIRED: number;
  export function encode(packet: {
    readonly type: "query" | "response";
    readonly id: number;
    readonly flags: number;
    readonly questions: readonly { readonly type: string; readonly name: string }[];
    readonly answers?: readonly object[];
    readonly authorities?: readonly object[];
    readonly additionals?: readonly object[];
  }): Uint8Array;
  /** Throws whatever it stumbles over. */
  export function decode(bytes: Uint8Array): {
    readonly id: number;
    readonly type: string;
    readonly flags: number;
    readonly questions: readonly unknown[];
    readonly answers: readonly unknown[];
    readonly authorities: readonly unknown[];
    readonly additionals: readonly unknown[];
  };
}
