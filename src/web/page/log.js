// The messages of one conversation: as rows, a window of the newest, scrolled as one expects.

import { Rows, byId, h, hueOf, icon, initialOf } from "./dom.js";
import { nodesOf } from "./links.js";

/** Entries shown at once; earlier ones are asked for in steps of as many. */
const WINDOW = 500;
/** Messages of one person within this time stand in one group. */
const GROUP_MS = 5 * 60_000;
/** So close to the end counts as at it, in pixels. */
const NEAR_END = 48;

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "medium" });
const date = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });

export class Log {
  /** Does one look at the end? Then it stays there. */
  isAtEnd = true;
  #conversation = null;
  /** The first entry shown, while not at the end. */
  #first = null;
  #quietTimer = 0;

  /** `hooks`: `seen()` at the end, `mention(name)`, `retry(entry)`, `discard(entry)`. */
  constructor(state, hooks) {
    this.state = state;
    this.hooks = hooks;
    this.node = byId("log");
    this.pill = byId("pill");
    this.rows = new Rows(this.node, (row) => makers[row.kind](row, this), (node, row) => fillers[row.kind]?.(node, row, this));
    this.node.addEventListener("scroll", () => this.#scrolled());
    this.pill.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.isAtEnd && this.#scrollToEnd()).observe(this.node);
  }

  /** Shows what there is now. */
  show(conversation) {
    const isOther = conversation !== this.#conversation;
    if (isOther) this.#enter(conversation);
    const anchor = this.isAtEnd ? null : this.#anchor();
    this.rows.show(this.#rowsOf(conversation));
    if (isOther) this.#findPlace();
    else if (this.isAtEnd) this.#scrollToEnd();
    else if (anchor) this.node.scrollTop += anchor.node.offsetTop - anchor.top;
    this.#showPill();
  }

  toEnd() {
    this.isAtEnd = true;
    this.show(this.#conversation);
    this.hooks.seen();
  }

  showEarlier() {
    const { entries } = this.#conversation;
    const at = entries.indexOf(this.#first ?? entries.at(-WINDOW));
    this.#first = entries[Math.max(0, at - WINDOW)];
    this.isAtEnd = false;
    this.#hush();
    this.show(this.#conversation);
    this.node.focus();
  }

  #enter(conversation) {
    const { isAtEnd } = this;
    if (this.#conversation) this.#conversation.place = isAtEnd ? null : { first: this.#first, top: this.node.scrollTop };
    this.#conversation = conversation;
    this.#first = conversation.place?.first ?? null;
    this.isAtEnd = true;
    this.#hush();
  }

  /** Where one left it, or else at what is new. */
  #findPlace() {
    const line = this.node.querySelector(".new");
    if (line) this.node.scrollTop = line.offsetTop - this.node.clientHeight / 3;
    else if (this.#conversation.place) this.node.scrollTop = this.#conversation.place.top;
    else this.#scrollToEnd();
    this.#scrolled();
  }

  /** What is shown at once need not be read out. */
  #hush() {
    this.node.setAttribute("aria-live", "off");
    clearTimeout(this.#quietTimer);
    this.#quietTimer = setTimeout(() => this.node.setAttribute("aria-live", "polite"), 500);
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.node;
    const wasAtEnd = this.isAtEnd;
    this.isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (wasAtEnd && !this.isAtEnd) this.#first ??= this.#conversation.entries.at(-WINDOW) ?? this.#conversation.entries[0];
    if (!wasAtEnd && this.isAtEnd) this.hooks.seen();
    this.#showPill();
  }

  #scrollToEnd() {
    this.node.scrollTop = this.node.scrollHeight;
  }

  #showPill() {
    const { unread } = this.#conversation;
    this.pill.hidden = this.isAtEnd;
    const text = unread > 0 ? `${unread} new message${unread > 1 ? "s" : ""}` : "Latest messages";
    if (this.pill.textContent !== text) this.pill.textContent = text;
    this.pill.classList.toggle("quiet", unread === 0);
  }

  /** The first row that is seen, and where it stands. */
  #anchor() {
    for (const node of this.node.children) {
      if (node.offsetTop + node.offsetHeight > this.node.scrollTop) return { node, top: node.offsetTop };
    }
    return null;
  }

  #rowsOf({ entries, unreadFrom }) {
    if (this.isAtEnd) this.#first = null;
    const start = Math.max(0, this.#first ? entries.indexOf(this.#first) : entries.length - WINDOW);
    const rows = start > 0 ? [{ key: "earlier", kind: "earlier" }] : [];
    let before = null;
    let day = "";
    for (const entry of entries.slice(start)) {
      entry.day ??= date.format(entry.time);
      if (entry.day !== day) {
        rows.push({ key: `day ${entry.number}`, kind: "line", text: entry.day });
        before = null;
      }
      if (entry.number === unreadFrom) {
        rows.push({ key: "new", kind: "line", text: "New", isNew: true });
        before = null;
      }
      const isContinued = isSpeech(entry) && before && isSpeech(before) && before.from === entry.from &&
        entry.time - before.time < GROUP_MS;
      rows.push({ key: entry.number, kind: entry.kind, entry, isContinued, version: entry.version * 2 + isContinued });
      ({ day } = entry);
      before = entry;
    }
    return rows.length > 0 ? rows : [{ key: "empty", kind: "empty" }];
  }
}

const isSpeech = ({ kind, isAction }) => kind === "said" && !isAction;

const makers = {
  earlier: (row, log) => h("button", { class: "earlier", onclick: () => log.showEarlier() }, "Show earlier messages"),
  empty: () => h("p", { class: "empty" }, "Nothing has been said here since you came."),
  line: ({ text, isNew }) => h("div", { class: isNew ? "line new" : "line", role: "separator" }, h("span", {}, text)),
  gap: () => h("div", { class: "line gap" }, h("span", {})),
  notice: ({ entry }) => h("div", { class: `notice ${entry.tone}` }, h("p", { dir: "auto" }, entry.text), timeOf(entry.time)),
  presence: () => h("details", { class: "presence", "aria-live": "off" }, h("summary"), h("ul")),

  said({ entry }, log) {
    const { from, text, isAction } = entry;
    const name = h("bdi", { class: "name", onclick: () => log.hooks.mention(from) }, from);
    return h("div", { "data-from": from },
      h("span", { class: "disc", "aria-hidden": "true" }, initialOf(from)),
      h("div", { class: "head" }, name, timeOf(entry.time)),
      h("p", { class: "text", dir: "auto" }, ...(isAction ? [h("bdi", { class: "name" }, from), " "] : []),
        ...nodesOf(text, entry.isOwn ? [] : log.state.mentionsIn(text))),
      h("div", { class: "mark" }));
  },
};

const fillers = {
  gap(node, { entry }) {
    node.firstChild.textContent =
      `Reconnected. What was said from ${clock.format(entry.from)} to ${clock.format(entry.time)} may be missing.`;
  },

  presence(node, { entry }) {
    const [summary, list] = node.children;
    summary.textContent = summaryOf(entry.changes);
    list.replaceChildren(...entry.changes.map((change) => h("li", {}, timeOf(change.time), ` ${sentenceOf(change)}`)));
  },

  said(node, { entry, isContinued }, log) {
    const { from, state, isAction, isMention } = entry;
    const classes = { continued: isContinued, action: isAction, mention: isMention, own: entry.isOwn };
    const set = Object.keys(classes).filter((name) => classes[name]);
    node.className = ["message", hueOf(from), ...set].join(" ");
    node.dataset.state = state;
    node.querySelector(".mark").replaceChildren(...markOf(entry, log));
  },
};

/** How sure it is that an own message was said. */
function markOf(entry, log) {
  if (entry.state === "sent") return [h("span", { class: "unseen" }, "sent")];
  if (entry.state === "pending") return [entry.isQueued ? "waiting for the connection" : "sending…"];
  if (entry.state !== "failed") return [];
  return [
    h("span", {}, `Not sent: ${entry.why}`),
    h("button", { type: "button", onclick: () => log.hooks.retry(entry) }, "Send again"),
    h("button", { type: "button", onclick: () => log.hooks.discard(entry) }, "Discard"),
  ];
}

function timeOf(time) {
  const moment = new Date(time);
  return h("time", { datetime: moment.toISOString(), title: full.format(moment) }, clock.format(moment));
}

function sentenceOf({ name, did, to, reason, joined, left }) {
  if (name === undefined) return `${joined} joined, ${left} left`;
  return [name, did === "renamed" ? `is ${to} now` : did, reason && `(${reason})`].filter(Boolean).join(" ");
}

const NAMES_MAX = 5;

/** "Ann, Bob joined · Cy left" */
function summaryOf(changes) {
  const last = new Map();
  const first = new Map();
  const groups = new Map();
  const counts = { joined: 0, left: 0 };
  const put = (how, name) => groups.set(how, [...(groups.get(how) ?? []), name]);
  for (const { name, did, to, joined, left } of changes) {
    if (name === undefined) {
      counts.joined += joined;
      counts.left += left;
    } else if (did === "renamed") {
      put(`now ${to}`, name);
    } else {
      if (!first.has(name)) first.set(name, did);
      last.set(name, did);
    }
  }
  for (const [name, did] of last) {
    const isSame = first.get(name) === did;
    put(isSame ? did : did === "left" ? "came and went" : "came back", name);
  }
  const parts = [...groups].map(([how, names]) =>
    names.length > NAMES_MAX ? `${names.length} ${how}` : `${names.join(", ")} ${how}`);
  for (const [how, count] of Object.entries(counts)) if (count > 0) parts.push(`${count} ${how}`);
  return parts.join(" · ");
}
