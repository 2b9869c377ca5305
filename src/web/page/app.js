// The page: joins what is known, what is shown, and the server.

import { COMMANDS, find as findCommand, run } from "./commands.js";
import { complete, composer, input, write } from "./composer.js";
import { hurry } from "./connection.js";
import { byId, h } from "./dom.js";
import { log, toEnd } from "./log.js";
import { ask, enter, join, leave, out, quit, retry, say, session } from "./session.js";
import { LOBBY, find, get, rooms, show, state } from "./state.js";
import { openDrawer, showAll, view } from "./view.js";

const KEYS = [
	["Enter", "send; with Shift: a new line"],
	["Tab, @, /", "complete a name; show the names; show the commands"],
	["↑", "in the empty box: what you wrote before"],
	["Alt ↑, Alt ↓", "another conversation; with Shift: one with something unread"],
	["Ctrl K", "go to a room, or make one"],
	["Escape", "close what is open; go to the newest message"],
];

// --- Showing: once for all that changed within a frame ---

let isScheduled = false;
let written = null;

function schedule() {
	if (isScheduled) return;
	isScheduled = true;
	// A hidden page gets no frames, but its title is seen.
	if (document.hidden) setTimeout(draw, 100);
	else requestAnimationFrame(draw);
}

function draw() {
	isScheduled = false;
	const { current } = state;
	if (current !== written) {
		if (written) written.draft = input.value;
		written = current;
		write(current?.draft ?? "");
	}
	showAll();
	sessionStorage.setItem("rooms", JSON.stringify(rooms().map(({ name }) => name)));
}

session.onchange = schedule;
for (const type of ["click", "keydown", "submit"]) addEventListener(type, schedule, true);

const isLookedAt = () => !document.hidden && document.hasFocus();
session.isSeen = (talk) => talk === state.current && isLookedAt() && log.isAtEnd;

function markSeen() {
	const { current } = state;
	if (current && session.isSeen(current)) current.unread = current.mentions = 0;
	schedule();
}

log.onend = markSeen;
log.onretry = (entry) => retry(state.current, entry);
addEventListener("focus", markSeen);
document.addEventListener("visibilitychange", () => {
	markSeen();
	if (!document.hidden) hurry();
});

// --- Coming in ---

byId("join-form").addEventListener("submit", (event) => {
	event.preventDefault();
	const name = byId("name").value.trim();
	if (name && session.phase === "out") join(name);
});

session.onturn = (error = "") => {
	byId("join-error").textContent = error;
	byId("name").ariaInvalid = error !== "";
	schedule();
	if (session.phase === "out") setTimeout(() => byId("name").select());
	if (session.phase !== "in") return;
	localStorage.setItem("name", state.me);
	// Where one touches, the keyboard would cover half of what there is to read.
	if (matchMedia("(hover: hover)").matches) setTimeout(() => input.focus());
};

// Loaded again, the page comes back into the rooms that it was in.
byId("name").value = localStorage.getItem("name") ?? "";
byId("name").focus();
for (const room of JSON.parse(sessionStorage.getItem("rooms") ?? "[]")) get("room", room).isJoined = true;

// --- What one writes ---

const unless = (isDone) => (isDone ? "" : "There is no connection now.");
const isHere = () => state.current.kind === "room";

/** What commands do; they return what is wrong, or nothing. */
const acts = {
	ask(request) {
		if ("room" in request) request.room ??= isHere() ? state.current.name : LOBBY;
		// What an operator does without a room is for the whole server.
		if (state.isOperator && ["kick", "mute", "unmute"].includes(request.type)) delete request.room;
		return unless(ask(request));
	},
	speak: (text) => say(state.current, text),
	me: (text) => (isHere() ? say(state.current, text, true) : "One does that in rooms."),
	pm(name, text) {
		open(get("person", name));
		say(state.current, text);
	},
	say(name, text) {
		const room = find("room", name);
		return room ? say(room, text) : `You are not in #${name}.`;
	},
	join(name, key) {
		const room = find("room", name);
		return room?.isJoined ? open(room) : unless(enter(name, key));
	},
	leave(name) {
		const talk = name ? find("room", name) : state.current;
		return talk ? unless(leave(talk)) : `You are not in #${name}.`;
	},
	rooms: browse,
	help(name) {
		const command = findCommand(name ?? "");
		if (!command) return byId("menu").showModal();
		state.current.notice(`${command.usage} – ${command.summary}`);
	},
	quit,
};

composer.onsubmit = (text) => {
	const { current } = state;
	const wrong = run(text, acts);
	if (wrong) current.notice(wrong, "error");
	if (state.current) toEnd();
};

// --- Going elsewhere ---

function open(talk) {
	show(talk);
	openDrawer("");
	draw();
	markSeen();
	input.focus();
}

view.onopen = open;

/** Goes to the next talk that way, or the next with something unread. */
function step(by, isUnread) {
	const { talks, current } = state;
	let at = talks.indexOf(current);
	do at = (at + by + talks.length) % talks.length;
	while (isUnread && talks[at].unread === 0 && talks[at] !== current);
	open(talks[at]);
}

/** Begins a command for the user. */
function begin(text) {
	openDrawer("");
	input.focus();
	write(text);
}

/** Has one choose among the rooms that there are, where one writes. */
function browse() {
	begin("/join ");
	ask({ type: "rooms" });
}

session.onrooms = (all) => {
	state.roomsThere = all.map(({ room, members, topic = "" }) => ({ name: room, hint: `${topic} (${members})` }));
	if (input.value.startsWith("/join ")) complete(false);
};

// --- Telling of what concerns one ---

const isNotifying = () => window.Notification?.permission === "granted" && localStorage.getItem("notify") === "yes";

session.onalert = (talk, from, text) => {
	const title = talk.kind === "room" ? `${from} in ${talk.label}` : from;
	if (talk !== state.current) byId("news").textContent = `${title}: ${text}`;
	if (isLookedAt() || !isNotifying()) return;
	const note = new Notification(title, { body: text, tag: talk.label, icon: "/icon.svg" });
	note.onclick = () => {
		window.focus();
		open(talk);
	};
};

const showNotify = () => (byId("notify").ariaPressed = isNotifying());

// --- Buttons and keys ---

const root = document.documentElement.dataset;
root.theme = localStorage.getItem("theme") ?? "";

const clicks = {
	async notify() {
		localStorage.setItem("notify", isNotifying() ? "no" : "yes");
		await window.Notification?.requestPermission();
		showNotify();
	},
	theme() {
		const isDark = root.theme ? root.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
		root.theme = isDark ? "light" : "dark";
		localStorage.setItem("theme", root.theme);
	},
	rename: () => begin("/nick "),
	quit: () => quit(),
	me: () => byId("menu").showModal(),
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
showNotify();

const lines = [...KEYS, ...COMMANDS.map(({ usage, summary }) => [usage, summary])];
byId("keys").append(...lines.flatMap(([key, does]) => [h("dt", {}, key), h("dd", {}, does)]));

addEventListener("keydown", (event) => {
	const { key, altKey, ctrlKey, metaKey, shiftKey, target } = event;
	if (byId("chat").hidden || byId("menu").open) return;
	const isCommand = ctrlKey || metaKey;
	if (altKey && key === "ArrowUp") step(-1, shiftKey);
	else if (altKey && key === "ArrowDown") step(1, shiftKey);
	else if (isCommand && key === "k") browse();
	else if (key === "Escape") openDrawer("") || toEnd();
	else {
		// Whoever types where nothing is written means to write.
		const isTyped = key.length === 1 && key !== " " && !isCommand && !altKey;
		if (isTyped && (target === document.body || target.id === "log")) input.focus();
		return;
	}
	event.preventDefault();
});

// Some phones lay their keyboard over the page without making it smaller.
visualViewport.addEventListener("resize", () => {
	document.body.style.height = visualViewport.scale === 1 ? `${visualViewport.height}px` : "";
});
