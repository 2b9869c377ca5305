// What in a text is a link: addresses of the web, and rooms.

// No quotes, controls, nor what is not seen, as what turns the direction around. Punctuation and signs of other
// scripts end an address, but for dashes and what stands within words.
const PART = String.raw`[[^\s<>"\x60\p{Cc}\p{Cf}]--[[\p{Po}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{S}]--[\p{ASCII}·’・]]]`;
/** One writes on without a blank before them. */
const JOINED = String.raw`[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]`;
const LINKS = new RegExp([
	String.raw`(?<![a-z\d])https?://${PART}+`,
	String.raw`(?<![a-z\d_.\-\/@])www\.${PART}+`,
	String.raw`(?<![[\p{L}\p{N}\p{M}_#&\/]--${JOINED}])#[\p{L}\p{N}_][\p{L}\p{N}\p{M}_\-]*`,
].join("|"), "giv");

const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_\-]*$/v;
const NAME_MAX = 32;
/** A colour or a number: a room only where there is one of that name. */
const NUMBER = /^(\d+|[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i;
const CLOSERS = { ")": "(", "]": "[", "}": "{" };
const TAIL = /^[[\p{P}\p{S}]--[\/#=%$+~@\)\]\}\-]]$/v;

export const isRoomName = name => NAME.test(name) && [...name].length <= NAME_MAX;

/** The text in parts: strings, and links as `{ text, address }` or `{ text, room }`. */
export function partsOf(text, isRoom) {
	const parts = [];
	let at = 0;
	for (const { 0: found, index } of text.matchAll(LINKS)) {
		const link = found.startsWith("#") ? roomIn(found, isRoom) : addressIn(found);
		if (!link) continue;
		parts.push(text.slice(at, index), link);
		at = index + link.text.length;
	}
	return [...parts, text.slice(at)].filter(Boolean);
}

function roomIn(found, isRoom) {
	const text = cut(found, /-/);
	const room = text.slice(1);
	return isRoomName(room) && (!NUMBER.test(room) || isRoom(room)) && { text, room };
}

function addressIn(found) {
	const text = withoutTail(found);
	const address = text.replace(/^www\./i, "https://$&");
	const isWhole = address === text || /^www\.[^.\/?#]+\.[^.\/?#]/i.test(text);
	return isWhole && URL.canParse(address) && { text, address };
}

// A bracket not opened within, and punctuation at the end, are the sentence's; so are letters of another script behind a
// domain such as .com.
function withoutTail(found) {
	const [host] = /^(https?:\/\/)?[^\/?#]*/i.exec(found);
	const dot = host.lastIndexOf(".") + 1;
	const domain = /^[a-z]{2,}(?=\P{ASCII}[^:]*$)/iv.exec(host.slice(dot));
	const text = domain ? host.slice(0, dot) + domain : found;
	const open = [];
	const end = text.split("").findIndex(c => {
		if ("([{".includes(c)) open.push(c);
		return c in CLOSERS && open.pop() !== CLOSERS[c];
	});
	return cut(end < 0 ? text : text.slice(0, end), TAIL);
}

/** Without the characters at the end that are `loose`. */
function cut(text, loose) {
	let end = text.length;
	while (loose.test(text[end - 1])) end -= 1;
	return text.slice(0, end);
}
