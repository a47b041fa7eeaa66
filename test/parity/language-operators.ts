// Every operator on every pair of kinds of operands: numbers, texts that spell numbers or not, and nothing at all. The operands are
// variables, so that nothing is known before the script runs; then constants, where the compiler knows the types.

import type { LanguageCase } from "./language-bed.ts";

const OPERANDS: readonly (readonly [string, string])[] = [
  ["zero", "0"],
  ["one", "1"],
  ["minus three", "-3"],
  ["greatest", "2147483647"],
  ["least", "(-2147483647 - 1)"],
  ["empty", '""'],
  ["text 5", '"5"'],
  ["text -4", '"-4"'],
  ["text abc", '"abc"'],
  ["text ABC", '"ABC"'],
  ["text 12abc", '"12abc"'],
  ["text 0x10", '"0x10"'],
  ["text 4294967295", '"4294967295"'],
  ["nothing", "$null"],
];

const VALUES = "+ - * / mod << >> & | ^ == != < > <= >= =~ eq ne ieq ine && ||".split(" ");
const UNARY = ["-", "~", "!", "not ", "(int)", "(str)", "strlen", "strempty", "defined "];

const prepared = OPERANDS.map(([, text], i) => `$avp(o${i}) = ${text};`).join(" ");

/** Left operand and operator given, all operands in turn at the right. */
function row(op: string, left: number): LanguageCase {
  const steps = OPERANDS.map(([name], i) => {
    const expression = `$avp(o${left}) ${op} $avp(o${i})`;
    return `$var(x) = "unset"; $var(x) = ${expression}; $var(y) = $var(x) + "1"; SAY("${name}: $var(x) $var(y)");`;
  });
  return { name: `operator: ${OPERANDS[left]![0]} ${op} …`, run: `${prepared}\n${steps.join("\n")}` };
}

/** The same as conditions. */
function conditions(op: string, left: number): LanguageCase {
  const steps = OPERANDS.map(
    ([name], i) => `if ($avp(o${left}) ${op} $avp(o${i})) { SAY("${name}: yes"); } else { SAY("${name}: no"); }`,
  );
  return { name: `condition: ${OPERANDS[left]![0]} ${op} …`, run: `${prepared}\n${steps.join("\n")}` };
}

function unary(op: string): LanguageCase {
  const steps = OPERANDS.map(([name], i) => {
    const operand = /^str(len|empty)/.test(op) ? `($avp(o${i}))` : `$avp(o${i})`;
    return `$var(x) = ${op}${operand}; $var(y) = $var(x) + "1"; SAY("${name}: $var(x) $var(y)");`;
  });
  const tests = OPERANDS.map(([name], i) => {
    const operand = /^str(len|empty)/.test(op) ? `($avp(o${i}))` : `$avp(o${i})`;
    return `if (${op}${operand}) { SAY("if ${name}: yes"); } else { SAY("if ${name}: no"); }`;
  });
  return { name: `unary: ${op.trim()}`, run: `${prepared}\n${[...steps, ...tests].join("\n")}` };
}

const NUMBERS = ["0", "1", "7", "-3", "0x1F", "010", "2147483647"];
const TEXTS = ['""', '"5"', '"abc"', '"ABC"', '"-4"'];

/** Constants on both sides: one line each. */
function constants(op: string, operands: readonly string[], what: string): LanguageCase {
  const steps = operands.flatMap((a) =>
    operands
      .filter((b) => !((op === "/" || op === "mod") && b === "0"))
      .map((b) => {
        const shown = `${a} ${op} ${b}`.replaceAll('"', "'");
        return `$var(x) = ${a} ${op} ${b}; $var(y) = $var(x) + "1"; SAY("${shown}: $var(x) $var(y)");`;
      }),
  );
  return { name: `constants: ${what} ${op}`, run: steps.join("\n") };
}

/** A variable and a constant, both ways. */
function mixed(op: string, constant: string): LanguageCase {
  const steps = OPERANDS.flatMap(([name], i) => [
    `$var(x) = "unset"; $var(x) = $avp(o${i}) ${op} ${constant}; $var(y) = $var(x) + "1"; SAY("${name} left: $var(x) $var(y)");`,
    `$var(x) = "unset"; $var(x) = ${constant} ${op} $avp(o${i}); $var(y) = $var(x) + "1"; SAY("${name} right: $var(x) $var(y)");`,
  ]).filter((step) => !/(\/|mod) (0|-1);/.test(step)); // by zero is known at start there; least / -1 ends the process
  return { name: `constant: ${op} with ${constant}`, run: `${prepared}\n${steps.join("\n")}` };
}

/** Constants that Kamailio takes with each operator. */
const WITH_NUMBERS = "+ - * / mod << >> & | ^ == != < > <= >= ieq ine && ||".split(" ");
const WITH_TEXTS = "+ == != eq ne =~".split(" ");
const ANY = "+ - * == != < > <= >= eq ne ieq ine && || =~".split(" ");

export const cases: readonly LanguageCase[] = [
  ...VALUES.flatMap((op) => OPERANDS.map((_, left) => row(op, left))),
  ...["==", "<", "=~", "&&", "||", "-"].flatMap((op) => OPERANDS.map((_, left) => conditions(op, left))),
  ...UNARY.map(unary),
  ...VALUES.filter((op) => !/^(=~|eq|ne)$/.test(op)).map((op) => constants(op, NUMBERS, "numbers")),
  ...["+", "==", "!=", "eq", "ne", "=~"].map((op) => constants(op, TEXTS, "texts")),
  ...WITH_NUMBERS.flatMap((op) => ["0", "1", "3", "-1"].map((k) => mixed(op, k))),
  ...WITH_TEXTS.flatMap((op) => ['"3"', '"abc"', '""'].map((k) => mixed(op, k))),
  ...ANY.map((op) => mixed(op, "$null")),
];
