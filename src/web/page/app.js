// The page begins here.

import { COMMANDS, browse } from "./commands.js";
import { complete, focusInput, input } from "./composer.js";
import { hurry } from "./connection.js";
import { byId, h } from "./dom.js";
import { handlers } from "./events.js";
import { isLookedAt, markSeen, toEnd } from "./log.js";
import { enter, join, leave, out, quit, session } from "./session.js";
import { get, rooms, state } from "./state.js";
import { begin, open, openDrawer, schedule, showAll } from "./view.js";

const KEYS = [
	["Enter", "send; with Shift: a new line"],
	["Tab, @, /", "complete; list names, commands"],
	["↑", "in the empty box: what you sent"],
	["Alt ↑, Alt ↓", "another conversation"],
	["Ctrl K", "go to a room, or make one"],
	["Escape", "close what is open; go to the newest"],
];

const password = byId("password");

byId("join-form").addEventListener("submit", (event) => {
	event.preventDefault();
	const name = byId("name").value.trim();
	if (!name || session.phase !== "out") return;
	join(name, password.value || undefined);
	localStorage.setItem("name", name);
});

session.onphase = (error = "", code = "") => {
	byId("join-error").textContent = error;
	byId("name").ariaInvalid = error !== "";
	const isForPassword = /login|regis/.test(code);
	byId("proof").open ||= isForPassword;
	if (session.phase === "in") password.value = "";
	showAll();
	if (session.phase === "out") (isForPassword ? password : byId("name")).select();
	if (session.phase === "in") focusInput();
};

session.handlers = handlers;
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
for (const type of ["click", "keydown", "submit"]) addEventListener(type, schedule, true);
showNotify();

for (const [key, does] of [...KEYS, ...COMMANDS.map(({ usage, summary }) => [usage, summary])]) {
	byId("keys").append(h("dt", {}, key), h("dd", {}, does));
}

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

// Loaded again, it comes back into its rooms.
addEventListener("pagehide", () => {
	const joined = rooms().filter(({ isJoined }) => isJoined);
	sessionStorage.setItem("rooms", JSON.stringify(joined.map(({ name }) => name)));
});
byId("name").focus();
byId("name").value = localStorage.getItem("name");
for (const room of JSON.parse(sessionStorage.getItem("rooms") ?? "[]")) get("room", room).isJoined = true;
