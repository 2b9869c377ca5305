// The page: joins what is known, what is shown and the server.

import { COMMANDS, find, run } from "./commands.js";
import { Composer } from "./composer.js";
import { byId, h } from "./dom.js";
import { Log } from "./log.js";
import { Session } from "./session.js";
import { LOBBY, State, fold } from "./state.js";
import { View } from "./view.js";

const KEYS = [
  ["Enter", "send; Shift + Enter begins a new line"],
  ["Tab", "complete a name; / and @ show what there is"],
  ["↑ in an empty box", "what you wrote before"],
  ["Alt + ↑ ↓", "previous, next conversation; with Shift: unread"],
  ["Ctrl + K", "find a room or person"],
  ["Escape", "close what is open; go to the newest message"],
];

const state = new State();
const session = new Session(state, `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`, {
  phase: phaseChanged,
  alert: tellOf,
  rooms: showFound,
});
const log = new Log(state, {
  seen: markSeen,
  mention: (name) => composer.insert(`@${name} `),
  retry: (entry) => session.retry(state.current, entry),
  discard: (entry) => state.remove(state.current, entry),
});
const composer = new Composer(state, submit);
const view = new View(state, session, log, {
  open,
  leave: (conversation) => session.leave(conversation),
  write: (name) => open(state.person(name)),
});

state.onchange = schedule;
state.isWatching = () => isLookedAt() && log.isAtEnd;

// --- Showing: all that changed within a frame at once ---

let isScheduled = false;

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  // A hidden page gets no frames, but its title is seen.
  if (document.hidden) setTimeout(show, 100);
  else requestAnimationFrame(show);
}

function show() {
  isScheduled = false;
  switchDraft();
  view.show();
  remember();
}

let shown = null;

function switchDraft() {
  const { current } = state;
  if (current === shown) return;
  if (shown) shown.draft = composer.text;
  shown = current;
  composer.put(current?.draft ?? "");
}

function isLookedAt() {
  return document.visibilityState === "visible" && document.hasFocus();
}

function markSeen() {
  if (state.current && isLookedAt() && log.isAtEnd) state.markRead(state.current);
}

addEventListener("focus", markSeen);
document.addEventListener("visibilitychange", () => {
  markSeen();
  if (!document.hidden) session.connection.hurry();
});

// --- Coming in ---

byId("join-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("name").value.trim();
  if (name) session.join(name);
});

function phaseChanged(error) {
  const { phase } = session;
  const isOut = phase === "out";
  byId("name").readOnly = phase === "joining";
  byId("join-error").textContent = isOut ? error : "";
  byId("name").setAttribute("aria-invalid", isOut && error !== "");
  schedule();
  if (isOut) setTimeout(() => byId("name").focus());
  if (phase === "in") {
    localStorage.setItem("name", state.me);
    const wanted = decodeURIComponent(location.hash.slice(1));
    if (wanted && !state.find("room", wanted)) session.enter(wanted);
    setTimeout(() => matchMedia("(hover: hover)").matches && byId("input").focus());
  }
}

/** What is to be had again when the page is loaded again. */
function remember() {
  if (session.phase === "out") return sessionStorage.removeItem("session");
  if (session.phase !== "in") return;
  const rooms = state.list().filter(({ kind, isJoined }) => kind === "room" && isJoined).map(({ name }) => name);
  const current = state.current.kind === "room" ? state.current.name : LOBBY;
  sessionStorage.setItem("session", JSON.stringify({ name: state.me, rooms, current }));
  history.replaceState(null, "", current === LOBBY ? location.pathname : `#${encodeURIComponent(current)}`);
}

// --- What one writes ---

function submit(text) {
  const { current } = state;
  const wrong = run(text, chat);
  if (wrong) state.notice(current, wrong, "error");
  log.toEnd();
}

/** What commands may do. */
const chat = {
  get room() {
    return state.current.kind === "room" ? state.current.name : LOBBY;
  },
  ask(request, context) {
    if (!session.ask(request, context)) state.notice(state.current, "There is no connection now.", "error");
    return true;
  },
  askRoom: (request) => chat.ask({ ...request, room: chat.room }),
  moderate: (request) => (state.isOperator ? chat.ask(request) : chat.askRoom(request)),
  say: (text) => session.say(state.current, text),
  act(text) {
    if (state.current.kind === "room") session.say(state.current, text, true);
    else state.notice(state.current, "One does that in rooms only.", "error");
    return true;
  },
  sayTo(name, text) {
    open(state.person(name));
    session.say(state.current, text);
    return true;
  },
  sayIn(name, text) {
    const room = state.find("room", name);
    if (room) session.say(room, text);
    else state.notice(state.current, `You are not in #${name}.`, "error");
    return true;
  },
  enter(room, key) {
    if (!session.enter(room, key)) state.notice(state.current, "There is no connection now.", "error");
    return true;
  },
  leave(name) {
    const conversation = name ? state.find("room", name) : state.current;
    if (conversation) session.leave(conversation);
    else state.notice(state.current, `You are not in #${name}.`, "error");
    return true;
  },
  help(name) {
    const command = name && find(name);
    if (command) state.notice(state.current, `${command.usage} – ${command.summary}`);
    else byId("help").showModal();
    return true;
  },
  browse() {
    browse();
    return true;
  },
  quit(words) {
    session.quit(words);
    return true;
  },
};

// --- Conversations ---

function open(conversation) {
  state.show(conversation);
  view.closeDrawers();
  show();
  markSeen();
  byId("input").focus();
}

/** Goes to the next conversation, or the next with something unread. */
function step(by, isUnread) {
  const all = state.list();
  let at = all.indexOf(state.current);
  for (let tried = 0; tried < all.length; tried += 1) {
    at = (at + by + all.length) % all.length;
    if (!isUnread || all[at].unread > 0) return open(all[at]);
  }
}

let found = [];

function browse() {
  byId("room").value = byId("key").value = "";
  found = [];
  byId("browser").showModal();
  listFound();
  session.ask({ type: "rooms" });
}

function showFound(rooms) {
  found = rooms;
  listFound();
}

function listFound() {
  const typed = fold(byId("room").value.trim().replace(/^[#@]/, ""));
  const fits = ({ name }) => fold(name).includes(typed);
  const people = [...(state.current?.members.values() ?? [])].map((name) => ({ name }));
  const close = (act) => () => {
    byId("browser").close();
    act();
  };
  const line = (name, sign, hint, act) =>
    h("li", {}, h("button", { onclick: close(act), class: sign === "#" ? "room" : "person" }, h("bdi", {}, name), h("span", { dir: "auto" }, hint)));
  const enter = (name) => () => {
    const known = state.find("room", name);
    if (known?.isJoined) open(known);
    else session.enter(name, byId("key").value);
  };
  byId("found").replaceChildren(
    ...found.map(({ room: name, ...rest }) => ({ name, ...rest })).filter(fits).map(({ name, members, topic }) =>
      line(name, "#", `${members}${topic ? ` · ${topic}` : ""}`, enter(name))),
    ...(typed ? people.filter(fits).slice(0, 20).map(({ name }) => line(name, "@", "", () => open(state.person(name)))) : []),
  );
}

byId("browse").addEventListener("click", browse);
byId("room").addEventListener("input", listFound);
byId("browser-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("room").value.trim().replace(/^#/, "");
  const key = byId("key").value;
  byId("browser").close();
  if (name) chat.enter(name, key);
});
byId("enter-again").addEventListener("click", () => chat.enter(state.current.name, state.current.password));

// --- Telling of what concerns one ---

function tellOf(conversation, { from, text }) {
  const where = conversation.kind === "room" ? `${from} in ${conversation.label}` : from;
  if (conversation !== state.current) byId("news").textContent = `${where}: ${text}`;
  if (isLookedAt() || localStorage.getItem("notify") !== "yes" || Notification.permission !== "granted") return;
  try {
    const note = new Notification(where, { body: text, tag: conversation.label, icon: "/icon.svg" });
    note.onclick = () => {
      window.focus();
      open(conversation);
    };
  } catch {
    // Some phones let only service workers do that.
  }
}

function showNotify() {
  const isOn = localStorage.getItem("notify") === "yes" && Notification.permission === "granted";
  byId("notify").setAttribute("aria-pressed", isOn);
  byId("notify").title = isOn ? "Notifications are on" : "Notify me of mentions and private messages";
}

byId("notify").addEventListener("click", async () => {
  const isOn = byId("notify").getAttribute("aria-pressed") === "true";
  if (!isOn) await Notification.requestPermission();
  localStorage.setItem("notify", isOn ? "no" : "yes");
  showNotify();
});

if ("Notification" in window) showNotify();
else byId("notify").hidden = true;

// --- Buttons and keys ---

const THEMES = ["auto", "light", "dark"];

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").title = `Colours: ${theme}`;
}

byId("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  localStorage.setItem("theme", next);
  showTheme(next);
});
showTheme(localStorage.getItem("theme") ?? "auto");

byId("try-now").addEventListener("click", () => session.connection.hurry());
byId("other-name").addEventListener("click", () => session.leaveForForm());
byId("quit").addEventListener("click", () => session.quit());
byId("open-help").addEventListener("click", () => chat.help());
byId("me").addEventListener("click", () => {
  view.closeDrawers();
  composer.put(`/nick ${state.me}`);
  byId("input").focus();
});
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
byId("keys").append(
  ...[...KEYS, ...COMMANDS.map(({ usage, summary }) => [usage, summary])].flatMap(([key, what]) => [h("dt", {}, key), h("dd", {}, what)]),
);

document.addEventListener("keydown", (event) => {
  if (session.phase === "out" || event.isComposing || document.querySelector("dialog[open]")) return;
  const { key, altKey, ctrlKey, metaKey, shiftKey, target } = event;
  if (altKey && (key === "ArrowUp" || key === "ArrowDown")) step(key === "ArrowUp" ? -1 : 1, shiftKey);
  else if ((ctrlKey || metaKey) && key === "k") browse();
  else if (key === "Escape") view.closeDrawers() || log.toEnd();
  else {
    // Whoever types while nothing is edited means to write.
    const isTyped = key.length === 1 && key !== " " && !ctrlKey && !metaKey && !altKey;
    if (isTyped && (target === document.body || target.id === "log")) byId("input").focus();
    return;
  }
  event.preventDefault();
});

// The keyboard of a phone covers the page without making it smaller.
visualViewport?.addEventListener("resize", () => {
  document.body.style.height = visualViewport.scale === 1 ? `${visualViewport.height}px` : "";
});

byId("name").value = localStorage.getItem("name") ?? "";
const before = JSON.parse(sessionStorage.getItem("session") ?? "null");
if (before) session.resume(before);
else byId("name").focus();
