// The commands that a line may begin with, and what each does.

import { byId } from "./dom.js";
import { enter, ask, leave, lookBack, quit, say } from "./session.js";
import { LOBBY, find as findTalk, get, state } from "./state.js";
import { begin, open } from "./view.js";

// A command with its words, what it does, and its request where that is not just of its name: the type, then what else it
// names. A `room` without a word is the one that one looks at. Some are acts instead, below.
const TABLE = [
	["help", "keys and commands"],
	["nick NEW", "take another name"],
	["pm|msg NAME TEXT", "a message for one person"],
	["me TEXT", "do something"],
	["rooms", "which rooms there are"],
	["join ROOM [KEY]", "enter it, or make it"],
	["leave|part [ROOM]", "leave it, or this one"],
	["who|list [ROOM]", "who is in it, or in this one", "users"],
	["topic [TOPIC]", "what the room is about", "topic room"],
	["history [N] [since WHEN]", "what was said before, as since 2h"],
	["search QUERY", "where these words were said"],
	["ignore NAME", "hear nothing from somebody"],
	["unignore NAME", "hear from somebody again"],
	["away [TEXT]", "be away, or back"],
	["whois NAME", "who somebody is"],
	["register PASSWORD", "let nobody else have your name"],
	["login NAME PASSWORD", "take a name of your own"],
	["logout", "be a guest again"],
	["passwd [OLD] PASSWORD", "have another password"],
	["unregister [PASSWORD]", "give your name up"],
	["token new|drop|list [BOT]", "let a bot in, or no more"],
	["quit [TEXT]", "leave the chat"],
	["kick NAME [REASON]", "put somebody out", "kick room"],
	["mute NAME [TIME]", "keep somebody silent", "mute room"],
	["unmute NAME", "let somebody speak again", "unmute room"],
	["mod NAME", "let somebody do that, too", "moderator room"],
	["unmod NAME", "or no more", "moderator room"],
	["topiclock on|off", "only you set the topic", "topic_lock room"],
	["inviteonly on|off", "only the invited enter", "invite_only room"],
	["invite NAME", "let somebody in", "invite room"],
	["key [KEY]", "what it takes to enter", "key room"],
	["oper PASSWORD", "become an operator"],
	["ban MASK [TIME] [REASON]", "keep a name or address out"],
	["unban MASK", "let it in again"],
	["bans", "who is kept out"],
	["rename NAME NEW", "give somebody another name"],
	["announce TEXT", "tell everyone"],
	["close ROOM", "put everyone out of a room", "close_room"],
	["lock ROOM", "let nobody enter a room", "lock_room"],
	["unlock ROOM", "let them enter again", "lock_room"],
	["clients", "who is connected, with addresses"],
	["stats", "how the server does"],
	["shutdown [TIME]", "stop the server"],
];

/** What requests call words. */
const FIELDS = { NAME: "username", NEW: "to", TEXT: "message", TIME: "seconds", BOT: "name", "on|off": "on", "new|drop|list": "action" };

export const COMMANDS = TABLE.map(([line, summary, request]) => {
	const [first, ...words] = line.split(" ");
	const [name, alias = name] = first.split("|");
	const [type, ...others] = (request ?? name).split(" ");
	const fields = [...words.map((word) => FIELDS[bare(word)] ?? bare(word).toLowerCase()), ...others];
	return { name, alias, words, usage: ["/" + name, ...words].join(" "), summary, type, fields };
});

export function bare(word) {
	return word?.replace(/[[\]]/g, "");
}

export function find(typed) {
	const wanted = typed.replace(/^\//, "").toLowerCase();
	return COMMANDS.find(({ name, alias }) => name === wanted || alias === wanted);
}

/** A password is kept nowhere. */
export const hasSecret = (line) => line.startsWith("/") && find(cut(line)[0])?.usage.includes("PASSWORD");

/** Does what a line says; returns what is wrong with it, or nothing. */
export function run(line) {
	if (!line.startsWith("/") || line.startsWith("//")) return say(state.current, line.replace(/^\//, ""));
	const [word, rest] = cut(line);
	const command = find(word);
	if (!command) return `Unknown command ${word.slice(0, 30)}. Try /help, or begin with // to say it.`;
	const values = valuesOf(command.words, rest);
	if (!values) return `Usage: ${command.usage}`;
	const { name, type, fields } = command;
	if (name in acts) return acts[name](...values);
	const request = { type, ...Object.fromEntries(fields.map((field, at) => [field, values[at]])) };
	if (type === "lock_room") request.locked = name === "lock";
	if (type === "moderator") request.on = name === "mod";
	if ("room" in request) request.room ??= isInRoom() ? state.current.name : LOBBY;
	// An operator does that to the whole server.
	if (state.isOperator && ["kick", "mute", "unmute"].includes(type)) delete request.room;
	return unless(ask(request));
}

const cut = (text) => /^(\S*)\s*([^]*)$/.exec(text).slice(1);
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };

/** How some words are read. */
const readers = {
	ROOM: (word) => word.replace(/^#/, ""),
	TIME: (word) => (/^[1-9]\d*[smhd]$/.test(word) ? parseInt(word, 10) * SECONDS[word.at(-1)] : undefined),
	"on|off": (word) => ({ on: true, off: false })[word.toLowerCase()],
	N: (word) => (/^\d+$/.test(word) ? Number(word) : undefined),
	since: (word) => (word === "since" ? word : undefined),
	OLD: (word, others) => (others ? word : undefined),
};

/** What stands for each word, or nothing where that makes no sense. */
function valuesOf(words, rest) {
	const values = [];
	for (const [at, word] of words.entries()) {
		const kind = bare(word);
		const [first, others] = /TEXT|TOPIC|QUERY|REASON|PASSWORD/.test(kind) ? [rest, ""] : cut(rest);
		const value = first && kind in readers ? readers[kind](first, others) : first;
		// What is none may be the word after it.
		if (value === "" ? kind === word : value === undefined && at === words.length - 1) return null;
		values.push(value === "" ? undefined : value);
		if (value !== undefined) rest = others;
	}
	return values;
}

const isInRoom = () => state.current.kind === "room";
const unless = (isDone) => (isDone ? "" : "There is no connection now.");

const acts = {
	me: (text) => (isInRoom() ? say(state.current, text, true) : "One does that in rooms."),
	pm(name, text) {
		open(get("person", name));
		say(state.current, text);
	},
	join(name, key) {
		const room = findTalk("room", name);
		return room?.isJoined ? open(room) : unless(enter(name, key));
	},
	leave(name) {
		const talk = name ? findTalk("room", name) : state.current;
		return talk ? unless(leave(talk)) : `You are not in #${name}.`;
	},
	nick: (username) => unless(ask({ type: "nick", username })),
	history: (limit, _, since) => unless(lookBack(state.current, { limit, since })),
	rooms: browse,
	help: () => byId("menu").showModal(),
	quit,
};

export function browse() {
	begin("/join ");
	ask({ type: "rooms" });
}
