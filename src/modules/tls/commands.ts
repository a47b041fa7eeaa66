// tls.list, tls.info, tls.options, tls.reload with the fields of Kamailio's, and tls.kill.

import { FlowStage } from "../../net/flow.ts";
import type { StreamFlow } from "../../net/flows.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { Transport } from "../../sip/transports.ts";
import { cipherDescription, timeText } from "../../util/certificate-text.ts";
import { profileName } from "./profile.ts";
import type { TlsState } from "./state.ts";

/** What the commands look at. */
export interface Commanded {
  readonly tls: TlsState;
  readonly host: ModuleHost;
  /** What tls.options shows of the parameters, in order. */
  readonly options: Readonly<Record<string, string | number | null>>;
}

function connections({ host }: Commanded): StreamFlow[] {
  return [...host.proxy.transports.streams()].filter(
    ({ protocol }) => protocol === Transport.TLS || protocol === Transport.WSS,
  );
}

function list(self: Commanded): RpcValue {
  return connections(self).map((flow) => {
    const { remote, local, tls } = flow;
    return {
      id: flow.id,
      timeout: Math.max(0, Math.ceil(self.host.proxy.transports.idleLeft(flow) / 1000)),
      src_ip: remote.address,
      src_port: remote.port,
      dst_ip: local.address,
      dst_port: local.port,
      cipher: tls ? cipherDescription(tls.cipher, tls.version).trimEnd() : "",
      ct_wq_size: flow.queued,
      enc_rd_buf: 0,
      flags: tls ? 2 : 0, // as Kamailio shows one that has shaken hands
      state: tls ? "established" : flow.stage === FlowStage.CONNECTING ? "connect" : "handshake",
    };
  });
}

function options({ tls, options: parameters }: Commanded): RpcValue {
  const certificates = tls.domains.all.map(({ profile, expires }) => ({
    domain: profileName(profile),
    server_name: profile.values.serverName ?? "",
    certificate: profile.values.certificate ?? (expires === null ? "" : "(made here)"),
    expires: expires === null ? "" : timeText(expires),
  }));
  return { ...parameters, certificates };
}

/** The commands. */
export const tlsCommands: Readonly<Record<string, RpcDef<Commanded>>> = {
  "tls.list": { doc: "The open connections with TLS.", args: [], run: list },
  "tls.info": {
    doc: "The most connections with TLS there may be, how many are open, what they have queued, and when the first certificate expires.",
    args: [],
    run: (self) => {
      const all = connections(self);
      const expiries = self.tls.domains.all.flatMap(({ expires }) => expires ?? []);
      return {
        max_connections: self.host.proxy.transports.maxTls,
        opened_connections: all.length,
        clear_text_write_queued_bytes: all.reduce((sum, { queued }) => sum + queued, 0),
        failed_handshakes: self.tls.failures,
        next_expiry: expiries.length === 0 ? "" : timeText(Math.min(...expiries)),
      };
    },
  },
  "tls.options": {
    doc: "The settings in force, and the certificates of all domains with their expiry.",
    args: [],
    run: options,
  },
  "tls.reload": {
    doc: "Reads tls.cfg, certificates, keys and lists again, for new connections. When something is wrong with them, nothing changes.",
    args: [],
    run: ({ tls, host }) => {
      if (!host.proxy.tlsEnabled) throw new RpcError(500, "TLS is off: write enable_tls=yes");
      const refused = tls.reload("tls.reload");
      if (refused !== null) throw new RpcError(500, `refused, the old goes on: ${refused}`);
      return "Ok. TLS configuration reloaded.";
    },
  },
  "tls.kill": {
    doc: "Closes a connection of tls.list.",
    args: [{ name: "id", kind: "int", optional: false }],
    run: (self, [id]) => {
      const flow = connections(self).find((f) => f.id === Number(id));
      if (flow === undefined) throw new RpcError(404, `no TLS connection ${id}`);
      flow.close();
      return null;
    },
  },
};
