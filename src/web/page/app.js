// The page begins here: what its user does.

import { isRoomName } from "./links.js";
import { ask, comeBack, enter, hurry, join, leave, logout, lookBack, out, quit, say, session, tokenOf } from "./session.js";
import { LOBBY, find, get, isMe, people, rooms, show, state } from "./state.js";
import { begin, byId, byName, h, isLookedAt, markSeen, open, openDrawer, schedule, showAll, toEnd } from "./view.js";

const KEYS = [
	["Enter", "send; with Shift: a new line"],
	["Tab, @, /", "complete; list names, commands"],
	["↑", "in the empty box: what you sent"],
	["Alt ↑, Alt ↓", "another conversation"],
	["Ctrl K", "go to a room, or make one"],
	["Escape", "close what is open; go to the newest"],
];

const username = byId("name");
const password = byId("password");
const serverPassword = byId("server-password");
const isNew = byId("is-new");

byId("join-form").addEventListener("submit", (event) => {
	event.preventDefault();
	const name = username.value.trim();
	if (!name || session.phase !== "out") return;
	const invitation = isNew.checked ? byId("invitation").value.trim() : undefined;
	join(name, password.value || undefined, serverPassword.value, invitation);
	localStorage.setItem("name", name);
});

session.onphase = (error = "", code = "") => {
	byId("join-error").textContent = error;
	username.ariaInvalid = error !== "";
	const isForPassword = /login|regis|account|code/.test(code);
	byId("proof").open ||= isForPassword;
	if (code === "server_password") serverPassword.hidden = false;
	if (session.phase === "in") [password.value, isNew.checked] = ["", false];
	showAll();
	if (session.phase === "out") (isForPassword ? password : username).select();
	if (session.phase !== "in") return;
	focusInput();
	if (wanted) acts.join(wanted);
	wanted = "";
};

/** The room that the page's address names. */
function roomInAddress() {
	try {
		const name = decodeURIComponent(location.hash.slice(1));
		return isRoomName(name) ? name : "";
	} catch {
		return "";
	}
}

/** Where one goes after coming in. */
let wanted = roomInAddress();

addEventListener("hashchange", () => {
	wanted = roomInAddress() || (location.hash ? "" : LOBBY);
	if (session.phase !== "in" || !wanted) return;
	acts.join(wanted);
	wanted = "";
});

session.onchange = schedule;

session.onrooms = (all) => {
	state.roomsThere = all.map(({ room, members, topic = "" }) => ({ name: room, hint: `${members} there${topic && ` · ${topic}`}` }));
	if (input.value.startsWith("/join ")) complete(false);
};

const { Notification: Note } = window;
const showNotify = () => (byId("notify").hidden = Note?.permission !== "default");

session.onalert = (talk, from, text) => {
	const title = talk.kind === "room" ? `${from} in ${talk.label}` : from;
	if (talk !== state.current) byId("news").textContent = `${title}: ${text}`;
	if (isLookedAt() || Note?.permission !== "granted") return;
	try {
		new Note(title, { body: text, tag: talk.label, icon: "/icon.svg" }).onclick = () => {
			window.focus();
			open(talk);
		};
	} catch {
		// Some phones leave that to service workers.
	}
};

addEventListener("focus", markSeen);
document.addEventListener("visibilitychange", () => {
	markSeen();
	if (!document.hidden) hurry();
});

const clicks = {
	notify: () => Note.requestPermission().then(showNotify),
	// The closing menu gives the focus back first.
	rename: () => setTimeout(begin, 0, "/nick "),
	quit: () => quit(),
	logout: () => logout(),
	me: showMenu,
	browse,
	leave: () => leave(state.current),
	again: () => enter(state.current.name, state.current.key),
	"try-now": hurry,
	"other-name": () => out(),
	"open-side": () => openDrawer("side"),
	"open-members": () => openDrawer("aside"),
	backdrop: () => openDrawer(""),
};
for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
for (const type of ["click", "keydown", "submit"]) addEventListener(type, schedule, true);
showNotify();

function step(by) {
	const { talks, current } = state;
	open(talks.at((talks.indexOf(current) + by) % talks.length));
}

addEventListener("keydown", (event) => {
	const { key, altKey, ctrlKey, metaKey } = event;
	if (byId("chat").hidden || byId("menu").open) return;
	if (altKey && key === "ArrowUp") step(-1);
	else if (altKey && key === "ArrowDown") step(1);
	else if ((ctrlKey || metaKey) && key === "k") browse();
	else if (key === "Escape") openDrawer("") || toEnd();
	else return;
	event.preventDefault();
});

// Some phones lay their keyboard over the page.
visualViewport.addEventListener("resize", () => {
	document.body.style.height = visualViewport.scale === 1 ? `${visualViewport.height}px` : "";
	openDrawer("");
});

// Loaded again, it comes back: as whom, into which rooms, and where one looked.
addEventListener("pagehide", () => {
	const { me, current } = state;
	const joined = rooms().filter(({ isJoined }) => isJoined).map(({ name, key }) => ({ name, key }));
	const shown = current && { kind: current.kind, name: current.name };
	const isIn = ["in", "lost"].includes(session.phase);
	sessionStorage.setItem("chat", JSON.stringify({ me: isIn ? me : "", joined, shown }));
});

const HISTORY_MAX = 50;
const LINES_MAX = 8;

export const input = byId("input");
const list = byId("completions");
let offer = null;
let chosen = 0;
let history = [];
let back = 0;

/** Not where a keyboard would cover half of the page. */
export const focusInput = () => matchMedia("(hover: hover)").matches && input.focus();

export function write(text) {
	input.value = text;
	fit();
	closeList();
}

/** Offers what fits, or takes the only one where one `isAsked` for it; returns whether there was any. */
function complete(isAsked) {
	closeList();
	const typed = input.value.slice(0, input.selectionEnd);
	offer = offerFor(typed, isAsked);
	if (!offer) return false;
	if (isAsked && offer.items.length === 1) accept(0);
	else showList(isAsked || !isWhole(typed) ? 0 : -1);
	return true;
}

/** Could what is typed stand as it is? Then nothing is chosen in its place before one does so. */
function isWhole(typed) {
	const word = typed.slice(offer.from);
	if (offer.items.some(({ insert }) => insert.trim().toLowerCase() === word.toLowerCase())) return true;
	return word !== "" && typed.startsWith("/") && (offer.from > 0 || commandOf(word));
}

function submit() {
	const text = input.value.trim();
	if (!text) return;
	if (!hasSecret(text)) history = [text, ...history].slice(0, HISTORY_MAX);
	back = 0;
	write("");
	const { current } = state;
	const wrong = run(text);
	if (wrong) current.notice(wrong, "error");
	if (state.current) toEnd();
}

function fit() {
	input.rows = Math.min(LINES_MAX, input.value.split("\n").length);
}

input.addEventListener("input", () => {
	back = 0;
	fit();
	complete(false);
});
input.addEventListener("blur", closeList);
// A click there must not take the focus away first.
list.addEventListener("pointerdown", (event) => event.preventDefault());
input.addEventListener("keydown", (event) => {
	const { key, shiftKey, isComposing, keyCode, ctrlKey, metaKey, altKey } = event;
	// While an input method composes (229 where the flag is late), the keys are its own.
	if (isComposing || keyCode === 229 || ctrlKey || metaKey || altKey || shiftKey) return;
	if (!(offer ? inList(key) : inText(key))) return;
	event.preventDefault();
	event.stopPropagation();
});
byId("composer").addEventListener("submit", (event) => {
	event.preventDefault();
	submit();
	input.focus();
});

function inText(key) {
	if (key === "Enter") submit();
	else if (key === "Tab") return complete(true);
	else if (key === "ArrowUp" && (!input.value || back > 0)) recall(1);
	else if (key === "ArrowDown" && back > 0) recall(-1);
	else return false;
	return true;
}

function recall(step) {
	back = Math.min(history.length, back + step);
	write(history[back - 1] ?? "");
}

function inList(key) {
	const { length } = offer.items;
	if (key === "ArrowDown") choose((chosen + 1) % length);
	else if (key === "ArrowUp") choose((chosen > 0 ? chosen : length) - 1);
	else if (key === "Escape") closeList();
	else if (key === "Enter" && chosen < 0) submit();
	else if (key === "Enter" || key === "Tab") accept(Math.max(0, chosen));
	else return false;
	return true;
}

function accept(at) {
	input.setRangeText(offer.items[at].insert, offer.from, input.selectionEnd, "end");
	fit();
	complete(false);
}

function showList(at) {
	const options = offer.items.map(({ text, hint = "" }, at) =>
		h("li", { role: "option", id: `option-${at}`, onclick: () => accept(at) }, h("bdi", {}, text), h("small", {}, hint)));
	list.replaceChildren(...options);
	list.hidden = false;
	input.role = "combobox";
	input.ariaExpanded = "true";
	choose(at);
}

function choose(at) {
	chosen = at;
	[...list.children].forEach((option, other) => (option.ariaSelected = other === at));
	list.children[at]?.scrollIntoView({ block: "nearest" });
	if (at < 0) input.removeAttribute("aria-activedescendant");
	else input.setAttribute("aria-activedescendant", `option-${at}`);
}

function closeList() {
	offer = null;
	list.hidden = true;
	for (const name of ["role", "aria-expanded", "aria-activedescendant"]) input.removeAttribute(name);
}

/** What fits after `before`, as `{ from, items: [{ text, hint, insert }] }`; bare names only where one `isAsked`. */
function offerFor(before, isAsked) {
	const typed = before.split(/\s+/);
	const word = typed.at(-1);
	const offer = (items) => (items.length > 0 ? { from: before.length - word.length, items: items.slice(0, 50) } : null);
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
	const others = [...new Set(names)].filter((name) => !isMe(name)).sort(byName);
	return among(others.map((name) => ({ name })), word.startsWith("@") ? "@" : "");
}

// Words, what they do, and the request where it is not just their names: its type and more fields. A `room` that is no
// word is the one that one looks at. Some are acts instead, below.
const TABLE = [
	["help [COMMAND]", "keys and commands"],
	["nick USERNAME", "take another name"],
	["pm|msg NAME TEXT", "a message for one person"],
	["me TEXT", "do something"],
	["rooms", "which rooms there are"],
	["join ROOM [KEY]", "enter it, or make it"],
	["leave|part [ROOM]", "leave it, or this one"],
	["say ROOM TEXT", "speak there from here"],
	["who|list [ROOM]", "who is in it, or in this one", "users"],
	["topic [TOPIC]", "what the room is about", "topic room"],
	["history [#ROOM|@NAME] [N] [before ID|after ID] [since TIME]", "what was said before, as since 2h"],
	["search [--before ID] WORDS", "where these words were said"],
	["delete [ID] [REASON]", "delete what you said: the last, or another"],
	["ignore NAME", "hear nothing from somebody"],
	["unignore NAME", "hear from somebody again"],
	["away [TEXT]", "be away, or back"],
	["whois NAME", "who somebody is"],
	["register PASSWORD [--code CODE]", "let nobody else have your name"],
	["login NAME PASSWORD [--multi]", "take a name of your own"],
	["logout", "be a guest again"],
	["passwd [OLD] PASSWORD", "have another password"],
	["unregister [PASSWORD]", "give your name up"],
	["token ACTION [BOT]", "let a bot in: new, drop or list"],
	["ping", "is the server there?"],
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
	["moderated on|off", "only those with a voice speak", "moderated room"],
	["voice NAME", "let somebody speak there", "voice room"],
	["unvoice NAME", "or no more", "voice room"],
	["secret on|off", "tell of the room to members only", "secret room"],
	["inside on|off", "only those in the room speak in it", "inside room"],
	["noctcp on|off", "let no programs of IRC ask each other there", "no_ctcp room"],
	["limit [N]", "let so many in; or as many as come", "room_limit room"],
	["roomban [except|invite] MASK", "keep nick!user@host out, or do not, or let it in", "room_mask"],
	["unroomban [except|invite] MASK", "undo that", "room_mask"],
	["oper PASSWORD", "become an operator"],
	["ban MASK [TIME] [REASON]", "keep a name or address out"],
	["unban MASK", "let it in again"],
	["bans", "who is kept out"],
	["rename NAME NEW", "give somebody another name"],
	["announce TEXT", "tell everyone"],
	["close ROOM", "put everyone out of a room", "close_room"],
	["lock ROOM", "let nobody enter a room", "lock_room"],
	["unlock ROOM", "let them enter again", "lock_room"],
	["invitecode new|drop|list [N|CODE] [TIME]", "let N people register with a code", "invite_code"],
	["clients", "who is connected, with addresses"],
	["stats", "how the server does"],
	["export ROOM", "write what was said in it to a file"],
	["shutdown [SECONDS]", "stop the server"],
];

const FIELDS = { NAME: "username", NEW: "to", TEXT: "message", TIME: "seconds", N: "limit", BOT: "name", "on|off": "on" };

const COMMANDS = TABLE.map(([line, summary, request]) => {
	const [first, ...words] = line.split(" ");
	const [name, alias = name] = first.split("|");
	const [type, ...others] = (request ?? name).split(" ");
	const fields = [...words.map((word) => FIELDS[bare(word)] ?? bare(word).toLowerCase()), ...others];
	return { name, alias, words, usage: ["/" + name, ...words].join(" "), summary, type, fields };
});

function bare(word) {
	return word?.replace(/[[\]]/g, "");
}

function commandOf(typed) {
	const wanted = typed.replace(/^\//, "").toLowerCase();
	return COMMANDS.find(({ name, alias }) => name === wanted || alias === wanted);
}

export const hasSecret = (line) => line.startsWith("/") && commandOf(cut(line)[0])?.usage.includes("PASSWORD");

/** Does what a line says; returns what is wrong with it, or nothing. */
function run(line) {
	if (!line.startsWith("/") || line.startsWith("//")) return say(state.current, line.replace(/^\//, ""));
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
	return unless(ask(request));
}

const cut = (text) => /^(\S*)\s*([^]*)$/.exec(text).slice(1);
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };

const readers = {
	ROOM: (word) => word.replace(/^#/, ""),
	TIME: (word) => (/^[1-9]\d*[smhd]$/.test(word) ? parseInt(word, 10) * SECONDS[word.at(-1)] : undefined),
	"on|off": (word) => ({ on: true, off: false })[word.toLowerCase()],
	N: (word) => (/^[1-9]\d*$/.test(word) ? Number(word) : undefined),
	SECONDS: (word) => (/^\d+$/.test(word) ? Number(word) || null : undefined),
	ACTION: (word) => word.toLowerCase(),
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
	roomban: (rest) => roomMask(rest, true),
	unroomban: (rest) => roomMask(rest, false),
};

const LISTS = { except: "exception", invite: "invitation" };

function roomMask(rest, on) {
	const [word, other] = cut(rest.trim());
	const list = other ? LISTS[word.toLowerCase()] : "ban";
	return list && word && { list, mask: other || word, on, room: isInRoom() ? state.current.name : LOBBY };
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
		const room = find("room", name);
		return room?.isJoined ? open(room) : unless(enter(name, key));
	},
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
	rooms: browse,
	help(word) {
		const command = word ? commandOf(word) : null;
		if (!word || word === "all") showMenu();
		else if (command) state.current.notice(`${command.usage}: ${command.summary}`);
		else return unknown(word);
	},
	logout: () => unless(logout()),
	quit,
};

const unknown = (word) => `Unknown command ${word.slice(0, 30)}. Try /help, or begin with // to say it.`;

function showMenu() {
	byId("logout").hidden = !tokenOf(state.me);
	byId("menu").showModal();
}

function browse() {
	begin("/join ");
	ask({ type: "rooms" });
}

const usages = COMMANDS.map(({ name, alias, usage, summary }) => [alias === name ? usage : `${usage}, /${alias}`, summary]);
for (const [key, does] of [...KEYS, ...usages]) byId("keys").append(h("dt", {}, key), h("dd", {}, does));
username.focus();
username.value = localStorage.getItem("name");
const kept = JSON.parse(sessionStorage.getItem("chat") ?? "{}");
for (const { name, key } of kept.joined ?? []) Object.assign(get("room", name), { isJoined: true, key });
if (kept.me) {
	show(get(kept.shown?.kind ?? "room", kept.shown?.name ?? LOBBY));
	comeBack(kept.me);
}
