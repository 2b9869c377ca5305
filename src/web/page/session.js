// Being in the chat: joining, coming back, and what is asked of the server.

import { connection, lose, send, start, stop } from "./connection.js";
import { LOBBY, close, find, get, rooms, setMe, show, state } from "./state.js";

/** So long may one's lost connection hold the name. */
const TAKEN_MS = 90_000;
/** What the server takes, less room for the id. */
const BYTES_MAX = 8192 - 32;

export const session = {
	/** `out`, `joining` for the first time, `in`, or `lost`: on the way back. */
	phase: "out",
	trouble: "",
	/** It is kept nowhere else. */
	password: undefined,
	// Set by the page: handlers, onchange, onphase, onrooms, onalert, isSeen.
};

let lastId = 0;
/** What was asked, by ids: texts, as messages have numbers. */
const waiting = new Map();
let taken = 0;

export function join(name, password) {
	setMe(name);
	session.password = password;
	turn("joining");
	start();
}

export function quit(message) {
	send({ type: "quit", message });
	out();
	Object.assign(state, { talks: [], current: null });
}

/** Back to the form; what was said stays for the next join. */
export function out(error, code) {
	stop();
	giveUp();
	session.password = undefined;
	taken = 0;
	turn("out", error, code);
}

export function welcomed(users) {
	const others = rooms().filter(({ name, isJoined }) => isJoined && name !== LOBBY);
	const wasOut = others.length > 0 && !find("room", LOBBY);
	const lobby = get("room", LOBBY);
	lobby.isJoined = true;
	lobby.setMembers(users);
	state.isOperator = false;
	show(state.current ?? lobby);
	turn("in");
	ask({ type: "topic" }, { isQuiet: true });
	ask({ type: "rooms" });
	for (const talk of others) enter(talk.name, talk.key, { talk, isReturn: true });
	if (wasOut) ask({ type: "leave_room", room: LOBBY }, { isLeaving: true });
	for (const talk of state.talks) {
		for (const entry of talk.entries.filter(({ isQueued }) => isQueued)) deliver(talk, entry);
	}
	taken = 0;
}

export function refused(text, code) {
	const isTaken = code === "nick_taken";
	if (isTaken) taken ||= Date.now();
	const isOver = isTaken && Date.now() - taken > TAKEN_MS;
	if (session.phase === "joining" || isOver || /bad|bann|login|regis|accounts/.test(code)) return out(text, code);
	session.trouble = text;
	lose();
}

/** No answer will come. What was said may have arrived: only the user may say it twice. */
function giveUp() {
	if (session.phase === "in") state.talks.forEach((talk) => talk.lose());
	const values = { state: "failed", isUnsure: true, why: "Not confirmed: the connection was lost." };
	for (const { entry } of waiting.values()) if (entry) Object.assign(entry, values);
	waiting.clear();
}

function turn(phase, error, code) {
	if (phase !== "lost" || session.phase === "in") session.trouble = "";
	session.phase = phase;
	session.onphase(error, code);
}

connection.onopen = () => {
	// Rooms with keys are entered afterwards.
	const known = rooms().filter(({ isJoined, key, mark }) => isJoined && !key && mark >= 0);
	const resume = Object.fromEntries(known.map(({ name, mark }) => [name, mark]));
	send({ type: "join", username: state.me, password: session.password, resume });
};

connection.onclose = () => {
	if (session.phase === "joining") return out("The server cannot be reached.");
	giveUp();
	turn("lost");
};

connection.onreceive = (event) => {
	const context = waiting.get(event.id);
	waiting.delete(event.id);
	const isDue = session.phase === "in" || event.type === "welcome" || event.type === "error";
	if (isDue && Object.hasOwn(session.handlers, event.type)) session.handlers[event.type](event, context);
	session.onchange();
};

/** Returns whether it was sent; `context` is for its answer. */
export function ask(request, context) {
	const id = `${++lastId}`;
	const isSent = session.phase === "in" && send({ ...request, id });
	if (isSent) waiting.set(id, { type: request.type, password: request.password, talk: state.current, ...context });
	return isSent;
}

export const enter = (room, key, context) =>
	ask({ type: "join_room", room, key, resume: find("room", room)?.mark }, { key, ...context });

/** Asks for what is above; after a loss, for the last of what was said with somebody. */
export function lookBack(talk, values) {
	const { kind, name, isWhole, isAsking, isJoined, since, entries } = talk;
	if (!isJoined || isAsking || (isWhole && !values)) return;
	const isReturn = kind === "person" && since;
	const before = isReturn ? undefined : entries.find(({ id }) => id)?.id;
	const request = { type: "history", [kind === "room" ? "room" : "with"]: name, before, limit: 50, ...values };
	talk.isAsking = ask(request, { talk, isQuiet: !values, values });
	return talk.isAsking;
}

/** Leaves a room, or closes what one says with a person. */
export function leave(talk) {
	if (talk.kind === "room" && talk.isJoined) return ask({ type: "leave_room", room: talk.name }, { isLeaving: true });
	close(talk);
	return true;
}

/** It is sent now, or when there is a connection. */
export function say(talk, text, isAction = false) {
	talk.fresh = null;
	deliver(talk, talk.add({ kind: "said", from: state.me, text, isAction, state: "pending" }));
}

export function retry(talk, entry) {
	talk.remove(entry);
	say(talk, entry.text, entry.isAction);
}

function deliver(talk, entry) {
	const { text: message, isAction } = entry;
	const type = talk.kind === "person" ? "pm" : isAction ? "me" : "chat";
	const request = { type, [type === "pm" ? "to" : "room"]: talk.name, message };
	const isTooLong = new Blob([JSON.stringify(request)]).size > BYTES_MAX;
	if (isTooLong) settle({ talk, entry }, { state: "failed", why: "Not sent: it is too long." });
	else entry.isQueued = !ask(request, { talk, entry });
}

export function settle({ talk, entry }, values) {
	const wasPlaced = entry.id;
	Object.assign(entry, values, { isQueued: false, isUnsure: false });
	if (!wasPlaced) talk.put(entry);
}
