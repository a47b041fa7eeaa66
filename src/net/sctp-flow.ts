// One SCTP association as a flow. With retries (sctp_send_retries) it outlives the association: what that could not send goes by a new one.
import { HostError, type SocketAddress } from "../host/host.ts";
import type { SctpAssociation } from "../host/sctp.ts";
import { Transport } from "../sip/transports.ts";
import { FlowStage, nextFlowId } from "./flow.ts";
import type { StreamFlow } from "./flows.ts";
import type { SctpListener, SctpTransport } from "./sctp.ts";
import { Settling } from "./settling.ts";

/** Bytes of messages that wait for a new association. */
const MAX_UNSENT = 1 << 20;

interface Unsent {
  readonly message: Uint8Array;
  readonly retries: number;
}

/** The flow. */
export class SctpFlow implements StreamFlow {
  readonly protocol: number = Transport.SCTP;
  readonly reliable = true;
  readonly id = nextFlowId();
  readonly listener: SctpListener;
  readonly remote: SocketAddress;
  readonly dialled: boolean;
  /** A message is whole when it is there. */
  readonly partialSince = 0;
  /** One that a peer has opened and that has said nothing gives way first when there are too many. */
  spoke = true;
  open = true;
  lastActive: number;
  stage: FlowStage = FlowStage.CONNECTING;
  readonly #transport: SctpTransport;
  #association: SctpAssociation | null = null;
  #settling: Settling | null = null;
  #unsent: Unsent[] = [];
  #unsentBytes = 0;

  constructor(transport: SctpTransport, listener: SctpListener, remote: SocketAddress, dialled: boolean) {
    this.#transport = transport;
    this.listener = listener;
    this.remote = remote;
    this.dialled = dialled;
    this.lastActive = transport.host.clock.mono();
  }

  get local(): SocketAddress {
    return this.listener.local;
  }

  /** A peer has opened it. */
  accepted(association: SctpAssociation): void {
    association.attachment = this;
    this.#association = association;
    this.stage = FlowStage.CONNECTED;
    this.spoke = false;
  }

  /** We open it: who wants to send is told soon whether that was refused. False when that address cannot be reached from here. */
  connect(): boolean {
    const association = this.listener.open ? this.listener.socket.associate(this.remote) : null;
    if (association === null) return false;
    association.attachment = this;
    this.#association = association;
    this.stage = FlowStage.CONNECTING;
    if (this.settling === null) this.#settling = new Settling(this.#transport.host.clock);
    return true;
  }

  get settling(): Promise<void> | null {
    return this.#settling === null ? null : this.#settling.promise;
  }

  onOpen(): void {
    this.stage = FlowStage.CONNECTED;
    this.#settling?.end();
  }

  send(buf: Uint8Array, start: number, end: number): boolean {
    const { rules, wire } = this.#transport;
    const other = wire.outgoing?.(buf, start, end, this) ?? null;
    if (other !== null) return this.#send(other, 0, other.length, rules.send_retries);
    return this.#send(buf, start, end, rules.send_retries);
  }

  #send(buf: Uint8Array, start: number, end: number, retries: number): boolean {
    const association = this.#association;
    if (!this.open || association === null) return false;
    this.lastActive = this.#transport.host.clock.mono();
    return this.listener.socket.send(association, buf, start, end, retries);
  }

  get repliesElsewhere(): boolean {
    return this.#transport.rules.assoc_reuse === 0;
  }

  get queued(): number {
    return this.#association?.queued ?? 0;
  }

  /** The system gives up by itself what does not get through. */
  isStuck(): boolean {
    return false;
  }

  onMessage(buf: Uint8Array, start: number, end: number): void {
    this.lastActive = this.#transport.host.clock.mono();
    this.spoke = true;
    if (this.open) this.#transport.receive(buf, start, end, this);
  }

  onUnsent(message: Uint8Array, retries: number): void {
    if (retries > 0 && this.#unsentBytes + message.length <= MAX_UNSENT) {
      this.#unsent.push({ message, retries: retries - 1 });
      this.#unsentBytes += message.length;
      if (this.#unsent.length === 1) this.#transport.host.clock.soon(() => this.#again());
    } else if (this.open)
      this.#transport.host.clock.soon(() => {
        // when the association has gone too, that has been told
        if (this.open) this.#transport.unsent(this, new HostError("ETIMEDOUT", "a message was given up: ETIMEDOUT"));
      });
  }

  // What could not be sent, by the association that is there, which may be a new one.
  #again(): void {
    const unsent = this.#takeUnsent();
    for (const { message, retries } of unsent) this.#send(message, 0, message.length, retries);
  }

  #takeUnsent(): Unsent[] {
    const unsent = this.#unsent;
    this.#unsent = [];
    this.#unsentBytes = 0;
    return unsent;
  }

  onClose(error: HostError | null): void {
    this.#association = null;
    if (this.open && this.#unsent.length > 0 && this.connect()) return;
    this.#gone(error);
  }

  close(): void {
    this.#end(false);
  }

  finish(): void {
    this.stage = FlowStage.FINISHED;
    this.#end(false);
  }

  fail(error: HostError): void {
    this.#end(true, error);
  }

  #end(abort: boolean, error: HostError | null = null): void {
    if (!this.open) return;
    const association = this.#association;
    this.#association = null;
    if (association !== null) this.listener.socket.end(association, abort);
    this.#gone(error);
  }

  #gone(error: HostError | null): void {
    if (!this.open) return;
    this.open = false;
    this.#takeUnsent();
    this.#settling?.end();
    this.#transport.gone(this, error);
  }
}
