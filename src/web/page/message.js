// A message as it is shown, and what can be done with it.

import { aim } from "./composer.js";
import { button, classesOf, confirmed, copy, h } from "./dom.js";
import { openPicker, withEmoji } from "./emoji.js";
import { fileNode } from "./files.js";
import { partsOf } from "./links.js";
import { blocksOf, ircReader } from "./markup.js";
import { react, remove, retry } from "./session.js";
import { find, isMe, state } from "./state.js";

const EDIT_MS = 600_000;
/** Longer ones are folded: in letters and lines. */
const LONG = 1500;
const LINES = 18;

export const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** So many colours; those of 60 degrees and more between them are told apart at once. */
const COLOURS = 24;
const APART = 4;
const given = new Map();

/** The colour of a name, the same as long as the page lives: as far as there is one from those who are here now. */
function colourOf(name) {
	const begin = [...name].reduce((sum, c) => (31 * sum + c.codePointAt(0)) % 8191, 7);
	const here = state.current?.members ?? given;
	const others = [...given].filter(([other]) => given.size < COLOURS || here.has(other));
	const free = colour => Math.min(APART, ...others.map(([, other]) => Math.min((colour - other + COLOURS) % COLOURS, (other - colour + COLOURS) % COLOURS)));
	// Steps of seven meet every colour.
	const colours = Array.from({ length: COLOURS }, (_, step) => (begin + 7 * step) % COLOURS);
	// In a crowd nobody is told from others by colour.
	return others.length > 9 * COLOURS ? colours[0] : colours.reduce((best, colour) => (free(colour) > free(best) ? colour : best));
}

/** Gives an element the colour of a name. */
export function paint(node, name) {
	if (!given.has(name)) given.set(name, colourOf(name));
	const colour = given.get(name);
	node.style.setProperty("--hue", 15 * colour + 10);
	node.style.setProperty("--shade", colour % 2);
	return node;
}

export const discOf = name => h("span", { class: "disc", "aria-hidden": "true" }, [...name][0].toUpperCase());

/** What stands in the page's address for a room, or a message there. */
export const hashOf = (room, id) => `#${encodeURIComponent(room)}${id ? `/${id}` : ""}`;
export const addressOf = (room, id) => new URL(hashOf(room, id), location.href).href;

/** A time, as a link to what was said then. */
export const stamp = (time, room, id) =>
	h(room && id ? "a" : "span", { class: "stamp", href: room && id && addressOf(room, id), tabindex: room && id && -1 },
		h("time", { datetime: new Date(time).toISOString(), title: new Date(time).toLocaleString() }, clock.format(time)));

export const isEditable = entry =>
	entry.id && isMe(entry.from) && !entry.deleted && !entry.file && Date.now() - entry.time < EDIT_MS;

export function makeMessage({ entry: { from } }) {
	const row = h("div", { "data-from": from, tabindex: -1 },
		discOf(from),
		h("div", { class: "head" }, h("bdi", { class: "name", "data-card": from }, from), h("span", { class: "when" })),
		h("div", { class: "body" }),
		h("div", { class: "mark" }));
	return paint(row, from);
}

export function fillMessage(row, { entry, talk, isNext }) {
	const { id, time, state, isAction, isToMe, deleted, isEdited } = entry;
	row.className = classesOf({ message: true, continued: isNext, action: isAction, mention: isToMe, deleted });
	row.dataset.state = state ?? "";
	if (id) row.dataset.id = id;
	row.querySelector(".when").replaceChildren(stamp(time, talk.kind === "room" && talk.name, id));
	const body = row.querySelector(".body");
	// What is folded out, or selected, stays so as long as it says the same.
	const version = [entry.text, deleted, isEdited, entry.file?.id, entry.reply].join("\n");
	if (body.version !== version) body.replaceChildren(...bodyOf(talk, entry));
	body.version = version;
	body.querySelector(".reactions")?.remove();
	if (entry.reactions.size > 0) body.append(reactionsOf(talk, entry));
	row.querySelector(".mark").replaceChildren(...markOf(talk, entry));
}

function bodyOf(talk, { text, deleted, isEdited, file, reply }) {
	const nodes = [];
	if (reply && !deleted) nodes.push(quoteOf(talk, reply));
	const shown = h("div", { class: "text", dir: "auto" }, ...(deleted ? [deleted] : textNodes(text)));
	const isLong = text.length > LONG || text.split("\n").length > LINES;
	// Where the server tells a file in words too, for those who see no files.
	if (!file || !text.includes(file.name)) nodes.push(shown);
	if (isLong) nodes.push(folding(shown));
	if (file) nodes.push(fileNode(file));
	if (isEdited && !deleted) nodes.push(h("small", { class: "edited" }, "edited"));
	return nodes;
}

function folding(shown) {
	shown.classList.add("folded");
	const fold = button("Show all of it", () => {
		const isFolded = shown.classList.toggle("folded");
		fold.textContent = isFolded ? "Show all of it" : "Show less";
		fold.ariaExpanded = !isFolded;
	}, { class: "fold", "aria-expanded": "false" });
	return fold;
}

/** What a message answers, as a link to it. */
function quoteOf(talk, id) {
	const answered = talk.entries.find(entry => entry.id === id);
	const text = answered ? `${answered.from}: ${answered.deleted ?? answered.text}`.slice(0, 200) : "something said before";
	const place = talk.kind === "room" && addressOf(talk.name, id);
	return h(place ? "a" : "p", { class: "answered", href: place, dir: "auto" }, `↪ ${text}`);
}

function reactionsOf(talk, entry) {
	const buttons = [...entry.reactions].map(([reaction, names]) => {
		const isOwn = names.has(state.me);
		const who = [...names].join(", ");
		const act = () => react(talk, entry, reaction, !isOwn);
		return button(h("span", {}, `${reaction} ${names.size}`), act, { "aria-pressed": `${isOwn}`, title: who, "aria-label": `${reaction}, ${who}` });
	});
	return h("div", { class: "reactions" }, ...buttons);
}

function markOf(talk, entry) {
	if (entry.state === "pending") return [entry.isQueued ? "waiting…" : "…"];
	if (entry.state !== "failed") return [];
	return [
		`${entry.why} `,
		button("Send again", () => retry(talk, entry)),
		button("Discard", () => talk.remove(entry)),
	];
}

/** The text of a message, marked up. */
export function textNodes(text) {
	const read = ircReader();
	const nodes = [];
	let before = null;
	for (const block of blocksOf(text)) {
		const { kind, code, pieces } = block;
		const isMore = before === kind;
		const inside = kind === "fence" ? null : lineNodes(pieces, read);
		if (kind === "fence") nodes.push(codeBlock(code));
		else if (kind === "line") nodes.push(isMore ? "\n" : "", ...inside);
		else if (kind === "quote" && isMore) nodes.at(-1).append("\n", ...inside);
		else if (kind === "quote") nodes.push(h("blockquote", {}, ...inside));
		else if (isMore) nodes.at(-1).append(h("li", {}, ...inside));
		else nodes.push(h("ul", {}, h("li", {}, ...inside)));
		before = kind;
	}
	return nodes;
}

/** Of the colours of IRC; white, black and grey are not used. */
const HUES = [0, 0, 264, 145, 25, 40, 320, 60, 95, 135, 190, 210, 255, 340];
const TAGS = { bold: "strong", italic: "em", spoiler: "span", underline: "u", strike: "s", mono: "code" };

function lineNodes(pieces, read) {
	const top = h("span");
	let place = top;
	for (const piece of pieces) {
		const inner = piece.begin && h(TAGS[piece.begin]);
		if (inner) place.append(piece.begin === "spoiler" ? spoiler(inner) : inner);
		if (inner) place = inner;
		else if (piece.end === "spoiler") place = place.parentNode.parentNode;
		else if (piece.end) place = place.parentNode;
		else if (piece.code !== undefined) place.append(h("code", {}, piece.code));
		else for (const run of read(piece)) place.append(...runNodes(run));
	}
	return [...top.childNodes];
}

function runNodes({ text, styles, colour }) {
	const tags = styles.map(style => h(TAGS[style]));
	const hue = HUES[colour];
	if (hue) {
		tags.push(h("span", { class: "hued" }));
		tags.at(-1).style.setProperty("--hue", hue);
	}
	if (tags.length === 0) return linked(text);
	tags.reduce((outer, inner) => outer.appendChild(inner)).append(...linked(text));
	return [tags[0]];
}

function spoiler(inner) {
	const hidden = h("span", { class: "spoiler", role: "button", tabindex: 0, "aria-label": "Show the spoiler" }, inner);
	const show = event => {
		if (event.key && event.key !== "Enter" && event.key !== " ") return;
		event.preventDefault();
		hidden.className = "shown";
		for (const name of ["role", "tabindex", "aria-label"]) hidden.removeAttribute(name);
		hidden.onclick = hidden.onkeydown = null;
	};
	hidden.onclick = hidden.onkeydown = show;
	return hidden;
}

function codeBlock(code) {
	const shown = h("pre", { tabindex: 0 }, h("code", {}, code));
	const copier = button("Copy", () => copy(code, copier), { class: "copy" });
	return h("div", { class: "code", dir: "ltr" }, shown, copier);
}

const AT = /(?<![\p{L}\p{N}\p{M}_.\-@\/])@([\p{L}\p{N}_](?:[\p{L}\p{N}\p{M}_.\-]*[\p{L}\p{N}\p{M}_])?)/gu;

/** Links, rooms, names and emoji in what is text. */
function linked(text) {
	const isRoom = name => find("room", name) || state.roomsThere.some(room => room.name === name);
	return partsOf(text, isRoom).flatMap(part => {
		const { text, address, room } = part;
		if (address) return [h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, text)];
		return room ? [h("a", { href: hashOf(room) }, text)] : named(part);
	});
}

function named(text) {
	const parts = text.split(AT);
	return parts.map((part, at) => (at % 2 ? h("bdi", { class: "at", "data-card": part }, `@${part}`) : withEmoji(part))).filter(Boolean);
}

/** The bar of what can be done with the message that one points at or has the focus in; it moves from one to the next. */
const bar = h("div", { class: "actions", role: "group", "aria-label": "Actions", "aria-live": "off" });
let shownFor = null;

/** Shows the bar in a row, for one of its messages. */
export function showActions(row, talk, entry) {
	if (shownFor === entry && bar.parentNode === row) return;
	shownFor = entry;
	bar.remove();
	if (!entry.id || entry.deleted) return;
	const act = (text, does, isThere = true) => isThere && button(text, event => does(event.currentTarget));
	const isOwn = isMe(entry.from);
	const erase = () => confirmed("Delete this message for everybody?", "Delete", () => remove(talk, entry));
	const acts = [
		act("React", beside => openPicker(beside, emoji => react(talk, entry, emoji, true))),
		act("Reply", () => aim({ kind: "reply", talk, entry })),
		act("Edit", () => aim({ kind: "edit", talk, entry }), isEditable(entry)),
		act("Delete", erase, isOwn || talk.isModerator || state.isOperator),
		act("Link", told => copy(addressOf(talk.name, entry.id), told), talk.kind === "room"),
	];
	bar.replaceChildren(...acts.filter(Boolean));
	row.append(bar);
}
