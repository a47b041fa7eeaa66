// The FIFO protocol of SER, in which module ctl takes commands as lines of text: ":command:reply", a line for each argument, an empty line. The
// answer is a line with code and reason, then a line for each value; what Kamailio 5.6.3 writes was measured.

import type { Commands } from "../commands.ts";
import { RpcError, type RpcValue } from "../define.ts";

/** Octets kept while a request is not whole, and arguments of one. */
const MAX_KEPT = 65_536;
const MAX_ARGS = 256;

/** One request; `method` is null when its first line was none, and `wrong` says why. */
export interface FifoRequest {
  readonly method: string | null;
  readonly wrong: string;
  /** The name for the answer behind the second colon; "" for none. */
  readonly replyName: string;
  readonly args: readonly string[];
}

/** Cuts a stream of lines into requests, however it comes in pieces. */
export class FifoRequests {
  private line = "";
  private lines: string[] = [];
  private size = 0;

  /** Whether part of a request waits for the rest. */
  get hasPart(): boolean {
    return this.size > 0;
  }

  /** Takes more of the stream; the requests that are whole now. One that is too long is forgotten. */
  add(text: string): FifoRequest[] {
    const found: FifoRequest[] = [];
    const pieces = (this.line + text).split("\n");
    this.line = pieces.pop() ?? "";
    for (const piece of pieces) {
      const line = piece.endsWith("\r") ? piece.slice(0, -1) : piece;
      if (line !== "") this.lines.push(line);
      else if (this.lines.length > 0) found.push(this.take());
      if (this.lines.length > MAX_ARGS + 1) this.drop();
    }
    this.size = this.line.length + this.lines.reduce((sum, line) => sum + line.length + 1, 0);
    if (this.size > MAX_KEPT) this.drop();
    return found;
  }

  /** Forgets what is there of a request. */
  drop(): void {
    this.line = "";
    this.lines = [];
    this.size = 0;
  }

  private take(): FifoRequest {
    const [first = "", ...args] = this.lines;
    this.lines = [];
    const match = /^:([^:]*):(.*)$/.exec(first);
    const wrong = first.startsWith(":")
      ? match?.[1] === ""
        ? "Empty command"
        : "File separator missing"
      : "Command must begin with :";
    const method = match?.[1] || null;
    return { method, wrong: method === null ? wrong : "", replyName: match?.[2] ?? "", args };
  }
}

/** Runs a request; what to answer. `onFault` hears of failures that are bugs of ours. */
export function answerFifo(
  commands: Commands,
  { method, wrong, args }: FifoRequest,
  onFault: (text: string) => void,
): string | Promise<string> {
  if (method === null) return `400 ${wrong}\n`;
  if (commands.find(method) === null) return `500 Command '${method}' not found\n`;
  const failed = (error: unknown): string => {
    if (error instanceof RpcError) return `${error.code} ${escaped(error.message)}\n`;
    onFault(`${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return "500 Internal Server Error\n";
  };
  try {
    const result = commands.run(method, args.map(valueOf));
    return result instanceof Promise ? result.then(written, failed) : written(result);
  } catch (error) {
    return failed(error);
  }
}

// Commands that take anything get numbers where numbers are written; who wants a text gets the same text back.
function valueOf(text: string): string | number {
  return /^(?:0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}

function written(value: RpcValue): string {
  const list = Array.isArray(value) ? value : value === null ? [] : [value];
  return `200 OK\n${list.map((one) => `${isStruct(one) ? inline(one) : escaped(scalar(one))}\n`).join("")}`;
}

const isStruct = (value: RpcValue): boolean => typeof value === "object" && value !== null;

// Members stand in the order of the last first, as Kamailio writes them; nested ones in the same line.
function inline(value: RpcValue): string {
  if (Array.isArray(value)) return value.map(inline).join(",");
  if (typeof value !== "object" || value === null)
    return escaped(scalar(value)).replace(/:/g, "\\o").replace(/,/g, "\\c");
  return Object.entries(value)
    .reverse()
    .map(([name, one]) => `${name}:${inline(one)}`)
    .join(",");
}

function scalar(value: RpcValue): string {
  if (typeof value === "number" && !Number.isInteger(value)) return value.toFixed(6);
  return value === null ? "" : value === true ? "1" : value === false ? "0" : String(value);
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0" };

function escaped(text: string): string {
  return text.replace(/[\\\n\r\t\0]/g, (c) => ESCAPES[c]!);
}
