// Everything around the messages: talks, members, title, state of the connection, drawers.

import { connection } from "./connection.js";
import { byId, discOf, h, hueOf, rowsIn, setText } from "./dom.js";
import { showTalk } from "./log.js";
import { session } from "./session.js";
import { get, isMe, rooms, state } from "./state.js";

/** Members shown; of a larger room it is told how many more there are. */
const MEMBERS_MAX = 500;

/** `onopen(talk)`: one wants to go there. */
export const view = { onopen(talk) {} };

const byName = new Intl.Collator([], { sensitivity: "base", numeric: true }).compare;
const fillRooms = rowsIn(byId("rooms"), makeTalk, fillTalk);
const fillPeople = rowsIn(byId("people"), makeTalk, fillTalk);
const fillMembers = rowsIn(byId("members"), makeMember);
let membersShown = null;

export function showAll() {
	const { phase } = session;
	const { current, talks } = state;
	const isOut = phase === "out" || phase === "joining";
	const unread = talks.reduce((sum, talk) => sum + talk.unread, 0);
	document.body.dataset.phase = phase;
	byId("join-form").hidden = !isOut;
	byId("chat").hidden = isOut;
	document.title = isOut ? "Hubbub" : `${unread > 0 ? `(${unread}) ` : ""}${current.name} – Hubbub`;
	if (isOut) return;
	fillRooms(rooms().map(rowOf));
	fillPeople(talks.slice(rooms().length).map(rowOf));
	setText(byId("me").firstChild, state.me);
	showHead(current);
	if (current.members !== membersShown) showMembers(current);
	showTalk(current);
}

function rowOf(talk) {
	const { label, unread, mentions, isJoined } = talk;
	const isCurrent = talk === state.current;
	return { key: talk, isCurrent, version: [label, unread, mentions, isJoined, isCurrent].join() };
}

function makeTalk({ key }) {
	return h("li", {}, h("button", { onclick: () => view.onopen(key) }, h("bdi"), h("span", { class: "unread" })));
}

function fillTalk(row, { key: { kind, name, label, unread, mentions, isJoined }, isCurrent }) {
	const button = row.firstChild;
	const [text, badge] = button.children;
	text.textContent = button.title = label;
	badge.textContent = unread || "";
	badge.ariaLabel = `${unread} unread`;
	button.dataset[kind] = name;
	button.ariaCurrent = isCurrent;
	button.className = [unread && "loud", mentions && "mentioned", !isJoined && "outside"].filter(Boolean).join(" ");
}

function showHead({ kind, label, topic, isJoined }) {
	setText(byId("title"), label);
	setText(byId("topic"), topic);
	byId("topic").title = topic;
	byId("leave").title = byId("leave").ariaLabel = `${kind === "room" ? "Leave" : "Close"} ${label}`;
	byId("input").placeholder = byId("input").ariaLabel = `Message ${label}`;
	byId("composer").hidden = !isJoined;
	byId("outside").hidden = isJoined;
	document.body.dataset.kind = kind;
	const lost = navigator.onLine ? "reconnecting…" : "offline";
	setText(byId("state"), session.phase === "in" ? "connected" : lost);
	setText(byId("trouble"), session.trouble);
	byId("other-name").hidden = !session.trouble;
}

setInterval(() => {
	const seconds = Math.ceil((connection.retryAt - Date.now()) / 1000);
	setText(byId("countdown"), seconds > 0 ? `again in ${seconds} s` : "");
}, 500);

function showMembers({ members, size }) {
	membersShown = members;
	const names = [...members.values()].sort(byName).slice(0, MEMBERS_MAX);
	const list = names.map((name) => ({ key: `${name} ${isMe(name)}`, name }));
	const more = size - list.length;
	fillMembers(more > 0 ? [...list, { key: `${more} more`, more }] : list);
	setText(byId("count"), size);
	setText(byId("open-members"), size === 1 ? "1 member" : `${size} members`);
}

function makeMember({ name, more }) {
	if (more) return h("li", { class: "empty" }, `and ${more} more`);
	const button = h("button", { title: `Write to ${name}`, onclick: () => view.onopen(get("person", name)) },
		discOf(name), h("bdi", {}, name), h("small", {}, isMe(name) ? "you" : ""));
	return h("li", { class: hueOf(name), "data-name": name }, button);
}

/** Where there is little room: opens the drawer `side` or `aside`, or none; returns whether one was open. */
export function openDrawer(which) {
	const { dataset } = document.body;
	const wasOpen = Boolean(dataset.drawer);
	dataset.drawer = which;
	byId("main").inert = Boolean(which);
	if (which) byId(which).querySelector("button")?.focus();
	return wasOpen;
}
