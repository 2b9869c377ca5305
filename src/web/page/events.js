// What the server tells: what each type of event changes.

import { ask, out, refused, session, settle, welcomed } from "./session.js";
import { LOBBY, close, find, get, hear, isMe, rename, show, state } from "./state.js";

/** Where members are only counted, they are asked for anew after this long for each of them. */
const REFRESH_MS = 20;
const REFRESH_MIN_MS = 5_000;

const ms = (timestamp) => (timestamp ? timestamp * 1000 : Date.now());
const roomOf = ({ room = LOBBY }) => find("room", room);

export const handlers = {
	welcome: ({ users }) => welcomed(users),

	error({ message }, context) {
		if (session.phase !== "in") return refused(message);
		if (context?.isReturn) context.talk.isJoined = false;
		if (context?.entry) settle(context, { state: "failed", why: message });
		else if (!context?.isQuiet) tell(context, message, "error");
	},

	ok({ message, away }, context) {
		const { talk, entry, type } = context;
		if (type === "oper") state.isOperator = true;
		if (message) tell(context, message);
		if (!entry) return;
		settle(context, { state: "sent" });
		if (away && away !== talk.away) talk.notice(`${talk.name} is away: ${away}`);
		talk.away = away;
	},

	// --- What is said ---

	chat: (event, context) => said(roomOf(event), event, context),
	me: (event, context) => said(roomOf(event), event, context, true),
	pm(event) {
		// Who writes to oneself has it already.
		if (!isMe(event.username)) said(get("person", event.username), event);
	},

	notice: ({ message }) => tell(null, message),
	shutdown: ({ message }) => tell(null, `${message}.`),
	announcement: ({ message }) => tell(null, message, "loud"),
	operator_message: ({ message }) => tell(null, `The operator, to you: ${message}`, "loud"),
	kicked: ({ message, reason }) => out(reason ? `${message}: ${reason}` : `${message}.`),

	// --- Who is where ---

	user_joined(event) {
		const { username: name, timestamp } = event;
		const talk = roomOf(event);
		if (talk?.exchange(null, name)) talk.note({ name, did: "joined", time: ms(timestamp) });
	},

	user_left(event) {
		const { username: name, room, message, reason, timestamp } = event;
		// Without a room it is the lobby or the whole server: only the sentence tells which.
		const isGone = !room && message === `${name} left the chat`;
		for (const talk of isGone ? state.talks : [roomOf(event)]) {
			const isConcerned = talk?.exchange(name, null) || talk?.is("person", name);
			if (isConcerned) talk.note({ name, did: "left", reason, time: ms(timestamp) });
		}
	},

	presence(event) {
		const { joined, left, members, timestamp } = event;
		const talk = roomOf(event);
		if (!talk) return;
		talk.count = members;
		talk.note({ joined, left, time: ms(timestamp) });
		talk.refresh ??= setTimeout(() => {
			talk.refresh = null;
			if (talk.isJoined) askMembers(talk);
		}, Math.max(REFRESH_MIN_MS, REFRESH_MS * members));
	},

	nick: ({ username, to, timestamp }) => rename(username, to, ms(timestamp)),

	users(event, context) {
		const talk = roomOf(event);
		if (talk?.isJoined) talk.setMembers(event.users);
		if (!context?.isQuiet) tell(context, `In #${event.room ?? LOBBY}: ${event.users.join(", ")}`);
	},

	// --- Rooms ---

	rooms: ({ rooms }) => session.onrooms(rooms),

	room_joined({ room: name, users, topic = "", created }, context) {
		const talk = get("room", name);
		Object.assign(talk, { name, topic, isJoined: true, count: null, key: context?.key });
		talk.setMembers(users);
		if (context?.isReturn) return;
		show(talk);
		if (created) talk.notice(`You made #${name}, and moderate it.`);
	},

	room_left({ room, now_in }, context) {
		if (room === now_in) return tell(context, `You are in no other room than #${room}.`);
		const next = get("room", now_in);
		if (!next.isJoined) {
			next.isJoined = true;
			askMembers(next);
		}
		const talk = find("room", room);
		if (!talk) return;
		talk.isJoined = false;
		talk.setMembers([]);
		if (context?.isLeaving) close(talk);
	},

	topic(event, context) {
		const { topic = "", username } = event;
		const talk = roomOf(event);
		if (!talk) return;
		talk.topic = topic;
		const what = topic ? `the topic: ${topic}` : "no topic";
		if (!context?.isQuiet) talk.notice(username ? `${username} set ${what}` : `There is ${what}`);
	},

	// --- What was asked ---

	pong: (event, context) => context && tell(context, `It is, and answered within ${Date.now() - context.since} ms.`),
	whois: listed,
	bans: listed,
	clients: listed,
	stats: listed,
};

/** Shows an answer as it is, a line for each thing. */
function listed({ type, id, ...values }, context) {
	const line = (object) => Object.entries(object).map(([name, value]) => `${name.replaceAll("_", " ")}: ${[value].flat().join(", ")}`);
	const lines = type in values ? values[type].map((object) => line(object).join(" · ")) : line(values);
	tell(context, lines.join("\n") || "There are none.");
}

/** Shows a sentence where it was asked for, or else where one looks. */
function tell(context, text, tone) {
	(state.talks.includes(context?.talk) ? context.talk : state.current).notice(text, tone);
}

function said(talk, { username: from, message: text, timestamp }, context, isAction = false) {
	const time = ms(timestamp);
	if (context?.entry) settle(context, { state: "sent", time });
	else if (talk && hear(talk, { from, text, time, isAction }, session.isSeen(talk))) session.onalert(talk, from, text);
}

function askMembers({ name: room }) {
	ask({ type: "users", room }, { isQuiet: true });
}
