// What the server tells: what each type of event changes.

import { ask, out, refused, session, settle, welcomed } from "./session.js";
import { LOBBY, close, find, get, isMe, isMention, setMe, show, state } from "./state.js";

/** Where members are only counted, they are asked for again after this long for each. */
const REFRESH_MS = 20;
const REFRESH_MIN_MS = 5_000;

const timeOf = ({ timestamp }) => timestamp * 1000;
const roomOf = ({ room = LOBBY }) => find("room", room);

export const handlers = {
	welcome: ({ users }) => welcomed(users),

	error({ message }, context) {
		if (session.phase !== "in") return refused(message);
		if (context?.isReturn) context.talk.isJoined = false;
		if (context?.entry) settle(context, { state: "failed", why: `Not sent: ${message}` });
		else if (!context?.isQuiet) tell(context, message, "error");
	},

	ok({ message, away }, context) {
		const { talk, entry, type } = context;
		if (type === "oper") state.isOperator = true;
		if (message) tell(context, message);
		if (!entry) return;
		if (entry.state === "pending") settle(context, { state: "sent" });
		if (away && away !== talk.away) talk.notice(`${talk.name} is away: ${away}`);
		talk.away = away;
	},

	// --- What is said ---

	chat: (event) => said(roomOf(event), event),
	me: (event) => said(roomOf(event), event, true),
	pm(event) {
		// Who writes to oneself has it already.
		if (!isMe(event.username)) said(get("person", event.username), event);
	},

	notice: ({ message }) => tell(null, message),
	shutdown: ({ message }) => tell(null, message),
	announcement: ({ message }) => tell(null, message, "loud"),
	operator_message: ({ message }) => tell(null, `The operator, to you: ${message}`, "loud"),
	kicked: ({ message, reason }) => out(reason ? `${message}: ${reason}` : message),

	// --- Who is where ---

	user_joined(event) {
		const talk = roomOf(event);
		const name = event.username;
		if (talk?.exchange(null, name)) talk.note({ name, did: "joined", time: timeOf(event) });
	},

	user_left(event) {
		const { username: name, room, message, reason } = event;
		// Without a room it is the lobby or the whole server: only the sentence tells which.
		const isGone = !room && message === `${name} left the chat`;
		for (const talk of isGone ? state.talks : [roomOf(event)]) {
			const isConcerned = talk?.exchange(name, null) || talk?.is("person", name);
			if (isConcerned) talk.note({ name, did: "left", reason, time: timeOf(event) });
		}
	},

	presence(event) {
		const { joined, left, members } = event;
		const talk = roomOf(event);
		if (!talk) return;
		talk.count = members;
		talk.note({ joined, left, time: timeOf(event) });
		talk.refresh ??= setTimeout(() => {
			talk.refresh = null;
			if (talk.isJoined) askMembers(talk);
		}, Math.max(REFRESH_MIN_MS, REFRESH_MS * members));
	},

	nick(event) {
		const { username: name, to } = event;
		const own = find("person", name);
		if (isMe(name)) setMe(to);
		if (own && !find("person", to)) own.name = to;
		for (const talk of state.talks) {
			if (talk.exchange(name, to) || talk.is("person", to)) talk.note({ name, did: `is ${to} now`, time: timeOf(event) });
		}
	},

	users({ users, room = LOBBY }, context) {
		const talk = find("room", room);
		if (talk?.isJoined) talk.setMembers(users);
		if (!context?.isQuiet) tell(context, `In #${room}: ${users.join(", ")}`);
	},

	// --- Rooms ---

	rooms: ({ rooms }) => session.onrooms(rooms),

	room_joined({ room: name, users, topic = "", created }, context) {
		const talk = get("room", name);
		Object.assign(talk, { name, topic, isJoined: true, key: context?.key });
		talk.setMembers(users);
		if (context?.isReturn) return;
		show(talk);
		if (created) talk.notice(`You made #${name}, and moderate it.`);
	},

	room_left({ room, now_in }, context) {
		if (room === now_in) return tell(context, `You are in no other room than #${room}.`);
		const next = get("room", now_in);
		if (!next.isJoined) askMembers(next);
		next.isJoined = true;
		const talk = get("room", room);
		talk.isJoined = false;
		talk.setMembers([]);
		if (context?.isLeaving) close(talk);
	},

	topic(event, context) {
		const { topic = "", username: by } = event;
		const talk = roomOf(event);
		if (!talk) return;
		talk.topic = topic;
		const what = topic ? `the topic: ${topic}` : "no topic";
		if (!context?.isQuiet) talk.notice(by ? `${by} set ${what}` : `There is ${what}`);
	},

	// --- What was asked ---

	whois: listed,
	bans: listed,
	clients: listed,
	stats: listed,
};

function listed({ type, id, ...values }, context) {
	const facts = (object) => Object.entries(object).map(([name, value]) => `${name}: ${value}`);
	const lines = values[type]?.map((object) => facts(object).join(" · ")) ?? facts(values);
	tell(context, lines.join("\n") || "There are none.");
}

/** Shows a sentence where it was asked for, or else where one looks. */
function tell(context, text, tone) {
	(state.talks.includes(context?.talk) ? context.talk : state.current).notice(text, tone);
}

function said(talk, event, isAction = false) {
	if (!talk) return;
	const { username: from, message: text } = event;
	const time = timeOf(event);
	const isOwn = isMe(from);
	// What was said here stands there already.
	const own = isOwn && talk.entries.find((it) => it.state === "pending" && it.text === text);
	if (own) return settle({ talk, entry: own }, { state: "sent", time });
	const isToMe = !isOwn && isMention(text);
	const entry = talk.add({ kind: "said", from, text, time, isAction, isToMe, state: isOwn ? "sent" : "" });
	if (isOwn) return;
	const isForMe = isToMe || talk.kind === "person";
	if (isForMe) session.onalert(talk, from, text);
	if (session.isSeen(talk)) return;
	if (talk.unread === 0) talk.firstUnread = entry;
	talk.unread += 1;
	talk.mentions += isForMe;
}

function askMembers({ name: room }) {
	ask({ type: "users", room }, { isQuiet: true });
}
