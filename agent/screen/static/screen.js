// Draws what the agent describes, makes its calls.
"use strict";

const role = location.pathname.slice(1);
const given = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname); // no token in address bar or history
for (const [name, value] of given) sessionStorage.setItem(name, value); // for a reload
document.documentElement.dataset.role = role;
let lang = sessionStorage.getItem("lang") || "";

const SOUNDS = { good: [[880, 0.09]], attention: [[660, 0.09], [660, 0.09]], bad: [[220, 0.3]] };
const SILENCE_MS = 40000; // a sign of life comes each 15 s
const RETRY_MS = 500;
const shown = {}; // what stands in each part: only a change touches it
const seen = new Set(); // hints reported
let view = null;
let asked = null; // whose form is open
let audio = null;

const at = (id) => document.getElementById(id);

function made(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  element.append(...children.filter((child) => child));
  return element;
}

function call(method, path, body, headers, signal) {
  const told = { Authorization: `Bearer ${sessionStorage.getItem("token")}`, "Accept-Language": lang, ...headers };
  return fetch(path, { method, headers: told, body: body && JSON.stringify(body), cache: "no-store", signal });
}

// ---- drawing

function part(id, model, children) {
  const text = JSON.stringify(model ?? null);
  if (shown[id] === text) return;
  shown[id] = text;
  const key = document.activeElement?.dataset.key;
  at(id).replaceChildren(...(model ? children() : []));
  at(id).hidden = !model;
  if (key && document.activeElement === document.body) document.querySelector(`[data-key="${key}"]`)?.focus();
}

const say = (id, text) => at(id).textContent === text || (at(id).textContent = text);

function button(action, press) {
  const element = made("button", { type: "button", "data-key": action.key || "" }, action.text, action.key && made("kbd", {}, action.key));
  element.addEventListener("click", press);
  return element;
}

const offer = (action) => button(action, () => (action.fields ? ask(action) : act(action)));

const table = (rows) =>
  made("dl", {}, ...rows.map((row) =>
    made("div", {}, made("dt", {}, row.text), made("dd", {}, row.value, row.note && made("small", {}, row.note)))));

function draw() {
  const { card, basket, hints = [], actions = [], banners = [], labels } = view;
  document.documentElement.lang = view.lang;
  document.title = view.title;
  document.body.dataset.training = Boolean(view.training);
  say("title", view.title);
  say("place", view.place);
  at("said").dataset.tone = view.tone;
  say("said", view.said);
  at("languages").setAttribute("aria-label", labels.language);
  part("languages", [labels.languages, view.lang], () => labels.languages.split(" ").map((name) => {
    const one = button({ text: name.toUpperCase() }, () => { lang = name; sessionStorage.setItem("lang", name); refresh(); });
    one.lang = name;
    one.setAttribute("aria-pressed", name === view.lang);
    return one;
  }));
  part("banners", banners.length && banners, () => banners.map((one) =>
    made("p", { "data-tone": one.tone }, made("strong", {}, one.text), one.detail && made("span", {}, one.detail))));
  part("card", card, () => [
    made("h2", { id: "card-title" }, card.title),
    card.tier && made("p", { class: "tier" }, card.tier),
    card.masked && made("p", { class: "masked" }, card.masked),
    ...(card.balances || []).map((row) => made("p", { class: "balance" }, row.value)),
    card.as_of && made("p", { class: "small" }, card.as_of),
  ].filter(Boolean));
  part("basket", basket, () => [
    made("h2", { id: "basket-title" }, basket.title),
    basket.due && made("p", { class: "due" }, basket.due),
    basket.gives && made("ul", {}, ...basket.gives.map((text) => made("li", {}, text))),
    basket.rows && table(basket.rows),
  ].filter(Boolean));
  part("hints", hints.length && hints, () => [
    made("h2", { id: "hints-title" }, labels.hints),
    ...hints.map((one) => made("div", { class: "hint" }, made("p", {}, one.text, one.outcome && made("small", {}, one.outcome)),
      ...(one.actions || []).map(offer))),
  ]);
  part("actions", actions.length && actions, () => actions.map(offer));
  if (asked && !actions.some((one) => one.path === asked.path)) close();
  for (const { seen: action } of hints) report(action);
}

// ---- doing

async function act(action) {
  try {
    const answer = await call(action.method, action.path, action.body);
    const told = answer.ok ? {} : await answer.json();
    say("problem", [told.detail, told.action].filter(Boolean).join(" "));
    return answer.ok;
  } catch {
    lost();
    return false;
  } finally {
    refresh();
  }
}

function report(action) {
  const name = action && action.path + JSON.stringify(action.body);
  if (!action || seen.has(name)) return;
  seen.add(name);
  call(action.method, action.path, action.body).catch(() => seen.delete(name));
}

const KINDS = {
  number: { type: "text", inputmode: "decimal", autocomplete: "off" },
  phone: { type: "tel", autocomplete: "off" },
  name: { autocomplete: "off" },
  tick: { type: "checkbox" },
};

function pad(field, input) {
  const put = (text) => () => { input.value = text; input.focus(); };
  const digits = [..."123456789", ...(field.scale ? "," : ""), "0"].map((digit) =>
    button({ text: digit }, () => put(input.value + digit)()));
  const choices = (field.choices || []).map(([text, label]) => button({ text: label }, put(text)));
  digits.push(button({ text: view.labels.erase }, put("")));
  return [made("div", { class: "choices" }, ...choices), made("div", { class: "pad" }, ...digits)];
}

function ask(action) {
  asked = action;
  const inputs = action.fields.map((field, index) => made("input", { ...KINDS[field.kind], id: `field-${index}` }));
  const rows = action.fields.flatMap((field, index) => [
    made("p", { class: field.kind }, inputs[index], made("label", { for: `field-${index}` }, field.label)),
    ...(field.kind === "number" ? pad(field, inputs[index]) : []),
  ]);
  const send = made("button", { type: "submit", class: "main" }, action.text, made("kbd", {}, "Enter"));
  const form = made("form", { novalidate: "" }, ...rows, made("p", {}, send, button({ key: "Escape", text: view.labels.cancel }, close)));
  form.addEventListener("submit", (event) => { event.preventDefault(); answer(action, inputs); });
  at("asked").replaceChildren(made("h2", { id: "asked-title" }, action.title), form);
  at("asked").hidden = false;
  inputs[0].focus();
}

async function answer(action, inputs) {
  const body = structuredClone(action.body);
  for (const [index, field] of action.fields.entries()) {
    const value = valueOf(field, inputs[index]);
    if (value === null) {
      inputs[index].setAttribute("aria-invalid", true);
      inputs[index].focus();
      say("problem", field.label);
      return;
    }
    const path = [...field.into], last = path.pop();
    path.reduce((place, name) => place[name], body)[last] = value;
  }
  if (await act({ ...action, body })) close();
}

function valueOf(field, input) { // null: wrong
  if (field.kind === "tick") return input.checked;
  const text = input.value.trim();
  if (field.kind !== "number") return text || field.kind === "name" ? text : null;
  const units = Math.round(Number(text.replace(",", ".")) * 10 ** (field.scale || 0));
  return text && units >= 0 && units <= field.most ? units : null;
}

function close() {
  const key = asked?.key;
  asked = null;
  at("asked").hidden = true;
  at("asked").replaceChildren();
  say("problem", "");
  document.querySelector(`#actions [data-key="${key}"]`)?.focus();
}

addEventListener("keydown", (event) => {
  const name = event.key;
  const target = /^(F\d+|Escape)$/.test(name) && document.querySelector(`button[data-key="${name}"]`);
  if (!target) return;
  event.preventDefault();
  target.click();
});

function sound(tone) {
  if (!SOUNDS[tone]) return;
  audio ||= new AudioContext();
  let start = audio.currentTime;
  for (const [pitch, seconds] of SOUNDS[tone]) {
    const voice = audio.createOscillator();
    voice.frequency.value = pitch;
    voice.connect(audio.destination);
    voice.start(start);
    voice.stop(start + seconds);
    start += seconds + 0.05;
  }
}

// ---- listening

let asking = false;
let again = false;

async function refresh() { // one question at a time; once more if something happened meanwhile
  again = true;
  if (asking) return;
  asking = true;
  try {
    while (again) {
      again = false;
      const answer = await call("GET", `/screen/${role}?lang=${lang}`);
      if (!answer.ok) throw new Error(answer.status);
      const before = view;
      view = await answer.json();
      draw();
      if (before && before.moment !== view.moment) sound(view.tone);
    }
    document.body.dataset.lost = false;
  } catch {
    lost();
  } finally {
    asking = false;
  }
}

function lost() {
  document.body.dataset.lost = true;
  at("said").dataset.tone = role === "cashier" ? "bad" : "plain";
  say("said", view?.labels.lost || "The loyalty service does not answer. Sell on without points.");
}

async function listen(last) {
  const silence = new AbortController();
  let timer = 0;
  const heard = () => { clearTimeout(timer); timer = setTimeout(() => silence.abort(), SILENCE_MS); };
  try {
    heard();
    const answer = await call("GET", "/v1/events", null, last ? { "Last-Event-ID": last } : {}, silence.signal);
    if (!answer.ok) throw new Error(answer.status);
    refresh();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = "", piece; !(piece = await reader.read()).done;) {
      heard();
      const messages = (text + piece.value).split("\n\n");
      text = messages.pop();
      last = messages.map((one) => /^id: (.*)$/m.exec(one)?.[1]).filter(Boolean).pop() || last;
      if (messages.length) refresh(); // resync and signs of life too: a screen is whole, its ages grow
    }
  } catch { /* told below */ }
  clearTimeout(timer);
  lost();
  setTimeout(listen, RETRY_MS, last);
}

listen("");
