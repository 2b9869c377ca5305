// The messages of one talk: rows of a window on the newest, scrolled as one expects.

import { byId, discOf, h, hueOf, rowsIn, setText } from "./dom.js";
import { nodesOf } from "./links.js";
import { mentionsIn } from "./state.js";

/** Entries shown at once; earlier ones are asked for in steps of as many. */
const WINDOW = 500;
/** What one person says within this time stands together. */
const GROUP_MS = 300_000;
/** So many pixels from the end one is still at it. */
const NEAR_END = 48;
/** Names in one line; of more only the number is told. */
const NAMES_MAX = 5;

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });

/** `isAtEnd`: does one look at the newest? Then one goes on doing so. */
export const log = { isAtEnd: true, onend() {}, onretry(entry) {} };

const node = byId("log");
const pill = byId("pill");
let talk = null;
/** The first entry shown, while one is not at the end. */
let first = null;
let liveTimer = 0;

const fillRows = rowsIn(node, (row) => makers[row.kind](row), (row, values) => fillers[values.kind]?.(row, values));

export function showTalk(wanted) {
	const isOther = wanted !== talk;
	if (isOther) {
		talk = wanted;
		log.isAtEnd = true;
		hush();
	}
	const { scrollTop } = node;
	const anchor = !log.isAtEnd && [...node.children].find((row) => row.offsetTop + row.offsetHeight > scrollTop);
	const top = anchor && anchor.offsetTop;
	fillRows(rowsOf(talk));
	const line = isOther && node.querySelector(".new");
	if (line) {
		node.scrollTop = line.offsetTop - node.clientHeight / 3;
		scrolled();
	} else if (log.isAtEnd) scrollToEnd();
	else if (anchor?.isConnected) node.scrollTop = scrollTop + anchor.offsetTop - top;
	showPill();
}

export function toEnd() {
	log.isAtEnd = true;
	showTalk(talk);
	log.onend();
}

function showEarlier() {
	first = talk.entries[Math.max(0, talk.entries.indexOf(first ?? talk.entries.at(-WINDOW)) - WINDOW)];
	log.isAtEnd = false;
	hush();
	showTalk(talk);
	node.focus();
}

/** What is shown at once need not be read out. */
function hush() {
	node.ariaLive = "off";
	clearTimeout(liveTimer);
	liveTimer = setTimeout(() => (node.ariaLive = "polite"), 500);
}

function scrolled() {
	const wasAtEnd = log.isAtEnd;
	log.isAtEnd = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR_END;
	if (!log.isAtEnd) first ??= talk.entries.at(-WINDOW) ?? talk.entries[0];
	else if (!wasAtEnd) log.onend();
	showPill();
}

function scrollToEnd() {
	node.scrollTop = node.scrollHeight;
}

function showPill() {
	const { unread } = talk;
	pill.hidden = log.isAtEnd;
	pill.classList.toggle("loud", unread > 0);
	setText(pill, unread > 0 ? `${unread} new message${unread > 1 ? "s" : ""}` : "Newest messages");
}

node.addEventListener("scroll", scrolled);
pill.addEventListener("click", toEnd);
new ResizeObserver(() => log.isAtEnd && scrollToEnd()).observe(node);

// --- Rows ---

function rowsOf({ entries, firstUnread }) {
	if (log.isAtEnd) first = null;
	const start = Math.max(0, first ? entries.indexOf(first) : entries.length - WINDOW);
	const rows = start > 0 ? [{ key: "earlier", kind: "earlier" }] : [];
	let before = null;
	for (const entry of entries.slice(start)) {
		const { number, kind, from, time, state, isQueued, changes } = entry;
		entry.day ??= date.format(time);
		const isNew = entry === firstUnread;
		const isNewDay = entry.day !== before?.day;
		if (isNewDay) rows.push({ key: `day ${number}`, kind: "line", text: entry.day });
		if (isNew) rows.push({ key: "new", kind: "line", text: "New", name: "new" });
		const isContinued = !isNew && !isNewDay && isPlain(entry) && isPlain(before) && before.from === from && time - before.time < GROUP_MS;
		rows.push({ key: number, kind, entry, isContinued, version: [time, state, isQueued, isContinued, changes?.length].join() });
		before = entry;
	}
	return rows.length > 0 ? rows : [{ key: "empty", kind: "empty" }];
}

const isPlain = ({ kind, isAction }) => kind === "said" && !isAction;

const makers = {
	earlier: () => h("button", { class: "earlier", onclick: showEarlier }, "Show earlier messages"),
	empty: () => h("p", { class: "empty" }, "Nothing has been said since you came."),
	line: ({ text, name = "" }) => h("div", { class: `line ${name}`, role: "separator" }, h("span", {}, text)),
	gap: () => h("div", { class: "line gap" }, h("span")),
	notice: ({ entry }) => h("p", { class: `notice ${entry.tone}`, dir: "auto" }, entry.text),
	presence: () => h("details", { class: "presence", "aria-live": "off" }, h("summary"), h("ul")),
	said: ({ entry: { from, text, isAction, isOwn } }) =>
		h("div", { "data-from": from },
			discOf(from),
			h("div", { class: "head" }, h("bdi", { class: "name" }, from), h("time")),
			h("p", { class: "text", dir: "auto" },
				...(isAction ? [h("bdi", { class: "name" }, from), " "] : []),
				...nodesOf(text, isOwn ? [] : mentionsIn(text))),
			h("div", { class: "mark" })),
};

const fillers = {
	gap: (row, { entry: { from, time } }) =>
		setText(row.firstChild, `Back again. What was said from ${clock.format(from)} to ${clock.format(time)} may be missing.`),

	presence(row, { entry: { changes } }) {
		const [summary, list] = row.children;
		summary.textContent = summaryOf(changes);
		list.replaceChildren(...changes.map(({ time, name, did, reason, joined, left }) =>
			h("li", {}, `${clock.format(time)} ${name ? `${name} ${did}` : `${joined} joined, ${left} left`} ${reason ? `(${reason})` : ""}`)));
	},

	said(row, { entry, isContinued }) {
		const { from, time, state, isAction, isMention } = entry;
		const classes = ["message", hueOf(from), isContinued && "continued", isAction && "action", isMention && "mention"];
		row.className = classes.filter(Boolean).join(" ");
		row.dataset.state = state;
		const moment = row.querySelector("time");
		moment.textContent = clock.format(time);
		moment.dateTime = new Date(time).toISOString();
		moment.title = new Date(time).toLocaleString();
		row.lastChild.replaceChildren(...markOf(entry));
	},
};

/** How sure it is that something was said. */
function markOf(entry) {
	if (entry.state === "pending") return [entry.isQueued ? "waiting for the connection" : "sending…"];
	if (entry.state !== "failed") return [];
	return [
		`Not sent: ${entry.why} `,
		h("button", { onclick: () => log.onretry(entry) }, "Send again"),
		h("button", { onclick: () => talk.remove(entry) }, "Discard"),
	];
}

/** "Ann, Bob joined · Cy left" */
function summaryOf(changes) {
	const last = new Map();
	const count = { joined: 0, left: 0 };
	for (const { name, did, joined = 0, left = 0 } of changes) {
		if (name) last.set(name, last.has(name) && did === "left" ? "came and went" : did);
		count.joined += joined;
		count.left += left;
	}
	const parts = [...Map.groupBy(last.keys(), (name) => last.get(name))].map(([did, names]) =>
		`${names.length > NAMES_MAX ? names.length : names.join(", ")} ${did}`);
	for (const did of ["joined", "left"]) if (count[did] > 0) parts.push(`${count[did]} ${did}`);
	return parts.join(" · ");
}
