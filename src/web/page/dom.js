// The little that the page needs to make elements. Texts are set as texts, never as markup.

/** An element; properties that begin with `on` are listeners, the others attributes. */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** One of the icons that index.html draws. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);

/** Children of one element kept as rows: what stays is not touched, so focus and scrolling stay too. */
export class Rows {
  #held = new Map();

  /** `make(row)` gives a node, `fill(node, row)` writes what may change in it. */
  constructor(parent, make, fill) {
    Object.assign(this, { parent, make, fill });
  }

  /** Shows rows of unique `key`s; one is filled again where its `version` differs. */
  show(rows) {
    const keys = new Set(rows.map((row) => row.key));
    for (const [key, { node }] of this.#held) {
      if (!keys.has(key)) {
        node.remove();
        this.#held.delete(key);
      }
    }
    let next = this.parent.firstChild;
    for (const row of rows) {
      const held = this.#hold(row);
      if (held.node === next) next = next.nextSibling;
      else this.parent.insertBefore(held.node, next);
    }
  }

  #hold(row) {
    let held = this.#held.get(row.key);
    if (!held) {
      held = { node: this.make(row) };
      this.#held.set(row.key, held);
    } else if (held.version === row.version) {
      return held;
    }
    held.version = row.version;
    this.fill(held.node, row);
    return held;
  }
}

const HUES = 12;

/** The class of the colour that a name has everywhere. */
export function hueOf(name) {
  let hash = 2166136261;
  for (const c of name.toLowerCase()) hash = Math.imul(hash ^ c.codePointAt(0), 16777619);
  return `hue-${(hash >>> 8) % HUES}`;
}

/** What stands for a name where there is little room. */
export const initialOf = (name) => [...name].find((c) => /[\p{L}\p{N}]/u.test(c))?.toUpperCase() ?? "•";
