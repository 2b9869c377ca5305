// Everything around the messages: conversations, members, title, state of the connection, drawers.
//
// Hooks for tests: #join-form #name #join-error, #rooms ([data-room], [data-person], .unread),
// #members ([data-name]), #log (.message with data-from and data-state, .text within), #composer #input,
// #pill, #state ("connected", "connecting…", "reconnecting…", "offline").

import { Rows, byId, h, hueOf, icon, initialOf } from "./dom.js";

/** Members shown; a larger room says how many more there are. */
const MEMBERS_MAX = 500;

const STATES = { out: "", joining: "connecting…", in: "connected", lost: "reconnecting…" };

export class View {
  #membersShown = "";

  /** `hooks`: `open(conversation)`, `leave(conversation)`, `write(name)`. */
  constructor(state, session, log, hooks) {
    Object.assign(this, { state, session, log, hooks });
    for (const [id, name] of Object.entries(ICONS)) byId(id).append(icon(name));
    this.rooms = this.#sideList("rooms");
    this.people = this.#sideList("people");
    this.members = new Rows(byId("members"), ({ name }) => this.#member(name), () => {});
    byId("open-side").addEventListener("click", () => this.toggle("side"));
    byId("open-members").addEventListener("click", () => this.toggle("members"));
    byId("backdrop").addEventListener("click", () => this.closeDrawers());
    this.#wide = matchMedia("(min-width: 70rem)");
    setInterval(() => this.#countDown(), 500);
  }

  #wide;

  show() {
    const { state, session } = this;
    const isOut = session.phase === "out" || session.phase === "joining";
    byId("join-form").hidden = !isOut;
    byId("chat").hidden = isOut;
    if (!isOut && state.current) this.#showChat(state.current);
    document.title = this.#titleOf(isOut);
    byId("favicon").href = this.#total() > 0 ? "/icon.svg#unread" : "/icon.svg";
  }

  #showChat(current) {
    const { state } = this;
    this.rooms.show(this.#sideRows("room"));
    this.people.show(this.#sideRows("person"));
    byId("people-heading").hidden = byId("people").childElementCount === 0;
    setText(byId("title"), current.name);
    byId("title").className = current.kind;
    setText(byId("topic"), current.topic);
    byId("topic").title = current.topic;
    setText(byId("me"), state.me);
    this.#showMembers(current);
    this.#showState();
    byId("composer").hidden = !current.isJoined;
    byId("rejoin").hidden = current.isJoined;
    const label = `Message ${current.label}`;
    byId("input").placeholder = label;
    byId("input").setAttribute("aria-label", label);
    this.log.show(current);
  }

  // --- The side ---

  #sideList(id) {
    const make = ({ conversation }) => {
      const { kind } = conversation;
      const open = h("button", { class: "open", onclick: () => this.hooks.open(conversation) },
        h("bdi"), h("span", { class: "unread" }));
      const leave = h("button", { class: "leave", onclick: () => this.hooks.leave(conversation) }, icon("close"));
      return h("li", { class: kind }, open, leave);
    };
    const fill = (node, { conversation, isCurrent }) => {
      const { kind, name, label, unread, mentions, isJoined } = conversation;
      const [open, leave] = node.children;
      const [text, badge] = open.children;
      open.dataset[kind] = name;
      open.title = label;
      open.toggleAttribute("aria-current", isCurrent);
      if (isCurrent) open.setAttribute("aria-current", "true");
      text.textContent = name;
      badge.textContent = unread > 0 ? (unread > 999 ? "999+" : unread) : "";
      badge.title = unread > 0 ? `${unread} unread` : "";
      const classes = { current: isCurrent, loud: unread > 0, mentioned: mentions > 0, gone: !isJoined };
      for (const [key, isSet] of Object.entries(classes)) node.classList.toggle(key, isSet);
      leave.setAttribute("aria-label", `${kind === "room" ? "Leave" : "Close"} ${label}`);
    };
    return new Rows(byId(id), make, fill);
  }

  #sideRows(kind) {
    const { state } = this;
    const rows = state.list().filter((conversation) => conversation.kind === kind);
    return rows.map((conversation) => {
      const { name, unread, mentions, isJoined } = conversation;
      const isCurrent = conversation === state.current;
      return { key: conversation, conversation, isCurrent, version: [name, unread, mentions, isJoined, isCurrent].join() };
    });
  }

  // --- The members ---

  #showMembers(current) {
    const isRoom = current.kind === "room";
    byId("open-members").hidden = !isRoom;
    document.body.classList.toggle("no-members", !isRoom);
    const shown = `${current.label} ${current.membersVersion} ${this.state.me}`;
    if (!isRoom || shown === this.#membersShown) return;
    this.#membersShown = shown;
    const names = [...current.members.values()].sort(collator.compare);
    const rows = names.slice(0, MEMBERS_MAX).map((name) => ({ key: `${name} ${this.state.isMe(name)}`, name }));
    if (current.size > rows.length) rows.push({ key: "more", name: null });
    this.members.show(rows);
    const more = byId("members").querySelector(".more");
    if (more) more.textContent = `and ${(current.size - rows.length + 1).toLocaleString()} more`;
    byId("count").textContent = current.size.toLocaleString();
    byId("open-members").dataset.count = current.size.toLocaleString();
  }

  #member(name) {
    if (name === null) return h("li", { class: "more" });
    const isMe = this.state.isMe(name);
    const disc = h("span", { class: "disc", "aria-hidden": "true" }, initialOf(name));
    const button = h("button", { title: isMe ? "You" : `Write to ${name}`, onclick: () => this.hooks.write(name) },
      disc, h("bdi", {}, name), isMe ? h("span", { class: "you" }, "you") : "");
    return h("li", { class: hueOf(name), "data-name": name }, button);
  }

  // --- The connection ---

  #showState() {
    const { phase, trouble } = this.session;
    const text = phase === "lost" && !navigator.onLine ? "offline" : STATES[phase];
    setText(byId("state"), trouble && phase === "lost" ? `${text} ${trouble}` : text);
    document.body.dataset.phase = phase;
    byId("other-name").hidden = !/name/.test(trouble);
    this.#countDown();
  }

  #countDown() {
    const { retryAt } = this.session.connection;
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    setText(byId("countdown"), retryAt > 0 && seconds > 1 ? `again in ${seconds} s` : "");
  }

  #total() {
    return this.state.list().reduce((sum, { unread }) => sum + unread, 0);
  }

  #titleOf(isOut) {
    const { current } = this.state;
    if (isOut || !current) return "Hubbub";
    const total = this.#total();
    return `${total > 0 ? `(${total}) ` : ""}${current.name} – Hubbub`;
  }

  // --- The drawers ---

  /** Opens or closes one side; where there is room the members stay until they are closed. */
  toggle(which) {
    const { classList } = document.body;
    const name = which === "members" && this.#wide.matches ? "members-closed" : `${which}-open`;
    classList.toggle(name);
    this.#tellDrawers();
    if (classList.contains(`${which}-open`)) {
      byId(which === "side" ? "rooms" : "members").querySelector("button")?.focus();
    }
  }

  /** Returns whether one was open. */
  closeDrawers() {
    const { classList } = document.body;
    const wasOpen = classList.contains("side-open") || classList.contains("members-open");
    classList.remove("side-open", "members-open");
    this.#tellDrawers();
    return wasOpen;
  }

  #tellDrawers() {
    const { classList } = document.body;
    const isMembers = this.#wide.matches ? !classList.contains("members-closed") : classList.contains("members-open");
    byId("open-side").setAttribute("aria-expanded", classList.contains("side-open"));
    byId("open-members").setAttribute("aria-expanded", isMembers);
    byId("main").inert = classList.contains("side-open") || classList.contains("members-open");
  }
}

const ICONS = {
  browse: "plus", notify: "bell", theme: "theme", "open-help": "help", quit: "quit",
  "open-side": "menu", "open-members": "people", send: "send",
};

const collator = new Intl.Collator([], { sensitivity: "base", numeric: true });

/** Live regions speak whenever they are written: only what differs is. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
