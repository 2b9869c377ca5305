// Where one writes: sending, completing, and what one wrote before.

import { byId, h } from "./dom.js";
import { completions, isSecret } from "./commands.js";

const HISTORY_MAX = 50;
const LINES_MAX = 8;

export class Composer {
  #offer = null;
  #chosen = 0;
  #history = [];
  /** How far back in the history one is; 0 is what is being written. */
  #back = 0;

  constructor(state, submit) {
    this.state = state;
    this.submit = submit;
    this.input = byId("input");
    this.list = byId("completions");
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#pressed(event));
    this.input.addEventListener("blur", () => this.#close());
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
      this.input.focus();
    });
  }

  get text() {
    return this.input.value;
  }

  /** Writes it there for the user, who may go on. */
  put(text) {
    this.input.value = text;
    this.input.setSelectionRange(text.length, text.length);
    this.#fit();
    this.#close();
  }

  insert(text) {
    const { value, selectionStart } = this.input;
    const before = value.slice(0, selectionStart);
    const space = before && !/\s$/.test(before) ? " " : "";
    this.input.setRangeText(space + text, selectionStart, this.input.selectionEnd, "end");
    this.#fit();
    this.input.focus();
  }

  #send() {
    const text = this.text.trim();
    if (!text) return;
    if (!isSecret(text)) this.#history = [text, ...this.#history].slice(0, HISTORY_MAX);
    this.#back = 0;
    this.put("");
    this.submit(text);
  }

  #typed() {
    this.#back = 0;
    this.#fit();
    this.#complete(false);
  }

  #fit() {
    this.input.rows = Math.min(LINES_MAX, this.text.split("\n").length);
  }

  #pressed(event) {
    // While an input method composes, the keys are its own.
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    const isTaken = this.#offer ? this.#pressedInList(event) : this.#pressedInText(event);
    if (isTaken) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  #pressedInList({ key, shiftKey }) {
    const { length } = this.#offer.items;
    if (key === "ArrowDown") this.#choose((this.#chosen + 1) % length);
    else if (key === "ArrowUp") this.#choose((this.#chosen + length - 1) % length);
    else if (key === "Escape") this.#close();
    else if (key === "Tab" || (key === "Enter" && !shiftKey)) this.#accept(key === "Enter");
    else return false;
    return true;
  }

  #pressedInText({ key, shiftKey }) {
    if (key === "Enter" && !shiftKey) this.#send();
    else if (key === "Tab" && !shiftKey) return this.#complete(true);
    else if (key === "ArrowUp" && (!this.text || this.#back > 0)) this.#recall(1);
    else if (key === "ArrowDown" && this.#back > 0) this.#recall(-1);
    else return false;
    return true;
  }

  #recall(step) {
    this.#back = Math.min(this.#history.length, this.#back + step);
    this.put(this.#history[this.#back - 1] ?? "");
  }

  /** Offers what fits; where it `isAsked` for and only one does, takes it. */
  #complete(isAsked) {
    const { selectionStart, selectionEnd } = this.input;
    const offer = selectionStart === selectionEnd && completions(this.text, selectionStart, { state: this.state, isAsked });
    if (!offer) return this.#close();
    this.#offer = offer;
    this.#chosen = 0;
    if (isAsked && offer.items.length === 1) {
      this.#accept(false);
      return true;
    }
    this.#show();
    return true;
  }

  /** Enter on a command that is already there sends it. */
  #accept(isEnter) {
    const { from, items } = this.#offer;
    const { insert } = items[this.#chosen];
    const caret = this.input.selectionStart;
    const isThere = this.text.slice(from, caret).toLowerCase() === insert.trim().toLowerCase();
    this.#close();
    if (isEnter && isThere) return this.#send();
    const rest = this.text.slice(caret).replace(insert.endsWith(" ") ? /^ / : "", "");
    this.input.value = this.text.slice(0, from) + insert + rest;
    this.input.setSelectionRange(from + insert.length, from + insert.length);
    this.#fit();
    this.#complete(false);
  }

  #show() {
    this.list.replaceChildren(...this.#offer.items.map(({ text, hint }, at) =>
      h("li", { role: "option", id: `option-${at}`, onpointerdown: (event) => this.#pointed(event, at) },
        h("bdi", {}, text), hint ? h("span", {}, hint) : "")));
    this.list.hidden = false;
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-expanded", "true");
    this.#choose(0);
  }

  #pointed(event, at) {
    event.preventDefault();
    this.#chosen = at;
    this.#accept(false);
  }

  #choose(at) {
    this.#chosen = at;
    [...this.list.children].forEach((option, other) => option.setAttribute("aria-selected", other === at));
    this.list.children[at].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", `option-${at}`);
  }

  #close() {
    this.#offer = null;
    this.list.hidden = true;
    for (const name of ["role", "aria-expanded", "aria-activedescendant"]) this.input.removeAttribute(name);
    return false;
  }
}
