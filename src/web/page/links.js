// Text as nodes, with links that are safe to follow. Nothing becomes markup.

// No quotes, controls, nor what is not seen, as what turns the direction around.
const LINK = /(?<![\p{L}\p{N}])https?:\/\/[^\s<>"`\p{Cc}\p{Cf}]+/giu;

export function nodesOf(text) {
	const nodes = [];
	let at = 0;
	for (const { 0: found, index } of text.matchAll(LINK)) {
		const address = withoutTail(found);
		if (!URL.canParse(address)) continue;
		const link = document.createElement("a");
		Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer nofollow", textContent: address });
		nodes.push(text.slice(at, index), link);
		at = index + address.length;
	}
	return [...nodes, text.slice(at)];
}

/** Punctuation at the end, and a bracket not opened within, are the sentence's. */
function withoutTail(address) {
	let open = address.split("(").length - address.split(")").length;
	let end = address.length;
	for (; end > 0; end -= 1) {
		const last = address[end - 1];
		if (last === ")" && open < 0) open += 1;
		else if (!".,:;!?'*_…".includes(last)) break;
	}
	return address.slice(0, end);
}
