// The tree of a configuration: global parameters, modules, route blocks, statements, expressions. Every node knows its place.

import type { PvRef } from "../pv/parse.ts";
import type { Place } from "./source.ts";

export type BinaryOp =
  | ("+" | "-" | "*" | "/" | "mod" | "<<" | ">>" | "&" | "|" | "^")
  | ("==" | "!=" | "<" | ">" | "<=" | ">=" | "=~" | "!~" | "eq" | "ne" | "ieq" | "ine")
  | ("&&" | "||");
export type UnaryOp = "!" | "~" | "-" | "int" | "str" | "defined" | "strlen" | "strempty";

export type Expr =
  | { readonly kind: "int"; readonly value: number; readonly at: Place }
  | { readonly kind: "str"; readonly value: string; readonly at: Place }
  | { readonly kind: "pv"; readonly ref: PvRef; readonly at: Place }
  /** A bare word: a flag or route name, an address, a core value such as UDP, as an argument or in a comparison. */
  | { readonly kind: "word"; readonly text: string; readonly at: Place }
  /** What a core keyword says of the message: method, src_ip, uri … */
  | { readonly kind: "keyword"; readonly name: string; readonly at: Place }
  | { readonly kind: "select"; readonly text: string; readonly at: Place }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly args: readonly Expr[];
      readonly at: Place;
      readonly nameAt: Place;
    }
  /** route(NAME) */
  | { readonly kind: "route"; readonly name: Expr; readonly at: Place }
  | {
      readonly kind: "assign";
      readonly target: PvRef;
      readonly value: Expr;
      readonly at: Place;
      readonly targetAt: Place;
    }
  /** selval(cond, yes, no): only the one that is chosen is computed. */
  | { readonly kind: "choice"; readonly cond: Expr; readonly yes: Expr; readonly no: Expr; readonly at: Place }
  | { readonly kind: "unary"; readonly op: UnaryOp; readonly operand: Expr; readonly at: Place }
  | { readonly kind: "binary"; readonly op: BinaryOp; readonly left: Expr; readonly right: Expr; readonly at: Place };

export interface Case {
  /** Null for default. */
  readonly value: Expr | null;
  /** case /"pattern": */
  readonly isRegex: boolean;
  readonly body: readonly Stmt[];
  readonly at: Place;
}

export type Stmt =
  | { readonly kind: "expr"; readonly expr: Expr; readonly at: Place }
  | {
      readonly kind: "if";
      readonly cond: Expr;
      readonly then: readonly Stmt[];
      readonly else: readonly Stmt[];
      readonly at: Place;
    }
  | { readonly kind: "while"; readonly cond: Expr; readonly body: readonly Stmt[]; readonly at: Place }
  | { readonly kind: "switch"; readonly value: Expr; readonly cases: readonly Case[]; readonly at: Place }
  | { readonly kind: "return"; readonly value: Expr | null; readonly at: Place }
  | { readonly kind: "break" | "exit" | "drop"; readonly at: Place };

/** Keyword that opened a route block, without older spellings. */
export type RouteKeyword =
  | ("request_route" | "route" | "branch_route" | "failure_route" | "onreply_route" | "reply_route" | "event_route")
  | ("onsend_route" | "error_route" | "local_route" | "startup_route" | "timer_route");

export interface RouteBlock {
  readonly keyword: RouteKeyword;
  /** Null for request_route, reply_route and others without name. */
  readonly name: string | null;
  /** timer_route[name, seconds] */
  readonly interval: number | null;
  readonly body: readonly Stmt[];
  readonly at: Place;
  readonly nameAt: Place;
}

/** A value of a global parameter or modparam as written. */
export type Scalar =
  | { readonly kind: "int"; readonly value: number; readonly at: Place }
  | { readonly kind: "str"; readonly value: string; readonly at: Place }
  /** Not in quotes: yes, LOG_LOCAL0, udp:127.0.0.1:5060, myhost.example. */
  | { readonly kind: "word"; readonly value: string; readonly at: Place };

export interface GlobalSetting {
  readonly name: string;
  readonly value: Scalar;
  /** listen only. */
  readonly advertise: Scalar | null;
  readonly socketName: Scalar | null;
  readonly at: Place;
  readonly nameAt: Place;
}

/** `group.name = value desc "…"`. */
export interface CustomSetting {
  readonly group: string;
  /** The instance, in group[3].name; null for the common value. */
  readonly id: number | null;
  readonly name: string;
  readonly value: Scalar;
  readonly doc: string;
  readonly at: Place;
}

export interface LoadModule {
  readonly name: string;
  readonly path: string;
  readonly at: Place;
}

export interface ModParam {
  readonly modules: readonly string[];
  readonly param: string;
  readonly value: Scalar;
  readonly at: Place;
  readonly moduleAt: Place;
  readonly paramAt: Place;
}

export interface FlagDeclaration {
  readonly name: string;
  readonly bit: number | null;
  readonly kind: "message" | "avp";
  readonly at: Place;
}

/** A whole configuration, in the order written. */
export interface ConfigTree {
  readonly globals: GlobalSetting[];
  readonly custom: CustomSetting[];
  readonly modules: LoadModule[];
  readonly params: ModParam[];
  readonly flags: FlagDeclaration[];
  readonly routes: RouteBlock[];
}
