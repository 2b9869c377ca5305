// Making elements. What users wrote is set as text, never as markup.

export const byId = (id) => document.getElementById(id);

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

/**
 * Returns what shows rows, each of its own `key`, and leaves alone what stays, and the focus in it. `make(row)` gives a
 * node; `fill(node, row)` writes what may change, if the `version` differs.
 */
export function rowsIn(parent, make, fill = () => {}) {
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
export function paint(node, name) {
	const hash = [...name.toLowerCase()].reduce((sum, c) => (31 * sum + c.codePointAt(0)) % 8191, 7);
	node.style.setProperty("--hue", 20 + 45 * (hash % 8));
	return node;
}

export const classesOf = (flags) => Object.keys(flags).filter((name) => flags[name]).join(" ");
export const byName = new Intl.Collator([], { sensitivity: "base", numeric: true }).compare;

export const discOf = (name) => h("span", { class: "disc", "aria-hidden": "true" }, [...name][0].toUpperCase());

/** Live regions speak whenever they are written. */
export function setText(node, text) {
	if (node.textContent !== text) node.textContent = text;
}
