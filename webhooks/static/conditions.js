// The buttons among the conditions without loading the page again, and a count that follows. Without this file the
// buttons bring the whole page, with the same in it.
"use strict";

const PAUSE = 400; // milliseconds after the last letter
const conditions = () => document.getElementById("conditions");
const form = conditions().closest("form");
let asked = 0; // an answer that was overtaken is not shown
let waiting;

async function ask(wish) {
  const mine = ++asked;
  const typed = new FormData(form);
  typed.set("change", wish);
  document.getElementById("reach").setAttribute("aria-busy", "true");
  const answer = await fetch(form.action, { method: "POST", body: typed, redirect: "error" });
  if (!answer.ok) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return mine === asked ? page.getElementById("conditions") : null;
}

async function reshape(wish) {
  const answer = ask(wish);
  conditions().inert = true; // what is typed from now on would be lost
  const fresh = await answer;
  if (!fresh) return;
  conditions().replaceWith(fresh);
  fresh.querySelector("[autofocus]")?.focus();
}

async function recount() {
  const fresh = await ask("count");
  if (fresh) document.getElementById("reach").replaceChildren(...fresh.querySelector("#reach").childNodes);
  document.getElementById("reach").removeAttribute("aria-busy");
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=change]");
  if (!button) return;
  event.preventDefault();
  clearTimeout(waiting);
  // Whatever goes wrong, the button still does what it does without this file.
  reshape(button.value).catch(() => form.requestSubmit(button));
});

form.addEventListener("input", (event) => {
  if (!conditions().contains(event.target) || event.target.name.endsWith(".add")) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => recount().catch(() => {}), PAUSE);
});
