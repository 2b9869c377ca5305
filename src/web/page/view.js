// What is shown. What users wrote is set as text, never as markup.

import { focusInput, hasSecret, input, write } from "./app.js";
import { partsOf } from "./links.js";
import { ask, lookBack, retry, session, showMore } from "./session.js";
import { LOBBY, MEMBERS_STEP, find, get, isMe, people, rooms, show, state } from "./state.js";

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

export function showAll() {
	isDue = false;
	const { phase } = session;
	const { current, talks } = state;
	if (current !== written) {
		if (written) written.draft = hasSecret(input.value) ? "" : input.value;
		written = current;
		write(current?.draft ?? "");
		if (current) history.replaceState(null, "", current.is("room", LOBBY) ? location.pathname : hashOf(current.kind, current.name));
	}
	const isOut = phase === "out" || phase === "joining";
	const unread = talks.reduce((sum, talk) => sum + talk.unread, 0);
	document.body.dataset.phase = phase;
	const lost = navigator.onLine ? "reconnecting…" : "offline";
	setText("state", { in: "connected", joining: "connecting…", lost }[phase] ?? "");
	byId("join-form").hidden = !isOut;
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
	setText("title", label);
	setText("topic", topic);
	byId("topic").title = topic;
	setText("leave", kind === "room" ? "Leave" : "Close");
	input.placeholder = input.ariaLabel = `Message ${label}`;
	byId("composer").hidden = !isJoined;
	byId("outside").hidden = isJoined;
	document.body.dataset.kind = kind;
	setText("trouble", session.trouble && `(${session.trouble})`);
	byId("other-name").hidden = !session.trouble;
}

setInterval(() => {
	const seconds = Math.ceil((session.retryAt - Date.now()) / 1000);
	setText("countdown", seconds > 0 ? `again in ${seconds} s` : "");
}, 500);

function showMembers(names, size, shown) {
	listed = state.current.members;
	// A crowd stands as it came, as its pages do.
	if (size <= MEMBERS_STEP) names.sort(byName);
	fillMembers(names.slice(0, shown).map((name) => ({ key: `${name} ${isMe(name)}`, name })));
}

aside.addEventListener("scroll", () => {
	const isNear = aside.scrollHeight - aside.scrollTop < 2 * aside.clientHeight;
	if (!isNear || !showMore(state.current)) return;
	listed = null;
	schedule();
});

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

/** Entries shown, or shown more. */
const WINDOW = 500;
/** What one says within this time stands together. */
const GROUP_MS = 300_000;
/** In pixels, to the beginning too. */
const NEAR_END = 48;
/** More names are counted. */
const NAMES_MAX = 5;

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });

const node = byId("log");
const pill = byId("pill");
let talk = null;
let isAtEnd = true;
/** The first entry shown, while one is not at the end. */
let first = null;
let size = 0;

const fillRows = rowsIn(node, (row) => makers[row.kind](row), (child, row) => fillers[row.kind]?.(child, row));

function showTalk(wanted) {
	const isOther = wanted !== talk;
	if (isOther) {
		talk = wanted;
		isAtEnd = true;
		hush();
	}
	const { scrollTop } = node;
	const isSeen = (row) => row.offsetTop + row.offsetHeight > scrollTop && !row.matches(".line");
	const anchor = !isAtEnd && [...node.children].find(isSeen);
	const top = anchor && anchor.offsetTop;
	fillRows(rowsOf(talk));
	const line = isOther && node.querySelector(".new");
	if (line) {
		node.scrollTop = line.offsetTop - node.clientHeight / 3;
		scrolled();
	} else if (isAtEnd) follow();
	else if (anchor?.isConnected) node.scrollTop = scrollTop + anchor.offsetTop - top;
	showPill();
	if (node.scrollTop < NEAR_END || (talk.since && talk.kind === "person")) lookBack(talk);
}

export function toEnd() {
	isAtEnd = true;
	showTalk(talk);
	markSeen();
}

function goUp() {
	const start = startIn(talk.entries);
	// What comes above the very first is shown.
	first = start > 0 ? talk.entries[Math.max(0, start - WINDOW)] : {};
	isAtEnd = false;
	hush();
	showTalk(talk);
}

/** What is shown at once is not read out. */
function hush() {
	node.ariaLive = "off";
	setTimeout(() => (node.ariaLive = "polite"), 500);
}

function scrolled() {
	// A change of size scrolls, too: who was at the end stays there.
	if (isAtEnd && size !== sizeOf()) return follow();
	const wasAtEnd = isAtEnd;
	isAtEnd = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR_END;
	if (!isAtEnd) first ??= talk.entries[startIn(talk.entries)];
	else if (!wasAtEnd) markSeen();
	if (!isAtEnd && node.scrollTop < NEAR_END) goUp();
	showPill();
}

const sizeOf = () => node.clientWidth + node.clientHeight / 1e5;

function follow() {
	size = sizeOf();
	node.scrollTop = node.scrollHeight;
}

function showPill() {
	const { unread } = talk;
	pill.hidden = isAtEnd;
	pill.classList.toggle("loud", unread > 0);
	setText("pill", unread > 0 ? `${unread} new message${unread > 1 ? "s" : ""}` : "Newest messages");
}

node.addEventListener("scroll", scrolled);
pill.addEventListener("click", toEnd);
new ResizeObserver(() => (isAtEnd ? follow() : (size = sizeOf()))).observe(node);

export const isLookedAt = () => !document.hidden && document.hasFocus();
session.isSeen = (other) => other === state.current && isLookedAt() && isAtEnd;

export function markSeen() {
	const { current } = state;
	if (current && session.isSeen(current)) current.unread = current.mentions = 0;
	schedule();
}

const startIn = (entries) => Math.max(0, first ? entries.indexOf(first) : entries.length - WINDOW);

function rowsOf({ entries, fresh }) {
	if (isAtEnd) first = null;
	const rows = [];
	let before = null;
	for (const entry of entries.slice(startIn(entries))) {
		const { number, kind, from, time, state, isQueued, changes, deleted } = entry;
		entry.day ??= date.format(time);
		const isNew = entry === fresh;
		const isNewDay = entry.day !== before?.day;
		if (isNewDay) rows.push(line(`day ${number}`, entry.day));
		if (isNew) rows.push(line("new", "New"));
		const isNext = !isNew && !isNewDay && kind === "said" && before.kind === kind && before.from === from && time - before.time < GROUP_MS;
		const version = [time, state, isQueued, isNext, changes?.length, deleted].join();
		if (kind !== "gap") rows.push({ key: number, kind, entry, isNext, version });
		else rows.push(line(`gap ${time}`, `Back at ${clock.format(time)}. What was said since ${clock.format(entry.since)} may be missing.`));
		before = entry;
	}
	return rows;
}

const line = (key, text) => ({ kind: "line", key, text });

const makers = {
	line: ({ key, text }) => h("div", { class: `line ${key}` }, h("span", {}, text)),
	notice: ({ entry }) => h("p", { class: `notice ${entry.tone}`, dir: "auto" }, entry.text),
	presence: () => h("details", { class: "presence", "aria-live": "off" }, h("summary"), h("p")),
	said: ({ entry: { from, text } }) =>
		paint(h("div", { "data-from": from },
			discOf(from),
			h("div", { class: "head" }, h("bdi", { class: "name" }, from), h("time")),
			h("p", { class: "text", dir: "auto" }, ...nodesOf(text)),
			h("div", { class: "mark" })), from),
};

const fillers = {
	presence(row, { entry: { changes } }) {
		const line = ({ time, name, did, reason, joined, left }) =>
			`${clock.format(time)} ${name ? `${name} ${did}` : `${joined} joined, ${left} left`} ${reason ? `(${reason})` : ""}`;
		row.firstChild.textContent = summed(changes);
		row.lastChild.textContent = changes.map(line).join("\n");
	},

	said(row, { entry, isNext }) {
		const { time, state, isAction, isToMe, deleted } = entry;
		row.className = classesOf({ message: true, continued: isNext, action: isAction, mention: isToMe, deleted });
		if (deleted) row.querySelector(".text").textContent = deleted;
		row.dataset.state = state;
		const moment = row.querySelector("time");
		moment.textContent = clock.format(time);
		moment.title = new Date(time).toLocaleString();
		row.lastChild.replaceChildren(...markOf(entry));
	},
};

function markOf(entry) {
	if (entry.state === "pending") return [entry.isQueued ? "waiting…" : "…"];
	if (entry.state === "sent" && entry.id) return [h("button", { onclick: () => ask({ type: "delete", message_id: entry.id }) }, "Delete")];
	if (entry.state !== "failed") return [];
	return [
		`${entry.why} `,
		h("button", { onclick: () => retry(talk, entry) }, "Send again"),
		h("button", { onclick: () => talk.remove(entry) }, "Discard"),
	];
}

/** "Ann, Bob joined · Cy left" */
function summed(changes) {
	const last = new Map(changes.filter(({ name }) => name).map(({ name, did }) => [name, did]));
	const parts = [...Map.groupBy(last.keys(), (name) => last.get(name))].map(([did, names]) =>
		`${names.length > NAMES_MAX ? names.length : names.join(", ")} ${did}`);
	for (const did of ["joined", "left"]) {
		const count = changes.reduce((sum, change) => sum + (change[did] ?? 0), 0);
		if (count > 0) parts.push(`${count} ${did}`);
	}
	return parts.join(" · ");
}

export function byId(id) {
	return document.getElementById(id);
}

/** An element with listeners (`on…`) and attributes. */
export function h(tag, properties = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(properties)) {
		if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
		else node.setAttribute(name, value);
	}
	node.append(...children);
	return node;
}

/** Shows rows by their `key`, and leaves alone what stays, and the focus in it; `fill`s where a `version` differs. */
function rowsIn(parent, make, fill = () => {}) {
	const held = new Map();
	return (rows) => {
		const keys = new Set(rows.map(({ key }) => key));
		for (const [key, { node }] of held) {
			if (keys.has(key)) continue;
			node.remove();
			held.delete(key);
		}
		let next = parent.firstChild;
		for (const row of rows) {
			if (!held.has(row.key)) held.set(row.key, { node: make(row), version: null });
			const shown = held.get(row.key);
			if (shown.version !== row.version) fill(shown.node, row);
			shown.version = row.version;
			if (shown.node === next) next = next.nextSibling;
			else parent.insertBefore(shown.node, next);
		}
	};
}

/** Gives an element the colour that a name has everywhere. */
function paint(node, name) {
	const hash = [...name.toLowerCase()].reduce((sum, c) => (31 * sum + c.codePointAt(0)) % 8191, 7);
	node.style.setProperty("--hue", 20 + 45 * (hash % 8));
	return node;
}

const classesOf = (flags) => Object.keys(flags).filter((name) => flags[name]).join(" ");
export const byName = new Intl.Collator([], { sensitivity: "base", numeric: true }).compare;

const discOf = (name) => h("span", { class: "disc", "aria-hidden": "true" }, [...name][0].toUpperCase());

/** Live regions speak whenever they are written. */
function setText(id, text) {
	const node = byId(id);
	if (node.textContent !== text) node.textContent = text;
}

function nodesOf(text) {
	const isRoom = (name) => find("room", name) || state.roomsThere.some((room) => room.name === name);
	return partsOf(text, isRoom).map((part) => {
		const { text, address, room } = part;
		if (address) return h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
		return room ? h("a", { href: hashOf("room", room) }, text) : part;
	});
}

/** What stands in the page's address for a conversation: rooms can be gone to by it. */
const hashOf = (kind, name) => (kind === "room" ? `#${encodeURIComponent(name)}` : location.pathname);
