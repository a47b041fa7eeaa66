// Looking into the text of a message.

/** The first line. */
export function firstLine(message: string): string {
  return message.slice(0, message.indexOf("\r\n"));
}

/** The value of the first header of that name; null without one. */
export function headerOf(message: string, name: string): string | null {
  const prefix = `${name.toLowerCase()}:`;
  const line = message.split("\r\n").find((l) => l.toLowerCase().startsWith(prefix));
  return line === undefined ? null : line.slice(prefix.length).trim();
}
