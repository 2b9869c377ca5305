// Coming in: what this is, who is here, a name, and a password where it has one.

import { button, byId, setText } from "./dom.js";
import { join, session } from "./session.js";

const username = byId("name");
const password = byId("password");
const serverPassword = byId("server-password");
const isNew = byId("is-new");
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_.\-]{0,19}$/u;
const RULES = byId("rules").textContent;
const FIRST = "brave calm eager happy jolly kind lucky merry quiet sunny swift tidy".split(" ");
const SECOND = "badger crane falcon fox gecko heron ibis lynx otter owl panda raven".split(" ");

/** Who is in the lobby, as far as it is told to strangers. */
let present = [];

const any = words => words[Math.floor(Math.random() * words.length)];
const isFree = name => !present.some(other => other.toLowerCase() === name.toLowerCase());
const typed = () => username.value.trim();

/** Offers a free name like the one that was typed, or any. */
function offer() {
	const start = typed().slice(0, 18);
	const names = Array.from({ length: 99 }, (_, at) => (start ? start + (at + 2) : `${any(FIRST)}-${any(SECOND)}`));
	const name = names.find(isFree);
	const take = () => {
		username.value = name;
		byId("join-form").requestSubmit();
	};
	byId("offer").replaceChildren(button(`Come in as ${name}`, take));
}

/** Says what is wrong with a name before the server does; returns whether nothing is. */
function check() {
	const name = typed();
	const isGood = NAME.test(name);
	const isWrong = name && !(isGood && isFree(name));
	username.ariaInvalid = Boolean(isWrong);
	setText("rules", isGood && isWrong ? `${name} is here already.` : RULES);
	byId("rules").classList.toggle("error", isWrong);
	return isGood;
}

username.oninput = check;
byId("join-form").onsubmit = event => {
	event.preventDefault();
	if (!check()) return username.focus();
	if (session.phase !== "out") return;
	localStorage.setItem("name", typed());
	join(typed(), password.value || undefined, serverPassword.value, isNew.checked ? byId("invitation").value.trim() : undefined);
};

/** Shows the form, and why one is there (again). */
export function showDoor(error = "", code = "") {
	byId("join-error").textContent = error;
	const isForPassword = /login|regis|account|code/.test(code);
	byId("proof").open ||= isForPassword;
	if (code === "server_password") serverPassword.hidden = false;
	if (session.phase === "in") [password.value, isNew.checked] = ["", false];
	if (session.phase !== "out") return;
	(isForPassword ? password : username).select();
	look();
	if (/taken|name_registered/.test(code)) offer();
}

/** Asks who is here; a server that wants a word of who comes in tells nobody. */
async function look() {
	const tell = async path => (await fetch(`/api/v1/rooms${path}`)).json();
	try {
		const [{ rooms }, { users, members = users?.length }] = await Promise.all([tell(""), tell("/lobby/users")]);
		present = users ?? [];
		const shown = users.slice(0, 5).join(", ");
		const others = rooms.filter(({ room }) => room !== "lobby").slice(0, 5);
		const named = others.map(({ room, members }) => `#${room} (${members})`).join(", ");
		const here = members > 0 ? `Here now: ${shown}${members > 5 ? ` and ${members - 5} more` : ""}.` : "Nobody is here yet.";
		setText("present", here + (named && ` Rooms: ${named}.`));
		check();
	} catch {
		// It is not for strangers, or not to be reached.
	}
	if (!typed()) offer();
}

username.value = localStorage.getItem("name");
