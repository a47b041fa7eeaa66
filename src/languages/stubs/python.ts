// Stubs for Python: type hints of the modules KSR, sr and Router.

import type { StubArg, StubFunction, StubGroup } from "./tree.ts";

/** Words that cannot be names in Python. */
export const PYTHON_WORDS: ReadonlySet<string> = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if import in is " +
    "lambda nonlocal not or pass raise return try while with yield self"
  ).split(" "),
);

const TYPES = { int: "int", text: "str | int", rest: "str | int" } as const;
const RESULTS = { int: "int", bool: "bool", none: "None", value: "Any" } as const;

/** KSR.pyi. */
export function pythonStub(groups: readonly StubGroup[], head: string): string {
  const parts = groups.map(({ name, functions }) =>
    name === ""
      ? functions.map((fn) => pythonFunction(fn, "")).join("\n")
      : `class _${name}:\n${functions.map((fn) => pythonFunction(fn, "    ")).join("\n")}\n${name}: _${name}\n`,
  );
  return `# ${head}\nfrom typing import Any\n\n${parts.join("\n")}`;
}

/** sr.pyi: the same functions under their older name. */
export function pythonOlderStub(head: string): string {
  return `# ${head}\n# The functions of KSR, as SIP Router's scripts call them.\nfrom KSR import *\n`;
}

function pythonFunction({ name, args, gives, doc }: StubFunction, indent: string): string {
  const isStatic = indent !== "";
  const list = args.map(pythonArg);
  // they are called without names
  if (args.some(({ type }) => type !== "rest"))
    list.splice(args.findLastIndex(({ type }) => type !== "rest") + 1, 0, "/");
  return [
    ...(isStatic ? [`${indent}@staticmethod`] : []),
    `${indent}def ${name}(${list.join(", ")}) -> ${RESULTS[gives]}:`,
    `${indent}    """${doc.replaceAll("\\", "\\\\").replaceAll('"""', "'''").replace(/"$/, '" ')}"""`,
    "",
  ].join("\n");
}

function pythonArg({ name, type, optional }: StubArg): string {
  if (type === "rest") return `*${name}: ${TYPES.rest}`;
  return `${name}: ${TYPES[type]}${optional ? " = ..." : ""}`;
}

const LEVELS = ["ALERT", "CRIT", "ERR", "WARN", "NOTICE", "INFO", "DBG"];

/** Router.pyi: the module of SIP Router's releases; what it has does not come from the modules' declarations. */
export function routerStub(head: string): string {
  const logs = LEVELS.map((word) => `def LM_${word}(text: object, /) -> None: ...`);
  const numbers = ["ALERT", "BUG", "CRIT2", ...LEVELS.slice(1)].map((word) => `L_${word}: int`);
  return `# ${head}
from typing import Any

class msg:
    """The message that is handled; methods of the script get it as their first argument."""

    @property
    def Type(self) -> str:
        """SIP_REQUEST or SIP_REPLY."""
    @property
    def Method(self) -> str: ...
    @property
    def Status(self) -> str | None: ...
    @property
    def RURI(self) -> str | None: ...
    @property
    def src_address(self) -> tuple[str, int]: ...
    @property
    def dst_address(self) -> tuple[str, int]: ...
    def getHeader(self, name: str, /) -> str | None: ...
    def call_function(self, name: str, /, *args: str | int) -> int:
        """Calls a function of the native language by its name."""
    def rewrite_ruri(self, uri: str, /) -> None: ...
    def set_dst_uri(self, uri: str, /) -> None: ...
    def copy(self) -> msg: ...

${logs.join("\n")}
def LM_GEN1(level: int, text: object, /) -> None: ...
def LM_GEN2(facility: int, level: int, text: object, /) -> None: ...

${numbers.join("\n")}
DEFAULT_FACILITY: int

# The same functions and numbers, and those of processes.
Logger: Any
Ranks: Any
Core: Any
`;
}
