// Where one writes.

import { COMMANDS, bare, find, hasSecret, run } from "./commands.js";
import { byId, byName, h } from "./dom.js";
import { toEnd } from "./log.js";
import { fold, isMe, people, rooms, state } from "./state.js";

const HISTORY_MAX = 50;
const LINES_MAX = 8;

export const input = byId("input");
const list = byId("completions");
let offer = null;
let chosen = 0;
let history = [];
/** How far back in it one is. */
let back = 0;

/** Not where a keyboard would cover half of the page. */
export const focusInput = () => matchMedia("(hover: hover)").matches && input.focus();

export function write(text) {
	input.value = text;
	fit();
	closeList();
}

/** Offers what fits, or takes the only one where one `isAsked` for it; returns whether there was any. */
export function complete(isAsked) {
	closeList();
	offer = offerFor(input.value.slice(0, input.selectionEnd), isAsked);
	if (!offer) return false;
	if (isAsked && offer.items.length === 1) accept(0);
	else showList();
	return true;
}

function submit() {
	const text = input.value.trim();
	if (!text) return;
	if (!hasSecret(text)) history = [text, ...history].slice(0, HISTORY_MAX);
	back = 0;
	write("");
	const { current } = state;
	const wrong = run(text);
	if (wrong) current.notice(wrong, "error");
	if (state.current) toEnd();
}

function fit() {
	input.rows = Math.min(LINES_MAX, input.value.split("\n").length);
}

input.addEventListener("input", () => {
	back = 0;
	fit();
	complete(false);
});
input.addEventListener("blur", closeList);
// A click there must not take the focus away first.
list.addEventListener("pointerdown", (event) => event.preventDefault());
input.addEventListener("keydown", (event) => {
	const { key, shiftKey, isComposing, keyCode, ctrlKey, metaKey, altKey } = event;
	// While an input method composes (229 where the flag is late), the keys are its own.
	if (isComposing || keyCode === 229 || ctrlKey || metaKey || altKey || shiftKey) return;
	if (!(offer ? inList(key) : inText(key))) return;
	event.preventDefault();
	event.stopPropagation();
});
byId("composer").addEventListener("submit", (event) => {
	event.preventDefault();
	submit();
	input.focus();
});

function inText(key) {
	if (key === "Enter") submit();
	else if (key === "Tab") return complete(true);
	else if (key === "ArrowUp" && (!input.value || back > 0)) recall(1);
	else if (key === "ArrowDown" && back > 0) recall(-1);
	else return false;
	return true;
}

function recall(step) {
	back = Math.min(history.length, back + step);
	write(history[back - 1] ?? "");
}

function inList(key) {
	const { length } = offer.items;
	const step = { ArrowDown: 1, ArrowUp: length - 1 }[key];
	if (step) choose((chosen + step) % length);
	else if (key === "Escape") closeList();
	// What is there need not be chosen first.
	else if (key === "Enter" && input.value.slice(offer.from) === offer.items[chosen].insert.trim()) submit();
	else if (key === "Enter" || key === "Tab") accept(chosen);
	else return false;
	return true;
}

function accept(at) {
	input.setRangeText(offer.items[at].insert, offer.from, input.selectionEnd, "end");
	fit();
	complete(false);
}

function showList() {
	const options = offer.items.map(({ text, hint = "" }, at) =>
		h("li", { role: "option", id: `option-${at}`, onclick: () => accept(at) }, h("bdi", {}, text), h("small", {}, hint)));
	list.replaceChildren(...options);
	list.hidden = false;
	input.role = "combobox";
	input.ariaExpanded = "true";
	choose(0);
}

function choose(at) {
	chosen = at;
	[...list.children].forEach((option, other) => (option.ariaSelected = other === at));
	list.children[at].scrollIntoView({ block: "nearest" });
	input.setAttribute("aria-activedescendant", `option-${at}`);
}

function closeList() {
	offer = null;
	list.hidden = true;
	for (const name of ["role", "aria-expanded", "aria-activedescendant"]) input.removeAttribute(name);
}

/** What fits after `before`, as `{ from, items: [{ text, hint, insert }] }`; bare names only where one `isAsked`. */
function offerFor(before, isAsked) {
	const typed = before.split(/\s+/);
	const word = typed.at(-1);
	const offer = (items) => (items.length > 0 ? { from: before.length - word.length, items: items.slice(0, 50) } : null);
	if (typed.length === 1 && word.startsWith("/")) {
		const fits = COMMANDS.filter(({ usage, alias }) => usage.startsWith(word) || `/${alias}`.startsWith(word));
		return offer(fits.map(({ name, words, usage: text, summary: hint }) => ({ text, hint, insert: `/${name}${words.length ? " " : ""}` })));
	}
	const among = (all, sign = "") => {
		const start = fold(word.replace(/^[@#]/, ""));
		const fits = all.filter(({ name }) => fold(name).startsWith(start));
		return offer(fits.map(({ name, hint }) => ({ text: sign + name, hint, insert: `${sign}${name} ` })));
	};
	const kind = typed[0].startsWith("/") && bare(find(typed[0])?.words[typed.length - 2]);
	if (kind === "ROOM") return among(typed[0] === "/join" ? state.roomsThere : rooms());
	if (kind !== "NAME" && !word.startsWith("@") && !(isAsked && word)) return null;
	const names = [...state.current.members.values(), ...people().map(({ name }) => name)];
	const others = [...new Set(names)].filter((name) => !isMe(name)).sort(byName);
	return among(others.map((name) => ({ name })), word.startsWith("@") ? "@" : "");
}
