// What the parts of save() share while they handle one request.

import type { RouteContext } from "../../proxy/context.ts";
import type { Domain } from "../usrloc/index.ts";
import { ContactList } from "./contacts.ts";
import type { Registrar } from "./registrar.ts";

/** The contacts of the request being handled; read anew after every wait, since another request may have used it meanwhile. */
export const list: ContactList = new ContactList();

/** One run of save(). */
export interface Save {
  readonly reg: Registrar;
  readonly ctx: RouteContext;
  readonly domain: Domain;
  readonly flags: number;
  readonly aor: string;
  /** The URI the address of record came from, when it is not To. */
  readonly uri: string | null;
  readonly now: number;
}
