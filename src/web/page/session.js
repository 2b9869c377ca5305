// Being in the chat: joining, coming back, what is asked of the server and what it tells.

import { LOBBY, MEMBERS_STEP, close, find, get, isMe, isMention, move, rooms, setMe, show, state } from "./state.js";

/** So long may one's lost connection hold the name. */
const TAKEN_MS = 90_000;
/** A token is good for 90 days. */
const RENEW_MS = 86_400_000;
/** What the server takes, less room for the id. */
const BYTES_MAX = 8192 - 32;

export const session = {
	/** `out`, `joining` for the first time, `in`, or `lost`: on the way back. */
	phase: "out",
	trouble: "",
	/** It is kept nowhere else. */
	password: undefined,
	/** When it is tried again, or 0. */
	retryAt: 0,
	// Set by the page: onchange, onphase, onrooms, onalert, isSeen.
};

let lastId = 0;
/** What was asked, by ids: texts, as messages have numbers. */
const waiting = new Map();
let taken = 0;

/** With an invitation, which may be empty, an account is made of the name. */
export function join(name, password, serverPassword, invitation) {
	if (serverPassword) sessionStorage.setItem("server", serverPassword);
	setMe(name);
	session.password = password;
	session.invitation = invitation;
	turn("joining");
	start();
}

/** After the page was loaded again, while the server may not have missed it yet. */
export function comeBack(name) {
	setMe(name);
	turn("lost");
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

function welcomed({ message, ...event }) {
	setMe(/(\S+)!$/.exec(message)[1]);
	const others = rooms().filter(({ name, isJoined }) => isJoined && name !== LOBBY);
	const wasOut = others.length > 0 && !find("room", LOBBY);
	const lobby = get("room", LOBBY);
	lobby.isJoined = true;
	named(lobby, event);
	state.isOperator = false;
	show(state.current ?? lobby);
	turn("in");
	ask({ type: "topic" }, { isQuiet: true });
	ask({ type: "rooms" });
	if (session.password || Date.now() - kept().time > RENEW_MS) remember();
	for (const talk of others) enter(talk.name, talk.key, { talk, isReturn: true });
	if (wasOut) ask({ type: "leave_room", room: LOBBY }, { isLeaving: true });
	for (const talk of state.talks) {
		for (const entry of talk.entries.filter(({ isQueued }) => isQueued)) deliver(talk, entry);
	}
	taken = 0;
}

function refused(text, code) {
	if (code === "wrong_login" && !session.password) localStorage.removeItem("session");
	const isTaken = code === "nick_taken";
	if (isTaken) taken ||= Date.now();
	const isOver = isTaken && Date.now() - taken > TAKEN_MS;
	if (session.phase === "joining" || isOver || /bad|bann|login|regis|account|code|field|server/.test(code)) return out(text, code);
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

function receive(event) {
	const { id, type, timestamp, room = LOBBY } = event;
	const context = waiting.get(id);
	waiting.delete(id);
	const isDue = session.phase === "in" || type === "welcome" || type === "error";
	if (isDue && Object.hasOwn(handlers, type)) handlers[type]({ ...event, time: timestamp * 1000, talk: find("room", room) }, context);
	session.onchange();
}

const kept = () => JSON.parse(localStorage.getItem("session")) ?? {};
/** What lets one in as the account of that name, if one is logged in to it. */
export const tokenOf = (name) => (kept().name === name ? kept().token : undefined);

/** In place of the password, which is not kept. */
function remember() {
	ask({ type: "token", action: "session" }, { isQuiet: true, isSession: true });
}

function forget(isLogout) {
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

/** Was it sent? `context` is for its answer. */
export function ask(request, context) {
	const id = `${++lastId}`;
	const isSent = session.phase === "in" && send({ ...request, id });
	if (isSent) waiting.set(id, { ...request, talk: state.current, ...context });
	return isSent;
}

export const enter = (room, key, context) =>
	ask({ type: "join_room", room, key, resume: find("room", room)?.mark, replay: 20 }, { key, ...context });

/** Asks for what is above; after a loss, for the last there is. */
export function lookBack(talk, values) {
	const { kind, name, isWhole, isAsking, isJoined, since, entries } = talk;
	if (!isJoined || (!values && (isAsking || isWhole))) return;
	const isReturn = kind === "person" && since;
	const before = isReturn || values?.after ? undefined : entries.find(({ id }) => id)?.id;
	const request = { type: "history", [kind === "room" ? "room" : "with"]: name, before, limit: 50, ...values };
	return (talk.isAsking = ask(request, { talk, isQuiet: !values, values }));
}

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

function settle({ talk, entry }, values) {
	const wasPlaced = entry.id;
	Object.assign(entry, values, { isQueued: false, isUnsure: false });
	if (!wasPlaced) talk.put(entry);
}

/** Who is only counted is asked for again after so long for each. */
const REFRESH_MS = 20;
const PAUSE_MS = 5_000;

const inRoom = (event) => said(event.talk, event);
const notice = ({ message }) => tell(null, message);

/** Each event has its `time` in milliseconds and its room as `talk`. */
const handlers = {
	welcome: welcomed,

	error({ message, code }, context) {
		if (session.phase !== "in") return refused(message, code);
		if (context?.isReturn) context.talk.isJoined = false;
		if (context?.isLogout) logout();
		// Behind whom it goes on is gone.
		if (context?.before) refresh(context.talk);
		if (context?.type === "history") setTimeout(() => (context.talk.isAsking = false), PAUSE_MS);
		if (context?.entry) settle(context, { state: "failed", why: code === "not_kept" ? message : `Not sent: ${message}` });
		else if (!context?.isQuiet) tell(context, message, "error");
	},

	ok({ message, away, message_id: id, to, fold = to }, context) {
		const { talk, entry, type, password } = context;
		if (context.isLogout) logout();
		if (type === "key") talk.key = context.key;
		if (type === "oper") state.isOperator = true;
		else if (type === "unregister") {
			session.password = undefined;
			localStorage.removeItem("session");
		} else if (password) {
			session.password = password;
			remember();
		}
		if (message && !context.isQuiet) tell(context, message);
		if (!entry) return;
		const place = to ? get("person", to, fold) : talk;
		// The name was typed in another way.
		if (place !== talk) move(talk, place);
		// It is on disk, where there is one.
		settle({ talk: place, entry }, { state: "sent", id });
		if (away && away !== place.away) place.notice(`${to} is away: ${away}`);
		place.away = away;
	},

	chat: inRoom,
	me: inRoom,
	pm(event) {
		const { username, fold = username } = event;
		// Who writes to oneself has it already.
		if (!isMe(username)) said(get("person", username, fold), event);
	},

	deleted({ talk, with: other, id, username: by = "the operator", author, reason }) {
		const place = other ? find("person", other) : talk;
		const entry = place?.entries.findLast((entry) => entry.id === id);
		const deleted = `Deleted${by === author ? "" : ` by ${by}`}${reason ? `: ${reason}` : "."}`;
		if (entry) Object.assign(entry, { text: "", state: "", deleted });
	},

	history(event) {
		const { kind, with: other, fold = other, talk } = event;
		said(kind === "pm" ? get("person", other, fold) : talk, { ...event, type: kind }, true);
	},
	history_end({ count, more }, { talk, values }) {
		talk.isAsking = false;
		talk.isWhole ||= !more && !values?.since && !values?.after;
		if (talk.kind === "person") talk.gap();
		if (values) talk.notice(count ? `${count} messages more are above.` : "There are no more.");
	},
	search: ({ room, username, message, time }) => tell(null, `${new Date(time).toLocaleString()} #${room} ${username}: ${message}`),
	search_end: ({ count, more }) => tell(null, `Found: ${count}${more ? " and more" : ""}`),

	notice,
	motd: ({ message }) => message.split("\n").forEach((line) => tell(null, line)),
	invite_codes({ codes }, context) {
		for (const { code, uses, seconds_left: left } of codes) tell(context, `${code}: good for ${uses}${left ? `, ${left} s left` : ""}`);
		if (codes.length === 0) tell(context, "There are no invitations.");
	},
	shutdown: notice,
	announcement: ({ message }) => tell(null, message, "loud"),
	operator_message: ({ message }) => tell(null, `The operator, to you: ${message}`, "loud"),
	kicked: ({ message, reason }) => out(reason ? `${message}: ${reason}` : message),

	user_joined({ talk, username: name, time }) {
		if (talk?.exchange(null, name)) talk.note({ name, did: "joined", time });
	},

	user_left({ talk: place, username: name, room, message, reason, time }) {
		// The lobby, or the whole server: only the sentence tells.
		const isGone = !room && message === `${name} left the chat`;
		for (const talk of isGone ? state.talks : [place]) {
			const isThere = talk?.exchange(name, null) || talk?.is("person", name);
			if (isThere) talk.note({ name, did: "left", reason, time });
			else if (talk?.after) refresh(talk);
		}
	},

	presence({ talk, joined, left, members, time }) {
		if (!talk) return;
		talk.count = members;
		talk.note({ joined, left, time });
		refresh(talk);
	},

	nick({ username: name, to, same, time }) {
		const own = find("person", name);
		if (isMe(name)) {
			// Who changes it is logged in no more.
			if (!same) session.password = undefined;
			setMe(to);
		}
		if (own && !find("person", to)) Object.assign(own, { name: to, fold: same && own.fold });
		for (const talk of state.talks) {
			if (talk.exchange(name, to) || talk.is("person", to)) talk.note({ name, did: `is ${to} now`, time });
		}
	},

	users(event, context) {
		const { talk, users, members = users.length, room = LOBBY } = event;
		if (talk?.isJoined) named(talk, event, context?.before);
		const others = members > users.length ? ` and ${members - users.length} others` : "";
		if (!context?.isQuiet) tell(context, `In #${room}: ${users.join(", ")}${others}`);
	},

	rooms: ({ rooms }) => session.onrooms(rooms),

	room_joined({ room: name, topic = "", created, ...event }, context) {
		const talk = context?.isReturn ? context.talk : get("room", name);
		Object.assign(talk, { name, topic, isJoined: true, key: context?.key });
		named(talk, event);
		// What was not asked for now is one's return, or another page of the same user.
		if (!context || context.isReturn) return;
		show(talk);
		if (created) talk.notice(`You made #${name}, and moderate it.`);
	},

	room_left({ room, now_in }, context) {
		if (room === now_in) return tell(context, `You are in no other room than #${room}.`);
		const next = get("room", now_in);
		if (!next.isJoined) recount(next);
		next.isJoined = true;
		const talk = get("room", room);
		talk.lose();
		talk.isJoined = false;
		talk.setMembers([]);
		if (context?.isLeaving) close(talk);
	},

	topic({ talk, topic = "", username: by }, context) {
		if (!talk) return;
		talk.topic = topic;
		const what = topic ? `the topic: ${topic}` : "no topic";
		if (!context?.isQuiet) talk.notice(by ? `${by} set ${what}` : `There is ${what}`);
	},

	pong(event, context) {
		if (context) tell(context, "The server is there.");
	},

	whois: listed,
	token(event, context) {
		const { name, token } = event;
		if (!context?.isSession) return listed(event, context);
		forget();
		localStorage.setItem("session", JSON.stringify({ name, token, time: Date.now() }));
		localStorage.setItem("name", name);
		session.password = undefined;
	},
	bans: listed,
	clients: listed,
	stats: listed,
};

function listed({ type, id, time, talk, ...values }, context) {
	const facts = (object) => Object.entries(object).map(([name, value]) => `${name}: ${value}`);
	const lines = values[type]?.map((object) => facts(object).join(" · ")) ?? facts(values);
	tell(context, lines.join("\n") || "There are none.");
}

function tell(context, text, tone) {
	(state.talks.includes(context?.talk) ? context.talk : state.current).notice(text, tone);
}

function said(talk, event, isPast = false) {
	if (!talk) return;
	const { username: from, message: text, id, type, time } = event;
	const values = { id, time, isPast };
	const isOwn = isMe(from);
	const known = talk.known(id, isPast);
	// What was said here stands there already; told again, it is kept.
	const isNews = !isPast || id > talk.had;
	const isUnsaid = (it) => !it.id && it.text === text && (it.state === "pending" || (isPast && it.isUnsure));
	const own = known ?? (isOwn && isNews && talk.entries.find(isUnsaid));
	if (own) {
		if (own.state && isPast) values.state = "sent";
		return settle({ talk, entry: own }, values);
	}
	const isToMe = !isOwn && isMention(text);
	const entry = talk.add({ kind: "said", from, text, ...values, isAction: type === "me", isToMe, state: isOwn ? "sent" : "" });
	if (isOwn || !isNews) return;
	const isForMe = isToMe || talk.kind === "person";
	if (isForMe) session.onalert(talk, from, text);
	if (session.isSeen(talk)) return;
	if (talk.unread === 0) talk.fresh = entry;
	talk.unread += 1;
	talk.mentions += isForMe;
}

function recount(talk, after, before) {
	ask({ type: "users", room: talk.name, after }, { talk, before, isQuiet: true });
}

function refresh(talk) {
	talk.refresh ??= setTimeout(() => {
		talk.refresh = null;
		if (talk.isJoined) recount(talk);
	}, Math.max(PAUSE_MS, REFRESH_MS * (talk.count ?? 0)));
}

/** Takes in a page of a room's members behind the ones `before`, and asks for the next where more are to be shown. */
function named(talk, { users, members, more }, before = []) {
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

// A WebSocket that comes back, and looks whether the other end lives.

const OPEN_MS = 10_000;
/** The server is asked for a sign after so long a silence, and has so long for that. */
const SILENT_MS = 25_000;
const ANSWER_MS = 8_000;
/** Where there is doubt. */
const DOUBT_MS = 4_000;
const WAIT_MIN_MS = 500;
const WAIT_MAX_MS = 30_000;
const STABLE_MS = 10_000;

let failures = 0;
let socket, retryTimer, lifeTimer, stableTimer;

function start() {
	stop();
	socket = new WebSocket("/ws", "hubbub.json");
	lifeTimer = setTimeout(lose, OPEN_MS);
	socket.onopen = () => {
		stableTimer = setTimeout(() => (failures = 0), STABLE_MS);
		const { me: username } = state;
		const { password } = session;
		const token = password ? undefined : tokenOf(username);
		const server_password = sessionStorage.getItem("server") ?? undefined;
		const isNew = session.phase === "joining" && session.invitation !== undefined;
		const code = (isNew && session.invitation) || undefined;
		send({ type: isNew ? "register" : "join", username, password, code, server_password, token, resume: { lobby: find("room", LOBBY)?.mark }, replay: 20 });
	};
	socket.onmessage = ({ data }) => {
		expect(SILENT_MS);
		receive(JSON.parse(data));
	};
	socket.onclose = lose;
}

/** At once: the closing handshake of a dead one may take minutes. */
function stop() {
	for (const timer of [retryTimer, lifeTimer, stableTimer]) clearTimeout(timer);
	session.retryAt = 0;
	if (!socket) return;
	socket.onopen = socket.onmessage = socket.onclose = null;
	socket.close();
	socket = null;
}

function lose() {
	stop();
	// Half of it is chance: a restarted server does not meet everyone at once.
	const wait = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** failures) * (0.5 + Math.random() / 2);
	failures += 1;
	session.retryAt = Date.now() + wait;
	retryTimer = setTimeout(start, wait);
	if (session.phase === "joining") return out("The server cannot be reached.");
	giveUp();
	turn("lost");
}

function send(object) {
	if (socket?.readyState !== WebSocket.OPEN) return false;
	socket.send(JSON.stringify(object));
	expect(DOUBT_MS);
	return true;
}

/** Tries now, or looks whether the other end is still there. */
export function hurry() {
	if (session.retryAt > 0) start();
	else probe(DOUBT_MS);
}

addEventListener("online", hurry);
addEventListener("offline", hurry);

function expect(ms) {
	clearTimeout(lifeTimer);
	lifeTimer = setTimeout(probe, ms, ANSWER_MS);
}

function probe(ms) {
	if (!send({ type: "ping" })) return;
	clearTimeout(lifeTimer);
	lifeTimer = setTimeout(lose, ms);
}
