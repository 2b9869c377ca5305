// Everything around the messages.

import { hasSecret } from "./commands.js";
import { focusInput, input, write } from "./composer.js";
import { connection } from "./connection.js";
import { byId, byName, classesOf, discOf, h, paint, rowsIn, setText } from "./dom.js";
import { markSeen, showTalk } from "./log.js";
import { session } from "./session.js";
import { get, isMe, people, rooms, show, state } from "./state.js";

const MEMBERS_MAX = 500;

const fillRooms = rowsIn(byId("rooms"), makeTalk, fillTalk);
const fillPeople = rowsIn(byId("people"), makeTalk, fillTalk);
const fillMembers = rowsIn(byId("members"), makeMember);
let listed = null;
let isDue = false;
let written = null;

/** Shows what there is: once for all changes within a frame. */
export function schedule() {
	if (isDue) return;
	isDue = true;
	requestAnimationFrame(showAll);
	// A hidden page gets no frames, but its title is seen.
	setTimeout(() => isDue && showAll(), 200);
}

export function showAll() {
	isDue = false;
	const { phase } = session;
	const { current, talks } = state;
	if (current !== written) {
		if (written) written.draft = hasSecret(input.value) ? "" : input.value;
		written = current;
		write(current?.draft ?? "");
	}
	const isOut = phase === "out" || phase === "joining";
	const unread = talks.reduce((sum, talk) => sum + talk.unread, 0);
	document.body.dataset.phase = phase;
	const lost = navigator.onLine ? "reconnecting…" : "offline";
	setText(byId("state"), { in: "connected", joining: "connecting…", lost }[phase] ?? "");
	byId("join-form").hidden = !isOut;
	byId("chat").hidden = isOut;
	document.title = isOut ? "Hubbub" : `${unread ? `(${unread}) ` : ""}${current.name} – Hubbub`;
	if (isOut) return;
	fillRooms(rooms().map(rowOf));
	fillPeople(people().map(rowOf));
	setText(byId("me").firstChild, state.me);
	setText(byId("open-side"), unread ? `☰ ${unread}` : "☰");
	showHead(current);
	const size = current.count ?? current.members.size;
	setText(byId("count"), size > MEMBERS_MAX ? `${MEMBERS_MAX} of ${size}` : `${size}`);
	setText(byId("open-members"), size === 1 ? "1 member" : `${size} members`);
	if (current.members !== listed) showMembers(current);
	showTalk(current);
}

function rowOf(talk) {
	const { label, unread, mentions, isJoined } = talk;
	const isCurrent = talk === state.current;
	return { key: talk, isCurrent, version: [label, unread, mentions, isJoined, isCurrent].join() };
}

function makeTalk({ key }) {
	return h("li", {}, h("button", { onclick: () => open(key) }, h("bdi"), h("span", { class: "unread" })));
}

function fillTalk(row, { key: { kind, name, label, unread, mentions, isJoined }, isCurrent }) {
	const button = row.firstChild;
	const [text, badge] = button.children;
	text.textContent = button.title = label;
	badge.textContent = unread || "";
	button.ariaLabel = unread ? `${label}, ${unread} unread` : label;
	button.dataset[kind] = name;
	button.ariaCurrent = isCurrent;
	button.className = classesOf({ loud: unread, mentioned: mentions, outside: !isJoined });
}

function showHead({ kind, label, topic, isJoined }) {
	setText(byId("title"), label);
	setText(byId("topic"), topic);
	byId("topic").title = topic;
	setText(byId("leave"), kind === "room" ? "Leave" : "Close");
	input.placeholder = input.ariaLabel = `Message ${label}`;
	byId("composer").hidden = !isJoined;
	byId("outside").hidden = isJoined;
	document.body.dataset.kind = kind;
	setText(byId("trouble"), session.trouble && `(${session.trouble})`);
	byId("other-name").hidden = !session.trouble;
}

setInterval(() => {
	const seconds = Math.ceil((connection.retryAt - Date.now()) / 1000);
	setText(byId("countdown"), seconds > 0 ? `again in ${seconds} s` : "");
}, 500);

function showMembers({ members }) {
	listed = members;
	const names = [...members.values()].sort(byName).slice(0, MEMBERS_MAX);
	fillMembers(names.map((name) => ({ key: `${name} ${isMe(name)}`, name })));
}

function makeMember({ name }) {
	const button = h("button", { title: `Write to ${name}`, onclick: () => open(get("person", name)) },
		discOf(name), h("bdi", {}, name), h("small", {}, isMe(name) ? "you" : ""));
	return paint(h("li", { "data-name": name }, button), name);
}

/** Opens `side`, `aside` or neither; returns whether one was open. */
export function openDrawer(which) {
	const { dataset } = document.body;
	const opener = byId({ side: "open-side", aside: "open-members" }[dataset.drawer]);
	dataset.drawer = which;
	byId("main").inert = Boolean(which);
	(which ? byId(which).querySelector("button") : opener)?.focus();
	return Boolean(opener);
}

export function open(talk) {
	show(talk);
	openDrawer("");
	showAll();
	markSeen();
	focusInput();
}

export function begin(text) {
	openDrawer("");
	input.focus();
	write(text);
}
