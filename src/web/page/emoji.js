// Emoji by the names that people type between colons, and a choice of them.

import { button, byId, h } from "./dom.js";

const TABLE = [
	"smile 😄 grin 😁 joy 😂 wink 😉 blush 😊 slightly_smiling_face 🙂 heart_eyes 😍 yum 😋 stuck_out_tongue 😛 thinking 🤔 sleeping 😴 exploding_head 🤯 partying_face 🥳 sunglasses 😎 confused 😕 open_mouth 😮 pleading_face 🥺 cry 😢 sob 😭 scream 😱 rage 😡 angry 😠 skull 💀 poop 💩 robot 🤖 see_no_evil 🙈",
	"wave 👋 raised_hand ✋ ok_hand 👌 v ✌️ +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 clap 👏 raised_hands 🙌 pray 🙏 muscle 💪 eyes 👀 facepalm 🤦 shrug 🤷",
	"heart ❤️ blue_heart 💙 broken_heart 💔 100 💯 boom 💥 fire 🔥 sparkles ✨ star ⭐ tada 🎉 gift 🎁",
	"dog 🐶 cat 🐱 bug 🐛 seedling 🌱 sunny ☀️ snowflake ❄️ rainbow 🌈 zap ⚡",
	"pizza 🍕 cake 🍰 birthday 🎂 coffee ☕ tea 🍵 beer 🍺 beers 🍻",
	"game_die 🎲 rocket 🚀 house 🏠 bulb 💡 computer 💻 key 🔑 gear ⚙️ link 🔗 mag 🔍",
	"white_check_mark ✅ x ❌ warning ⚠️ question ❓ exclamation ❗",
];

/** Names and emoji, in the order in which they are shown. */
export const EMOJI = TABLE.flatMap(line => [...line.matchAll(/(\S+) (\S+)/g)].map(([, name, emoji]) => ({ name, emoji })));

const BY_NAME = new Map(EMOJI.map(({ name, emoji }) => [name, emoji]));

/** A text with emoji for `:names:`, but not within a word, nor in a time such as 10:30:00. */
export const withEmoji = text =>
	text.replace(/(?<![\p{L}\p{N}:]):([a-z\d_+\-]+):(?![\p{L}\p{N}])/giu, (typed, name) => BY_NAME.get(name.toLowerCase()) ?? typed);

/** The most used. */
const FIRST = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"];

const picker = byId("picker");
const filter = byId("picker-filter");
const grid = byId("picker-grid");
let onpick = () => {};
let asked = null;

function fill() {
	const wanted = filter.value.trim().toLowerCase();
	const all = wanted ? EMOJI.filter(({ name }) => name.includes(wanted)) : [...FIRST.map(named), ...EMOJI];
	const seen = new Set();
	const shown = all.filter(({ emoji }) => !seen.has(emoji) && seen.add(emoji));
	grid.replaceChildren(...shown.map(({ name, emoji }, at) =>
		button(emoji, () => pick(emoji), { "aria-label": name.replaceAll("_", ""), title: `:${name}:`, tabindex: at === 0 ? 0 : -1 })));
	if (shown.length === 0) grid.append(h("p", {}, "There is none of that name."));
}

const named = emoji => EMOJI.find(it => it.emoji === emoji);

function pick(emoji) {
	picker.hidePopover();
	onpick(emoji);
}

/** Offers emoji; `then` is told the one that was chosen, and `opener` gets the focus back. */
export function openPicker(opener, then) {
	onpick = then;
	asked = opener;
	filter.value = "";
	fill();
	picker.showPopover();
	filter.focus();
}

filter.oninput = fill;
picker.ontoggle = ({ newState }) => {
	if (newState === "closed"&& picker.contains(document.activeElement)) asked?.focus();
};
picker.onkeydown = event => {
	const { key, target } = event;
	const all = [...grid.querySelectorAll("button")];
	const columns = all.filter(({ offsetTop }) => offsetTop === all[0]?.offsetTop).length;
	const at = all.indexOf(target);
	const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[key];
	if (target === filter) {
		if (key === "ArrowDown") all[0]?.focus();
		else if (key === "Enter") all[0]?.click();
		else return;
	} else if (step && at + step < 0) filter.focus();
	else if (step) all[Math.min(all.length - 1, at + step)]?.focus();
	else return;
	event.preventDefault();
	event.stopPropagation();
};
