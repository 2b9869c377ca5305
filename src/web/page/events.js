// What the server tells.

import { ask, out, refused, session, settle, welcomed } from "./session.js";
import { LOBBY, close, find, get, isMe, isMention, setMe, show, state } from "./state.js";

/** Members that are only counted are asked for again after so long for each. */
const REFRESH_MS = 20;
const PAUSE_MS = 5_000;

const RETRY_MS = 5_000;

let found = [];

const timeOf = ({ timestamp }) => timestamp * 1000;
const roomOf = ({ room = LOBBY }) => find("room", room);

export const handlers = {
	welcome: ({ users }) => welcomed(users),

	error({ message, code }, context) {
		if (session.phase !== "in") return refused(message, code);
		if (context?.isReturn) context.talk.isJoined = false;
		if (context?.type === "history") setTimeout(() => (context.talk.isAsking = false), RETRY_MS);
		if (context?.entry) settle(context, { state: "failed", why: code === "not_kept" ? message : `Not sent: ${message}` });
		else if (!context?.isQuiet) tell(context, message, "error");
	},

	ok({ message, away, message_id: id }, context) {
		const { talk, entry, type, password } = context;
		if (type === "oper") state.isOperator = true;
		else if (password) session.password = type === "unregister" ? undefined : password;
		if (message) tell(context, message);
		if (!entry) return;
		// It is on disk, where there is one.
		settle(context, { state: "sent", id });
		if (away && away !== talk.away) talk.notice(`${talk.name} is away: ${away}`);
		talk.away = away;
	},

	chat: (event) => said(roomOf(event), event),
	me: (event) => said(roomOf(event), event),
	pm(event) {
		// Who writes to oneself has it already.
		if (!isMe(event.username)) said(get("person", event.username), event);
	},

	history(event) {
		const { kind, username, to = username } = event;
		said(kind === "pm" ? get("person", to) : roomOf(event), { ...event, type: kind }, true);
	},
	history_end({ count, more }, { talk, values }) {
		talk.isAsking = false;
		talk.isWhole ||= !more && !values?.since;
		if (talk.kind === "person") talk.gap();
		if (values) talk.notice(count ? `${count} messages more are above.` : "There are no more.");
	},
	search: (event) => found.push(event),
	search_end({ more }, context) {
		const line = ({ room, username, message, timestamp }) =>
			`${new Date(timestamp * 1000).toLocaleString()} #${room} ${username}: ${message}`;
		tell(context, [`Found: ${found.length}${more ? " and more" : ""}`, ...found.map(line)].join("\n"));
		found = [];
	},
	token: ({ name, token }, context) => tell(context, `The token of ${name}, shown only now: ${token}`),

	notice: ({ message }) => tell(null, message),
	shutdown: ({ message }) => tell(null, message),
	announcement: ({ message }) => tell(null, message, "loud"),
	operator_message: ({ message }) => tell(null, `The operator, to you: ${message}`, "loud"),
	kicked: ({ message, reason }) => out(reason ? `${message}: ${reason}` : message),

	user_joined(event) {
		const talk = roomOf(event);
		const name = event.username;
		if (talk?.exchange(null, name)) talk.note({ name, did: "joined", time: timeOf(event) });
	},

	user_left(event) {
		const { username: name, room, message, reason } = event;
		// The lobby, or the whole server: only the sentence tells.
		const isGone = !room && message === `${name} left the chat`;
		for (const talk of isGone ? state.talks : [roomOf(event)]) {
			const isThere = talk?.exchange(name, null) || talk?.is("person", name);
			if (isThere) talk.note({ name, did: "left", reason, time: timeOf(event) });
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
			if (talk.isJoined) recount(talk);
		}, Math.max(PAUSE_MS, REFRESH_MS * members));
	},

	nick(event) {
		const { username: name, to } = event;
		const own = find("person", name);
		// Who changes it is logged in no more.
		if (isMe(name) && !isMe(to)) session.password = undefined;
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

	rooms: ({ rooms }) => session.onrooms(rooms),

	room_joined({ room: name, users, topic = "", created }, context) {
		const talk = get("room", name);
		Object.assign(talk, { name, topic, isJoined: true, key: context?.key });
		talk.setMembers(users);
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

	topic(event, context) {
		const { topic = "", username: by } = event;
		const talk = roomOf(event);
		if (!talk) return;
		talk.topic = topic;
		const what = topic ? `the topic: ${topic}` : "no topic";
		if (!context?.isQuiet) talk.notice(by ? `${by} set ${what}` : `There is ${what}`);
	},

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

/** Where it was asked for, or else where one looks. */
function tell(context, text, tone) {
	(state.talks.includes(context?.talk) ? context.talk : state.current).notice(text, tone);
}

function said(talk, event, isPast = false) {
	if (!talk) return;
	const { username: from, message: text, id, type } = event;
	const values = { id, time: timeOf(event), isPast };
	const isOwn = isMe(from);
	const known = talk.known({ ...values, text });
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

function recount({ name: room }) {
	ask({ type: "users", room }, { isQuiet: true });
}
