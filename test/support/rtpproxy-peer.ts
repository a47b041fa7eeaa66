// A relay for tests that speaks rtpproxy's protocol: keeps what it is asked, and gives out ports.

/** One relay. `answer` takes a datagram and gives the one to send back. */
export class RtpProxyPeer {
  readonly asked: string[] = [];
  silent = false;
  private port = 20_000;

  answer(datagram: string): string | null {
    const space = datagram.indexOf(" ");
    const command = datagram.slice(space + 1);
    this.asked.push(command);
    return this.silent || space < 0 ? null : `${datagram.slice(0, space)} ${this.say(command)}\n`;
  }

  private say(command: string): string {
    if (command.startsWith("VF")) return "1";
    if (command.startsWith("V")) return "20040107";
    if (command.includes("refused")) return "E8";
    if (command.includes("bare")) return "30000";
    if (command.includes("newer")) return "30000 2001:db8::9 6";
    if (/^[UL]/.test(command)) return `${(this.port += 2)} 203.0.113.9`;
    return command.startsWith("Q") ? "60 20000 20002 10 20" : "0";
  }

  /** What it was asked since the last time, questions for its version left out. */
  taken(): string[] {
    this.port = 20_000;
    return this.asked.splice(0).filter((command) => !command.startsWith("V"));
  }
}
