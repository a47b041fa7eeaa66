// All transformations that module pv declares, by name.

import type { TransformDef } from "../registry/define.ts";
import { BODY_TRANSFORMS } from "./transforms-body.ts";
import { ENCODING_TRANSFORMS } from "./transforms-encode.ts";
import { LIST_TRANSFORMS } from "./transforms-lists.ts";
import { OTHER_TRANSFORMS } from "./transforms-other.ts";
import { STRING_TRANSFORMS } from "./transforms-strings.ts";
import { URI_TRANSFORMS } from "./transforms-uri.ts";

/** For the `transforms` of module pv. */
export const TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  ...STRING_TRANSFORMS,
  ...ENCODING_TRANSFORMS,
  ...URI_TRANSFORMS,
  ...LIST_TRANSFORMS,
  ...BODY_TRANSFORMS,
  ...OTHER_TRANSFORMS,
};
