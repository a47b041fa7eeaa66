// The permissions.* commands. Kamailio writes lists as structs whose names repeat, which no reader of JSON takes; here they are lists.

import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import type { AddressRow } from "./addresses.ts";
import { filesByName, mayPass } from "./functions.ts";
import { Backend, type Permissions } from "./state.ts";
import { shown } from "./trusted.ts";

type Command = RpcDef<Permissions>;

async function reload(self: Permissions, load: () => Promise<void>): Promise<RpcValue> {
  if (!self.mayReload()) throw new RpcError(500, "ongoing reload");
  try {
    await load();
  } catch (error) {
    self.host.log.error(error instanceof Error ? error.message : String(error));
    throw new RpcError(500, "Reload failed");
  }
  return "Reload OK";
}

const rowsOf = (map: ReadonlyMap<string, readonly AddressRow[]>): AddressRow[] => [...map.values()].flat();

function addressDump(self: Permissions): RpcValue {
  return rowsOf(self.addresses.hosts).map(({ group, address, port, tag }) => ({
    table: 0,
    group,
    item: { ip: address, port, tag: tag ?? "NULL" },
  }));
}

function subnetDump(self: Permissions): RpcValue {
  return self.addresses.networks.map(({ group, address, mask, port, tag }, id) => ({
    id,
    group,
    item: { ip: address, mask, port, tag: tag ?? "NULL" },
  }));
}

function domainDump(self: Permissions): RpcValue {
  return rowsOf(self.addresses.names).map(({ group, address, port, tag }) => ({
    table: 0,
    group,
    item: { domain_name: address, port, tag: tag ?? "NULL" },
  }));
}

function trustedDump(self: Permissions): RpcValue {
  return [...self.peers.bySource.values()].flat().map((peer) => ({ table: 0, item: shown(peer) }));
}

const testUri: Command = {
  doc: "Whether the files of a name allow the pair of a From URI and a destination.",
  args: [
    { name: "basename", kind: "str", optional: false },
    { name: "URI", kind: "str", optional: false },
    { name: "contact", kind: "str", optional: false },
  ],
  run: (self, [name, uri, contact]) =>
    mayPass(filesByName(self, String(name)), String(uri), [String(contact)]) ? "Allowed" : "Denied",
};

/** The commands by name. */
export const commands: Readonly<Record<string, Command>> = {
  "permissions.addressReload": {
    doc: "Reads the addresses anew.",
    args: [],
    run: (self) => {
      const { url, addressFile, backends } = self.settings;
      if ((backends & Backend.ADDRESS) === 0 || (url === "" && addressFile === ""))
        throw new RpcError(500, "Reload failed");
      return reload(self, () => self.loadAddresses());
    },
  },
  "permissions.addressDump": { doc: "The single addresses.", args: [], run: addressDump },
  "permissions.subnetDump": { doc: "The networks.", args: [], run: subnetDump },
  "permissions.domainDump": { doc: "The names.", args: [], run: domainDump },
  "permissions.trustedReload": {
    doc: "Reads the trusted peers anew.",
    args: [],
    run: (self) => {
      const { url, cached, backends } = self.settings;
      if ((backends & Backend.TRUSTED) === 0 || url === "" || !cached) throw new RpcError(500, "Reload failed");
      return reload(self, () => self.loadPeers());
    },
  },
  "permissions.trustedDump": { doc: "The trusted peers that are in memory.", args: [], run: trustedDump },
  "permissions.testUri": testUri,
  "permissions.allowUri": testUri,
};
