// Which bindings came over which connection, for those that go when their connection does (handle_lost_tcp).

import type { Contact } from "./contact.ts";

/** Bindings by the id of their flow. */
export class FlowIndex {
  private readonly byFlow = new Map<number, Set<Contact>>();
  /** Where each binding stands in it: its flow may have changed since. */
  private readonly places = new Map<Contact, number>();

  /** A binding is new or has changed. */
  put(contact: Contact): void {
    const before = this.places.get(contact) ?? 0;
    if (before === contact.flowId) return;
    this.forget(contact);
    if (contact.flowId === 0) return;
    const at = this.byFlow.get(contact.flowId);
    if (at === undefined) this.byFlow.set(contact.flowId, new Set([contact]));
    else at.add(contact);
    this.places.set(contact, contact.flowId);
  }

  /** A binding has gone. */
  forget(contact: Contact): void {
    const flow = this.places.get(contact);
    if (flow === undefined) return;
    this.places.delete(contact);
    const at = this.byFlow.get(flow);
    at?.delete(contact);
    if (at?.size === 0) this.byFlow.delete(flow);
  }

  /** The bindings of a flow. */
  of(flow: number): readonly Contact[] {
    return [...(this.byFlow.get(flow) ?? [])];
  }
}
