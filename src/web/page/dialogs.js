// What is asked and shown in between: rooms, a room, a member, a search.

import { button, byId, closeBox, confirmed, copy, form, h, openBox } from "./dom.js";
import { isRoomName } from "./links.js";
import { goTo } from "./log.js";
import { addressOf } from "./message.js";
import { ask, askRank, enter, leave, session, within } from "./session.js";
import { find, get, isMe, state } from "./state.js";
import { open, openDrawer } from "./view.js";

const RULES = "1 to 32 letters, digits, _ or -";

/** Enters a room, or opens it where one is in it, and leads to a message there. */
export function visit(name, id, key) {
	const room = find("room", name);
	if (!room?.isJoined) return enter(name, key, { onentered: () => id && setTimeout(visit, 0, name, id) });
	open(room);
	if (id) goTo(id);
	return true;
}

const field = (label, id, properties) => h("input", { id, "aria-label": label, placeholder: label, autocomplete: "off", ...properties });

/** A list of rooms to enter, and a form to make one. */
export function browse() {
	const filter = field("Find a room", "room-filter", { oninput: fill });
	const list = h("ul", { id: "rooms-there" });
	const name = field("A name for a new room", "new-room");
	const hidden = h("input", { type: "checkbox", id: "new-private" });
	const told = h("p", { role: "status", class: "hint" }, RULES);
	openBox("Rooms", filter, list, form(make, { id: "make-room" }, name, told,
		h("label", { class: "check" }, hidden, " Private: nobody sees it, and only those you invite come in"),
		h("button", { class: "primary" }, "Make it")));
	fill();
	ask({ type: "rooms" }, { onanswer: ({ rooms }) => fill(session.onrooms(rooms)) });

	function fill() {
		const wanted = filter.value.trim().toLowerCase().replace(/^#/, "");
		const fits = state.roomsThere.filter(({ name, hint }) => (name + hint).toLowerCase().includes(wanted));
		const rows = fits.map(({ name, hint }) => h("li", {},
			h("button", { onclick: () => visit(name, closeBox()) }, h("bdi", {}, `#${name}`), h("small", {}, hint))));
		list.replaceChildren(...(rows[0] ? rows : [h("li", {}, "There is no such room; you can make it.")]));
	}

	function make() {
		const wanted = name.value.trim().replace(/^#/, "");
		if (!isRoomName(wanted)) return told.classList.add("error");
		const isHidden = hidden.checked;
		const onentered = ({ name: room, ...talk }, isMade) => {
			if (!isMade || !isHidden) return;
			for (const type of ["secret", "invite_only"]) ask({ type, room, on: true });
		};
		closeBox();
		enter(wanted, undefined, { onentered });
	}
}

/** What there is to a conversation, and the way out of it. */
export function showRoom() {
	const { current: talk } = state;
	const { name, label, topic, count, members } = talk;
	if (talk.kind === "person") return showCard(name);
	const text = field("Topic", "new-topic", { value: topic });
	const setTopic = () => {
		closeBox();
		ask({ type: "topic", room: name, topic: text.value.trim() });
	};
	const link = button("Copy the link to it", () => copy(addressOf(name), link));
	openBox(label,
		h("p", {}, `${count ?? members.size} here.`),
		form(setTopic, { class: "row" }, text, h("button", {}, "Set the topic")),
		link,
		wayOut(`Leave ${label}`));
}

/** Asks before one is out. */
function wayOut(text) {
	const { current: talk } = state;
	const askFirst = () => confirmed(`${text}?`, text, () => leave(talk));
	return h("div", { class: "apart" }, button(text, askFirst, { id: "leave", class: "warn" }));
}

/** What a member is and does, in sentences. */
function sentences({ rooms = [], moderates, operator, away, address }) {
	const names = all => new Intl.ListFormat("en").format(all.map(room => `#${room}`));
	return [
		rooms[0] ? `Is in ${names(rooms)}.` : "Is in no room that you can see.",
		moderates && `Moderates ${names(moderates)}.`,
		away && `Away: ${away}`,
		operator && "Runs this server.",
		address && `Comes from ${address}.`,
	].filter(Boolean);
}

/** A member's card. */
export function showCard(username) {
	if (isMe(username)) return byId("me").click();
	openDrawer("");
	const { current: talk } = state;
	const isTalk = talk.is("person", username);
	const told = h("div", { role: "status" }, "…");
	const tell = (...lines) => told.replaceChildren(...lines.map(text => h("p", { dir: "auto" }, text)));
	const request = (values, onanswer) => ask({ username, ...values }, { onanswer, onfail: tell });
	const { ignored } = state;
	const name = () => (ignored.has(username) ? "Listen again" : "Ignore");
	const ignore = button(name(), () => {
		const type = ignored.delete(username) ? "unignore" : "ignore";
		if (type === "ignore") ignored.add(username);
		ignore.textContent = name();
		request({ type }, () => tell(type === "ignore" ? "You hear nothing more from them." : "You hear from them again."));
	}, { id: "card-ignore" });
	const write = button("Message", () => open(get("person", username), closeBox()), { id: "card-message", class: "primary" });
	const moderating = h("div", { class: "row" });
	openBox(username, told, h("div", { class: "row" }, !isTalk && write, ignore), moderating, isTalk && wayOut("Close this conversation"));
	request({ type: "whois" }, event => tell(...sentences(event)));
	const offer = isModerator => (isModerator || state.isOperator) && offerModeration(talk, moderating, request, tell);
	if (talk.kind === "room") askRank(talk, offer);
}

/** Kick and mute. */
function offerModeration(talk, place, request, tell) {
	// An operator does that to the whole server.
	const where = state.isOperator ? {} : within(talk);
	const act = (text, id, values, done) => button(text, () => request({ ...values, ...where }, () => tell(done)), { id });
	const kick = () => confirmed("Put them out?", "Kick", () => request({ type: "kick", ...where }));
	place.append(
		act("Mute for 10 minutes", "card-mute", { type: "mute", seconds: 600 }, "They are silent for 10 minutes."),
		act("Let speak", "card-unmute", { type: "unmute" }, "They may speak."),
		button("Kick", kick, { id: "card-kick", class: "warn" }));
}

/** Words looked for where one is, with ways to where they were said. */
export function search() {
	const { current: talk } = state;
	const words = field("Words to look for", "search-words", { required: "" });
	const told = h("p", { role: "status" });
	const list = h("ul", { id: "found" });
	const onend = (found, more) => {
		told.textContent = found.length ? `Found: ${found.length}${more ? " and more" : ""}` : "These words were not said here.";
		list.replaceChildren(...found.sort((a, b) => b.time - a.time).map(result));
	};
	const look = () => ask({ type: "search", query: words.value, ...(talk.kind === "room" && within(talk)), limit: 50 }, { onend, onfail: why => (told.textContent = why) });
	openBox(`Search ${talk.label}`, form(look, { class: "row" }, words, h("button", { class: "primary" }, "Search")), told, list);
}

function result({ room, username, message, time, id }) {
	return h("li", {}, h("button", { onclick: () => visit(room, id, closeBox()) },
		h("small", {}, `#${room} · `, h("bdi", {}, username), ` · ${new Date(time).toLocaleString()}`),
		h("span", { dir: "auto" }, message)));
}

document.addEventListener("click", ({ target }) => {
	const asked = target.closest?.("[data-card]");
	if (asked) showCard(asked.dataset.card);
});
