// Keeps the page fresh without touching what is being typed, and says new answers aloud.
"use strict";

(() => {
  const EVERY = 1000; // milliseconds
  const announcer = document.getElementById("announcer");
  const notice = document.getElementById("notice");
  const words = document.body.dataset;

  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

  async function refresh() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.ok) merge(parsed(await answer.text()));
    } catch {
      // The sandbox is being started again: the next turn will tell.
    }
  }

  function merge(fresh) {
    for (const live of document.querySelectorAll("[data-live]")) {
      const newer = fresh.querySelector(`[data-live="${live.dataset.live}"]`);
      if (newer && newer.innerHTML !== live.innerHTML) mergeChildren(live, newer);
    }
  }

  // Child by child, because a whole replacement would take the focus from the button under somebody's finger.
  function mergeChildren(live, newer) {
    const scroll = live.closest(".scroll");
    const wanted = new Map([...newer.children].map((child, place) => [child.id || `place-${place}`, child]));
    const present = new Map();
    [...live.children].forEach((child, place) => {
      const id = child.id || `place-${place}`;
      if (wanted.has(id)) present.set(id, child);
      else child.remove();
    });
    let next = live.firstElementChild;
    for (const [id, child] of wanted) {
      const old = present.get(id);
      if (old && old === next) next = next.nextElementSibling;
      if (old && old.outerHTML === child.outerHTML) continue;
      const copy = document.importNode(child, true);
      if (old) old.replaceWith(copy);
      else live.insertBefore(copy, next);
      if (!old && child.dataset.answer) announce(live, child);
      if (!old && scroll) show(copy, scroll);
    }
  }

  // Not scrollIntoView: that would move the whole page away from where somebody is typing.
  function show(entry, scroll) {
    const end = entry.offsetTop + entry.offsetHeight;
    scroll.scrollTop = Math.min(Math.max(scroll.scrollTop, end - scroll.clientHeight), entry.offsetTop);
  }

  function announce(live, answer) {
    const text = answer.querySelector(".said").textContent;
    announcer.textContent = `${words.newAnswer}, ${live.dataset.room}: ${text}`;
    const column = answer.id.split("-")[0];
    document.querySelector(`nav [data-tab="${column}"]:not([aria-current])`)?.classList.add("fresh");
  }

  function tell(text) {
    notice.textContent = text;
    notice.hidden = !text;
  }

  async function play(form, submitter) {
    const field = form.querySelector("input:not([type=hidden])");
    const body = new URLSearchParams(new FormData(form, submitter));
    const typed = field?.value;
    if (field) field.value = "";
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body });
      if (!answer.ok) throw new Error(answer.statusText);
      const fresh = parsed(await answer.text());
      tell(fresh.getElementById("notice").textContent);
      merge(fresh);
    } catch {
      tell(words.unsent);
      if (field && !field.value) field.value = typed;
    }
  }

  function choose(name) {
    for (const column of document.querySelectorAll(".column")) column.classList.toggle("chosen", column.id === name);
    for (const link of document.querySelectorAll("nav [data-tab]")) {
      if (link.dataset.tab !== name) link.removeAttribute("aria-current");
      else link.setAttribute("aria-current", "true");
      link.classList.toggle("fresh", link.classList.contains("fresh") && link.dataset.tab !== name);
    }
    for (const link of document.querySelectorAll(".fans a, a.language")) link.href = withTab(link.href, name);
    history.replaceState(null, "", withTab(location.href, name));
  }

  function withTab(address, name) {
    const url = new URL(address);
    url.searchParams.set("tab", name);
    return url.href;
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-play]")) return;
    event.preventDefault();
    play(event.target, event.submitter);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("nav [data-tab]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(link.dataset.tab);
  });

  for (const scroll of document.querySelectorAll(".scroll")) scroll.scrollTop = scroll.scrollHeight;
  (async function turn() {
    await new Promise((resume) => setTimeout(resume, EVERY));
    await refresh();
    turn();
  })();
})();
