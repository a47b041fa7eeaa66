// The four machines against the tables of RFC 3261 figures 5 to 8 and RFC 6026 7: every state and input, written out.

import { describe, expect, test } from "vitest";
import { Client, client } from "./client.ts";
import { InviteClient, inviteClient } from "./invite-client.ts";
import { InviteServer, inviteServer } from "./invite-server.ts";
import { ClientInput, Do, ServerInput, stateOf } from "./machine.ts";
import { Server, server } from "./server.ts";

type Row = readonly [state: number, input: number, next: number, actions: number];

function holds(machine: (state: number, input: number) => number, rows: readonly Row[]): void {
  for (const [state, input, next, actions] of rows) {
    const answer = machine(state, input);
    expect([state, input, stateOf(answer), answer & ~7]).toEqual([state, input, next, actions]);
  }
}

const { PROVISIONAL, SUCCESS, FAILURE, RETRANSMIT, TIMEOUT, TRANSPORT } = ClientInput;

describe("inviteClient", () => {
  const { CALLING, PROCEEDING, COMPLETED, ACCEPTED, TERMINATED } = InviteClient;
  test("Calling: repeats by timer A, gives up by timer B", () => {
    holds(inviteClient, [
      [CALLING, PROVISIONAL, PROCEEDING, Do.PASS | Do.STOP | Do.EXTEND],
      [CALLING, SUCCESS, ACCEPTED, Do.PASS | Do.STOP],
      [CALLING, FAILURE, COMPLETED, Do.ACK | Do.PASS | Do.STOP],
      [CALLING, RETRANSMIT, CALLING, Do.SEND],
      [CALLING, TIMEOUT, COMPLETED, Do.TIMED_OUT | Do.STOP],
      [CALLING, TRANSPORT, TERMINATED, Do.FAILED | Do.STOP],
    ]);
  });
  test("Proceeding: never repeats, timer C cancels", () => {
    holds(inviteClient, [
      [PROCEEDING, PROVISIONAL, PROCEEDING, Do.PASS | Do.EXTEND],
      [PROCEEDING, SUCCESS, ACCEPTED, Do.PASS | Do.STOP],
      [PROCEEDING, FAILURE, COMPLETED, Do.ACK | Do.PASS | Do.STOP],
      [PROCEEDING, RETRANSMIT, PROCEEDING, 0],
      [PROCEEDING, TIMEOUT, COMPLETED, Do.TIMED_OUT | Do.CANCEL | Do.STOP],
      [PROCEEDING, TRANSPORT, PROCEEDING, 0],
    ]);
  });
  test("Completed: acknowledges each repetition, and lets a late 2xx pass", () => {
    holds(inviteClient, [
      [COMPLETED, PROVISIONAL, COMPLETED, 0],
      [COMPLETED, SUCCESS, ACCEPTED, Do.PASS],
      [COMPLETED, FAILURE, COMPLETED, Do.ACK],
      [COMPLETED, RETRANSMIT, COMPLETED, 0],
      [COMPLETED, TIMEOUT, COMPLETED, 0],
      [COMPLETED, TRANSPORT, TERMINATED, 0],
    ]);
  });
  test("Accepted (RFC 6026): every 2xx passes, nothing else", () => {
    holds(inviteClient, [
      [ACCEPTED, PROVISIONAL, ACCEPTED, 0],
      [ACCEPTED, SUCCESS, ACCEPTED, Do.PASS],
      [ACCEPTED, FAILURE, ACCEPTED, 0],
      [ACCEPTED, TIMEOUT, ACCEPTED, 0],
    ]);
  });
  test("Terminated: nothing", () => {
    for (let input = 0; input < 6; input++) expect(inviteClient(TERMINATED, input)).toBe(TERMINATED);
  });
});

describe("client", () => {
  const { TRYING, PROCEEDING, COMPLETED, TERMINATED } = Client;
  test("Trying and Proceeding repeat by timer E, at T2 once a provisional reply came", () => {
    holds(client, [
      [TRYING, PROVISIONAL, PROCEEDING, Do.PASS | Do.SLOW],
      [TRYING, SUCCESS, COMPLETED, Do.PASS | Do.STOP],
      [TRYING, FAILURE, COMPLETED, Do.PASS | Do.STOP],
      [TRYING, RETRANSMIT, TRYING, Do.SEND],
      [TRYING, TIMEOUT, TERMINATED, Do.TIMED_OUT | Do.STOP],
      [TRYING, TRANSPORT, TERMINATED, Do.FAILED | Do.STOP],
      [PROCEEDING, PROVISIONAL, PROCEEDING, Do.PASS | Do.SLOW],
      [PROCEEDING, SUCCESS, COMPLETED, Do.PASS | Do.STOP],
      [PROCEEDING, FAILURE, COMPLETED, Do.PASS | Do.STOP],
      [PROCEEDING, RETRANSMIT, PROCEEDING, Do.SEND | Do.SLOW],
      [PROCEEDING, TIMEOUT, TERMINATED, Do.TIMED_OUT | Do.STOP],
    ]);
  });
  test("Completed absorbs", () => {
    for (let input = 0; input < 6; input++) expect(client(COMPLETED, input)).toBe(COMPLETED);
  });
});

describe("inviteServer", () => {
  const { PROCEEDING, COMPLETED, CONFIRMED, ACCEPTED, TERMINATED } = InviteServer;
  const { REQUEST, ACK, PROVISIONAL, SUCCESS, FAILURE, RETRANSMIT, GIVE_UP } = ServerInput;
  test("Proceeding: repeats the last provisional reply when asked again", () => {
    holds(inviteServer, [
      [PROCEEDING, REQUEST, PROCEEDING, Do.RESEND],
      [PROCEEDING, ACK, PROCEEDING, 0],
      [PROCEEDING, PROVISIONAL, PROCEEDING, Do.SEND | Do.KEEP],
      [PROCEEDING, SUCCESS, ACCEPTED, Do.SEND],
      [PROCEEDING, FAILURE, COMPLETED, Do.SEND | Do.KEEP | Do.REPEAT],
    ]);
  });
  test("Completed: repeats the failure until the ACK, or until timer H", () => {
    holds(inviteServer, [
      [COMPLETED, REQUEST, COMPLETED, Do.RESEND],
      [COMPLETED, RETRANSMIT, COMPLETED, Do.RESEND],
      [COMPLETED, ACK, CONFIRMED, Do.STOP],
      [COMPLETED, GIVE_UP, TERMINATED, Do.STOP],
      [COMPLETED, FAILURE, COMPLETED, 0],
      [COMPLETED, PROVISIONAL, COMPLETED, 0],
    ]);
  });
  test("Confirmed: absorbs ACKs", () => {
    holds(inviteServer, [
      [CONFIRMED, ACK, CONFIRMED, 0],
      [CONFIRMED, REQUEST, CONFIRMED, 0],
      [CONFIRMED, RETRANSMIT, CONFIRMED, 0],
    ]);
  });
  test("Accepted (RFC 6026): absorbs the request, passes every 2xx and ACK", () => {
    holds(inviteServer, [
      [ACCEPTED, REQUEST, ACCEPTED, 0],
      [ACCEPTED, ACK, ACCEPTED, Do.PASS],
      [ACCEPTED, SUCCESS, ACCEPTED, Do.SEND],
      [ACCEPTED, FAILURE, ACCEPTED, 0],
      [ACCEPTED, PROVISIONAL, ACCEPTED, 0],
    ]);
  });
  test("a late 2xx passes in every state (RFC 3261 16.7, step 5)", () => {
    for (const state of Object.values(InviteServer)) expect(inviteServer(state, SUCCESS) & Do.SEND).toBe(Do.SEND);
  });
});

describe("server", () => {
  const { TRYING, PROCEEDING, COMPLETED } = Server;
  const { REQUEST, PROVISIONAL, SUCCESS, FAILURE } = ServerInput;
  test("repeats what it has when asked again, and sends one final reply only", () => {
    holds(server, [
      [TRYING, REQUEST, TRYING, 0],
      [TRYING, PROVISIONAL, PROCEEDING, Do.SEND | Do.KEEP],
      [TRYING, SUCCESS, COMPLETED, Do.SEND | Do.KEEP],
      [TRYING, FAILURE, COMPLETED, Do.SEND | Do.KEEP],
      [PROCEEDING, REQUEST, PROCEEDING, Do.RESEND],
      [PROCEEDING, PROVISIONAL, PROCEEDING, Do.SEND | Do.KEEP],
      [PROCEEDING, FAILURE, COMPLETED, Do.SEND | Do.KEEP],
      [COMPLETED, REQUEST, COMPLETED, Do.RESEND],
      [COMPLETED, SUCCESS, COMPLETED, 0],
      [COMPLETED, FAILURE, COMPLETED, 0],
      [COMPLETED, PROVISIONAL, COMPLETED, 0],
    ]);
  });
});
