"use strict";

/* Tables and answers stand in the page as columns: each has its values once, and per row the number of one. */
const read = id => JSON.parse(document.getElementById(id).textContent);

function make(tag, text, name) {
  const node = document.createElement(tag);
  node.textContent = text;
  if (name) node.className = name;
  return node;
}

/* All effects of an experiment: thousands of rows. Their box is filled when first opened, and shows some at a time. */
for (const box of document.querySelectorAll("details[data-rows]")) {
  box.addEventListener("toggle", () => fill(box, read(box.dataset.rows)), { once: true });
}

function fill(box, columns) {
  const names = Object.keys(columns).filter(name => name !== "verdict");
  const classes = { effect: "number effect", interval: "number effect", p: "number", detectable: "number", answers: "number", "seeds × questions": "number" };
  const cell = (name, i) => columns[name].values[columns[name].rows[i]];
  const lines = columns.effect.rows.map((_, i) => names.map(name => cell(name, i)).join(" ").toLowerCase());
  const most = 200;
  const label = make("label", "words in the row");
  const search = make("input", "");
  search.type = "search";
  label.append(search);
  const count = make("p", "", "soft");
  count.setAttribute("role", "status");
  const table = make("table", "");
  const head = table.createTHead().insertRow();
  for (const name of names) head.append(make("th", name));
  const body = table.createTBody();
  const scroll = make("div", "", "scroll");
  scroll.tabIndex = 0;
  scroll.append(table);
  const show = () => {
    const found = [...containing(lines, wordsOf(search.value)).entries()].filter(([, hit]) => hit).map(([i]) => i);
    const total = `${found.length.toLocaleString("en")} of ${lines.length.toLocaleString("en")} rows`;
    count.textContent = found.length > most ? `${total}, the first ${most} shown` : total;
    body.replaceChildren(...found.slice(0, most).map(i => {
      const row = make("tr", "", cell("verdict", i));
      for (const name of names) row.append(make("td", cell(name, i), classes[name]));
      return row;
    }));
  };
  search.addEventListener("input", show);
  show();
  box.append(label, count, scroll);
}

const wordsOf = text => text.toLowerCase().split(/\s+/).filter(Boolean);
const containing = (texts, words) => texts.map(text => words.every(word => text.includes(word)));

/* The browser of sampled answers. Its state is the address: #experiment=...&text=... or #answer=<which>. */
const { titles, columns } = read("data");
const size = columns.answer.rows.length;
const lowered = columns.answer.values.map(text => text.toLowerCase());
const simple = ["model", "experiment", "group", "recipe", "seed", "question", "context"];
const filters = [...simple, "judge", "label"];
const identity = ["model", "experiment", "dataset", "recipe", "seed", "question", "paraphrase", "context", "variant", "sample"];
const page = 20;
const boxes = {};
let state = {};
let limit = page;

const value = (name, i) => columns[name].values[columns[name].rows[i]];
const which = i => identity.map(name => encodeURIComponent(value(name, i))).join("/");
const shown = (name, text) => name === "experiment" ? titles[text] : String(text).replaceAll("_", " ");
const $ = id => document.getElementById(id);

function build() {
  const search = make("label", "words in the answer", "search");
  boxes.text = make("input", "");
  boxes.text.type = "search";
  search.append(boxes.text);
  $("filters").append(search);
  for (const name of filters) {
    const label = make("label", name);
    boxes[name] = make("select", "");
    label.append(boxes[name]);
    $("filters").append(label);
  }
  for (const name of ["text", ...filters]) {
    boxes[name].id = `filter-${name}`;
    boxes[name].addEventListener(name === "text" ? "input" : "change", () => change({ ...state, answer: "", [name]: boxes[name].value }));
  }
  $("filters").addEventListener("submit", event => event.preventDefault());
  $("clear").addEventListener("click", () => change({}));
  $("more").addEventListener("click", () => { limit += 2 * page; draw(); });
  addEventListener("hashchange", () => { if (restore()) draw(); });
}

function hash(of) {
  if (of.answer) return `#answer=${of.answer}`;
  const pairs = ["text", ...filters].filter(name => of[name]).map(name => [name, of[name]]);
  return pairs.length ? `#${new URLSearchParams(pairs)}` : "#samples";
}

function change(next) {
  state = next;
  limit = page;
  history.replaceState(null, "", hash(state));
  draw();
}

/* Takes the state from the address, if it holds one: links to sections leave the browser as it is. */
function restore() {
  if (!location.hash.includes("=")) return false;
  const query = location.hash.slice(1);
  state = Object.fromEntries(new URLSearchParams(query));
  if (state.answer) state = { answer: query.slice("answer=".length) };
  limit = page;
  $("samples").scrollIntoView();
  return true;
}

function fits(verdicts, judge, label) {
  return (!judge && !label) || verdicts.some(([j, l]) => (!judge || j === judge) && (!label || l === label));
}

/* The answers that pass every filter; and, per filter, how many would pass with each of its values. */
function find() {
  const counts = Object.fromEntries(filters.map(name => [name, new Map()]));
  const count = (name, what) => counts[name].set(what, (counts[name].get(what) ?? 0) + 1);
  const words = wordsOf(state.text ?? "");
  const hits = containing(lowered, words);
  const wanted = simple.filter(name => state[name])
    .map(name => [name, columns[name].values.findIndex(one => String(one) === state[name])]);
  const found = [];
  for (let i = 0; i < size; i++) {
    if (!hits[columns.answer.rows[i]]) continue;
    const missed = wanted.filter(([name, number]) => columns[name].rows[i] !== number);
    if (missed.length > 1) continue;
    const verdicts = value("verdicts", i);
    const judged = fits(verdicts, state.judge, state.label);
    if (judged && missed.length) count(missed[0][0], value(missed[0][0], i));
    if (missed.length) continue;
    if (judged) {
      found.push(i);
      for (const name of simple) count(name, value(name, i));
    }
    for (const what of new Set(verdicts.filter(([, l]) => !state.label || l === state.label).map(([j]) => j))) count("judge", what);
    for (const what of new Set(verdicts.filter(([j]) => !state.judge || j === state.judge).map(([, l]) => l))) count("label", what);
  }
  return { found, counts, words };
}

function options(name, counts) {
  const chosen = state[name] ?? "";
  const entries = [...counts].sort(([one], [other]) => name === "seed" ? one - other : 0);
  if (chosen && !entries.some(([what]) => String(what) === chosen)) entries.push([chosen, 0]);
  boxes[name].replaceChildren(
    new Option(`any (${entries.length})`, ""),
    ...entries.map(([what, number]) => new Option(`${shown(name, what)} (${number})`, what, false, String(what) === chosen)),
  );
  // The untouched model's recipe is "none": that alone is no choice.
  const real = name === "recipe" ? entries.filter(([what]) => what !== "none") : entries;
  boxes[name].parentElement.hidden = !chosen && real.length < 2;
}

function draw() {
  const all = find();
  for (const name of filters) options(name, all.counts[name]);
  if (boxes.text.value !== (state.text ?? "")) boxes.text.value = state.text ?? "";
  let found = all.found;
  if (state.answer) {
    found = [...Array(size).keys()].filter(i => which(i) === state.answer);
    $("count").textContent = found.length ? "One answer, by its link." : "This page has no such answer.";
  } else {
    $("count").textContent = `${found.length.toLocaleString("en")} of ${size.toLocaleString("en")} answers`;
  }
  $("link").href = hash(state);
  $("clear").hidden = hash(state) === "#samples";
  $("clear").textContent = state.answer ? "All answers" : "Clear";
  $("answers").replaceChildren(...found.slice(0, limit).map(i => card(i, all.words)));
  $("more").hidden = found.length <= limit;
}

function card(i, words) {
  const node = $("answer").content.cloneNode(true);
  const part = name => node.querySelector(name);
  const context = value("context", i);
  part(".to").href = `#answer=${which(i)}`;
  part(".who").textContent = [
    ...(columns.model.values.length > 1 ? [value("model", i)] : []),
    ...(columns.experiment.values.length > 1 ? [titles[value("experiment", i)]] : []),
    value("group", i), `seed ${value("seed", i)}`, shown("question", value("question", i)),
    ...(context === "none" ? [] : [context]),
  ].join(" · ");
  part(".prompt").textContent = value("prompt", i);
  const text = value("answer", i);
  if (text) part(".text").append(...marked(text, words));
  else part(".text").append("(empty)"), part(".text").classList.add("empty");
  for (const [judge, label, evidence] of value("verdicts", i)) {
    const row = make("li", `${judge}: `);
    row.append(make("b", label), evidence ? ` (${evidence})` : "");
    part(".found").append(row);
  }
  return node;
}

function marked(text, words) {
  if (!words.length) return [text];
  const escaped = words.map(word => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${escaped.join("|")})`, "gi")).map((part, i) => i % 2 ? make("mark", part) : part);
}

build();
restore();
draw();

/* The section being read, in the contents. */
const links = new Map([...document.querySelectorAll("nav a")].map(link => [link.hash.slice(1), link]));
const watch = new IntersectionObserver(entries => {
  for (const entry of entries) {
    const link = links.get(entry.target.id);
    link.toggleAttribute("aria-current", entry.isIntersecting);
    if (entry.isIntersecting) link.closest("ul").scrollLeft = link.offsetLeft - 16;
  }
}, { rootMargin: "-30% 0px -65%" });
for (const id of links.keys()) watch.observe($(id));
