// Commands presence.*.

import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { type PresenceInstance, refresh, update } from "./functions.ts";
import { joined } from "./notifier.ts";
import type { Publication } from "./publications.ts";

/** The most publications a command lists. */
const MAX_LISTED = 1000;

const text = (name: string, optional = false) => ({ name, kind: "str", optional }) as const;
const number = (name: string) => ({ name, kind: "int", optional: false }) as const;

function shown(p: Publication, isFull: boolean): RpcValue {
  const pres = {
    user: p.user,
    domain: p.domain,
    uri: `sip:${joined(p.user, p.domain)}`,
    event: p.event,
    etag: p.etag,
    sender: p.sender,
    expires: p.expires,
    received: p.received,
  };
  return isFull ? { ...pres, priority: p.priority, body: p.body } : pres;
}

async function listed({ presence }: PresenceInstance, mode: string): Promise<RpcValue> {
  return (await presence.publications.all(MAX_LISTED)).map((p) => shown(p, mode === "full"));
}

export const commands: Readonly<Record<string, RpcDef<PresenceInstance>>> = {
  "presence.cleanup": {
    doc: "Takes away what is out of date, and writes subscriptions that wait for the timer.",
    args: [],
    run: async ({ presence }) => {
      presence.store?.flush();
      await presence.clean();
      return "Reload OK";
    },
  },
  "presence.refreshWatchers": {
    doc: "Tells the watchers of a presentity again: type 0 after rules have changed, 1 and 2 after what is published has.",
    args: [text("uri"), text("event"), number("type"), text("file_uri", true), text("filename", true)],
    run: async ({ presence }, [uri, event, kind]) => {
      if (await refresh(presence, String(uri), String(event), Number(kind))) return null;
      throw new RpcError(500, "Execution failed");
    },
  },
  "presence.updateWatchers": {
    doc: "Asks the rules about the watchers of a presentity again.",
    args: [text("uri"), text("event")],
    run: async ({ presence }, [uri, event]) => {
      if (await update(presence, String(uri), String(event))) return null;
      throw new RpcError(500, "Processing error");
    },
  },
  "presence.presentity_list": {
    doc: 'What is published; with "full" the documents too.',
    args: [text("mode", true)],
    run: (self, [mode]) => listed(self, String(mode ?? "")),
  },
};
