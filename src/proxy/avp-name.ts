// The key under which an AVP is kept (context.ts, Avps), from the ways configurations name it.

const SPEC = /^\$?avp\(\s*([^)]*?)\s*\)$/i;

/**
 * The key in `Avps` for `$avp(name)`, `$avp(s:name)`, `$avp(i:5)` or a bare name; "" for an empty text. The same keys as module pv
 * uses: "s:name" is "name", and a number is another one than the name of its digits.
 */
export function avpNameOf(text: string): string {
  const trimmed = text.trim();
  const name = SPEC.exec(trimmed)?.[1] ?? trimmed;
  if (name.startsWith("s:")) return name.slice(2);
  return name.startsWith("i:") ? `\x00${name.slice(2)}` : name;
}
