// The control socket that every server has in its data directory, for `portico ctl`: for its own user only, and without module ctl.

import { type Host, HostError } from "../host/host.ts";
import type { Commands } from "../registry/commands.ts";
import { MAX_QUEUE, RpcConnections } from "../registry/rpc/server.ts";
import { Level, type Log } from "../util/log.ts";

/** Its name in the data directory. */
export const OWN_SOCKET = "control.sock";
/** Where module ctl listens without parameters. */
export const USUAL_SOCKET = "/run/kamailio/kamailio_ctl";

/** Opens it; a server serves also without. Returns what closes it. */
export async function openControlSocket(
  host: Host,
  commands: Commands,
  directory: string,
  log: Log,
): Promise<() => void> {
  const path = host.files.resolve(directory, OWN_SOCKET);
  const connections = new RpcConnections({ commands, onFault: (text) => log.write(Level.BUG, text) });
  try {
    if (!host.files.exists(directory)) host.files.makeDirectory(directory, 0o700);
    const door = await host.network.listenUnix({
      path,
      mode: 0o600,
      maxQueue: MAX_QUEUE,
      onConnection: (connection) => connections.take(connection),
    });
    return () => door.close();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    if (error.code === "EADDRINUSE") log.info(`no control socket: ${path} is another server's; --data separates them`);
    else log.notice(`no control socket: ${error.message}`);
    return () => {};
  }
}
