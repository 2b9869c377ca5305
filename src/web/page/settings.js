// Settings: how it looks, what it tells one, and one's account.

import { byId, h, onClicks, setText } from "./dom.js";
import { ask, logout, quit, remember, session, tokenOf } from "./session.js";
import { state } from "./state.js";
import { begin } from "./view.js";

const settings = JSON.parse(localStorage.getItem("settings")) ?? { theme: "", sound: false };
const { Notification: Note } = window;
const theme = byId("theme");
const sound = byId("sound");
const secret = byId("account-password");
const newSecret = byId("account-new");
let audio = null;

function keep() {
	Object.assign(settings, { theme: theme.value, sound: sound.checked });
	localStorage.setItem("settings", JSON.stringify(settings));
	document.documentElement.style.colorScheme = settings.theme;
}

theme.value = settings.theme;
sound.checked = settings.sound;
keep();
theme.onchange = keep;
sound.onchange = () => {
	keep();
	ring();
};

/** A short tone, where one wants to hear it. */
export function ring() {
	if (!settings.sound) return;
	audio ??= new AudioContext();
	const { currentTime: now } = audio;
	const [tone, gain] = [audio.createOscillator(), audio.createGain()];
	gain.gain.setValueAtTime(0.08, now);
	gain.gain.exponentialRampToValueAtTime(0.001, now + 0.3);
	tone.connect(gain).connect(audio.destination);
	tone.start();
	tone.stop(now + 0.3);
}

/** Tells what was said to one who does not look, where that is allowed. */
export function notify(title, body, tag, onclick) {
	if (Note?.permission !== "granted") return;
	try {
		new Note(title, { body, tag, icon: "/icon.svg" }).onclick = onclick;
	} catch {
		// Some phones leave that to service workers.
	}
}

export function showSettings() {
	const isIn = Boolean(tokenOf(state.me));
	setText("account-told", isIn ? `You are logged in as ${state.me}, here by yourself from now on.` : `${state.me} is yours while you are here; with a password it stays yours.`);
	for (const node of document.querySelectorAll("[data-logged]")) node.hidden = (node.dataset.logged === "yes") !== isIn;
	secret.autocomplete = isIn ? "current-password" : "new-password";
	const { permission = "missing" } = Note ?? {};
	byId("notify").hidden = permission !== "default";
	setText("notify-told", { granted: "Notifications are on.", denied: "The browser forbids notifications." }[permission] ?? "");
	if (!byId("menu").open) byId("menu").showModal();
}

const tell = text => setText("account-error", text);

/** Asks with the password that was typed; what comes of it is told beside it. */
function prove(request, done) {
	const onanswer = ({ message = done }) => {
		session.password = request.password;
		secret.value = newSecret.value = "";
		// It is done where the next visit is signed in, too.
		remember(() => tell(message, showSettings()));
	};
	if (secret.value) ask(request, { onanswer, onfail: tell });
	else tell("Type the password first.");
}

const passwd = password => prove({ type: "passwd", old: secret.value, password }, "Done; everywhere else is logged out.");

byId("account").onsubmit = event => {
	event.preventDefault();
	if (tokenOf(state.me)) passwd(newSecret.value);
	else prove({ type: "register", password: secret.value }, "The name is yours.");
};

onClicks({
	"account-login": () => prove({ type: "login", username: state.me, password: secret.value }, "You are logged in."),
	// A password that is set again makes every other token void.
	elsewhere: () => passwd(secret.value),
	notify: () => Note.requestPermission().then(showSettings),
	me: showSettings,
	// The closing dialog gives the focus back first.
	rename: () => setTimeout(begin, 0, "/nick "),
	logout: () => logout(),
	quit: () => quit(),
});

/** Fills the list of keys and commands. */
export function showHelp(lines) {
	byId("keys").append(...lines.flatMap(([key, does]) => [h("dt", {}, key), h("dd", {}, does)]));
}
