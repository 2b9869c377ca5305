// What is known: the talks, who is there, and what was said.

export const LOBBY = "lobby";
/** What a talk keeps; what one line of coming and going folds. */
const ENTRIES_MAX = 2000;
const FOLDED_MAX = 100;

export const state = {
	me: "",
	isOperator: false,
	/** Rooms, then people. */
	talks: [],
	current: null,
	/** Those of the server: name and hint each. */
	roomsThere: [],
};

/** What names are compared by, as the server folds them. */
export const fold = (name) => name.toUpperCase().toLowerCase();
export const isMe = (name) => fold(name) === fold(state.me);
export const rooms = () => state.talks.filter(({ kind }) => kind === "room");
export const people = () => state.talks.filter(({ kind }) => kind === "person");
export const find = (kind, name) => state.talks.find((talk) => talk.is(kind, name));

let lastNumber = 0;

/** A room, or what one says with one person. */
class Talk {
	topic = "";
	/** By the folded name; another Map after each change. */
	members = new Map();
	/** How many they are where they are only counted. */
	count = null;
	/** As the server has them; own ones that it has not confirmed stay behind them all. */
	entries = [];
	unread = 0;
	mentions = 0;
	/** The first entry that was unread, until one goes elsewhere or answers. */
	firstUnread = null;
	draft = "";

	constructor(kind, name) {
		Object.assign(this, { kind, name, isJoined: kind === "person" });
	}

	get label() {
		return (this.kind === "room" ? "#" : "") + this.name;
	}

	is(kind, name) {
		return this.kind === kind && fold(this.name) === fold(name);
	}

	/** Puts an entry where it belongs now. */
	put(entry) {
		this.remove(entry);
		this.entries.splice(entry.state === "pending" ? this.entries.length : this.#certain(), 0, entry);
		if (this.entries.length > ENTRIES_MAX) this.entries.shift();
		return entry;
	}

	add(values) {
		return this.put({ number: ++lastNumber, time: Date.now(), ...values });
	}

	remove(entry) {
		const at = this.entries.lastIndexOf(entry);
		if (at >= 0) this.entries.splice(at, 1);
	}

	notice(text, tone = "") {
		this.add({ kind: "notice", text, tone });
	}

	/** Folds a coming or going into one line with those right before it. */
	note(change) {
		const last = this.entries[this.#certain() - 1];
		if (last?.kind === "presence" && last.changes.length < FOLDED_MAX) last.changes.push(change);
		else this.add({ kind: "presence", changes: [change], time: change.time });
	}

	/** Here something may be missing. */
	gap(since) {
		const last = this.entries[this.#certain() - 1];
		if (last?.kind === "gap") last.time = Date.now();
		else if (last) this.add({ kind: "gap", since });
	}

	#certain() {
		return this.entries.findLastIndex((entry) => entry.state !== "pending") + 1;
	}

	setMembers(names) {
		this.members = new Map(names.map((name) => [fold(name), name]));
		this.count = null;
	}

	/** Puts one member, or nobody, in the place of another; returns false where that one was not there. */
	exchange(from, to) {
		const members = new Map(this.members);
		if (from && !members.delete(fold(from))) return false;
		if (to) members.set(fold(to), to);
		this.members = members;
		return true;
	}
}

/** The talk of that name, which is made where there is none. */
export function get(kind, name) {
	const found = find(kind, name);
	if (found) return found;
	const made = new Talk(kind, name);
	state.talks.splice(kind === "room" ? rooms().length : state.talks.length, 0, made);
	return made;
}

export function show(talk) {
	if (state.current && state.current !== talk) state.current.firstUnread = null;
	state.current = talk;
}

export function close(talk) {
	const at = state.talks.indexOf(talk);
	state.talks.splice(at, 1);
	if (state.current === talk) show(state.talks[Math.max(0, at - 1)] ?? get("room", LOBBY));
}

let mention = null;

export function setMe(name) {
	state.me = name;
	// "it" and "me" are words too: a short name counts with its sign only.
	const sign = [...name].length > 2 ? "@?" : "@";
	mention = new RegExp(`(?<![\\p{L}\\p{N}_])${sign}${name.replaceAll(".", "\\.")}(?![\\p{L}\\p{N}_])`, "iu");
}

export const isMention = (text) => mention.test(text);
