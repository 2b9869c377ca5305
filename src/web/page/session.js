// Being in the chat: joining, coming back after a loss, and what is asked of the server.

import { Connection } from "./connection.js";
import { receive } from "./events.js";
import { LOBBY } from "./state.js";

/** How long a name may be held by one's own lost connection before the form comes back. */
const TAKEN_MS = 90_000;
/** JSON that the server takes as one message. */
const REQUEST_BYTES_MAX = 8192;
const UNCERTAIN = "The connection was lost before this was confirmed; it may not have arrived.";

export class Session {
  /** `out`, `joining` for the first time, `in`, or `lost` and on the way back. */
  phase = "out";
  /** Why it is not back yet, where that is worth telling. */
  trouble = "";
  #lastId = 0;
  /** What each request without an answer was about, by its id. */
  #waiting = new Map();
  #lostAt = 0;
  #takenSince = 0;

  /** `hooks`: `phase(error)` when it changed, `alert(conversation, entry)` for what concerns one. */
  constructor(state, url, hooks) {
    this.state = state;
    this.hooks = hooks;
    this.connection = new Connection(url, {
      open: () => this.connection.send({ type: "join", username: state.me }),
      receive: (event) => receive(this, event),
      close: () => this.#lost(),
    });
  }

  // --- Coming and going ---

  join(name) {
    this.state.setMe(name);
    this.#turn("joining");
    this.connection.start();
  }

  /** Comes back into rooms that one was in before the page was loaded again. */
  resume({ name, rooms, current }) {
    this.state.setMe(name);
    for (const room of rooms) this.state.room(room).isJoined = true;
    this.state.show(this.state.room(current ?? LOBBY));
    this.#lostAt = 0;
    this.#turn("lost");
    this.connection.start();
  }

  quit(words) {
    this.connection.send({ type: "quit", message: words || undefined });
    this.#out("");
    this.state.clear();
  }

  /** The server said welcome. */
  welcomed(users) {
    const { state } = this;
    const isBack = this.#lostAt > 0 || state.conversations.size > 0;
    this.#takenSince = 0;
    const lobby = state.room(LOBBY);
    const isLobbyLeft = isBack && !lobby.isJoined && this.#rooms().length > 0;
    if (!isLobbyLeft) lobby.isJoined = true;
    state.setMembers(lobby, users);
    if (isBack) this.#comeBack(isLobbyLeft);
    this.#lostAt = 0;
    state.show(state.current ?? lobby);
    this.#turn("in");
    this.ask({ type: "topic" }, { isQuiet: true });
    this.#sendQueued();
  }

  /** The name was refused, or the server lets nobody in. */
  refused(text) {
    const isTaken = /taken/i.test(text);
    if (this.phase === "joining") return this.#out(text);
    if (/banned|invalid/i.test(text)) return this.#out(text);
    this.#takenSince ||= Date.now();
    if (isTaken && Date.now() - this.#takenSince > TAKEN_MS) return this.#out(text);
    this.trouble = isTaken ? "Your name is still held by the lost connection." : text;
    this.connection.renew();
  }

  /** Put out: whoever was must ask to come in again. */
  kicked(reason) {
    this.#out(reason ? `You have been kicked: ${reason}` : "You have been kicked.");
  }

  /** Back to the form; what was said stays for the next join. */
  leaveForForm() {
    this.#out("");
  }

  #out(error) {
    this.connection.stop();
    this.#giveUpWaiting();
    if (this.phase === "in") this.#lostAt = Date.now();
    this.#takenSince = 0;
    this.#turn("out", error);
  }

  #lost() {
    if (this.phase === "joining") return this.#out("The server cannot be reached.");
    if (this.phase === "in") {
      this.#lostAt = Date.now();
      this.trouble = "";
    }
    this.#giveUpWaiting();
    this.#turn("lost");
  }

  #turn(phase, error = "") {
    this.phase = phase;
    if (phase !== "lost") this.trouble = "";
    this.hooks.phase(error);
    this.state.onchange();
  }

  #rooms() {
    return this.state.list().filter(({ kind, isJoined }) => kind === "room" && isJoined);
  }

  #comeBack(isLobbyLeft) {
    for (const conversation of this.state.list()) {
      if (this.#lostAt > 0) this.state.gap(conversation, this.#lostAt);
    }
    for (const room of this.#rooms()) {
      if (room.name !== LOBBY) this.enter(room.name, room.password, { isReturn: true });
    }
    if (isLobbyLeft) this.ask({ type: "leave_room", room: LOBBY }, { isQuiet: true });
  }

  // --- Asking ---

  /** Returns whether it was sent. What comes back is about `context`. */
  ask(request, context = {}) {
    this.#lastId += 1;
    const isSent = this.phase === "in" && this.connection.send({ ...request, id: this.#lastId });
    if (isSent) this.#waiting.set(this.#lastId, { conversation: this.state.current, ...context });
    return isSent;
  }

  /** What the answer with that id is about. */
  takeContext(id) {
    const context = this.#waiting.get(id);
    this.#waiting.delete(id);
    return context;
  }

  enter(room, key, context = {}) {
    const password = key || undefined;
    return this.ask({ type: "join_room", room, key: password }, { isEntering: true, password, ...context });
  }

  /** Leaves a room, or closes what one says with a person. */
  leave(conversation) {
    const { kind, name, isJoined } = conversation;
    if (kind === "person" || !isJoined) this.state.close(conversation);
    else this.ask({ type: "leave_room", room: name }, { isLeaving: true });
  }

  // --- Speaking ---

  say(conversation, text, isAction = false) {
    this.#deliver(conversation, this.state.say(conversation, text, isAction));
  }

  retry(conversation, entry) {
    this.state.remove(conversation, entry);
    this.say(conversation, entry.text, entry.isAction);
  }

  #deliver(conversation, entry) {
    const { text: message, isAction } = entry;
    const request =
      conversation.kind === "person"
        ? { type: "pm", to: conversation.name, message }
        : { type: isAction ? "me" : "chat", room: conversation.name, message };
    const bytes = new TextEncoder().encode(JSON.stringify(request)).length;
    if (bytes + 32 > REQUEST_BYTES_MAX) {
      this.state.change(entry, { state: "failed", why: "This is too long." });
      return;
    }
    const isSent = this.ask(request, { conversation, entry });
    this.state.change(entry, { isQueued: !isSent });
  }

  /** Sends what was written while there was no connection. */
  #sendQueued() {
    const queued = this.state.list().flatMap((conversation) =>
      conversation.entries
        .filter((entry) => entry.state === "pending" && entry.isQueued)
        .map((entry) => ({ conversation, entry })),
    );
    queued.sort((a, b) => a.entry.number - b.entry.number);
    for (const { conversation, entry } of queued) this.#deliver(conversation, entry);
  }

  /** No answer will come any more. What was said may have arrived: only the user may say it twice. */
  #giveUpWaiting() {
    for (const { entry } of this.#waiting.values()) {
      if (entry) this.state.change(entry, { state: "failed", why: UNCERTAIN });
    }
    this.#waiting.clear();
  }
}
