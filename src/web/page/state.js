// What is known.

export const LOBBY = "lobby";
const ENTRIES_MAX = 2000;
const FOLDED_MAX = 100;
/** As many as the server names at once. */
export const MEMBERS_STEP = 500;

export const state = {
	me: "",
	isOperator: false,
	/** Are files shared here? */
	hasFiles: false,
	/** Rooms, then people. */
	talks: [],
	current: null,
	/** On the server: name and hint each. */
	roomsThere: [],
	/** Names that one hears nothing from. */
	ignored: new Set(),
};

/** Files are for rooms. */
export const takesFiles = () => state.hasFiles && state.current.kind === "room";

/** Names are as the server tells them; it folds those of one person alike. */
export const isMe = name => name === state.me;
const ofKind = wanted => state.talks.filter(({ kind }) => kind === wanted);
export const rooms = () => ofKind("room");
export const people = () => ofKind("person");
export const find = (...who) => state.talks.find(talk => talk.is(...who));

let lastNumber = 0;
const isOpen = ({ state, id }) => state === "pending" && !id;

/** A room, or what one says with one person. */
class Talk {
	topic = "";
	/** Another after each change. */
	members = new Set();
	/** Where they are only counted, or not all of them named. */
	count = null;
	/** The last of those who came, where there are more. */
	after = null;
	/** So many are to be shown. */
	wanted = MEMBERS_STEP;
	/** As the server has them; behind them, own ones that it has not shown. */
	entries = [];
	unread = 0;
	mentions = 0;
	/** Until one goes elsewhere or answers. */
	fresh = null;
	draft = "";
	/** Since when something may be missing, until the server shows that it has what was seen last. */
	since = 0;
	/** The last message there was then: later ones are news. */
	had = Infinity;
	/** Is there nothing to ask for above? */
	isWhole = false;
	/** Between two messages, `{ after, before }`, where others were not asked for yet. */
	hole = null;

	constructor(kind, name, fold) {
		Object.assign(this, { kind, name, fold, isJoined: kind === "person" });
	}

	get last() {
		return this.entries.findLast(({ id }) => id);
	}

	/** After this the server is to tell everything; first, to be recognised, the last message. */
	get mark() {
		const unsure = this.entries.find(({ id, state }) => id && state !== "sent" && state);
		const begin = unsure ?? this.last;
		return begin && begin.id - 1;
	}

	get label() {
		return (this.kind === "room" ? "#" : "") + this.name;
	}

	is(kind, name, fold) {
		return this.kind === kind && (this.name === name || (fold && this.fold === fold));
	}

	put(entry) {
		const { entries } = this;
		this.remove(entry);
		let at = isOpen(entry) ? entries.length : this.#certain();
		const isLater = ({ id, time }) => (id ? id > entry.id : time > entry.time);
		while (entry.isPast && at > 0 && isLater(entries[at - 1])) at -= 1;
		entries.splice(at, 0, entry);
		if (entries.length > ENTRIES_MAX && at > 0) {
			entries.shift();
			this.isWhole = false;
		}
		return entry;
	}

	/** Finds a message that is told again; marks what may be missing before another. */
	known(id, isPast) {
		const { last } = this;
		const found = this.entries.findLast(entry => entry.id === id);
		if (!last || (isPast && found)) this.since = 0;
		else if (!isPast || id > last.id) this.gap();
		return found;
	}

	add(values) {
		return this.put({ number: ++lastNumber, time: Date.now(), reactions: new Map(), ...values });
	}

	remove(entry) {
		const at = this.entries.lastIndexOf(entry);
		if (at >= 0) this.entries.splice(at, 1);
	}

	notice(text, tone = "", more = {}) {
		this.add({ kind: "notice", text, tone, ...more });
	}

	/** Folds comings and goings into one line. */
	note(change) {
		const last = this.entries[this.#certain() - 1];
		if (last?.kind === "presence" && last.changes.length < FOLDED_MAX) last.changes.push(change);
		else this.add({ kind: "presence", changes: [change], time: change.time });
	}

	lose() {
		this.since ||= Date.now();
		this.had = this.last?.id ?? 0;
		this.isAsking = this.isWhole = false;
	}

	gap() {
		if (this.since && this.#certain()) this.add({ kind: "gap", since: this.since });
		this.since = 0;
	}

	#certain() {
		return this.entries.findLastIndex(entry => !isOpen(entry)) + 1;
	}

	setMembers(names, count = null, after = null) {
		Object.assign(this, { members: new Set(names), count, after });
	}

	/** Puts one member, or nobody, in the place of another, if that one is there. */
	exchange(from, to) {
		const members = new Set(this.members);
		if (from && !members.delete(from)) return false;
		if (to) members.add(to);
		this.members = members;
		if (this.count !== null) this.count += Boolean(to) - Boolean(from);
		if (this.after === from) this.after = to;
		return true;
	}
}

export function get(kind, name, fold) {
	const found = find(kind, name, fold);
	if (found) return Object.assign(found, fold && { name, fold });
	const made = new Talk(kind, name, fold);
	state.talks.splice(kind === "room" ? rooms().length : state.talks.length, 0, made);
	return made;
}

export function show(talk) {
	if (state.current && state.current !== talk) state.current.fresh = null;
	state.current = talk;
}

export function close(talk) {
	const at = state.talks.indexOf(talk);
	if (at >= 0) state.talks.splice(at, 1);
	if (state.current === talk) show(state.talks[Math.max(0, at - 1)] ?? get("room", LOBBY));
}

export function move(talk, place) {
	talk.entries.forEach(entry => place.put(entry));
	if (state.current === talk) show(place);
	close(talk);
}

let mention = null;

export function setMe(name) {
	state.me = name;
	// "it" and "me" are words too: short names count with the sign only.
	const sign = [...name].length > 2 ? "@?" : "@";
	mention = new RegExp(`(?<![\\p{L}\\p{M}\\p{N}_])${sign}${name.replaceAll(".", "\\.")}(?![\\p{L}\\p{M}\\p{N}_])`, "iu");
}

export const isMention = text => mention.test(text.normalize());
