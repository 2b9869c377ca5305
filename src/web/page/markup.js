// What of a text is bold, italic, a spoiler, code, a quote or an item of a list. Nothing is escaped, and nothing but a fence
// goes over the end of a line. The server reads the same, by the same cases.

const TICK = "\x60";
const FENCE = TICK.repeat(3);
const OPENS_FENCE = /^\x60{3}[\w+#.\-]{0,20}$/;
const STYLES = { "*": ["bold", 1], _: ["italic", 1], "|": ["spoiler", 2] };
const BLANK = /[ \t\u00a0\u3000]/;
/** On both sides of what is marked may stand marks, quotes, dashes and emoji. */
const BETWEEN = "*_|\\x60\"'–—\\u2600-\\u27bf\\u{1f000}-\\u{1faff} \\t\\u00a0\\u3000";
const BEFORE = new RegExp(`[${BETWEEN}(\\[{“„‘«¿¡（「『]$`, "u");
const AFTER = new RegExp(`^[${BETWEEN})\\]}“”’».,;:!?…\\-）」』。、，！？：；]`, "u");
const LINK = /(https?:\/\/|www\.)[^ \t\u00a0\u3000\p{Cc}<>"\x60]*/iuy;
const LOOSE = "*_|.,;:!?')";

/** The lines of a text: `{ kind, pieces }`, kind being `line`, `quote` or `item`, and `{ kind: "fence", code }`. */
export function blocksOf(text) {
	const lines = text.split(/\r\n|\r|\n/);
	const blocks = [];
	const ends = lines.flatMap((line, at) => (line === FENCE ? [at] : []));
	let next = 0;
	for (let at = 0; at < lines.length; at += 1) {
		const line = lines[at];
		while (ends[next] <= at) next += 1;
		const end = ends[next];
		if (end > at + 1 && OPENS_FENCE.test(line)) {
			blocks.push({ kind: "fence", code: lines.slice(at + 1, end).join("\n") });
			at = end;
		} else if (line.startsWith("> ")) blocks.push({ kind: "quote", pieces: piecesOf(line.slice(2)) });
		else if (line.startsWith("- ")) blocks.push({ kind: "item", pieces: piecesOf(line.slice(2)) });
		else blocks.push({ kind: "line", pieces: piecesOf(line) });
	}
	return blocks;
}

/** The parts of a line: strings, `{ code }`, `{ begin }` and `{ end }` with a style; they end in the opposite order. */
function piecesOf(line) {
	const pieces = [];
	let open = [];
	let textFrom = 0;
	let hasCode = true;
	const textUntil = end => {
		if (textFrom < end) pieces.push(line.slice(textFrom, end));
		textFrom = end;
	};

	const code = at => {
		const end = hasCode ? endOfCode(line, at + 1) : -1;
		hasCode = end > 0;
		if (!hasCode) return at + 1;
		textUntil(at);
		pieces.push({ code: line.slice(at + 1, end) });
		textFrom = end + 1;
		return end + 1;
	};

	const mark = (begin, end) => {
		const [style, length] = STYLES[line[begin]];
		if (end - begin !== length) return end;
		const before = line.slice(Math.max(0, begin - 2), begin);
		const after = line.slice(end, end + 2);
		const at = open.findIndex(it => it.style === style);
		if (at >= 0 && before && !BLANK.test(before.at(-1)) && (!after || AFTER.test(after))) {
			textUntil(begin);
			pieces[open[at].piece] = { begin: style };
			open = open.slice(0, at);
			pieces.push({ end: style });
			textFrom = end;
		} else if ((!before || BEFORE.test(before)) && after && !BLANK.test(after[0])) {
			open = open.filter(it => it.style !== style);
			textUntil(begin);
			open.push({ style, piece: pieces.length });
			// Text until it is closed.
			textUntil(end);
		}
		return end;
	};

	for (let at = 0; at < line.length; ) {
		const c = line[at];
		if (/[hw]/i.test(c)) at = endOfLink(line, at);
		else if (c !== TICK && !"*_|".includes(c)) at += 1;
		else {
			let end = at + 1;
			while (line[end] === c) end += 1;
			if (c !== TICK) at = mark(at, end);
			else at = end === at + 1 ? code(at) : end;
		}
	}
	textUntil(line.length);
	return pieces;
}

/** Where the one backtick is that ends what begins there. */
function endOfCode(line, from) {
	for (let at = line.indexOf(TICK, from); at >= 0; at = line.indexOf(TICK, at)) {
		let end = at + 1;
		while (line[end] === TICK) end += 1;
		if (end === at + 1) return at;
		at = end;
	}
	return -1;
}

/** Behind an address of the web that begins there, but for marks and punctuation at its end. */
function endOfLink(line, at) {
	LINK.lastIndex = at;
	const [found] = (!/[a-z\d]/i.test(line[at - 1] ?? " ") && LINK.exec(line)) || [];
	if (!found) return at + 1;
	let { length } = found;
	while (LOOSE.includes(found[length - 1])) length -= 1;
	return at + length;
}

const IRC_STYLES = { "\x02": "bold", "\x1d": "italic", "\x1f": "underline", "\x1e": "strike", "\x11": "mono" };
const IRC_CODE = /([\x02\x1d\x1f\x1e\x11\x0f\x16]|\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[\da-f]{6}(?:,[\da-f]{6})?)?)/i;

/** Reads the formatting codes of IRC, from one text to the next: runs of `{ text, styles, colour }`, the last may be NaN. */
export function ircReader() {
	let styles = [];
	let colour;
	return text => {
		const runs = [];
		for (const part of text.split(IRC_CODE)) {
			const style = IRC_STYLES[part[0]];
			if (style) styles = styles.includes(style) ? styles.filter(it => it !== style) : [...styles, style];
			else if (part === "\x0f") [styles, colour] = [[], undefined];
			else if (part[0] === "\x03") colour = /\d+/.exec(part)?.[0];
			else if (part && !/^[\x04\x16]/.test(part)) runs.push({ text: part, styles, colour: colour % 16 });
		}
		return runs;
	};
}
