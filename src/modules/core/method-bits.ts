// Methods as the bits Kamailio gives them in scripts ($rmid, methods_filter).

/** Methods and their bits. */
export const METHOD_BITS: Readonly<Record<string, number>> = {
  INVITE: 1,
  CANCEL: 2,
  ACK: 4,
  BYE: 8,
  INFO: 16,
  REGISTER: 32,
  SUBSCRIBE: 64,
  NOTIFY: 128,
  MESSAGE: 256,
  OPTIONS: 512,
  PRACK: 1024,
  UPDATE: 2048,
  REFER: 4096,
  PUBLISH: 8192,
  KDMQ: 16384,
  GET: 32768,
  POST: 65536,
  PUT: 131072,
  DELETE: 262144,
};

/** The bit of a method in Kamailio's numbering; 524288 for any other. */
export function kamailioMethodBit(method: string): number {
  return METHOD_BITS[method] ?? 524288;
}
