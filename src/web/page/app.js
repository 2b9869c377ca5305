// The page begins here: it comes in or comes back, and goes where its address and the keyboard say.

import "./events.js";
import { HELP } from "./commands.js";
import { aim, complete, composer, focusInput, input, insert } from "./composer.js";
import { browse, search, showRoom, visit } from "./dialogs.js";
import { byId, onClicks } from "./dom.js";
import { showDoor } from "./door.js";
import { openPicker } from "./emoji.js";
import { isRoomName } from "./links.js";
import { isLookedAt, markSeen, toEnd } from "./log.js";
import { comeBack, enter, hurry, joinAgain, out, session } from "./session.js";
import { notify, ring, showHelp } from "./settings.js";
import { LOBBY, get, rooms, show, state } from "./state.js";
import { open, openDrawer, schedule, showAll } from "./view.js";

session.onphase = (error, code) => {
	showAll();
	showDoor(error, code);
	if (session.phase !== "in") return;
	focusInput();
	go();
};

/** The room that the page's address names, and the message there. */
function placeInAddress() {
	try {
		const [, name, id] = /^#([^\/]*)(?:\/(\d+))?$/.exec(decodeURIComponent(location.hash)) ?? [];
		return name && isRoomName(name) ? { name, id: Number(id ?? 0) } : null;
	} catch {
		return null;
	}
}

/** Where one goes after coming in. */
let wanted = placeInAddress();

function go() {
	if (session.phase !== "in" || !wanted) return;
	const { name, id } = wanted;
	wanted = null;
	visit(name, id);
}

addEventListener("hashchange", () => {
	wanted = placeInAddress() ?? (location.hash ? null : { name: LOBBY });
	go();
});

session.onrooms = all => {
	state.roomsThere = all.map(({ room, members, topic = "" }) => ({ name: room, hint: `${members} there${topic && ` · ${topic}`}` }));
	if (input.value.startsWith("/join ")) complete(false);
};

session.onalert = (talk, from, text) => {
	const title = talk.kind === "room" ? `${from} in ${talk.label}` : from;
	if (talk !== state.current) byId("news").textContent = `${title}: ${text}`;
	if (isLookedAt()) return;
	ring();
	notify(title, text, talk.label, () => {
		window.focus();
		open(talk);
	});
};

addEventListener("focus", markSeen);
document.addEventListener("visibilitychange", () => {
	markSeen();
	if (!document.hidden) hurry();
});

onClicks({
	browse,
	search,
	"room-info": showRoom,
	again: () => enter(state.current.name, state.current.key),
	"try-now": hurry,
	"other-name": () => out(),
	"open-side": () => openDrawer("side"),
	"open-members": () => openDrawer("aside"),
	backdrop: () => openDrawer(""),
	emoji: ({ currentTarget }) => openPicker(currentTarget, insert),
});
for (const type of ["click", "keydown", "submit"]) addEventListener(type, schedule, true);

function step(by) {
	const { talks, current } = state;
	open(talks.at((talks.indexOf(current) + by) % talks.length));
}

addEventListener("keydown", event => {
	const { key, altKey, ctrlKey, metaKey } = event;
	if (byId("chat").hidden || document.querySelector("dialog[open], :popover-open")) return;
	if (altKey && key === "ArrowUp") step(-1);
	else if (altKey && key === "ArrowDown") step(1);
	else if ((ctrlKey || metaKey) && key === "k") browse();
	else if (key === "Escape" && composer.target) aim(null);
	else if (key === "Escape") openDrawer("") || toEnd();
	else return;
	event.preventDefault();
});

// A dialog is closed by its cross, and by a click beside it.
for (const dialog of document.querySelectorAll("dialog")) {
	dialog.onclick = ({ target }) => {
		if (target === dialog || target.closest(".close")) dialog.close();
	};
}

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

showHelp(HELP);
const before = JSON.parse(sessionStorage.getItem("chat") ?? "{}");
const name = localStorage.getItem("name");
for (const { name, key } of before.joined ?? []) Object.assign(get("room", name), { isJoined: true, key });
if (before.me) {
	show(get(before.shown?.kind ?? "room", before.shown?.name ?? LOBBY));
	comeBack(before.me);
} else if (name && !before.joined && !localStorage.getItem("left")) joinAgain(name);
else showDoor();
