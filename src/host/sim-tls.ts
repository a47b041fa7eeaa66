// TLS of the simulated network: no bytes are encrypted, but certificates are looked at, and both ends learn what they have agreed on.

import { chainProblem, readCertificates, readRevocations } from "./certificates.ts";
import type { SocketAddress } from "./host.ts";
import {
  cipherBits,
  PeerRule,
  refusalOf,
  type TlsAcceptor,
  type TlsContext,
  type TlsDialer,
  type TlsDomain,
  type TlsInfo,
} from "./tls.ts";

const CIPHER = "TLS_AES_256_GCM_SHA384";

/** What both ends of a connection get; null for both without TLS, and a text when it fails. */
export function simHandshake(
  dialer: TlsDialer | undefined,
  acceptor: TlsAcceptor | undefined,
  remote: SocketAddress,
  local: SocketAddress,
): { readonly client: TlsInfo | null; readonly server: TlsInfo | null } | string {
  if (dialer === undefined && acceptor === undefined) return { client: null, server: null };
  if (dialer === undefined || acceptor === undefined) return "only one end speaks TLS";
  const { serverName } = dialer;
  const serving = acceptor.domains.serving(local, serverName);
  if (serving.context.own === null) return "the server has no certificate";
  const client = infoOf(dialer.domain, serving.context, serverName);
  const server = infoOf(serving, serving.peer === PeerRule.NONE ? null : dialer.domain.context, serverName);
  const refusal = refusalOf(server, true);
  if (refusal !== null) acceptor.onFailure(remote, local, refusal);
  return refusal ?? refusalOf(client, false) ?? { client, server };
}

function infoOf(domain: TlsDomain, far: TlsContext | null, serverName: string | null): TlsInfo {
  const peer = far?.own ?? null;
  const { settings } = domain.context;
  const authorities = readCertificates(settings.authorities);
  const chain = readCertificates(far?.settings.certificate ?? "").map((c) => new Uint8Array(c.raw));
  const lists = readRevocations(settings.revoked, authorities);
  const problem = peer === null ? null : chainProblem(chain, authorities, lists, settings.depth, Date.now());
  const verified = peer !== null && problem === null;
  return { version: "TLSv1.3", cipher: CIPHER, bits: cipherBits(CIPHER), serverName, peer, domain, verified, problem };
}
