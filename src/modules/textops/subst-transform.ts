// {re.subst,/expression/replacement/flags}: a substitution as a transformation.

import { ArgError } from "../../registry/args.ts";
import type { TransformDef } from "../../registry/define.ts";
import { applyAll, parseSubstitution, substitute } from "../core/index.ts";

/** Transformations of module textops. */
export const SUBST_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "re.subst": {
    doc: "with what an expression matches replaced: /expression/replacement/flags, flags g (all), i (ignore case), s (lines are one text)",
    minArgs: 1,
    maxArgs: 1,
    apply: (value) => value,
    bind: (text, reader) => {
      const found = parseSubstitution(text, reader);
      if (found instanceof ArgError) return found;
      return (value, ctx) => {
        if (value === null) return null;
        const subject = String(value);
        return applyAll(subject, substitute(found, subject, ctx));
      };
    },
  },
};
