// Making elements. What users wrote is set as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** An element; properties that begin with `on` are listeners, the others attributes. */
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
 * Returns what shows rows, each of its own `key`, in an element. What stays is not touched, nor is the focus in it:
 * `make(row)` gives a node, `fill(node, row)` writes what may change, whenever the `version` differs.
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

/** The class of the colour that a name has everywhere. */
export function hueOf(name) {
	const hash = [...name.toLowerCase()].reduce((sum, c) => (31 * sum + c.codePointAt(0)) % 8191, 7);
	return `hue-${hash % 8}`;
}

export const byName = new Intl.Collator([], { sensitivity: "base", numeric: true }).compare;

export const discOf = (name) => h("span", { class: "disc", "aria-hidden": "true" }, [...name][0].toUpperCase());

/** Live regions speak whenever they are written: only what differs is. */
export function setText(node, text) {
	if (node.textContent !== text) node.textContent = text;
}
