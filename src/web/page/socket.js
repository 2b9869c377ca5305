// A WebSocket that comes back, and looks whether the other end lives.

const OPEN_MS = 10_000;
/** The server is asked for a sign after so long a silence, and has so long for that. */
const SILENT_MS = 25_000;
const ANSWER_MS = 8_000;
/** Where there is doubt. */
const DOUBT_MS = 4_000;
const WAIT_MIN_MS = 500;
const WAIT_MAX_MS = 30_000;
const STABLE_MS = 10_000;

let failures = 0;
/** The server that it goes to: the page's own, or another of the cluster, which has the same chat; and the other ones. */
let here = "";
let others = [];
let socket, retryTimer, lifeTimer, stableTimer;

export const line = {
	/** When it is tried again, or 0. */
	retryAt: 0,
	// Set by the session: onopen, onevent, onlose.
};

export function start() {
	stop();
	socket = new WebSocket(`${here}/ws`, "hubbub.json");
	lifeTimer = setTimeout(lose, OPEN_MS);
	socket.onopen = () => {
		stableTimer = setTimeout(() => (failures = 0), STABLE_MS);
		line.onopen();
	};
	socket.onmessage = ({ data }) => {
		expect(SILENT_MS);
		const event = JSON.parse(data);
		others = event.addresses ?? others;
		line.onevent(event);
	};
	socket.onclose = lose;
}

/** At once: the closing handshake of a dead one may take minutes. */
export function stop() {
	for (const timer of [retryTimer, lifeTimer, stableTimer]) clearTimeout(timer);
	line.retryAt = 0;
	if (!socket) return;
	socket.onopen = socket.onmessage = socket.onclose = null;
	socket.close();
	socket = null;
}

/** The next server is tried, unless this one has refused only what it was asked. */
export function lose(isRefused) {
	stop();
	if (isRefused !== true && others[0]) [here, ...others] = [...others, here];
	// Half of it is chance: a restarted server does not meet everyone at once.
	const wait = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** failures) * (0.5 + Math.random() / 2);
	failures += 1;
	line.retryAt = Date.now() + wait;
	retryTimer = setTimeout(start, wait);
	line.onlose();
}

export function send(object) {
	if (socket?.readyState !== WebSocket.OPEN) return false;
	socket.send(JSON.stringify(object));
	expect(DOUBT_MS);
	return true;
}

/** Tries now, or looks whether the other end is still there. */
export function hurry() {
	if (line.retryAt > 0) start();
	else probe(DOUBT_MS);
}

addEventListener("online", hurry);
addEventListener("offline", hurry);

function expect(ms) {
	clearTimeout(lifeTimer);
	lifeTimer = setTimeout(probe, ms, ANSWER_MS);
}

function probe(ms) {
	if (!send({ type: "ping" })) return;
	clearTimeout(lifeTimer);
	lifeTimer = setTimeout(lose, ms);
}
