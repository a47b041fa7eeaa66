// Watcher information (RFC 3857, RFC 3858): who watches, as a document for the one who is watched.

import { STATUS_NAMES } from "./event-package.ts";

/** A watcher as the document shows it. */
export interface WatcherEntry {
  readonly id: string;
  readonly uri: string;
  readonly status: number;
}

/** The document. Texts are byte strings, and so is it. */
export function watcherInfo(
  resource: string,
  event: string,
  version: number,
  isFull: boolean,
  watchers: readonly WatcherEntry[],
): string {
  const list = watchers.map(
    ({ id, uri, status }) =>
      `    <watcher id="${escaped(id)}" event="subscribe" status="${STATUS_NAMES[status] ?? "pending"}">${escaped(uri)}</watcher>\n`,
  );
  const open = `<watcher-list resource="${escaped(resource)}" package="${escaped(event)}"`;
  const inner = list.length === 0 ? `  ${open}/>\n` : `  ${open}>\n${list.join("")}  </watcher-list>\n`;
  const state = isFull ? "full" : "partial";
  return `<?xml version="1.0"?>\n<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" version="${version}" state="${state}">\n${inner}</watcherinfo>\n`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
