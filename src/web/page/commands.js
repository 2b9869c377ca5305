// The commands that a line may begin with, and what each asks.

const USER = "";
const MODERATOR = "In a room that you made";
const OPERATOR = "For operators";

/**
 * Each: for whom, its names (the first is shown), its words, what it does, and `run(words, chat)`, which
 * returns whether the words made sense. What NAME and ROOM stand for is completed.
 */
export const COMMANDS = [
  [USER, "help", "[COMMAND]", "all commands and keys, or one command", (words, chat) => chat.help(words)],
  [USER, "nick", "NEW", "go by another name", (words, chat) => words && chat.ask({ type: "nick", username: words })],
  [USER, "pm msg", "NAME TEXT", "a message for one person", (words, chat) => {
    const [to, text] = two(words);
    return text && chat.sayTo(to, text);
  }],
  [USER, "me", "TEXT", "do something: “Ann waves”", (words, chat) => words && chat.act(words)],
  [USER, "rooms", "", "look for a room", (words, chat) => chat.browse()],
  [USER, "join", "ROOM [KEY]", "enter a room, or make it", (words, chat) => {
    const [room, key] = two(words);
    return room && chat.enter(room.replace(/^#/, ""), key);
  }],
  [USER, "leave part", "[ROOM]", "leave a room, or this one", (words, chat) => chat.leave(words.replace(/^#/, ""))],
  [USER, "say", "ROOM TEXT", "speak in another room that you are in", (words, chat) => {
    const [room, text] = two(words);
    return text && chat.sayIn(room.replace(/^#/, ""), text);
  }],
  [USER, "who list", "[ROOM]", "who is in a room, or in this one", (words, chat) => {
    const room = words.replace(/^#/, "") || chat.room;
    return room && chat.ask({ type: "users", room });
  }],
  [USER, "topic", "[TEXT]", "show or set what the room is about", (words, chat) =>
    chat.askRoom({ type: "topic", topic: words || undefined })],
  [USER, "ignore", "NAME", "hear nothing from somebody", (words, chat) => about(words, chat, "ignore")],
  [USER, "unignore", "NAME", "hear from somebody again", (words, chat) => about(words, chat, "unignore")],
  [USER, "away", "[TEXT]", "tell those who write that you are away; or be back", (words, chat) =>
    chat.ask({ type: "away", message: words || undefined })],
  [USER, "whois", "NAME", "who somebody is", (words, chat) => about(words, chat, "whois")],
  [USER, "ping", "", "is the server there?", (words, chat) => chat.ask({ type: "ping" }, { since: performance.now() })],
  [USER, "quit", "[WORDS]", "leave the chat", (words, chat) => chat.quit(words)],
  [USER, "oper", "PASSWORD", "become an operator", (words, chat) =>
    words && chat.ask({ type: "oper", password: words }, { makesOperator: true })],
  [MODERATOR, "kick", "NAME [REASON]", "put somebody out", (words, chat) => {
    const [username, reason] = two(words);
    return username && chat.moderate({ type: "kick", username, reason });
  }],
  [MODERATOR, "mute", "NAME [TIME]", "let somebody say nothing", (words, chat) => {
    const [username, time] = two(words);
    const seconds = secondsOf(time);
    return username && (!time || seconds) && chat.moderate({ type: "mute", username, seconds });
  }],
  [MODERATOR, "unmute", "NAME", "let somebody speak again", (words, chat) =>
    words && chat.moderate({ type: "unmute", username: words })],
  [MODERATOR, "topiclock", "on|off", "only you set the topic", (words, chat) => mode(words, chat, "topic_lock")],
  [MODERATOR, "inviteonly", "on|off", "only the invited enter", (words, chat) => mode(words, chat, "invite_only")],
  [MODERATOR, "invite", "NAME", "let somebody in", (words, chat) =>
    words && chat.askRoom({ type: "invite", username: words })],
  [MODERATOR, "key", "[KEY]", "one needs the key to enter; or needs none", (words, chat) =>
    chat.askRoom({ type: "key", key: words || undefined })],
  [OPERATOR, "ban", "MASK [TIME] [REASON]", "keep a name or address out", (words, chat) => {
    const [mask, rest] = two(words);
    const [time, after] = two(rest);
    const seconds = secondsOf(time);
    return mask && chat.ask({ type: "ban", mask, seconds, reason: seconds ? after : rest });
  }],
  [OPERATOR, "unban", "MASK", "let it in again", (words, chat) => words && chat.ask({ type: "unban", mask: words })],
  [OPERATOR, "bans", "", "who is kept out", (words, chat) => chat.ask({ type: "bans" })],
  [OPERATOR, "rename", "NAME NEW", "give somebody another name", (words, chat) => {
    const [username, to] = two(words);
    return to && chat.ask({ type: "rename", username, to });
  }],
  [OPERATOR, "announce", "TEXT", "speak to all as the server", (words, chat) =>
    words && chat.ask({ type: "announce", message: words })],
  [OPERATOR, "close", "ROOM", "put everyone out of a room", (words, chat) =>
    words && chat.ask({ type: "close_room", room: words })],
  [OPERATOR, "lock", "ROOM", "let nobody enter a room", (words, chat) =>
    words && chat.ask({ type: "lock_room", room: words, locked: true })],
  [OPERATOR, "unlock", "ROOM", "let them enter again", (words, chat) =>
    words && chat.ask({ type: "lock_room", room: words, locked: false })],
  [OPERATOR, "clients", "", "who is connected, with addresses", (words, chat) => chat.ask({ type: "clients" })],
  [OPERATOR, "stats", "", "how the server does", (words, chat) => chat.ask({ type: "stats" })],
  [OPERATOR, "shutdown", "[SECONDS]", "stop the server", (words, chat) => {
    const isNumber = /^\d*$/.test(words);
    return isNumber && chat.ask({ type: "shutdown", seconds: Number(words) || undefined });
  }],
].map(([rank, names, words, summary, run]) => {
  const [name, ...others] = names.split(" ");
  return { rank, name, names: [name, ...others], usage: `/${name} ${words}`.trim(), words, summary, run };
});

export function find(name) {
  const wanted = name.replace(/^\//, "").toLowerCase();
  return COMMANDS.find(({ names }) => names.includes(wanted));
}

/** Runs a line as a command; returns what is wrong with it, or nothing. Other text is said. */
export function run(line, chat) {
  if (!line.startsWith("/")) return void chat.say(line);
  if (line.startsWith("//")) return void chat.say(line.slice(1));
  const [word, words] = two(line.slice(1));
  const command = find(word);
  if (!command) return `Unknown command /${word.slice(0, 30)}. Try /help, or begin with // to say it.`;
  if (!command.run(words.trim(), chat)) return `Usage: ${command.usage}`;
}

/** May a line be kept and shown again? */
export const isSecret = (line) => /^\/oper\s/i.test(line);

/** The first word and the rest. */
function two(words = "") {
  const match = /^\s*(\S*)\s*([^]*)$/.exec(words);
  return [match[1], match[2]];
}

function about(words, chat, type) {
  return words && chat.ask({ type, username: words });
}

function mode(words, chat, type) {
  const on = { on: true, off: false }[words.toLowerCase()];
  return on !== undefined && chat.askRoom({ type, on });
}

/** A time as `90s`, `10m`, `2h` or `7d`. */
function secondsOf(time) {
  const match = /^(\d+)([smhd])$/.exec(time ?? "");
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 };
  return match ? Number(match[1]) * unit[match[2]] || undefined : undefined;
}

/** What may stand at the caret: `{ from, items: [{ text, hint, insert }] }`, or nothing. */
export function completions(line, caret, { state, isAsked }) {
  const before = line.slice(0, caret);
  const word = /\S*$/.exec(before)[0];
  const from = caret - word.length;
  if (from === 0 && word.startsWith("/") && !word.startsWith("//")) {
    const typed = word.slice(1).toLowerCase();
    const fitting = COMMANDS.filter(({ names }) => names.some((name) => name.startsWith(typed)));
    fitting.sort((a, b) => b.name.startsWith(typed) - a.name.startsWith(typed));
    return found(from, fitting.map(({ name, usage, words, summary, rank }) => ({
      text: usage, hint: summary, rank, insert: words ? `/${name} ` : `/${name}`,
    })));
  }
  const wanted = argumentAt(before);
  if (wanted === "ROOM") {
    const rooms = state.list().filter(({ kind }) => kind === "room").map(({ name }) => name);
    return found(from, fit(rooms, word.replace(/^#/, "")));
  }
  if (wanted === "on|off") return found(from, fit(["on", "off"], word));
  if (wanted === "NAME") return found(from, fit(names(state), word));
  if (word.startsWith("@")) return found(from, fit(names(state), word.slice(1), "@"));
  if (isAsked && word && !before.startsWith("/")) return found(from, fit(names(state), word));
}

/** What stands for the word being typed in a command's usage. */
function argumentAt(before) {
  const typed = before.trimStart().split(/\s+/);
  if (!before.startsWith("/") || typed.length < 2) return undefined;
  return find(typed[0])?.words.split(" ")[typed.length - 2]?.replace(/[[\]]/g, "");
}

function names(state) {
  const here = [...(state.current?.members.values() ?? [])];
  const people = state.list().filter(({ kind }) => kind === "person").map(({ name }) => name);
  return [...new Set([...here, ...people])].filter((name) => !state.isMe(name));
}

function fit(words, typed, sign = "") {
  const start = typed.toLowerCase();
  const fitting = words.filter((word) => word.toLowerCase().startsWith(start));
  fitting.sort((a, b) => a.localeCompare(b));
  return fitting.map((word) => ({ text: sign + word, insert: `${sign}${word} ` }));
}

const SHOWN_MAX = 50;
const found = (from, items) => (items.length > 0 ? { from, items: items.slice(0, SHOWN_MAX) } : undefined);

