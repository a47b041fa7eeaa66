// The same tree as TypeScript declarations.

import type { StubArg, StubFunction, StubGroup } from "./tree.ts";

/** Words that cannot be names of arguments. */
export const TYPESCRIPT_WORDS: ReadonlySet<string> = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for " +
    "function if implements import in instanceof interface let new null package private protected public return static super switch " +
    "this throw true try typeof var void while with yield"
  ).split(" "),
);

const TYPES = { int: "number", text: "string | number", rest: "(string | number)[]" } as const;
const RESULTS = { int: "number", bool: "boolean", none: "void", value: "string | number | null" } as const;

/** portico.d.ts. */
export function typescriptStub(groups: readonly StubGroup[], head: string): string {
  const inner = groups.filter(({ name }) => name !== "");
  const parts = inner.map(({ name, functions }) => declared(interfaceName(name), functions, []));
  const own = groups.find(({ name }) => name === "")?.functions ?? [];
  const members = inner.map(({ name }) => `  readonly ${name}: ${interfaceName(name)};`);
  return `// ${head}

${parts.join("\n")}
${declared("Portico", own, members)}
declare const KSR: Portico;
/** The functions of KSR, as SIP Router's scripts call them. */
declare const sr: Portico;
`;
}

// tm: PorticoTm
function interfaceName(group: string): string {
  return `Portico${group.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())}`;
}

function declared(name: string, functions: readonly StubFunction[], members: readonly string[]): string {
  return [`interface ${name} {`, ...members, ...functions.map(method), "}", ""].join("\n");
}

function method({ name, args, gives, doc }: StubFunction): string {
  return `  /** ${doc.replaceAll("*/", "*\\/")} */\n  ${name}(${args.map(argument).join(", ")}): ${RESULTS[gives]};`;
}

function argument({ name, type, optional }: StubArg): string {
  return type === "rest" ? `...${name}: ${TYPES.rest}` : `${name}${optional ? "?" : ""}: ${TYPES[type]}`;
}
