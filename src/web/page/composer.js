// Where one writes: sending, completing, and what one wrote before.

import { completions } from "./commands.js";
import { byId, h } from "./dom.js";

const HISTORY_MAX = 50;
const LINES_MAX = 8;

/** `onsubmit(text)` is given what was written. */
export const composer = { onsubmit(text) {} };

export const input = byId("input");
const list = byId("completions");
let offer = null;
let chosen = 0;
let history = [];
/** How far back in the history one is; 0 is what one is writing. */
let back = 0;

/** Writes it there for the user, who may go on. */
export function write(text) {
	input.value = text;
	fit();
	closeList();
}

/** Offers what fits; where one `isAsked` for it and only one thing does, takes it. Returns whether something does. */
export function complete(isAsked) {
	closeList();
	const { value, selectionStart: caret, selectionEnd } = input;
	offer = caret === selectionEnd ? completions(value, caret, isAsked) : null;
	if (!offer) return false;
	if (isAsked && offer.items.length === 1) accept(0);
	else showList();
	return true;
}

function submit() {
	const text = input.value.trim();
	if (!text) return;
	// A password is kept nowhere.
	if (!/^\/oper\b/i.test(text)) history = [text, ...history].slice(0, HISTORY_MAX);
	back = 0;
	write("");
	composer.onsubmit(text);
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
input.addEventListener("keydown", (event) => {
	const { key, shiftKey, isComposing, keyCode, ctrlKey, metaKey, altKey } = event;
	// While an input method composes (229 says so where the flag is late), the keys are its own.
	if (isComposing || keyCode === 229 || ctrlKey || metaKey || altKey || shiftKey) return;
	if (!(offer ? pressedInList(key) : pressedInText(key))) return;
	event.preventDefault();
	event.stopPropagation();
});
byId("composer").addEventListener("submit", (event) => {
	event.preventDefault();
	submit();
	input.focus();
});

/** Returns whether the key meant something. */
function pressedInText(key) {
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

// --- The list of what fits ---

function pressedInList(key) {
	const { length } = offer.items;
	if (key === "ArrowDown") choose((chosen + 1) % length);
	else if (key === "ArrowUp") choose((chosen + length - 1) % length);
	else if (key === "Escape") closeList();
	else if (key === "Enter" && isWritten()) submit();
	else if (key === "Enter" || key === "Tab") accept(chosen);
	else return false;
	return true;
}

/** Is what is chosen there already? */
function isWritten() {
	return input.value.slice(offer.from).trim().toLowerCase() === offer.items[chosen].insert.trim().toLowerCase();
}

function accept(at) {
	input.setRangeText(offer.items[at].insert, offer.from, input.selectionEnd, "end");
	fit();
	complete(false);
}

function showList() {
	list.replaceChildren(...offer.items.map(({ text, hint = "" }, at) =>
		h("li", { role: "option", id: `option-${at}`, onpointerdown: (event) => pointed(event, at) },
			h("bdi", {}, text), h("small", {}, hint))));
	list.hidden = false;
	input.role = "combobox";
	input.ariaExpanded = "true";
	choose(0);
}

function pointed(event, at) {
	event.preventDefault();
	accept(at);
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
