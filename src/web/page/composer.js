// Where one writes: the text, what completes it, what it answers or changes, and what was sent before.

import { byId, h, setText } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { BYTES_MAX, sizeOf } from "./session.js";

const HISTORY_MAX = 50;
const LINES_MAX = 8;
/** From here on it is said how much more fits, in bytes. */
const NEAR_LIMIT = 1000;

export const input = byId("input");
export const composer = {
	/** The message that is answered (`reply`) or changed (`edit`), as `{ kind, talk, entry }`. */
	target: null,
	// Set by what knows more: onsubmit(text), onlast() takes up the last message to edit it and returns whether there was
	// one, offerFor(before, isAsked), isCommand(text), hasSecret(text).
};

const list = byId("completions");
let offer = null;
let chosen = 0;
let history = [];
let back = 0;

/** Not where a keyboard would cover half of the page. */
export const focusInput = () => matchMedia("(hover: hover)").matches && input.focus();

export function write(text) {
	input.value = text;
	fit();
	closeList();
}

/** Puts a text where the cursor is. */
export function insert(text) {
	input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
	fit();
	focusInput();
}

/** Has the next text answer or change a message; with nothing, no more. */
export function aim(target) {
	const wasEdit = composer.target?.kind === "edit";
	composer.target = target;
	byId("target").hidden = !target;
	if (target?.kind === "edit") write(target.entry.text);
	else if (wasEdit) write("");
	if (!target) return;
	const { kind, entry } = target;
	setText("target-text", kind === "edit" ? "Editing what you said" : `Answering ${entry.from}: ${entry.text.slice(0, 200)}`);
	input.focus();
}

byId("target-off").onclick = () => {
	aim(null);
	focusInput();
};

/** Offers what fits, or takes the only one where one `isAsked` for it; returns whether there was any. */
export function complete(isAsked) {
	closeList();
	const typed = input.value.slice(0, input.selectionEnd);
	offer = emojiFor(typed) ?? composer.offerFor(typed, isAsked);
	if (!offer) return false;
	if (isAsked && offer.items.length === 1) accept(0);
	else showList(isAsked || !isWhole(typed) ? 0 : -1);
	return true;
}

/** Emoji whose names begin with what stands behind a colon. */
function emojiFor(before) {
	const [typed, name] = /(?<![\p{L}\p{N}:]):([a-z\d_+\-]{2,})$/iu.exec(before) ?? [];
	const fits = name ? EMOJI.filter(it => it.name.startsWith(name.toLowerCase())).slice(0, 8) : [];
	const items = fits.map(({ name, emoji }) => ({ text: `${emoji} :${name}:`, insert: `${emoji} ` }));
	return items.length > 0 ? { from: before.length - typed.length, items } : null;
}

/** Could what is typed stand as it is? Then nothing is chosen in its place before one does so. */
function isWhole(typed) {
	const word = typed.slice(offer.from);
	if (offer.items.some(({ insert }) => insert.trim().toLowerCase() === word.toLowerCase())) return true;
	return word !== "" && typed.startsWith("/") && (offer.from > 0 || composer.isCommand(word));
}

function submit() {
	const text = input.value.trim();
	if (!text) return;
	if (!composer.hasSecret(text)) history = [text, ...history].slice(0, HISTORY_MAX);
	back = 0;
	if (composer.target?.kind !== "edit") write("");
	composer.onsubmit(text);
}

function fit() {
	input.rows = Math.min(LINES_MAX, input.value.split("\n").length);
	// Quick to see for most: no character takes more than six bytes.
	const left = input.value.length * 6 < BYTES_MAX - NEAR_LIMIT ? BYTES_MAX : BYTES_MAX - sizeOf(input.value);
	setText("left", left < NEAR_LIMIT ? `${left} left` : "");
	byId("left").classList.toggle("over", left < 0);
}

input.oninput = () => {
	back = 0;
	fit();
	complete(false);
};
input.onblur = closeList;
// A click there must not take the focus away first.
list.onpointerdown = event => event.preventDefault();
input.onkeydown = event => {
	const { key, shiftKey, isComposing, keyCode, ctrlKey, metaKey, altKey } = event;
	// While an input method composes (229 where the flag is late), the keys are its own.
	if (isComposing || keyCode === 229 || ctrlKey || metaKey || altKey || shiftKey) return;
	if (!(offer ? inList(key) : inText(key))) return;
	event.preventDefault();
	event.stopPropagation();
};
byId("composer").onsubmit = event => {
	event.preventDefault();
	submit();
	input.focus();
};

function inText(key) {
	if (key === "Enter") submit();
	else if (key === "Tab") return complete(true);
	else if (key === "Escape" && composer.target) aim(null);
	else if (key === "ArrowUp" && !input.value && !history[0]?.startsWith("/") && composer.onlast()) back = 0;
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
	if (key === "ArrowDown") choose((chosen + 1) % length);
	else if (key === "ArrowUp") choose((chosen > 0 ? chosen : length) - 1);
	else if (key === "Escape") closeList();
	else if (key === "Enter" && chosen < 0) submit();
	else if (key === "Enter" || key === "Tab") accept(Math.max(0, chosen));
	else return false;
	return true;
}

function accept(at) {
	input.setRangeText(offer.items[at].insert, offer.from, input.selectionEnd, "end");
	fit();
	complete(false);
}

function showList(at) {
	const options = offer.items.map(({ text, hint = "" }, at) =>
		h("li", { role: "option", id: `option-${at}`, onclick: () => accept(at) }, h("bdi", {}, text), h("small", {}, hint)));
	list.replaceChildren(...options);
	list.hidden = false;
	input.setAttribute("aria-controls", "completions");
	choose(at);
}

function choose(at) {
	chosen = at;
	[...list.children].forEach((option, other) => (option.ariaSelected = other === at));
	list.children[at]?.scrollIntoView({ block: "nearest" });
	if (at < 0) input.removeAttribute("aria-activedescendant");
	else input.setAttribute("aria-activedescendant", `option-${at}`);
}

export function closeList() {
	offer = null;
	list.hidden = true;
	for (const name of ["aria-activedescendant", "aria-controls"]) input.removeAttribute(name);
}
