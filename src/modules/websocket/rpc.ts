// The ws.* commands, with Kamailio's fields and answers.

import type { WsFlow } from "../../net/ws/flow.ts";
import { CloseCode, closeText, Opcode } from "../../net/ws/rules.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { bytesOf } from "../../util/bytes.ts";
import type { WebSocketInstance } from "./index.ts";
import type { WebSockets } from "./websockets.ts";

/** As many connections as ws.dump shows. */
const SHOWN = 50;
const ID = [{ name: "id", kind: "int", optional: false }] as const;

function flowOf({ state }: WebSocketInstance, id: string | number | undefined): WsFlow {
  const flow = state.connections?.byId(Number(id)) ?? null;
  if (flow === null) throw new RpcError(500, "Unknown connection ID");
  return flow;
}

function send(self: WebSocketInstance, id: string | number | undefined, opcode: 9 | 10): null {
  if (!self.state.keepAlive(flowOf(self, id), opcode)) throw new RpcError(500, "Sending frame");
  return null;
}

// id_hash: in the order of ids, where Kamailio has that of its hash table; the README has used_desc begin with what was used last, Kamailio
// itself with what was used longest ago, and so does this.
function dump(state: WebSockets, order: string): RpcValue {
  const all = [...(state.connections?.all() ?? [])];
  if (order === "used_desc") all.sort((a, b) => a.lastUsed - b.lastUsed);
  else if (order === "used_asc") all.sort((a, b) => b.lastUsed - a.lastUsed);
  else if (order !== "id_hash") throw new RpcError(400, "Bad display order parameter");
  return {
    connections: all.slice(0, SHOWN).map((flow) => state.describe(flow)),
    info: { wscounter: Math.min(all.length, SHOWN), truncated: all.length > SHOWN ? "yes" : "no" },
  };
}

/** The commands of module websocket. */
export const commands: Readonly<Record<string, RpcDef<WebSocketInstance>>> = {
  "ws.dump": {
    doc: `The first ${SHOWN} connections; order: "id_hash", "used_desc" or "used_asc".`,
    args: [{ name: "order", kind: "str", optional: true }],
    run: ({ state }, [order]) => dump(state, String(order ?? "id_hash")),
  },
  "ws.close": {
    doc: "Starts the close handshake of a connection.",
    args: ID,
    run: (self, [id]) => {
      flowOf(self, id).closeWith(CloseCode.NORMAL, bytesOf(closeText(CloseCode.NORMAL)));
      return null;
    },
  },
  "ws.ping": { doc: "Sends a ping on a connection.", args: ID, run: (self, [id]) => send(self, id, Opcode.PING) },
  "ws.pong": { doc: "Sends a pong on a connection.", args: ID, run: (self, [id]) => send(self, id, Opcode.PONG) },
  "ws.enable": {
    doc: "Lets new connections be made, as is so from the start.",
    args: [],
    run: ({ state }) => {
      state.enabled = true;
      state.host.log.notice("WebSockets are enabled");
      return null;
    },
  },
  "ws.disable": {
    doc: "Answers all handshakes with 503 from now on; what is open stays.",
    args: [],
    run: ({ state }) => {
      state.enabled = false;
      state.host.log.notice("WebSockets are disabled: handshakes are answered with 503");
      return null;
    },
  },
};
