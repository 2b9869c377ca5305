// A WebSocket that comes back, and looks whether the other end lives.

const ADDRESS = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
const OPEN_MS = 10_000;
/** The server is asked for a sign after so long a silence, and has so long for that. */
const SILENT_MS = 25_000;
const ANSWER_MS = 8_000;
/** Either, where there is reason to doubt. */
const DOUBT_MS = 4_000;
const WAIT_MIN_MS = 500;
const WAIT_MAX_MS = 30_000;
/** After so long one tries again quickly. */
const STABLE_MS = 10_000;

/** `retryAt` is when it is tried again, or 0. */
export const connection = { retryAt: 0, onopen() {}, onreceive() {}, onclose() {} };

let socket = null;
let failures = 0;
let retryTimer = 0;
let lifeTimer = 0;
let stableTimer = 0;

export function start() {
	stop();
	socket = new WebSocket(ADDRESS, "hubbub.json");
	lifeTimer = setTimeout(lose, OPEN_MS);
	socket.onopen = () => {
		stableTimer = setTimeout(() => (failures = 0), STABLE_MS);
		connection.onopen();
	};
	socket.onmessage = ({ data }) => {
		expect(SILENT_MS);
		connection.onreceive(JSON.parse(data));
	};
	socket.onclose = lose;
}

/** At once: the closing handshake of a dead one may take minutes. */
export function stop() {
	for (const timer of [retryTimer, lifeTimer, stableTimer]) clearTimeout(timer);
	connection.retryAt = 0;
	if (!socket) return;
	socket.onopen = socket.onmessage = socket.onclose = null;
	socket.close();
	socket = null;
}

export function lose() {
	stop();
	// Half of it is chance: a restarted server does not meet everyone at once.
	const wait = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** failures) * (0.5 + Math.random() / 2);
	failures += 1;
	connection.retryAt = Date.now() + wait;
	retryTimer = setTimeout(start, wait);
	connection.onclose();
}

export function send(object) {
	if (socket?.readyState !== WebSocket.OPEN) return false;
	socket.send(JSON.stringify(object));
	expect(DOUBT_MS);
	return true;
}

/** Tries now, or looks whether the other end is still there. */
export function hurry() {
	if (connection.retryAt > 0) start();
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
