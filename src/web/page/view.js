// What is shown around the messages: where one is, which conversations there are, who is here.

import { aim, composer, focusInput, input, write } from "./composer.js";
import { byId, byName, classesOf, h, rowsIn, setText } from "./dom.js";
import { markSeen, showLog } from "./log.js";
import { discOf, hashOf, paint } from "./message.js";
import { retryAt, session, showMore } from "./session.js";
import { LOBBY, MEMBERS_STEP, isMe, people, rooms, show, state, takesFiles } from "./state.js";

const fillRooms = rowsIn(byId("rooms"), makeTalk, fillTalk);
const fillPeople = rowsIn(byId("people"), makeTalk, fillTalk);
const fillMembers = rowsIn(byId("members"), makeMember);
const aside = byId("aside");
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
session.onchange = schedule;

export function showAll() {
	isDue = false;
	const { phase } = session;
	const { current, talks } = state;
	if (current !== written) changeDraft();
	const isOut = phase === "out" || phase === "joining";
	const unread = talks.reduce((sum, talk) => sum + talk.unread, 0);
	document.body.dataset.phase = phase;
	const lost = navigator.onLine ? "reconnecting…" : "offline";
	setText("state", { in: "connected", joining: "connecting…", lost }[phase] ?? "");
	byId("door").hidden = !isOut;
	byId("chat").hidden = isOut;
	document.title = isOut ? "Hubbub" : `${unread ? `(${unread}) ` : ""}${current.name} – Hubbub`;
	if (isOut) return;
	fillRooms(rooms().map(rowOf));
	fillPeople(people().map(rowOf));
	setText("self", state.me);
	setText("open-side", unread ? `☰ ${unread}` : "☰");
	showHead(current);
	const { members, wanted } = current;
	const size = current.count ?? members.size;
	const shown = Math.min(members.size, wanted);
	setText("count", shown < size ? `${shown} of ${size}` : `${size}`);
	setText("open-members", size === 1 ? "1 member" : `${size} members`);
	if (members !== listed) showMembers([...members], size, shown);
	showLog(current);
}

/** Each conversation has a text of its own that one has begun, but for passwords, and for changes of another. */
function changeDraft() {
	const { current } = state;
	const isEdit = composer.target?.kind === "edit";
	if (written) written.draft = isEdit || composer.hasSecret(input.value) ? "" : input.value;
	written = current;
	aim(null);
	write(current?.draft ?? "");
	if (current) history.replaceState(null, "", current.is("room", LOBBY) || current.kind !== "room" ? location.pathname : hashOf(current.name));
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
	setText("title", label);
	setText("topic", topic);
	byId("topic").title = topic;
	input.placeholder = input.ariaLabel = `Message ${label}`;
	byId("composer").hidden = !isJoined;
	byId("outside").hidden = isJoined;
	byId("attach").hidden = !takesFiles();
	document.body.dataset.kind = kind;
	setText("trouble", session.trouble && `(${session.trouble})`);
	byId("other-name").hidden = !session.trouble;
}

setInterval(() => {
	const seconds = Math.ceil((retryAt() - Date.now()) / 1000);
	setText("countdown", seconds > 0 ? `again in ${seconds} s` : "");
}, 500);

function showMembers(names, size, shown) {
	listed = state.current.members;
	// A crowd stands as it came, as its pages do.
	if (size <= MEMBERS_STEP) names.sort(byName);
	fillMembers(names.slice(0, shown).map(name => ({ key: `${name} ${isMe(name)}`, name })));
}

aside.onscroll = () => {
	const isNear = aside.scrollHeight - aside.scrollTop < 2 * aside.clientHeight;
	if (!isNear || !showMore(state.current)) return;
	listed = null;
	schedule();
};

function makeMember({ name }) {
	const button = h("button", { "data-card": name },
		discOf(name), h("bdi", {}, name), h("small", {}, isMe(name) ? "you" : ""));
	return paint(h("li", { "data-name": name }, button), name);
}

/** Opens `side`, `aside` or neither; returns whether one was open. */
export function openDrawer(which) {
	const { dataset } = document.body;
	const opener = byId({ side: "open-side", aside: "open-members" }[dataset.drawer]);
	dataset.drawer = which;
	byId("main").inert = Boolean(which);
	(which ? byId(which).querySelector("li button") : opener)?.focus();
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
