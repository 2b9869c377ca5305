// What the server tells, an event type each. Types that are not known are skipped.

import { LOBBY, fold } from "./state.js";

/** Where members are only counted, they are asked for again after this long for each of them. */
const REFRESH_MS = 20;
const REFRESH_MIN_MS = 5_000;

export function receive(session, event) {
  const context = event.id === undefined ? undefined : session.takeContext(event.id);
  const isKnown = Object.hasOwn(handlers, event.type);
  if (session.phase !== "in" && !["welcome", "error", "shutdown"].includes(event.type)) return;
  if (isKnown) handlers[event.type](session, event, context);
}

const handlers = {
  welcome: (session, event) => session.welcomed(event.users ?? []),

  error(session, event, context) {
    if (session.phase !== "in") return session.refused(event.message);
    const { state } = session;
    if (context?.entry) return state.change(context.entry, { state: "failed", why: event.message });
    if (context?.isReturn) state.change(context.conversation, { isJoined: false });
    if (!context?.isQuiet) tell(session, context, event.message, "error");
  },

  // --- What is said ---

  chat: (session, event, context) => spoken(session, event, context, false),
  me: (session, event, context) => spoken(session, event, context, true),

  pm(session, event) {
    // Who writes to oneself has it already.
    if (!session.state.isMe(event.username)) heard(session, session.state.person(event.username), event);
  },

  ok(session, event, context) {
    const { state } = session;
    if (context?.entry) state.confirm(context.conversation, context.entry);
    if (event.away && context.conversation.away !== event.away) {
      context.conversation.away = event.away;
      state.notice(context.conversation, `${context.conversation.name} is away: ${event.away}`);
    }
    if (context?.makesOperator) state.isOperator = true;
    if (event.message) tell(session, context, event.message);
  },

  notice: (session, event) => tell(session, undefined, event.message),
  announcement: (session, event) => tell(session, undefined, event.message, "announcement"),
  operator_message: (session, event) => tell(session, undefined, `From the operator: ${event.message}`, "announcement"),
  shutdown: (session, event) => session.phase === "in" && tell(session, undefined, `${event.message}.`),
  kicked: (session, event) => session.kicked(event.reason),

  // --- Who is where ---

  user_joined(session, { username, room, timestamp }) {
    const conversation = session.state.find("room", room ?? LOBBY);
    if (!conversation) return;
    session.state.addMember(conversation, username);
    session.state.fold(conversation, { name: username, did: "joined", time: ms(timestamp) });
  },

  user_left(session, { username, room, message, reason, timestamp }) {
    const { state } = session;
    const change = { name: username, did: "left", reason, time: ms(timestamp) };
    // Without a room it is either the lobby or the whole server; only the sentence tells which.
    const isGone = room === undefined && message === `${username} left the chat`;
    const left = isGone ? state.list() : [state.find("room", room ?? LOBBY)];
    for (const conversation of left) {
      if (!conversation) continue;
      const isWith = conversation.kind === "person" && fold(conversation.name) === fold(username);
      if (state.removeMember(conversation, username) || isWith) state.fold(conversation, { ...change });
    }
  },

  presence(session, { room, joined, left, members, timestamp }) {
    const conversation = session.state.find("room", room);
    if (!conversation) return;
    session.state.setCount(conversation, members);
    session.state.fold(conversation, { joined, left, time: ms(timestamp) });
    refreshLater(session, conversation);
  },

  nick: ({ state }, { username, to }) => state.rename(username, to),

  users(session, { users, room }, context) {
    const conversation = session.state.find("room", room ?? LOBBY);
    if (conversation?.isJoined) session.state.setMembers(conversation, users);
    if (!context?.isQuiet) tell(session, context, `In #${room ?? LOBBY}: ${users.join(", ")}`);
  },

  // --- Rooms ---

  rooms: (session, event) => session.hooks.rooms(event.rooms),

  room_joined(session, { room, users, topic, created }, context) {
    const { state } = session;
    const conversation = state.room(room);
    const wasJoined = conversation.isJoined && !context?.isReturn;
    Object.assign(conversation, { name: room, isJoined: true, topic: topic ?? "", count: null });
    conversation.password = context?.password;
    state.setMembers(conversation, users);
    if (!context?.isReturn) state.show(conversation);
    if (created && !wasJoined) state.notice(conversation, `You made #${room}, and moderate it.`);
  },

  room_left(session, { room, now_in }, context) {
    const { state } = session;
    const conversation = state.find("room", room);
    if (fold(room) === fold(now_in)) return tell(session, context, `You are in no other room than #${room}.`);
    const next = state.room(now_in);
    if (!next.isJoined) {
      next.isJoined = true;
      session.ask({ type: "users", room: now_in }, { isQuiet: true });
    }
    if (!conversation) return;
    conversation.isJoined = false;
    state.setMembers(conversation, []);
    if (context?.isLeaving) state.close(conversation);
    else if (!context?.isQuiet) state.notice(conversation, `You are not in #${room} any more.`);
  },

  topic(session, { room, topic, username }, context) {
    const { state } = session;
    const conversation = state.find("room", room ?? LOBBY);
    if (!conversation) return;
    conversation.topic = topic ?? "";
    state.onchange();
    if (context?.isQuiet) return;
    const about = topic ? `the topic: ${topic}` : "no topic";
    state.notice(conversation, username ? `${username} set ${about}` : `It has ${about}`);
  },

  // --- What was asked ---

  pong: (session, event, context) =>
    context && tell(session, context, `The server answered in ${Math.round(performance.now() - context.since)} ms.`),

  whois(session, { username, address, rooms, operator, away }, context) {
    const facts = [username, address, operator && "operator", `in ${rooms.join(", ")}`, away && `away: ${away}`];
    tell(session, context, facts.filter(Boolean).join(" · "));
  },

  bans(session, { bans }, context) {
    const line = ({ mask, seconds, reason }) =>
      [mask, seconds && `for ${seconds} s`, reason].filter(Boolean).join(" · ");
    tell(session, context, bans.map(line).join("\n") || "Nobody is banned.");
  },

  clients: (session, { clients }, context) =>
    tell(session, context, clients.map(({ username, address }) => `${username} (${address})`).join("\n")),

  stats(session, event, context) {
    const { type, id, ...values } = event;
    const line = ([name, value]) => `${name.replaceAll("_", " ")}: ${value}`;
    tell(session, context, Object.entries(values).map(line).join("\n"));
  },
};

const ms = (timestamp) => (timestamp === undefined ? Date.now() : timestamp * 1000);

/** Shows a sentence where it was asked for, or else where one looks. */
function tell({ state }, context, text, tone) {
  const asked = context?.conversation;
  const isOpen = asked && state.find(asked.kind, asked.name) === asked;
  state.notice(isOpen ? asked : state.current, text, tone);
}

function spoken(session, event, context, isAction) {
  if (context?.entry) return session.state.confirm(context.conversation, context.entry, ms(event.timestamp));
  const conversation = session.state.find("room", event.room ?? LOBBY);
  if (conversation) heard(session, conversation, event, isAction);
}

function heard(session, conversation, { username, message, timestamp }, isAction = false) {
  const entry = session.state.hear(conversation, { from: username, text: message, time: ms(timestamp), isAction });
  if (!entry.isOwn && (entry.isMention || conversation.kind === "person")) session.hooks.alert(conversation, entry);
}

function refreshLater(session, conversation) {
  if (conversation.refreshTimer) return;
  const refresh = () => {
    conversation.refreshTimer = 0;
    if (conversation.isJoined) session.ask({ type: "users", room: conversation.name }, { isQuiet: true });
  };
  conversation.refreshTimer = setTimeout(refresh, Math.max(REFRESH_MIN_MS, REFRESH_MS * conversation.size));
}
