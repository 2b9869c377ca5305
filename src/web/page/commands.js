// The commands that a line may begin with, what each asks, and what completes what one types.

import { fold, isMe, rooms, state } from "./state.js";

/**
 * A command with its words, what it does, and its request: the type, then the field of each word; a `room` without
 * a word is the one that one looks at. Those without a request are acts of the page.
 */
const TABLE = [
	["help [COMMAND]", "keys and commands"],
	["nick NEW", "go by another name", "nick username"],
	["pm|msg NAME TEXT", "a message for one person"],
	["me TEXT", "do something: “Ann waves”"],
	["rooms", "which rooms there are"],
	["join ROOM [KEY]", "enter a room, or make it"],
	["leave|part [ROOM]", "leave a room, or this one"],
	["say ROOM TEXT", "speak in another of your rooms"],
	["who|list [ROOM]", "who is in a room, or in this one", "users room"],
	["topic [TEXT]", "show or set what the room is about", "topic topic room"],
	["ignore NAME", "hear nothing from somebody", "ignore username"],
	["unignore NAME", "hear from somebody again", "unignore username"],
	["away [TEXT]", "tell those who write that you are away; or be back", "away message"],
	["whois NAME", "who somebody is", "whois username"],
	["ping", "is the server there?", "ping"],
	["quit [TEXT]", "leave the chat"],
	["kick NAME [REASON]", "as a room's maker: put somebody out", "kick username reason room"],
	["mute NAME [TIME]", "let somebody say nothing, for 10m or so", "mute username seconds room"],
	["unmute NAME", "let somebody speak again", "unmute username room"],
	["topiclock on|off", "only you set the topic", "topic_lock on room"],
	["inviteonly on|off", "only the invited enter", "invite_only on room"],
	["invite NAME", "let somebody in", "invite username room"],
	["key [KEY]", "what one needs to enter; or nothing", "key key room"],
	["oper PASSWORD", "become an operator, for what follows", "oper password"],
	["ban MASK [TIME] [REASON]", "keep a name or address out", "ban mask seconds reason"],
	["unban MASK", "let it in again", "unban mask"],
	["bans", "who is kept out", "bans"],
	["rename NAME NEW", "give somebody another name", "rename username to"],
	["announce TEXT", "speak to all as the server", "announce message"],
	["close ROOM", "put everyone out of a room", "close_room room"],
	["lock ROOM", "let nobody enter a room", "lock_room room"],
	["unlock ROOM", "let them enter again", "lock_room room"],
	["clients", "who is connected, with addresses", "clients"],
	["stats", "how the server does", "stats"],
	["shutdown [SECONDS]", "stop the server", "shutdown seconds"],
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

/** Does what a line says, by `acts`; returns what is wrong with it, or nothing. */
export function run(line, acts) {
	if (!line.startsWith("/") || line.startsWith("//")) return acts.speak(line.replace(/^\//, ""));
	const [word, rest] = cut(line);
	const command = find(word);
	if (!command) return `Unknown command ${word.slice(0, 30)}. Try /help, or begin with // to say it.`;
	const values = valuesOf(command.words, rest);
	if (!values) return `Usage: ${command.usage}`;
	const { name, type, fields } = command;
	if (!type) return acts[name](...values);
	const request = { type, ...Object.fromEntries(fields.map((field, at) => [field, values[at]])) };
	if (type === "lock_room") request.locked = name === "lock";
	return acts.ask(request);
}

/** The first word and the rest. */
const cut = (text) => /^(\S*)\s*([^]*)$/.exec(text).slice(1);
const bare = (word) => word?.replace(/[[\]]/g, "");
const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 };

/** How words are read that are not taken as they are; nothing where they make no sense. */
const readers = {
	ROOM: (word) => word.replace(/^#/, ""),
	TIME: (word) => (/^[1-9]\d*[smhd]$/.test(word) ? parseInt(word, 10) * UNITS[word.at(-1)] : undefined),
	SECONDS: (word) => Number(word) || undefined,
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

/** What fits at the caret, as `{ from, items: [{ text, hint, insert }] }`; bare names only where it `isAsked` for. */
export function completions(line, caret, isAsked) {
	const typed = line.slice(0, caret).split(/\s+/);
	const word = typed.at(-1);
	const offer = (items) => (items.length > 0 ? { from: caret - word.length, items: items.slice(0, 50) } : null);
	if (typed.length === 1 && word.startsWith("/")) {
		const fits = COMMANDS.filter(({ usage, alias }) => usage.startsWith(word) || `/${alias}`.startsWith(word));
		return offer(fits.map(({ name, words, usage, summary }) => ({ text: usage, hint: summary, insert: `/${name}${words.length ? " " : ""}` })));
	}
	const among = (all, sign = "") => {
		const start = fold(word.replace(/^[@#]/, ""));
		const fits = all.filter(({ name }) => fold(name).startsWith(start));
		return offer(fits.map(({ name, hint }) => ({ text: sign + name, hint, insert: `${sign}${name} ` })));
	};
	const kind = typed[0].startsWith("/") && bare(find(typed[0])?.words[typed.length - 2]);
	if (kind === "ROOM") return among(typed[0] === "/join" ? state.roomsThere : rooms());
	if (kind === "on|off") return among([{ name: "on" }, { name: "off" }]);
	if (kind !== "NAME" && !word.startsWith("@") && !(isAsked && word)) return null;
	const names = [...state.current.members.values(), ...state.talks.slice(rooms().length).map(({ name }) => name)];
	const others = [...new Set(names)].filter((name) => !isMe(name)).sort((a, b) => a.localeCompare(b));
	return among(others.map((name) => ({ name })), word.startsWith("@") ? "@" : "");
}
