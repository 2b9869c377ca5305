// What one types: commands, and what completes them.

import { aim, composer } from "./composer.js";
import { byId, byName } from "./dom.js";
import { browse, visit } from "./dialogs.js";
import { toEnd } from "./log.js";
import { isEditable } from "./message.js";
import { ask, change, leave, logout, lookBack, quit, react, say, within } from "./session.js";
import { LOBBY, find, get, isMe, people, rooms, state } from "./state.js";
import { open } from "./view.js";

const KEYS = [
	["Enter", "send; with Shift: a new line"],
	["Tab, @, /, :", "complete names, commands, emoji"],
	["↑", "in the empty box: edit what you said last"],
	["↑, ↓", "among messages: the one before, the next"],
	["Alt ↑, Alt ↓", "another conversation"],
	["Ctrl K", "find a room, or make one"],
	["Escape", "close what is open; go to the newest"],
	["*bold* _italic_", "`code` ||spoiler|| > quote - list, lines of code between three backticks"],
];

/** Does what was typed; of what is wrong one is told. */
composer.onsubmit = text => {
	const { current } = state;
	const { target } = composer;
	if (target?.kind === "edit") {
		if (text !== target.entry.text && !change(target.talk, target.entry, text)) return current.notice(unless(false), "error");
		return aim(null);
	}
	const wrong = run(text, target?.entry.id);
	if (target) aim(null);
	if (wrong) current.notice(wrong, "error");
	if (state.current) toEnd();
};

composer.onlast = () => {
	const { current: talk } = state;
	const entry = talk.entries.findLast(entry => entry.kind === "said" && isMe(entry.from) && !entry.deleted);
	if (entry && isEditable(entry)) aim({ kind: "edit", talk, entry });
	return composer.target?.kind === "edit";
};

/** What fits after `before`, as `{ from, items: [{ text, hint, insert }] }`; bare names only where one `isAsked`. */
composer.offerFor = (before, isAsked) => {
	const typed = before.split(/\s+/);
	const word = typed.at(-1);
	const offer = items => (items.length > 0 ? { from: before.length - word.length, items: items.slice(0, 50) } : null);
	if (typed.length === 1 && word.startsWith("/")) {
		const start = word.slice(1).toLowerCase();
		const fits = COMMANDS.filter(({ name, alias }) => name.startsWith(start) || alias.startsWith(start));
		return offer(fits.map(({ name, words, usage: text, summary: hint }) => ({ text, hint, insert: `/${name}${words.length ? " " : ""}` })));
	}
	const among = (all, sign = "") => {
		const start = word.replace(/^[@#]/, "").toLowerCase();
		const fits = all.filter(({ name }) => name.toLowerCase().startsWith(start));
		return offer(fits.map(({ name, hint }) => ({ text: sign + name, hint, insert: `${sign}${name} ` })));
	};
	const kind = typed[0].startsWith("/") && bare(commandOf(typed[0])?.words[typed.length - 2]);
	if (kind === "ROOM") return among(typed[0] === "/join" ? state.roomsThere : rooms());
	if (kind !== "NAME" && !word.startsWith("@") && !(isAsked && word)) return null;
	const names = [...state.current.members, ...people().map(({ name }) => name)];
	const others = [...new Set(names)].filter(name => !isMe(name)).sort(byName);
	return among(others.map(name => ({ name })), word.startsWith("@") ? "@" : "");
};

// Words, what they do, and the request where it is not just their names: its type and more fields. A `room` that is no
// word is the one that one looks at. Some are acts instead, below.
const TABLE = [
	"help [COMMAND]: keys and commands",
	"nick USERNAME: take another name",
	"pm|msg NAME TEXT: a message for one person",
	"me TEXT: do something",
	"rooms: which rooms there are",
	"join ROOM [KEY]: enter it, or make it",
	"leave|part [ROOM]: leave it, or this one",
	"say ROOM TEXT: speak there from here",
	"who|list [ROOM]: who is in it, or in this one: users",
	"topic [TOPIC]: what the room is about: topic room",
	"history [#ROOM|@NAME] [N] [before ID|after ID] [since TIME]: what was said before",
	"search [--before ID] WORDS: where words were said",
	"send: choose a file to send",
	"files [N]: which files were shared here: files room",
	"edit [ID] TEXT: say it in other words",
	"reply ID TEXT: say something about it",
	"react ID EMOJI: react to it",
	"unreact ID EMOJI: or no more",
	"delete|unsend [ID] [REASON]: delete what you said",
	"ignore NAME: hear nothing from them",
	"unignore NAME: or again",
	"away [TEXT]: be away, or back",
	"whois NAME: who that is",
	"register PASSWORD [--code CODE]: keep your name",
	"login NAME PASSWORD [--multi]: take a name of yours",
	"logout: be a guest again",
	"passwd [OLD] PASSWORD: another password",
	"unregister [PASSWORD]: give your name up",
	"token ACTION [BOT]: let a bot in, with new, drop or list",
	"ping: is the server there?",
	"quit [TEXT]: leave the chat",
	"kick NAME [REASON]: put them out: kick room",
	"mute NAME [TIME]: keep them silent: mute room",
	"unmute NAME: or no more: unmute room",
	"mod NAME: let them do that, too: moderator room",
	"unmod NAME: or no more: moderator room",
	"topiclock on|off: only you set the topic: topic_lock room",
	"inviteonly on|off: only the invited enter: invite_only room",
	"invite NAME: let them in: invite room",
	"key [KEY]: what it takes to enter: key room",
	"moderated on|off: only some speak: moderated room",
	"voice NAME: let them speak there: voice room",
	"unvoice NAME: or no more: voice room",
	"secret on|off: only members see it: secret room",
	"inside on|off: only members speak in it: inside room",
	"noctcp on|off: no questions of IRC programs: no_ctcp room",
	"limit [N]: let so many in, or all: room_limit room",
	"roomban [except|invite] MASK: keep nick!user@host out, or not: room_mask",
	"unroomban [except|invite] MASK: undo that: room_mask",
	"oper PASSWORD: become an operator",
	"ban MASK [TIME] [REASON]: keep a name or address out",
	"unban MASK: let it in again",
	"bans: who is kept out",
	"rename NAME NEW: give another name",
	"announce TEXT: tell everyone",
	"close ROOM: put everyone out: close_room",
	"lock ROOM: let nobody enter: lock_room",
	"unlock ROOM: let them enter again: lock_room",
	"invitecode new|drop|list [N|CODE] [TIME]: let N people register: invite_code",
	"clients: who is connected, with addresses",
	"stats: how the server does",
	"export ROOM: write it to a file",
	"shutdown [SECONDS]: stop the server",
];

const FIELDS = { NAME: "username", NEW: "to", TEXT: "message", TIME: "seconds", N: "limit", BOT: "name", "on|off": "on" };

const COMMANDS = TABLE.map(row => {
	const [line, summary, request] = row.split(": ");
	const [first, ...words] = line.split(" ");
	const [name, alias = name] = first.split("|");
	const [type, ...others] = (request ?? name).split(" ");
	const fields = [...words.map(word => FIELDS[bare(word)] ?? bare(word).toLowerCase()), ...others];
	return { name, alias, words, usage: ["/" + name, ...words].join(" "), summary, type, fields };
});

function bare(word) {
	return word?.replace(/[[\]]/g, "");
}

function commandOf(typed) {
	const wanted = typed.replace(/^\//, "").toLowerCase();
	return COMMANDS.find(({ name, alias }) => name === wanted || alias === wanted);
}

composer.isCommand = word => Boolean(commandOf(word));
composer.hasSecret = line => line.startsWith("/") && commandOf(cut(line)[0])?.usage.includes("PASSWORD");

/** Does what a line says; returns what is wrong with it, or nothing. */
function run(line, reply) {
	if (!line.startsWith("/") || line.startsWith("//")) return say(state.current, line.replace(/^\//, ""), { reply });
	const [word, rest] = cut(line);
	const command = commandOf(word);
	if (!command) return unknown(word);
	const { name, type, words, usage, fields } = command;
	const values = name in readings ? readings[name](rest) : valuesOf(words, rest);
	if (!values) return `Usage: ${usage}`;
	if (name in acts) return acts[name](...values);
	if (name in readings) return unless(ask({ type, ...values }));
	const request = { type, ...Object.fromEntries(fields.map((field, at) => [field, values[at]])) };
	if (type === "lock_room") request.locked = name === "lock";
	if (type === "moderator") request.on = name === "mod";
	if (type === "voice") request.on = name === "voice";
	if ("room" in request) request.room ??= isInRoom() ? state.current.name : LOBBY;
	// An operator does that to the whole server.
	if (state.isOperator && ["kick", "mute", "unmute"].includes(type)) delete request.room;
	if (type === "ignore") state.ignored.add(request.username);
	if (type === "unignore") state.ignored.delete(request.username);
	return unless(ask(request));
}

const cut = text => /^(\S*)\s*([^]*)$/.exec(text).slice(1);
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };

const readers = {
	ROOM: word => word.replace(/^#/, ""),
	TIME: word => (/^[1-9]\d*[smhd]$/.test(word) ? parseInt(word, 10) * SECONDS[word.at(-1)] : undefined),
	"on|off": word => ({ on: true, off: false })[word.toLowerCase()],
	N: word => (/^[1-9]\d*$/.test(word) ? Number(word) : undefined),
	SECONDS: word => (/^\d+$/.test(word) ? Number(word) || null : undefined),
	ACTION: word => word.toLowerCase(),
	OLD: (word, others) => (others ? word : undefined),
};

/** What stands for each word, or nothing where that makes no sense. */
function valuesOf(words, rest) {
	const values = [];
	for (const [at, word] of words.entries()) {
		const kind = bare(word);
		const [first, others] = /TEXT|TOPIC|REASON|PASSWORD/.test(kind) ? [rest, ""] : cut(rest);
		const value = first && kind in readers ? readers[kind](first, others) : first;
		// What is none may be the word after it.
		if (value === "" ? kind === word : value === undefined && at === words.length - 1) return null;
		values.push(value === "" ? undefined : value);
		if (value !== undefined) rest = others;
	}
	return values;
}

/** What is not read word by word. */
const readings = {
	history(rest) {
		const words = rest.split(/\s+/).filter(Boolean);
		const values = {};
		let place;
		while (words.length > 0) {
			const typed = words.shift();
			const word = typed.toLowerCase();
			if (/^[#@]./.test(typed)) place = typed;
			else if (/^[1-9]\d*$/.test(word)) values.limit = Number(word);
			else if (word === "since" && words.length > 0) values.since = words.shift();
			else if (/^(before|after)$/.test(word) && /^\d+$/.test(words[0])) values[word] = Number(words.shift());
			else return null;
		}
		return [values, place];
	},
	search(rest) {
		const [word, others] = cut(rest);
		if (word !== "--before") return rest && { query: rest };
		const [id, query] = cut(others);
		return /^\d+$/.test(id) && query && { before: Number(id), query };
	},
	delete(rest) {
		const [id, reason] = cut(rest);
		if (id && !/^\d+$/.test(id)) return null;
		const isOwn = ({ from, id, deleted }) => id && isMe(from) && !deleted;
		const last = state.current.entries.findLast(isOwn);
		return { message_id: Number(id || last?.id || 0), reason: reason || undefined };
	},
	edit(rest) {
		const [, id, message] = /^(?:(\d+) )?([^]+)$/.exec(rest) ?? [];
		return message && { ...within(state.current), message_id: id && Number(id), message };
	},
	login(rest) {
		const [username, secret] = cut(rest.trim());
		const password = secret.replace(/\s+--multi$/, "");
		return password && { username, password, multi: password !== secret };
	},
	register(rest) {
		const [, password, code] = /^(.+?)(?:\s+--code\s+(\S+))?$/.exec(rest.trim()) ?? [];
		return password && { password, code };
	},
	invitecode(rest) {
		const [action, word, time] = rest.trim().split(/\s+/);
		if (action === "drop") return word && { action, code: word };
		if (action === "list") return { action };
		const isCount = /^[1-9]\d*$/.test(word);
		const length = isCount ? time : word;
		const seconds = length && readers.TIME(length);
		return action === "new" && (!length || seconds) && { action, uses: isCount ? Number(word) : undefined, seconds };
	},
	roomban: rest => roomMask(rest, true),
	unroomban: rest => roomMask(rest, false),
};

const LISTS = { except: "exception", invite: "invitation" };

function roomMask(rest, on) {
	const [word, other] = cut(rest.trim());
	const list = other ? LISTS[word.toLowerCase()] : "ban";
	return list && word && { list, mask: other || word, on, room: isInRoom() ? state.current.name : LOBBY };
}

const isInRoom = () => state.current.kind === "room";
const unless = isDone => (isDone ? "" : "There is no connection now.");

const acts = {
	me: text => (isInRoom() ? say(state.current, text, { isAction: true }) : "One does that in rooms."),
	pm(name, text) {
		open(get("person", name));
		say(state.current, text);
	},
	join: (name, key) => unless(visit(name, 0, key)),
	leave(name) {
		const talk = name ? find("room", name) : state.current;
		return unless(leave(talk ?? { kind: "room", name, isJoined: true }));
	},
	say(name, text) {
		const talk = find("room", name);
		return talk?.isJoined ? say(talk, text) : unless(ask({ type: "chat", room: name, message: text }));
	},
	history(values, place = "") {
		const [sign, name] = [place[0], place.slice(1)];
		const talk = sign === "@" ? get("person", name) : sign ? find("room", name) : state.current;
		if (!talk) return unless(ask({ type: "history", room: name, ...values }, { values: { ...values, since: true } }));
		if (talk !== state.current) open(talk);
		return unless(lookBack(talk, values));
	},
	reply: (id, text) => say(state.current, text, { reply: Number(id) }),
	react: (id, emoji) => unless(react(state.current, { id: Number(id) }, emoji, true)),
	unreact: (id, emoji) => unless(react(state.current, { id: Number(id) }, emoji, false)),
	rooms: browse,
	send: () => byId("attach").click(),
	help(word) {
		const command = word ? commandOf(word) : null;
		if (!word || word === "all") byId("me").click();
		else if (command) state.current.notice(`${command.usage}: ${command.summary}`);
		else return unknown(word);
	},
	logout: () => unless(logout()),
	quit,
};

const unknown = word => `Unknown command ${word.slice(0, 30)}. Try /help, or begin with // to say it.`;

const usages = COMMANDS.map(({ name, alias, usage, summary }) => [alias === name ? usage : `${usage}, /${alias}`, summary]);
/** Keys and commands, each with what it does. */
export const HELP = [...KEYS, ...usages];
