// The queue by keyboard, and new drafts that appear by themselves. Without this file the page works all the same.
"use strict";

const EVERY = 10000; // milliseconds between two looks for new drafts
const cards = document.getElementById("cards");
const news = document.getElementById("news");
const keys = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");

// ---- Keyboard -------------------------------------------------------------------------------------------------------

const drafts = () => [...cards.querySelectorAll("[data-draft]:not(.gone)")];
const inHand = () => document.activeElement.closest("[data-draft]") || drafts()[0];

function step(by) {
  const all = drafts();
  const at = all.indexOf(document.activeElement.closest("[data-draft]"));
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (next) next.focus();
}

function openReject(draft) {
  draft.querySelector(".reject").open = true;
  draft.querySelector("[name=because]").focus();
}

const doing = {
  j: () => step(1),
  k: () => step(-1),
  a: () => inHand()?.querySelector("[data-key=a]").click(),
  e: () => inHand()?.querySelector("textarea").focus(),
  r: () => inHand() && openReject(inHand()),
  "?": () => {
    keys.open = !keys.open;
    keys.querySelector("summary").focus();
  },
};

const isTyping = (element) => element.matches("textarea, input:not([type=checkbox]), select");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.closest("[data-draft]")?.focus();
  } else if (keysOn.checked && doing[event.key]) {
    event.preventDefault();
    doing[event.key]();
  }
});

// Who speaks to his computer or strikes keys by chance can turn single keys off (WCAG 2.1.4).
keysOn.checked = localStorage.getItem("panel-keys") !== "off";
keysOn.addEventListener("change", () => localStorage.setItem("panel-keys", keysOn.checked ? "on" : "off"));

// ---- New drafts -----------------------------------------------------------------------------------------------------

const isTouched = (draft) =>
  draft.contains(document.activeElement) ||
  [...draft.querySelectorAll("textarea, [name=because]")].some((field) => field.value !== field.defaultValue);

function tellGone(draft) {
  if (draft.classList.contains("gone")) return;
  draft.classList.add("gone");
  const note = document.createElement("p");
  note.className = "fault";
  note.setAttribute("role", "alert");
  note.textContent = news.dataset.gone;
  draft.prepend(note);
  draft.querySelectorAll("button").forEach((button) => (button.disabled = true));
}

// Cards that stand already are left alone, with whatever was typed into them.
function merge(fresh) {
  const wanted = [...fresh.querySelectorAll("[data-draft]")];
  const ids = new Set(wanted.map((draft) => draft.id));
  cards.querySelectorAll("[data-draft]").forEach((draft) => {
    if (!ids.has(draft.id)) isTouched(draft) ? tellGone(draft) : draft.remove();
  });
  wanted.forEach((draft, place) => {
    if (document.getElementById(draft.id)) return;
    const before = document.getElementById(wanted[place - 1]?.id);
    before ? before.after(draft) : cards.prepend(draft);
    news.textContent = news.dataset.one;
  });
  cards.querySelector("[data-empty]")?.remove();
  if (!wanted.length && !drafts().length) cards.append(...fresh.querySelectorAll("[data-empty]"));
  recount(wanted.length);
}

function recount(count) {
  if (cards.querySelector(".more")) return; // there are more than this page shows
  const badge = document.querySelector("[data-count]");
  badge.textContent = count;
  badge.hidden = count === 0;
}

async function look() {
  if (document.hidden) return;
  const answer = await fetch(cards.dataset.url, {
    headers: { "If-None-Match": `"${cards.dataset.fingerprint}"`, "X-Requested-With": "fetch" },
    redirect: "error",
  });
  if (answer.status !== 200) return; // 304: nothing new
  cards.dataset.fingerprint = answer.headers.get("ETag").replaceAll('"', "");
  merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

setInterval(() => look().catch(() => {}), EVERY); // the server may be away for a moment
