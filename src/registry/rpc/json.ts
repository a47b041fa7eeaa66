// JSON-RPC 2.0 over byte strings: the request read, the command run, the answer written as Kamailio's module jsonrpcs writes it.

import { fromUnicode } from "../../util/bytes.ts";
import type { Commands } from "../commands.ts";
import { RpcError, type RpcValue } from "../define.ts";

/** An answer: what it says, and the code and phrase a transport may show beside it. */
export interface JsonAnswer {
  readonly code: number;
  readonly reason: string;
  readonly body: string;
  /** Member reply_name of the request: the FIFO to answer into. */
  readonly replyName: string | null;
}

/** How deep and how long a request may be. */
const MAX_DEPTH = 32;
const MAX_LENGTH = 262_144;

/** JSON-RPC's own code for a request that is none. */
const INVALID = { code: -32_600, message: "Invalid Request" };

interface Call {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly id: string | number | undefined;
  readonly replyName: string | null;
}

/**
 * Runs the command in a JSON text; null when it is no JSON. Names of params do not matter, their order does. A request without a command, or a
 * list of requests, is refused (Kamailio answers those with an empty result). `onFault` hears of failures that are bugs of ours.
 */
export function answerJson(
  commands: Commands,
  text: string,
  pretty: boolean,
  onFault: (text: string) => void,
): JsonAnswer | null | Promise<JsonAnswer> {
  const document = parseJson(text);
  if (document === undefined) return null;
  const call = readCall(document);
  const { id, replyName } = call;
  const refused = (code: number, message: string, phrase = code): JsonAnswer =>
    finish({ code, message }, { code: phrase, reason: message }, "error");
  const finish = (
    value: RpcValue,
    { code, reason }: { readonly code: number; readonly reason: string },
    member = "result",
  ): JsonAnswer => {
    const whole: Record<string, RpcValue> = { jsonrpc: "2.0", [member]: value ?? {} };
    if (id !== undefined) whole["id"] = id;
    return { code, reason, body: writeJson(whole, pretty), replyName };
  };
  const failed = (error: unknown): JsonAnswer => {
    if (error instanceof RpcError) return refused(error.code, error.message, phraseCode(error.code));
    onFault(
      `${"method" in call ? call.method : ""}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return refused(500, "Internal Server Error");
  };
  const OK = { code: 200, reason: "OK" };
  if (!("method" in call)) return refused(INVALID.code, INVALID.message, 400);
  if (commands.find(call.method) === null) return refused(500, "Method Not Found");
  const args: (string | number)[] = [];
  for (const param of call.params) {
    if (typeof param !== "string" && typeof param !== "number")
      return refused(400, "parameters must be texts or numbers");
    args.push(param);
  }
  try {
    const result = commands.run(call.method, args);
    return result instanceof Promise ? result.then((value) => finish(value, OK), failed) : finish(result, OK);
  } catch (error) {
    return failed(error);
  }
}

// Codes that HTTP can show.
function phraseCode(code: number): number {
  return code >= 200 && code <= 699 ? code : 500;
}

function readCall(document: unknown): Call | Omit<Call, "method"> {
  if (typeof document !== "object" || document === null || Array.isArray(document))
    return { params: [], id: undefined, replyName: null };
  const { jsonrpc, method, params, id, reply_name: name } = document as Record<string, unknown>;
  const call = { params: listOf(params), id: idOf(id), replyName: typeof name === "string" ? name : null };
  return jsonrpc === "2.0" && typeof method === "string" ? { method, ...call } : call;
}

function listOf(params: unknown): readonly unknown[] {
  return typeof params === "object" && params !== null ? Object.values(params) : [];
}

// What is neither text nor number comes back as a number, as in Kamailio.
function idOf(id: unknown): string | number | undefined {
  if (id === undefined || typeof id === "string" || typeof id === "number") return id;
  return id === true ? 1 : 0;
}

/** The value of a JSON text, texts in it being byte strings in UTF-8; undefined when it is none. */
export function parseJson(text: string): unknown {
  if (text.length > MAX_LENGTH || isDeep(text)) return undefined;
  try {
    return JSON.parse(text.replace(/\\(?:((?:u[0-9a-fA-F]{4}(?:\\(?=u))?)+)|[^u])/g, asBytes)) as unknown;
  } catch {
    return undefined;
  }
}

// Escapes of characters beyond ASCII stand for octets of UTF-8 here, as such characters written plainly do.
function asBytes(whole: string, codes: string | undefined): string {
  if (codes === undefined) return whole;
  let out = "";
  const units = codes.split("\\").map((code) => Number.parseInt(code.slice(1), 16));
  for (const char of String.fromCharCode(...units)) {
    const point = char.codePointAt(0)!;
    out += point < 0x80 ? `\\u${point.toString(16).padStart(4, "0")}` : fromUnicode(char);
  }
  return out;
}

function isDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
  return false;
}

/** JSON of byte strings, laid out as Kamailio does: one member a line, lists in one line; or without any blank. */
export function writeJson(value: RpcValue, pretty: boolean): string {
  return pretty ? laidOut(value, 0) : compact(value);
}

function compact(value: RpcValue): string {
  if (Array.isArray(value)) return `[${value.map(compact).join(",")}]`;
  if (!isObject(value)) return scalar(value);
  return `{${Object.entries(value)
    .map(([name, one]) => `${quoted(name)}:${compact(one)}`)
    .join(",")}}`;
}

function laidOut(value: RpcValue, depth: number): string {
  if (Array.isArray(value)) return `[${value.map((one) => laidOut(one, depth + 1)).join(", ")}]`;
  if (!isObject(value)) return scalar(value);
  const tabs = "\t".repeat(depth + 1);
  const members = Object.entries(value).map(([name, one]) => `${tabs}${quoted(name)}:\t${laidOut(one, depth + 1)}`);
  return `{\n${members.join(",\n")}${members.length > 0 ? "\n" : ""}${"\t".repeat(depth)}}`;
}

function isObject(value: RpcValue): value is { [key: string]: RpcValue } {
  return typeof value === "object" && value !== null;
}

function scalar(value: string | number | boolean | null | RpcValue): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return "0";
  return Number.isInteger(value) ? value.toFixed(0) : value.toFixed(6);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quoted(text: string): string {
  const escaped = text.replace(
    /["\\\x00-\x1f]/g,
    (c) => ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}
