// A WebSocket that comes back: back-off with jitter, and an eye on whether the other end still lives.

const OPEN_MS = 10_000;
/** Silence after which the server is asked whether it is there, and how long it may take to answer. */
const SILENT_MS = 25_000;
const ANSWER_MS = 8_000;
/** The same after something was sent or the network changed. */
const HURRY_MS = 4_000;
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 30_000;
/** A connection that lasted this long was a good one: the next loss is met quickly again. */
const STABLE_MS = 10_000;

export class Connection {
  #url;
  #hooks;
  #socket = null;
  #failures = 0;
  #stableTimer = 0;
  #retryTimer = 0;
  #silenceTimer = 0;
  #isWanted = false;
  /** When the next attempt is made, in milliseconds since 1970; 0 while none is waited for. */
  retryAt = 0;

  /** `hooks`: `open()`, `receive(object)`, `close()`: each loss once, before the next attempt. */
  constructor(url, hooks) {
    this.#url = url;
    this.#hooks = hooks;
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.hurry());
  }

  start() {
    this.#isWanted = true;
    this.#failures = 0;
    this.#connect();
  }

  /** Ends it for good, until the next `start`. */
  stop() {
    this.#isWanted = false;
    clearTimeout(this.#retryTimer);
    this.retryAt = 0;
    this.#drop();
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Returns whether it could be handed to the network. */
  send(object) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(object));
    this.#listen(HURRY_MS);
    return true;
  }

  /** Something changed: tries now, or looks whether the other end is still there. */
  hurry() {
    if (this.retryAt > 0) this.#connect();
    else if (this.isOpen) this.#probe(HURRY_MS);
  }

  /** Leaves this connection for a new one, after the usual wait. */
  renew() {
    this.#lose();
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.retryAt = 0;
    this.#drop();
    const socket = new WebSocket(this.#url, "hubbub.json");
    this.#socket = socket;
    this.#silenceTimer = setTimeout(() => this.#lose(), OPEN_MS);
    socket.onopen = () => {
      this.#stableTimer = setTimeout(() => (this.#failures = 0), STABLE_MS);
      this.#listen(SILENT_MS);
      this.#hooks.open();
    };
    socket.onmessage = ({ data }) => {
      this.#listen(SILENT_MS);
      this.#hooks.receive(JSON.parse(data));
    };
    socket.onclose = () => this.#lose();
  }

  /** Waits for the next sign of life. */
  #listen(ms) {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#probe(ANSWER_MS), ms);
  }

  #probe(ms) {
    this.#socket.send('{"type":"ping"}');
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#lose(), ms);
  }

  #lose() {
    this.#drop();
    if (!this.#isWanted) return;
    const wait = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures);
    // Half of it is chance, so that a restarted server does not meet everyone in one moment.
    const ms = wait * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.retryAt = Date.now() + ms;
    this.#retryTimer = setTimeout(() => this.#connect(), ms);
    this.#hooks.close();
  }

  /** Forgets the socket at once: the closing handshake of a dead one may take minutes. */
  #drop() {
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#stableTimer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }
}
