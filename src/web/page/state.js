// What is known: who one is, the conversations, and what was said in them. Neither page nor network.

export const LOBBY = "lobby";

/** What a conversation keeps; older entries are forgotten. */
const ENTRIES_MAX = 2000;
/** Comings and goings that one line may fold. */
const FOLDED_MAX = 100;
/** Longest name that counts as a mention only with its `@`: "it" or "me" are words too. */
const SHORT_NAME = 2;

/** What names are compared by, as the server folds them. */
export const fold = (name) => name.toUpperCase().toLowerCase();

let lastNumber = 0;

/** A room, or what one says with one person. */
export class Conversation {
  constructor(kind, name) {
    this.kind = kind;
    this.name = name;
    this.topic = "";
    /** May one speak here? */
    this.isJoined = kind === "person";
    /** What the room wanted to be entered with. */
    this.password = undefined;
    /** Names by what they are compared by. */
    this.members = new Map();
    this.membersVersion = 0;
    /** Where members are only counted: how many, and not all of them are in `members`. */
    this.count = null;
    /** Ordered as the server has them; own ones that it has not confirmed stay behind them all. */
    this.entries = [];
    this.unread = 0;
    this.mentions = 0;
    /** The number of the first entry that was unread, until one leaves or answers. */
    this.unreadFrom = null;
    this.draft = "";
    /** What the log remembers of where one read. */
    this.place = null;
  }

  get label() {
    return this.kind === "room" ? `#${this.name}` : this.name;
  }

  get size() {
    return this.count ?? this.members.size;
  }
}

export class State {
  me = "";
  isOperator = false;
  /** By `#` or `@` and the folded name, in the order of coming. */
  conversations = new Map();
  current = null;
  /** Is what comes into the current conversation seen at once? */
  isWatching = () => true;
  onchange = () => {};
  #mention = null;

  setMe(name) {
    this.me = name;
    const sign = [...name].length > SHORT_NAME ? "@?" : "@";
    const pattern = `(?<![\\p{L}\\p{N}_])${sign}${name.replaceAll(".", "\\.")}(?![\\p{L}\\p{N}_])`;
    this.#mention = new RegExp(pattern, "giu");
    this.onchange();
  }

  isMe(name) {
    return fold(name) === fold(this.me);
  }

  /** Where one's own name stands in a text, as [from, to] pairs. */
  mentionsIn(text) {
    const found = this.#mention ? text.matchAll(this.#mention) : [];
    return Array.from(found, (match) => [match.index, match.index + match[0].length]);
  }

  find(kind, name) {
    return this.conversations.get(keyOf(kind, name));
  }

  room(name) {
    return this.#open("room", name);
  }

  person(name) {
    return this.#open("person", name);
  }

  #open(kind, name) {
    const key = keyOf(kind, name);
    if (!this.conversations.has(key)) {
      this.conversations.set(key, new Conversation(kind, name));
      this.onchange();
    }
    return this.conversations.get(key);
  }

  close(conversation) {
    const all = this.list();
    const at = all.indexOf(conversation);
    this.conversations.delete(keyOf(conversation.kind, conversation.name));
    if (this.current === conversation) {
      this.current = null;
      this.show(all[at - 1] ?? all[at + 1] ?? this.room(LOBBY));
    }
    this.onchange();
  }

  clear() {
    this.conversations.clear();
    this.current = null;
    this.isOperator = false;
  }

  /** As the side shows them: rooms, then people. */
  list() {
    const all = [...this.conversations.values()];
    const of = (kind) => all.filter((conversation) => conversation.kind === kind);
    return [...of("room"), ...of("person")];
  }

  show(conversation) {
    if (this.current !== conversation) {
      if (this.current) this.current.unreadFrom = null;
      this.current = conversation;
    }
    this.onchange();
  }

  markRead(conversation) {
    if (conversation.unread > 0) {
      conversation.unread = 0;
      conversation.mentions = 0;
      this.onchange();
    }
  }

  // --- What is said ---

  /** Adds what somebody else said, and returns it. */
  hear(conversation, { from, text, time, isAction }) {
    const isMention = this.mentionsIn(text).length > 0;
    const isOwn = this.isMe(from);
    const entry = this.#insert(conversation, {
      kind: "said", from, text, time, isAction, isMention, isOwn, state: isOwn ? "sent" : "",
    });
    if (!isOwn && !(conversation === this.current && this.isWatching())) {
      if (conversation.unread === 0) conversation.unreadFrom = entry.number;
      conversation.unread += 1;
      if (isMention || conversation.kind === "person") conversation.mentions += 1;
    }
    return entry;
  }

  /** Adds what one says oneself, not confirmed yet. */
  say(conversation, text, isAction) {
    const entry = newEntry({
      kind: "said", from: this.me, text, time: Date.now(), isAction, isOwn: true, state: "pending",
    });
    conversation.entries.push(entry);
    conversation.unreadFrom = null;
    this.#trim(conversation);
    this.onchange();
    return entry;
  }

  /** Changes what an entry is, and has it shown anew. */
  change(entry, values) {
    Object.assign(entry, values);
    entry.version += 1;
    this.onchange();
  }

  /** An own entry is certain now: it comes before those that still are not. */
  confirm(conversation, entry, time) {
    this.change(entry, { state: "sent", time: time ?? entry.time });
    const at = conversation.entries.indexOf(entry);
    if (at >= 0) {
      conversation.entries.splice(at, 1);
      conversation.entries.splice(this.#tail(conversation), 0, entry);
    }
  }

  remove(conversation, entry) {
    conversation.entries = conversation.entries.filter((other) => other !== entry);
    this.onchange();
  }

  notice(conversation, text, tone = "info") {
    return this.#insert(conversation, { kind: "notice", text, tone, time: Date.now() });
  }

  /** Here something may be missing since `from`. */
  gap(conversation, from) {
    const last = conversation.entries[this.#tail(conversation) - 1];
    if (!last) return;
    if (last.kind === "gap") this.change(last, { time: Date.now() });
    else this.#insert(conversation, { kind: "gap", from, time: Date.now() });
  }

  /** Where what is certain ends. */
  #tail({ entries }) {
    let at = entries.length;
    while (at > 0 && entries[at - 1].state === "pending") at -= 1;
    return at;
  }

  #insert(conversation, values) {
    const entry = newEntry(values);
    conversation.entries.splice(this.#tail(conversation), 0, entry);
    this.#trim(conversation);
    this.onchange();
    return entry;
  }

  #trim({ entries }) {
    if (entries.length > ENTRIES_MAX) entries.splice(0, entries.length - ENTRIES_MAX);
  }

  // --- Who is there ---

  setMembers(conversation, names) {
    conversation.members = new Map(names.map((name) => [fold(name), name]));
    if (conversation.count !== null) conversation.count = names.length;
    this.#membersChanged(conversation);
  }

  addMember(conversation, name) {
    conversation.members.set(fold(name), name);
    this.#membersChanged(conversation);
  }

  removeMember(conversation, name) {
    const wasThere = conversation.members.delete(fold(name));
    this.#membersChanged(conversation);
    return wasThere;
  }

  setCount(conversation, count) {
    conversation.count = count;
    this.#membersChanged(conversation);
  }

  rename(from, to) {
    if (this.isMe(from)) this.setMe(to);
    for (const conversation of this.list()) {
      if (conversation.members.delete(fold(from))) {
        this.addMember(conversation, to);
        this.fold(conversation, { name: from, did: "renamed", to });
      }
    }
    const person = this.find("person", from);
    if (person && (fold(from) === fold(to) || !this.find("person", to))) {
      this.conversations.delete(keyOf("person", from));
      person.name = to;
      this.conversations.set(keyOf("person", to), person);
      this.fold(person, { name: from, did: "renamed", to });
    }
    this.onchange();
  }

  #membersChanged(conversation) {
    conversation.membersVersion += 1;
    this.onchange();
  }

  /** Notes a coming or going, in one line with those right before it. */
  fold(conversation, change) {
    change.time ??= Date.now();
    const last = conversation.entries[this.#tail(conversation) - 1];
    if (last?.kind === "presence" && last.changes.length < FOLDED_MAX) {
      last.changes.push(change);
      this.change(last, {});
    } else {
      this.#insert(conversation, { kind: "presence", changes: [change], time: change.time });
    }
  }
}

function keyOf(kind, name) {
  return (kind === "room" ? "#" : "@") + fold(name);
}

function newEntry(values) {
  lastNumber += 1;
  return { number: lastNumber, version: 0, ...values };
}
