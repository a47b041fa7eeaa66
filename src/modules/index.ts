// Every module there is, by name. Importing a module has no effect; what a configuration loads is decided by its loadmodule lines.

import type { AnyModule } from "../registry/define.ts";
import acc from "./acc/index.ts";
import { aliasDb } from "./alias_db/index.ts";
import { appLua, appLuaSr } from "./app_lua/index.ts";
import { appPython, appPython3 } from "./app_python/index.ts";
import auth from "./auth/index.ts";
import authDb from "./auth_db/index.ts";
import { blst } from "./blst.ts";
import { cfgRpc } from "./cfg_rpc/index.ts";
import { core } from "./core/index.ts";
import { corex } from "./corex/index.ts";
import { counters } from "./counters.ts";
import ctl from "./ctl/index.ts";
import { dbMysql } from "./db-mysql.ts";
import { dbPostgres } from "./db-postgres.ts";
import { dbSqlite } from "./db-sqlite.ts";
import { debuggerModule } from "./debugger/index.ts";
import { dialog } from "./dialog/index.ts";
import { domain } from "./domain/index.ts";
import { htable } from "./htable/index.ts";
import jsonrpcs from "./jsonrpcs/index.ts";
import { kemix } from "./kemix.ts";
import { kex } from "./kex/index.ts";
import { maxfwd } from "./maxfwd.ts";
import nathelper from "./nathelper/index.ts";
import { outbound } from "./outbound/index.ts";
import { path } from "./path/index.ts";
import { permissions } from "./permissions/index.ts";
import { pike } from "./pike.ts";
import { presence } from "./presence/index.ts";
import { presenceXml } from "./presence_xml/index.ts";
import { pv } from "./pv/index.ts";
import registrar from "./registrar/index.ts";
import { rr } from "./rr/index.ts";
import rtpengine from "./rtpengine/index.ts";
import rtpproxy from "./rtpproxy/index.ts";
import { sanity } from "./sanity/index.ts";
import { sctp } from "./sctp.ts";
import { siputils } from "./siputils/index.ts";
import { sl } from "./sl.ts";
import { speeddial } from "./speeddial/index.ts";
import { textops } from "./textops/index.ts";
import { textopsx } from "./textopsx/index.ts";
import { tls } from "./tls/index.ts";
import { tm } from "./tm/index.ts";
import { tmx } from "./tmx/index.ts";
import usrloc from "./usrloc/index.ts";
import websocket from "./websocket/index.ts";
import { xhttp } from "./xhttp.ts";
import { xlog } from "./xlog.ts";

const ALL: readonly AnyModule[] = [
  core,
  kex,
  corex,
  dbSqlite,
  dbMysql,
  dbPostgres,
  pv,
  sl,
  tm,
  tmx,
  maxfwd,
  outbound,
  rr,
  path,
  dialog,
  textops,
  textopsx,
  sanity,
  siputils,
  xlog,
  kemix,
  appLua,
  appLuaSr,
  appPython,
  appPython3,
  xhttp,
  websocket,
  ctl,
  jsonrpcs,
  blst,
  pike,
  htable,
  permissions,
  counters,
  cfgRpc,
  debuggerModule,
  aliasDb,
  speeddial,
  domain,
  tls,
  sctp,
  usrloc,
  registrar,
  nathelper,
  auth,
  authDb,
  acc,
  presence,
  presenceXml,
  rtpengine,
  rtpproxy,
];

/** All modules by name. The one called "core" is there without a loadmodule line. */
export const modules: ReadonlyMap<string, AnyModule> = new Map(ALL.map((m) => [m.name, m]));
