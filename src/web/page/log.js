// The messages of one talk.

import { byId, classesOf, discOf, h, paint, rowsIn, setText } from "./dom.js";
import { nodesOf } from "./links.js";
import { lookBack, retry, session } from "./session.js";
import { state } from "./state.js";

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

export function showTalk(wanted) {
	const isOther = wanted !== talk;
	if (isOther) {
		talk = wanted;
		isAtEnd = true;
		hush();
	}
	const { scrollTop } = node;
	const isSeen = (row) => row.offsetTop + row.offsetHeight > scrollTop && !row.matches(".earlier, .line");
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
	if (!isAtEnd && node.scrollTop < NEAR_END && hasMore()) goUp();
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
	setText(pill, unread > 0 ? `${unread} new message${unread > 1 ? "s" : ""}` : "Newest messages");
}

node.addEventListener("scroll", scrolled);
pill.addEventListener("click", toEnd);
new ResizeObserver(() => (isAtEnd ? follow() : (size = sizeOf()))).observe(node);

export const isLookedAt = () => !document.hidden && document.hasFocus();
session.isSeen = (other) => other === state.current && isLookedAt() && isAtEnd;

export function markSeen() {
	const { current } = state;
	if (current && session.isSeen(current)) current.unread = current.mentions = 0;
	session.onchange();
}

const hasMore = () => startIn(talk.entries) > 0 || (!talk.isWhole && talk.entries.length > 0);
const startIn = (entries) => Math.max(0, first ? entries.indexOf(first) : entries.length - WINDOW);

function rowsOf({ entries, fresh }) {
	if (isAtEnd) first = null;
	const start = startIn(entries);
	const rows = hasMore() ? [{ key: "earlier", kind: "earlier" }] : [];
	let before = null;
	for (const entry of entries.slice(start)) {
		const { number, kind, from, time, state, isQueued, changes } = entry;
		entry.day ??= date.format(time);
		const isNew = entry === fresh;
		const isNewDay = entry.day !== before?.day;
		if (isNewDay) rows.push(line(`day ${number}`, entry.day));
		if (isNew) rows.push(line("new", "New"));
		const isNext = !isNew && !isNewDay && kind === "said" && before.kind === kind && before.from === from && time - before.time < GROUP_MS;
		const version = [time, state, isQueued, isNext, changes?.length].join();
		if (kind !== "gap") rows.push({ key: number, kind, entry, isNext, version });
		else rows.push(line(`gap ${time}`, `Back at ${clock.format(time)}. What was said since ${clock.format(entry.since)} may be missing.`));
		before = entry;
	}
	return rows;
}

const line = (key, text) => ({ kind: "line", key, text });

const makers = {
	earlier: () => h("button", { class: "earlier", onclick: () => goUp() || node.focus() }, "Show earlier messages"),
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
		const { time, state, isAction, isToMe } = entry;
		row.className = classesOf({ message: true, continued: isNext, action: isAction, mention: isToMe });
		row.dataset.state = state;
		const moment = row.querySelector("time");
		moment.textContent = clock.format(time);
		moment.title = new Date(time).toLocaleString();
		row.lastChild.replaceChildren(...markOf(entry));
	},
};

function markOf(entry) {
	if (entry.state === "pending") return [entry.isQueued ? "waiting…" : "…"];
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
