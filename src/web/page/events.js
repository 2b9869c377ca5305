// What the server tells.

import { PAUSE_MS, ask, askRank, deliver, enter, forget, isAsked, kept, logout, named, out, recount, refresh, remember, session, settle, turn } from "./session.js";
import { lose } from "./socket.js";
import { LOBBY, close, find, get, isMe, isMention, move, rooms, setMe, show, state } from "./state.js";

/** So long may one's lost connection hold the name. */
const TAKEN_MS = 90_000;
/** A token is good for 90 days. */
const RENEW_MS = 86_400_000;

session.onevent = (event, context) => {
	if (context?.onanswer && event.type !== "error") context.onanswer(event);
	else if (context?.onfail && event.type === "error") context.onfail(event.message, event.code);
	else if (Object.hasOwn(handlers, event.type)) handlers[event.type](event, context);
};

function welcomed({ message, files, ...event }) {
	setMe(/(\S+)!$/.exec(message)[1]);
	const others = rooms().filter(({ name, isJoined }) => isJoined && name !== LOBBY);
	const wasOut = others.length > 0 && !find("room", LOBBY);
	const lobby = get("room", LOBBY);
	lobby.isJoined = true;
	named(lobby, event);
	Object.assign(state, { isOperator: false, hasFiles: files });
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
	session.taken = 0;
}

function refused(text, code) {
	if (code === "wrong_login" && !session.password) localStorage.removeItem("session");
	if (session.isByItself && session.phase === "joining") return out();
	const isTaken = code === "nick_taken";
	if (isTaken) session.taken ||= Date.now();
	const isOver = isTaken && Date.now() - session.taken > TAKEN_MS;
	if (session.phase === "joining" || isOver || /bad|bann|login|regis|account|code|field|server/.test(code)) return out(text, code);
	session.trouble = text;
	lose(true);
}

let found = [];

/** What was found comes before the end, which alone tells whose question it was. */
function endFound(context, count, more) {
	const all = found;
	found = [];
	if (context.onend) return context.onend(all, more);
	for (const { room, username, message, time, id } of all) tell(context, `${context.type === "files" ? `(${id}) ` : ""}#${room} ${username}: ${message}`, "", { place: { room, id }, when: time });
	tell(context, `Found: ${count}${more ? " and more" : ""}`);
}

const inRoom = event => said(event.talk, event);
const notice = ({ message }) => tell(null, message);
/** The conversation that an event is about. */
const placeOf = ({ with: other, fold, talk }) => (other ? find("person", other, fold) : talk);
const entryOf = event => placeOf(event)?.entries.findLast(entry => entry.id === event.id);

/** Each event has its `time` in milliseconds and its room as `talk`. */
const handlers = {
	welcome: welcomed,

	error({ message, code }, context) {
		if (session.phase !== "in") return refused(message, code);
		if (context?.isReturn) context.talk.isJoined = false;
		if (context?.isLogout) logout();
		// Behind whom it goes on is gone.
		if (context?.before && context.type === "users") refresh(context.talk);
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

	deleted(event) {
		const { username: by = "the operator", author, reason } = event;
		const deleted = `Deleted${by === author ? "" : ` by ${by}`}${reason ? `: ${reason}` : "."}`;
		const entry = entryOf(event);
		if (entry) Object.assign(entry, { text: "", state: "", deleted, file: null, reactions: new Map() });
	},
	edited(event) {
		const entry = entryOf(event);
		if (entry) Object.assign(entry, { text: event.message, isEdited: true });
	},
	reacted(event) {
		const { username, reaction, on } = event;
		const entry = entryOf(event);
		if (!entry) return;
		const names = new Set(entry.reactions.get(reaction));
		if (on === false) names.delete(username);
		else names.add(username);
		const reactions = new Map(entry.reactions).set(reaction, names);
		if (names.size === 0) reactions.delete(reaction);
		entry.reactions = reactions;
	},

	history(event) {
		const { kind, with: other, fold = other, talk, file } = event;
		// Files that were asked for are listed: between them much was said.
		if (file && !talk?.isAsking && isAsked("files")) return found.push(event);
		said(kind === "pm" ? get("person", other, fold) : talk, { ...event, type: kind }, true);
	},
	history_end({ count, more }, context) {
		const { talk, values, ondone, type } = context;
		if (type === "files") return endFound(context, count, more);
		talk.isAsking = false;
		talk.isWhole ||= !more && !values?.since && !values?.after && !ondone;
		if (talk.kind === "person") talk.gap();
		if (ondone) ondone(more);
		else if (values) talk.notice(count ? `${count} messages more are above.` : "There are no more.");
	},
	search: event => found.push(event),
	search_end: ({ count, more }, context) => endFound(context, count, more),

	notice,
	motd: ({ message }) => message.split("\n").forEach(line => tell(null, line)),
	invite_codes: ({ codes, ...event }, context) => listed({ ...event, invite_codes: codes }, context),
	shutdown: notice,
	// The server is to be stopped.
	moving(event) {
		notice(event);
		lose();
	},
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
		askRank(talk);
		// What was not asked for now is one's return, or another page of the same user.
		if (!context || context.isReturn) return;
		show(talk);
		if (created) talk.notice(`You made #${name}, and moderate it.`);
		context.onentered?.(talk, created);
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
		context.ondone?.();
	},
	bans: listed,
	clients: listed,
	stats: listed,
};

function listed({ type, id, time, talk, ...values }, context) {
	const facts = object => Object.entries(object).map(([name, value]) => `${name}: ${value}`);
	const lines = values[type]?.map(object => facts(object).join(" · ")) ?? facts(values);
	tell(context, lines.join("\n") || "There are none.");
}

function tell(context, text, tone, more) {
	(state.talks.includes(context?.talk) ? context.talk : state.current).notice(text, tone, more);
}

function said(talk, event, isPast = false) {
	if (!talk) return;
	const { username: from, message: text, id, type, time, file, reply_to: reply, edited: isEdited, reactions = {} } = event;
	const marks = Object.entries(reactions).map(([reaction, names]) => [reaction, new Set(names)]);
	const values = { id, time, isPast, file, reply, isEdited, reactions: new Map(marks) };
	const isOwn = isMe(from);
	const known = talk.known(id, isPast);
	// What was said here stands there already; told again, it is kept.
	const isNews = !isPast || id > talk.had;
	const isUnsaid = it => !it.id && it.text === text && (it.state === "pending" || (isPast && it.isUnsure));
	const own = known ?? (isOwn && isNews && talk.entries.find(isUnsaid));
	if (own) {
		if (own.state && isPast) values.state = "sent";
		if (isPast && !own.deleted) own.text = text;
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
