// The commands that a line may begin with, and what each does.

import { byId } from "./dom.js";
import { enter, ask, leave, quit, say } from "./session.js";
import { LOBBY, find as findTalk, get, state } from "./state.js";
import { begin, open } from "./view.js";

/**
 * A command with its words, what it does, and its request: the type, then a field for each word; a `room` without
 * a word is the one that one looks at. Those without a request are among the acts below.
 */
const TABLE = [
	["help", "keys and commands"],
	["nick NEW", "take another name", "nick username"],
	["pm|msg NAME TEXT", "a message for one person"],
	["me TEXT", "do something"],
	["rooms", "which rooms there are"],
	["join ROOM [KEY]", "enter it, or make it"],
	["leave|part [ROOM]", "leave it, or this one"],
	["who|list [ROOM]", "who is in it, or in this one", "users room"],
	["topic [TEXT]", "what the room is about", "topic topic room"],
	["ignore NAME", "hear nothing from somebody", "ignore username"],
	["unignore NAME", "hear from somebody again", "unignore username"],
	["away [TEXT]", "be away, or back", "away message"],
	["whois NAME", "who somebody is", "whois username"],
	["quit [TEXT]", "leave the chat"],
	["kick NAME [REASON]", "put somebody out", "kick username reason room"],
	["mute NAME [TIME]", "keep somebody silent", "mute username seconds room"],
	["unmute NAME", "let somebody speak again", "unmute username room"],
	["topiclock on|off", "only you set the topic", "topic_lock on room"],
	["inviteonly on|off", "only the invited enter", "invite_only on room"],
	["invite NAME", "let somebody in", "invite username room"],
	["key [KEY]", "what it takes to enter", "key key room"],
	["oper PASSWORD", "become an operator", "oper password"],
	["ban MASK [TIME] [REASON]", "keep a name or address out", "ban mask seconds reason"],
	["unban MASK", "let it in again", "unban mask"],
	["bans", "who is kept out", "bans"],
	["rename NAME NEW", "give somebody another name", "rename username to"],
	["announce TEXT", "tell everyone", "announce message"],
	["close ROOM", "put everyone out of a room", "close_room room"],
	["lock ROOM", "let nobody enter a room", "lock_room room"],
	["unlock ROOM", "let them enter again", "lock_room room"],
	["clients", "who is connected, with addresses", "clients"],
	["stats", "how the server does", "stats"],
	["shutdown [TIME]", "stop the server", "shutdown seconds"],
];

export const COMMANDS = TABLE.map(([line, summary, request = ""]) => {
	const [first, ...words] = line.split(" ");
	const [name, alias = name] = first.split("|");
	const [type, ...fields] = request.split(" ");
	return { name, alias, words, usage: ["/" + name, ...words].join(" "), summary, type, fields };
});

export function find(typed) {
	const wanted = typed.replace(/^\//, "").toLowerCase();
	return COMMANDS.find(({ name, alias }) => name === wanted || alias === wanted);
}

/** Does what a line says; returns what is wrong with it, or nothing. */
export function run(line) {
	if (!line.startsWith("/") || line.startsWith("//")) return say(state.current, line.replace(/^\//, ""));
	const [word, rest] = cut(line);
	const command = find(word);
	if (!command) return `Unknown command ${word.slice(0, 30)}. Try /help, or begin with // to say it.`;
	const values = valuesOf(command.words, rest);
	if (!values) return `Usage: ${command.usage}`;
	const { name, type, fields } = command;
	if (!type) return acts[name](...values);
	const request = { type, ...Object.fromEntries(fields.map((field, at) => [field, values[at]])) };
	if (type === "lock_room") request.locked = name === "lock";
	if ("room" in request) request.room ??= isInRoom() ? state.current.name : LOBBY;
	// What an operator does without a room is for the whole server.
	if (state.isOperator && ["kick", "mute", "unmute"].includes(type)) delete request.room;
	return unless(ask(request));
}

const cut = (text) => /^(\S*)\s*([^]*)$/.exec(text).slice(1);
export const bare = (word) => word?.replace(/[[\]]/g, "");
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };

/** How words are read that are not taken as they are. */
const readers = {
	ROOM: (word) => word.replace(/^#/, ""),
	TIME: (word) => (/^[1-9]\d*[smhd]$/.test(word) ? parseInt(word, 10) * SECONDS[word.at(-1)] : undefined),
	"on|off": (word) => ({ on: true, off: false })[word.toLowerCase()],
};

/** What stands for each word; nothing where one is missing or makes no sense. */
function valuesOf(words, rest) {
	const values = [];
	for (const [at, word] of words.entries()) {
		const kind = bare(word);
		const [first, others] = /TEXT|REASON|PASSWORD/.test(kind) ? [rest, ""] : cut(rest);
		const value = first && kind in readers ? readers[kind](first) : first;
		// A time that is none may be the word after it.
		if (value === "" ? kind === word : value === undefined && at === words.length - 1) return null;
		values.push(value === "" ? undefined : value);
		if (value !== undefined) rest = others;
	}
	return values;
}

const isInRoom = () => state.current.kind === "room";
const unless = (isDone) => (isDone ? "" : "There is no connection now.");

/** They return what is wrong, or nothing. */
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
	rooms: browse,
	help: () => byId("menu").showModal(),
	quit,
};

/** Has one choose a room where one writes. */
export function browse() {
	begin("/join ");
	ask({ type: "rooms" });
}
