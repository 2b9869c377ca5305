// Files that are sent, and how they are shown.

import { button, byId, h } from "./dom.js";
import { ask, within } from "./session.js";
import { state, takesFiles } from "./state.js";

/** What is shown in its place; other types are offered only. */
const PICTURE = /^image\/(png|jpeg|gif|webp|avif)$/;
const MIB = 1024 ** 2;

const sizeText = bytes =>
	(bytes < 1024 ? `${bytes} bytes` : bytes < MIB ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`);

/** A file of a message: a picture, or a row with its name and size. */
export function fileNode({ name, size, mime, url }) {
	const address = new URL(url, location.href);
	// Nothing but what the server keeps, or has elsewhere on the web.
	if (!/^https?:$/.test(address.protocol)) return h("p", { class: "file" }, name);
	const link = { href: address.href, target: "_blank", rel: "noopener noreferrer", class: "file" };
	if (PICTURE.test(mime) && address.origin === location.origin) {
		const picture = h("img", { src: address.href, alt: name, loading: "lazy" });
		const shown = h("a", { ...link, class: "picture" }, picture);
		picture.onerror = () => shown.replaceWith(row());
		return shown;
	}
	function row() {
		return h("a", { ...link, download: name }, h("span", { "aria-hidden": "true" }, "⤓"), h("bdi", {}, name), h("small", {}, sizeText(size)));
	}
	return row();
}

/** Sends a file to where one is; returns whether there is a connection for that. */
export function send(file) {
	const { current: talk } = state;
	const bar = h("progress", { max: file.size || 1, value: 0, "aria-label": `Sending ${file.name}` });
	const told = h("small", { role: "status" }, sizeText(file.size));
	const transfer = new XMLHttpRequest();
	const stop = () => {
		transfer.abort();
		row.remove();
	};
	const row = h("li", {}, h("bdi", {}, file.name), bar, told, button("×", stop, { "aria-label": `Cancel ${file.name}`, class: "square" }));
	const fail = why => {
		bar.remove();
		told.textContent = `Not sent: ${why}`;
		row.classList.add("failed");
	};
	byId("uploads").append(row);
	transfer.upload.onprogress = ({ loaded }) => {
		bar.value = loaded;
		told.textContent = `${sizeText(loaded)} of ${sizeText(file.size)}`;
	};
	transfer.onerror = () => fail("the connection was lost.");
	transfer.onload = () => (transfer.status < 300 ? row.remove() : fail(reasonOf(transfer)));
	const request = { type: "upload", ...within(talk), name: file.name, size: file.size, mime: file.type || "application/octet-stream" };
	const onanswer = ({ url }) => {
		if (!row.isConnected) return;
		transfer.open("PUT", new URL(url, location.href).href);
		transfer.send(file);
	};
	if (!ask(request, { talk, onanswer, onfail: fail })) fail("there is no connection now.");
}

function reasonOf({ status, responseText }) {
	try {
		return JSON.parse(responseText).message;
	} catch {
		return `the server says ${status}.`;
	}
}

const chooser = byId("file");
const main = byId("main");
const brings = ({ dataTransfer }) => takesFiles() && dataTransfer?.types.includes("Files");

byId("attach").onclick = () => chooser.click();
chooser.onchange = () => {
	for (const file of chooser.files) send(file);
	chooser.value = "";
};
byId("input").onpaste = event => {
	const files = [...event.clipboardData.files];
	// What a program copies as a picture too is text first.
	if (files.length === 0 || !takesFiles() || event.clipboardData.types.includes("text/plain")) return;
	event.preventDefault();
	files.forEach(send);
};
main.ondragover = event => {
	if (!brings(event)) return;
	event.preventDefault();
	main.classList.add("dropping");
};
main.ondragleave = ({ relatedTarget }) => main.classList.toggle("dropping", main.contains(relatedTarget));
main.ondrop = event => {
	main.classList.remove("dropping");
	if (!brings(event)) return;
	event.preventDefault();
	[...event.dataTransfer.files].forEach(send);
};
