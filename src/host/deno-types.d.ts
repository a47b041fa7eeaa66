// The part of Deno's own names that src/host uses. Deno's full types cannot stand beside Bun's in one program (both
// declare the web's globals), so what is needed is declared here, as the Deno manual describes it.

declare namespace Deno {
  type NativeType =
    | "void"
    | "bool"
    | "i8"
    | "u8"
    | "i16"
    | "u16"
    | "i32"
    | "u32"
    | "i64"
    | "u64"
    | "isize"
    | "usize"
    | "f32"
    | "f64"
    | "pointer"
    | "buffer"
    | "function";

  interface ForeignFunction {
    readonly name?: string;
    readonly parameters: readonly NativeType[];
    readonly result: NativeType;
    /** Runs on a helper thread and answers with a Promise. */
    readonly nonblocking?: boolean;
    readonly optional?: boolean;
  }

  /** A pointer; null is the null pointer. */
  type PointerValue = object | null;

  type Native<T extends NativeType> = T extends "void"
    ? undefined
    : T extends "bool"
      ? boolean
      : T extends "i64" | "u64" | "isize" | "usize"
        ? bigint
        : T extends "pointer" | "function"
          ? PointerValue
          : T extends "buffer"
            ? ArrayBufferView | ArrayBuffer | null
            : number;
  /** What may be given for a parameter: 64-bit integers also as a number. */
  type NativeArgument<T extends NativeType> = T extends "i64" | "u64" | "isize" | "usize" ? number | bigint : Native<T>;

  type ForeignCall<F extends ForeignFunction> = (
    ...args: { [I in keyof F["parameters"]]: NativeArgument<F["parameters"][I]> }
  ) => F["nonblocking"] extends true ? Promise<Native<F["result"]>> : Native<F["result"]>;

  interface DynamicLibrary<S extends Record<string, ForeignFunction>> {
    readonly symbols: { readonly [K in keyof S]: ForeignCall<S[K]> };
    close(): void;
  }

  function dlopen<const S extends Record<string, ForeignFunction>>(
    filename: string | URL,
    symbols: S,
  ): DynamicLibrary<S>;

  const UnsafePointer: {
    create(address: bigint): PointerValue;
    of(value: ArrayBufferView | ArrayBuffer): PointerValue;
    offset(pointer: object, bytes: number): PointerValue;
    value(pointer: PointerValue): bigint;
    equals(a: PointerValue, b: PointerValue): boolean;
  };

  class UnsafePointerView {
    constructor(pointer: object);
    readonly pointer: object;
    getInt32(offset?: number): number;
    getUint32(offset?: number): number;
    getPointer(offset?: number): PointerValue;
    getCString(offset?: number): string;
    copyInto(destination: ArrayBufferView, offset?: number): void;
    static getCString(pointer: object, offset?: number): string;
    static getArrayBuffer(pointer: object, length: number, offset?: number): ArrayBuffer;
    static copyInto(pointer: object, destination: ArrayBufferView, offset?: number): void;
  }

  type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGUSR1" | "SIGUSR2" | "SIGQUIT" | "SIGCHLD" | "SIGPIPE";

  const args: string[];
  const pid: number;
  const build: { readonly os: string; readonly arch: string; readonly target: string };
  const version: { readonly deno: string; readonly v8: string; readonly typescript: string };
  const env: {
    get(name: string): string | undefined;
    set(name: string, value: string): void;
    toObject(): Record<string, string>;
  };
  function execPath(): string;
  function exit(code?: number): never;
  function addSignalListener(signal: Signal, handler: () => void): void;
  function removeSignalListener(signal: Signal, handler: () => void): void;
  function memoryUsage(): { rss: number; heapTotal: number; heapUsed: number; external: number };
  function unrefTimer(id: number): void;
  function refTimer(id: number): void;
}
