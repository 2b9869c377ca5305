// Text as nodes: links that are safe to follow and one's own name marked. Nothing becomes markup.

// Neither quotes, controls nor what is not seen (bidirectional overrides among it) belong to a link.
const LINK = /(?<![\p{L}\p{N}])https?:\/\/[^\s<>"`\p{Cc}\p{Cf}]+/giu;

/** The nodes of `text`; `marks` are ranges in it to be marked, as [from, to] in order. */
export function nodesOf(text, marks) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const address = withoutTail(match[0]);
    const link = linkTo(address);
    if (!link) continue;
    pushText(nodes, text, at, match.index, marks);
    nodes.push(link);
    at = match.index + address.length;
  }
  pushText(nodes, text, at, text.length, marks);
  return nodes;
}

function linkTo(address) {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  const link = document.createElement("a");
  link.href = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  link.textContent = address;
  return link;
}

/** Punctuation at the end is the sentence's; so is a bracket that was not opened within. */
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

function pushText(nodes, text, from, to, marks) {
  let at = from;
  for (const [start, end] of marks) {
    if (start < at || end > to) continue;
    const mark = document.createElement("mark");
    mark.textContent = text.slice(start, end);
    if (start > at) nodes.push(text.slice(at, start));
    nodes.push(mark);
    at = end;
  }
  if (to > at) nodes.push(text.slice(at, to));
}
