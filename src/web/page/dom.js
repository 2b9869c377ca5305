// Elements: made, found, filled. What users wrote is set as text, never as markup.

export function byId(id) {
	return document.getElementById(id);
}

/** An element with listeners (`on…`) and attributes; what is `false` or nothing is left out. */
export function h(tag, properties = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(properties)) {
		if (name.startsWith("on")) node[name] = value;
		else if (value !== false && value !== undefined) node.setAttribute(name, value);
	}
	node.append(...children.filter(child => child || child === ""));
	return node;
}

/** A button that submits nothing. */
export const button = (text, onclick, properties = {}) => h("button", { type: "button", onclick, ...properties }, text);

/** A form that does something here when it is sent. */
export const form = (onsubmit, properties, ...children) => h("form", { ...properties, onsubmit: event => onsubmit(event.preventDefault()) }, ...children);

/** Has buttons act, by their ids. */
export function onClicks(acts) {
	for (const [id, act] of Object.entries(acts)) byId(id).onclick = act;
}

/** Live regions speak whenever they are written. */
export function setText(id, text) {
	const node = byId(id);
	if (node.textContent !== text) node.textContent = text;
}

export const classesOf = flags => Object.keys(flags).filter(name => flags[name]).join(" ");
export const byName = new Intl.Collator([], { sensitivity: "base", numeric: true }).compare;

/** Shows rows by their `key`, and leaves alone what stays, and the focus in it; `fill`s where a `version` differs. */
export function rowsIn(parent, make, fill = () => {}) {
	const held = new Map();
	return rows => {
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

/** Puts a text where it can be pasted from, over plain HTTP too, and says so on the button. */
export async function copy(text, told) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const field = h("textarea", { class: "unseen" }, text);
		// What is behind an open dialog cannot be selected.
		told.after(field);
		field.select();
		document.execCommand("copy");
		field.remove();
	}
	const { textContent } = told;
	told.textContent = "Copied";
	setTimeout(() => (told.textContent = textContent), 1500);
}

/** One dialog for all that is asked or shown in between: fills it, and opens it. */
export function openBox(title, ...children) {
	const box = byId("box");
	setText("box-title", title);
	byId("box-body").replaceChildren(...children.filter(Boolean));
	if (!box.open) box.showModal();
	byId("box-body").querySelector("input, button")?.focus();
}

export const closeBox = () => byId("box").close();

/** Asks before `act` is done, in the place of what the dialog showed. */
export function confirmed(question, yes, act) {
	openBox(question, h("div", { class: "row" }, button("No", closeBox), button(yes, () => act(closeBox()), { class: "warn", id: "yes" })));
}
