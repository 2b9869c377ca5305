// The messages of a conversation, and where among them one is.

import { byId, h, rowsIn, setText } from "./dom.js";
import { clock, fillMessage, makeMessage, showActions, stamp } from "./message.js";
import { lookBack, session } from "./session.js";
import { state } from "./state.js";

/** Entries shown, or shown more. */
const WINDOW = 500;
/** What one says within this time of the first of it stands together. */
const GROUP_MS = 300_000;
/** In pixels, to the beginning too. */
const NEAR_END = 48;
/** More names are counted. */
const NAMES_MAX = 5;
/** How many messages are asked for around one that is looked for, and between two. */
const AROUND = 50;
const BETWEEN = 200;

const date = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });

const node = byId("log");
const pill = byId("pill");
let talk = null;
let isAtEnd = true;
/** The first entry shown, while one is not at the end. */
let first = null;
let size = 0;
/** The message that one was led to. */
let goal = null;

const fillRows = rowsIn(node, row => makers[row.kind](row), (child, row) => fillers[row.kind]?.(child, row));

export function showLog(wanted) {
	const isOther = wanted !== talk;
	if (isOther) {
		talk = wanted;
		isAtEnd = true;
		goal = null;
		hush();
	}
	const { scrollTop } = node;
	const isSeen = row => row.offsetTop + row.offsetHeight > scrollTop && !row.matches(".line");
	const anchor = !isAtEnd && [...node.children].find(isSeen);
	const top = anchor && anchor.offsetTop;
	fillRows(rowsOf(talk));
	const line = isOther && node.querySelector(".new");
	if (line) {
		node.scrollTop = line.offsetTop - node.clientHeight / 3;
		scrolled();
	} else if (isAtEnd) follow();
	else if (anchor?.isConnected) node.scrollTop = scrollTop + anchor.offsetTop - top;
	showPills();
	if (node.scrollTop < NEAR_END || (talk.since && talk.kind === "person")) lookBack(talk);
}

export function toEnd() {
	isAtEnd = true;
	goal = null;
	showLog(talk);
	markSeen();
}

function goUp() {
	const start = startIn(talk.entries);
	// What comes above the very first is shown.
	first = start > 0 ? talk.entries[Math.max(0, start - WINDOW)] : {};
	isAtEnd = false;
	hush();
	showLog(talk);
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
	showPills();
}

const sizeOf = () => node.clientWidth + node.clientHeight / 1e5;

function follow() {
	size = sizeOf();
	node.scrollTop = node.scrollHeight;
}

/** Ways to the newest message, and to the first that one has not read where it is above. */
function showPills() {
	const { unread, fresh } = talk;
	pill.hidden = isAtEnd;
	pill.classList.toggle("loud", unread > 0);
	setText("pill", unread > 0 ? `${unread} new message${unread > 1 ? "s" : ""}` : "Newest messages");
	const line = node.querySelector(".new");
	byId("to-new").hidden = !fresh || (line && line.offsetTop >= node.scrollTop);
}

byId("to-new").onclick = () => {
	if (!talk.fresh) return;
	lead(talk.fresh);
	talk.fresh = null;
};

node.onscroll = scrolled;
// A picture has its height when it has come.
node.addEventListener("load", () => isAtEnd && follow(), true);
pill.onclick = toEnd;
new ResizeObserver(() => (isAtEnd ? follow() : (size = sizeOf()))).observe(node);

export const isLookedAt = () => !document.hidden && document.hasFocus();
session.isSeen = other => other === state.current && isLookedAt() && isAtEnd;

export function markSeen() {
	const { current } = state;
	if (current && session.isSeen(current)) current.unread = current.mentions = 0;
	session.onchange();
}

/** Leads to a message of the conversation that is open, and asks the server for it where it is not here. */
export function goTo(id) {
	const place = talk;
	const found = () => place.entries.find(entry => entry.id === id);
	if (found()) return lead(found());
	const edge = place.entries.find(entry => entry.id > id)?.id;
	const ondone = () => {
		const entry = found();
		const last = place.entries.findLast(entry => entry.id && entry.id < edge)?.id;
		if (edge && last && edge > id + AROUND / 2) place.hole = { after: last, before: edge };
		if (!entry) place.notice("That message is not here any more.", "error");
		else if (place === talk) lead(entry);
	};
	lookBack(place, { before: id + AROUND / 2, limit: AROUND }, { ondone });
}

function lead(entry) {
	const at = talk.entries.indexOf(entry);
	isAtEnd = false;
	first = at > WINDOW / 10 ? talk.entries[at - WINDOW / 10] : {};
	goal = entry;
	hush();
	showLog(talk);
	const row = rows.get(entry);
	row?.scrollIntoView({ block: "center" });
	row?.focus({ preventScroll: true });
	scrolled();
}

/** Asks for what is between two messages, from the older one on. */
function fillHole() {
	const place = talk;
	const { after, before } = place.hole;
	const ondone = more => {
		const last = place.entries.findLast(entry => entry.id && entry.id < before)?.id;
		place.hole = more && last > after ? { after: last, before } : null;
	};
	lookBack(place, { after, before, limit: BETWEEN }, { ondone });
}

const startIn = entries => Math.max(0, first ? entries.indexOf(first) : entries.length - WINDOW);

function rowsOf(talk) {
	const { entries, fresh, hole } = talk;
	if (isAtEnd) first = null;
	const rows = [];
	let before = null;
	let head = null;
	for (const entry of entries.slice(startIn(entries))) {
		const { number, kind, from, time, state, isQueued, changes, deleted, text, id, reactions, file, isEdited } = entry;
		entry.day ??= date.format(time);
		const isNew = entry === fresh;
		const isNewDay = entry.day !== before?.day;
		const isAfterHole = hole && id >= hole.before && before?.id < hole.before;
		if (isNewDay) rows.push(line(`day ${number}`, entry.day));
		if (isAfterHole) rows.push({ kind: "hole", key: "hole" });
		if (isNew) rows.push(line("new", "New"));
		const isNext = !isNew && !isNewDay && !isAfterHole && kind === "said" && before.kind === kind && before.from === from
			&& time - head.time < GROUP_MS && !entry.reply;
		if (!isNext) head = entry;
		const marks = [...(reactions ?? [])].map(([reaction, names]) => [reaction, ...names]);
		const version = [time, state, isQueued, isNext, changes?.length, deleted, text, id, marks, file?.id, isEdited, entry === goal].join();
		if (kind !== "gap") rows.push({ key: number, kind, entry, talk, isNext, version });
		else rows.push(line(`gap ${time}`, `Back at ${clock.format(time)}. What was said since ${clock.format(entry.since)} may be missing.`));
		before = entry;
	}
	return rows;
}

const line = (key, text) => ({ kind: "line", key, text });

/** The entries of the rows, and the rows of the entries. */
const entries = new WeakMap();
const rows = new WeakMap();

const makers = {
	line: ({ key, text }) => h("div", { class: `line ${key}` }, h("span", {}, text)),
	hole: () => h("div", { class: "line hole" }, h("button", { type: "button", onclick: fillHole }, "Show what was said between")),
	notice: ({ entry: { tone, text, place, when } }) => h("p", { class: `notice ${tone}`, dir: "auto" },
		...(place ? [stamp(when, place.room, place.id), ` ${new Date(when).toLocaleDateString()} `] : []), text),
	presence: () => h("details", { class: "presence", "aria-live": "off" }, h("summary"), h("p")),
	said(row) {
		const made = makeMessage(row);
		entries.set(made, row.entry);
		rows.set(row.entry, made);
		return made;
	},
};

const fillers = {
	presence(row, { entry: { changes } }) {
		const line = ({ time, name, did, reason, joined, left }) =>
			`${clock.format(time)} ${name ? `${name} ${did}` : `${joined} joined, ${left} left`} ${reason ? `(${reason})` : ""}`;
		row.firstChild.textContent = summed(changes);
		row.lastChild.textContent = changes.map(line).join("\n");
	},

	said(row, shown) {
		fillMessage(row, shown);
		row.classList.toggle("goal", shown.entry === goal);
	},
};

/** "Ann, Bob joined · Cy left" */
function summed(changes) {
	const last = new Map(changes.filter(({ name }) => name).map(({ name, did }) => [name, did]));
	const parts = [...Map.groupBy(last.keys(), name => last.get(name))].map(([did, names]) =>
		`${names.length > NAMES_MAX ? names.length : names.join(", ")} ${did}`);
	for (const did of ["joined", "left"]) {
		const count = changes.reduce((sum, change) => sum + (change[did] ?? 0), 0);
		if (count > 0) parts.push(`${count} ${did}`);
	}
	return parts.join(" · ");
}

// What can be done with a message is shown where one points, has the focus or taps.
for (const type of ["pointerover", "focusin", "click"]) {
	node.addEventListener(type, ({ target }) => {
		const row = target.closest?.(".message");
		if (row && entries.has(row)) showActions(row, talk, entries.get(row));
	});
}

node.onkeydown = event => {
	const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
	if (!step || event.altKey || !event.target.matches("#log, .message")) return;
	const all = [...node.querySelectorAll(".message")];
	const at = event.target === node ? (step < 0 ? all.length : all.findIndex(row => row.offsetTop > node.scrollTop) - 1) : all.indexOf(event.target);
	all[at + step]?.focus();
	event.preventDefault();
};

