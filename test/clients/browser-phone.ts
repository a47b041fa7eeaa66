// A page with a JsSIP telephone in the browser: what happens is noted in `notes`, the call is `session`.

/** To be evaluated after JsSIP; then `begin(url, uri, password)` registers. */
export const BROWSER_PHONE = `
globalThis.notes = [];
globalThis.note = (text) => notes.push(text);
globalThis.begin = (url, uri, password) => {
  const ua = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(url)], uri, password, register: true, session_timers: false });
  for (const name of ["connected", "disconnected", "registered", "unregistered", "registrationFailed"])
    ua.on(name, () => note(name));
  ua.on("newRTCSession", ({ originator, session }) => {
    globalThis.session = session;
    note("session " + originator);
    for (const name of ["progress", "accepted", "confirmed", "ended", "failed", "getusermediafailed", "peerconnection:setremotedescriptionfailed"])
      session.on(name, (e) => note(name + (e && e.cause ? " " + e.cause : "") + (typeof e === "string" ? " " + e : "")));
  });
  globalThis.ua = ua;
  ua.start();
};
globalThis.audio = async () => {
  const found = {};
  for (const s of (await session.connection.getStats()).values()) {
    if (s.type === "inbound-rtp" && s.kind === "audio") found.received = s.packetsReceived;
    if (s.type === "outbound-rtp" && s.kind === "audio") found.sent = s.packetsSent;
    if (s.type === "transport") found.dtls = s.dtlsState;
    if (s.type === "codec" && s.mimeType === "audio/PCMA") found.codec = s.mimeType;
  }
  return found;
};
`;
