// Being in the chat: joining, coming back, and what is asked of the server.

import { hurry, line, send, start, stop } from "./socket.js";
import { LOBBY, MEMBERS_STEP, close, find, setMe, state } from "./state.js";

/** What the server takes, less room for the id. */
export const BYTES_MAX = 8192 - 32;

export const session = {
	/** `out`, `joining` for the first time, `in`, or `lost`: on the way back. */
	phase: "out",
	trouble: "",
	/** It is kept nowhere else. */
	password: undefined,
	/** Did it begin to join by itself, so that a refusal is no news? */
	isByItself: false,
	/** Since when one's own name has been taken, or 0. */
	taken: 0,
	// Set by what shows it: onevent, onchange, onphase, onrooms, onalert, isSeen.
};

let lastId = 0;
/** What was asked, by ids: texts, as messages have numbers. */
const waiting = new Map();

/** With an invitation, which may be empty, an account is made of the name. */
export function join(name, password, serverPassword, invitation) {
	if (serverPassword) sessionStorage.setItem("server", serverPassword);
	setMe(name);
	Object.assign(session, { password, invitation, isByItself: false });
	localStorage.removeItem("left");
	turn("joining");
	start();
}

/** As somebody who was here before; a refusal shows the form, and nothing else. */
export function joinAgain(name) {
	join(name);
	session.isByItself = true;
}

/** After the page was loaded again, while the server may not have missed it yet. */
export function comeBack(name) {
	setMe(name);
	turn("lost");
	start();
}

export function quit(message) {
	send({ type: "quit", message });
	localStorage.setItem("left", "yes");
	out();
	Object.assign(state, { talks: [], current: null });
}

/** Back to the form; what was said stays for the next join. */
export function out(error, code) {
	stop();
	giveUp();
	session.password = undefined;
	session.taken = 0;
	turn("out", error, code);
}

/** No answer will come. What was said may have arrived: only the user may say it twice. */
function giveUp() {
	if (session.phase === "in") state.talks.forEach(talk => talk.lose());
	const values = { state: "failed", isUnsure: true, why: "Not confirmed: the connection was lost." };
	for (const { entry } of waiting.values()) if (entry) Object.assign(entry, values);
	for (const { onfail } of waiting.values()) onfail?.("The connection was lost.");
	waiting.clear();
}

export function turn(phase, error, code) {
	if (phase !== "lost" || session.phase === "in") session.trouble = "";
	session.phase = phase;
	session.onphase(error, code);
}

line.onopen = () => {
	const { me: username } = state;
	const { password, invitation } = session;
	const token = password ? undefined : tokenOf(username);
	const server_password = sessionStorage.getItem("server") ?? undefined;
	// Another page of the same user stays; but a lost connection is replaced.
	const multi = (token && session.isByItself) || undefined;
	const isNew = session.phase === "joining" && invitation !== undefined;
	const code = (isNew && invitation) || undefined;
	const resume = { lobby: find("room", LOBBY)?.mark };
	send({ type: isNew ? "register" : "join", username, password, code, server_password, token, multi, resume, replay: 20 });
};

line.onlose = () => {
	if (session.phase === "joining") return out("The server cannot be reached.");
	giveUp();
	turn("lost");
};

line.onevent = event => {
	const { id, type, timestamp, room = LOBBY } = event;
	const context = waiting.get(id);
	waiting.delete(id);
	const isDue = session.phase === "in" || type === "welcome" || type === "error";
	if (isDue) session.onevent({ ...event, time: timestamp * 1000, talk: find("room", room) }, context);
	session.onchange();
};

export { hurry };
export const retryAt = () => line.retryAt;

export const kept = () => JSON.parse(localStorage.getItem("session")) ?? {};
/** What lets one in as the account of that name, if one is logged in to it. */
export const tokenOf = name => (kept().name === name ? kept().token : undefined);

/** In place of the password, which is not kept. */
export function remember(ondone) {
	ask({ type: "token", action: "session" }, { isQuiet: true, isSession: true, ondone, onfail: ondone });
}

export function forget(isLogout) {
	const token = tokenOf(state.me);
	const isSent = token && ask({ type: "token", action: "end", token }, { isQuiet: true, isLogout });
	if (isSent) localStorage.removeItem("session");
	return isSent;
}

/** Who is told so has no token any more. */
export function logout() {
	session.password = undefined;
	return forget(true) || ask({ type: "logout" });
}

/** Is an answer to such a request on its way? */
export const isAsked = wanted => [...waiting.values()].some(({ type }) => type === wanted);

/** Was it sent? `context` is for its answer: `onanswer` and `onfail` are told it, in place of the user. */
export function ask(request, context) {
	const id = `${++lastId}`;
	const isSent = session.phase === "in" && send({ ...request, id });
	if (isSent) waiting.set(id, { ...request, talk: state.current, ...context });
	return isSent;
}

export const enter = (room, key, context) =>
	ask({ type: "join_room", room, key, resume: find("room", room)?.mark, replay: 20 }, { key, ...context });

/** How a request names a conversation. */
export const within = ({ kind, name }) => ({ [kind === "room" ? "room" : "with"]: name });

/** Asks for what is above; after a loss, for the last there is. */
export function lookBack(talk, values, context) {
	const { kind, isWhole, isAsking, isJoined, since, entries } = talk;
	if (!isJoined || (!values && (isAsking || isWhole))) return;
	const isReturn = kind === "person" && since;
	const before = isReturn || values?.after ? undefined : entries.find(({ id }) => id)?.id;
	const request = { type: "history", ...within(talk), before, limit: 50, ...values };
	return (talk.isAsking = ask(request, { talk, isQuiet: !values, values, ...context }));
}

/** Has the server say whether one moderates a room. */
export const askRank = (talk, then = () => {}) => ask({ type: "whois", username: state.me }, {
	isQuiet: true,
	onanswer: ({ moderates = [] }) => then(talk.isModerator = moderates.includes(talk.name)),
});

export function leave(talk) {
	if (talk.kind === "room" && talk.isJoined) return ask({ type: "leave_room", room: talk.name }, { isLeaving: true });
	close(talk);
	return true;
}

/** It is sent now, or when there is a connection. */
export function say(talk, text, { isAction = false, reply } = {}) {
	talk.fresh = null;
	deliver(talk, talk.add({ kind: "said", from: state.me, text, isAction, reply, state: "pending" }));
}

export function retry(talk, entry) {
	talk.remove(entry);
	say(talk, entry.text, entry);
}

export function deliver(talk, entry) {
	const { text: message, isAction, reply: reply_to } = entry;
	const type = talk.kind === "person" ? "pm" : isAction ? "me" : "chat";
	const request = { type, [type === "pm" ? "to" : "room"]: talk.name, message, reply_to };
	if (sizeOf(message) > BYTES_MAX) settle({ talk, entry }, { state: "failed", why: "Not sent: it is too long." });
	else entry.isQueued = !ask(request, { talk, entry });
}

/** The bytes that a request takes which says a text. */
export const sizeOf = text => new Blob([JSON.stringify(text)]).size + 100;

export function settle({ talk, entry }, values) {
	const wasPlaced = entry.id;
	Object.assign(entry, values, { isQueued: false, isUnsure: false });
	if (!wasPlaced) talk.put(entry);
}

export const change = (talk, entry, message) =>
	ask({ type: "edit", ...within(talk), message_id: entry.id, message }, { talk });

export const react = (talk, entry, reaction, on) =>
	ask({ type: "react", ...within(talk), message_id: entry.id, reaction, on }, { talk });

export const remove = (talk, entry) =>
	ask({ type: "delete", ...(talk.kind === "room" ? within(talk) : { with: talk.name }), message_id: entry.id }, { talk });

/** Who is only counted is asked for again after so long for each. */
const REFRESH_MS = 20;
export const PAUSE_MS = 5_000;

export function recount(talk, after, before) {
	ask({ type: "users", room: talk.name, after }, { talk, before, isQuiet: true });
}

export function refresh(talk) {
	talk.refresh ??= setTimeout(() => {
		talk.refresh = null;
		if (talk.isJoined) recount(talk);
	}, Math.max(PAUSE_MS, REFRESH_MS * (talk.count ?? 0)));
}

/** Takes in a page of a room's members behind the ones `before`, and asks for the next where more are to be shown. */
export function named(talk, { users, members, more }, before = []) {
	const names = [...before, ...users];
	const after = more ? users.at(-1) : null;
	if (after && names.length < talk.wanted) recount(talk, after, names);
	else talk.setMembers(names, members, after);
}

/** Has more members shown, where there may be some. */
export function showMore(talk) {
	const { members, wanted, after } = talk;
	if (members.size < wanted) return false;
	talk.wanted += MEMBERS_STEP;
	if (after && members.size < talk.wanted) recount(talk, after, [...members]);
	return true;
}
