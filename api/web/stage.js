// The stage: the garment as it is, and beside it what was drawn.

import { showLarge } from "/web/large.js";
import { nameOf, sentence, statusText, textOf, titleFor, titleOf } from "/web/said.js";
import { BATCH } from "/web/state.js";
import { announce, capital, following, node, plain, swatch } from "/web/view.js";

const $ = (id) => document.getElementById(id);
const SKETCH_PX = 144;
const PICKS = [
  ["red", "but red"], ["navy blue", "but navy blue"], ["green", "but green"], ["black", "but black"],
  ["pink", "but pink"], ["striped", "with stripes"],
];
let shown = null; // what `drawStage` was given last
let figures = new Map(); // place → its element, so that nothing that is there is drawn again

export function hideStage() {
  $("stage").hidden = true;
  $("stage-row").replaceChildren();
  figures = new Map();
  shown = null;
}

export function drawStage(given) {
  const fresh = !shown;
  shown = given;
  const { batches, words, of } = given;
  $("stage").hidden = false;
  const jobs = batches.map(({ job }) => job).filter(Boolean);
  const [job] = jobs;
  $("stage-title").textContent = titleFor(given, job);
  $("stage-status").textContent = statusText(batches);
  $("stage-ask").hidden = !of;
  $("stage-picks").hidden = !of || Boolean(words);
  $("stage").classList.toggle("is-asking", !batches.length);
  if (fresh || document.activeElement !== $("stage-words")) $("stage-words").value = words;
  drawChange(job);
  drawFigures(given, job);
  drawBelow(jobs);
  drawTrouble(batches);
  const busy = jobs.some(({ status }) => status === "queued" || status === "running");
  const stopped = jobs.some(({ status }) => status === "cancelled");
  const whole = batches.length > 0 && jobs.length === batches.length && jobs.every(({ status }) => status === "done");
  toggle("stage-cancel", busy);
  toggle("stage-rest", !busy && stopped);
  toggle("stage-more", whole && given.canMore);
}

// A button that goes away while it has the focus hands it on.
function toggle(id, on) {
  if (!on && document.activeElement === $(id)) $("stage-title").focus();
  $(id).hidden = !on;
}

function drawChange(job) {
  const changed = job ? Object.entries(job.after).filter(([facet, value]) => job.before[facet] !== value) : [];
  $("stage-change").hidden = !changed.length;
  $("stage-change").replaceChildren(...changed.map(([facet, value]) =>
    node("li", {}, node("span", {}, `${capital(plain(facet))}: `), job.before[facet] ? `${job.before[facet]} → ${value}` : value)));
}

// --- the row -----------------------------------------------------------------------------------

function drawFigures(given, job) {
  const wanted = [referenceFigure(given, job)];
  given.batches.forEach((batch) => {
    for (let place = 0; place < BATCH; place += 1) {
      const variant = batch.job?.variants[place];
      const over = batch.problem || ["failed", "cancelled"].includes(batch.job?.status);
      if (variant) wanted.push(variantFigure(given, batch, variant));
      else if (!over) wanted.push(waitingFigure(batch, place));
    }
  });
  const row = $("stage-row");
  const keep = new Set(wanted);
  for (const old of [...row.children]) if (!keep.has(old)) old.remove();
  // Elements that stay where they are keep the focus and their picture.
  wanted.forEach((each, place) => { if (row.children[place] !== each) row.insertBefore(each, row.children[place] ?? null); });
}

function kept(key, state, make) {
  const held = figures.get(key);
  if (held?.state === state) return held.element;
  const element = make();
  figures.set(key, { state, element });
  return element;
}

function referenceFigure(given, job) {
  const { src, alt } = given;
  const from = src || served(job?.reference.image_url ?? "");
  const name = nameOf(given, job);
  return kept("reference", `${from} ${name}`, () => node("li", { class: "stage-item is-reference" },
    node("div", { class: "stage-picture" }, from ? node("img", { src: from, alt: alt || name }) : ""),
    node("p", { class: "stage-label" }, name)));
}

const served = (url) => (url.startsWith("/v1/pictures/") ? `${url}?width=640` : url);

function waitingFigure({ place: batch, job }, place) {
  const number = batch * BATCH + place + 1;
  const drawing = job?.status === "running" && job.done === place;
  return kept(`variant ${number}`, drawing ? "drawing" : "waiting", () =>
    node("li", { class: `stage-item is-waiting ${drawing ? "is-drawing" : ""}` },
      node("div", { class: "stage-picture" }, node("span", { class: "stage-hint" }, drawing ? "Drawing …" : "")),
      node("p", { class: "stage-label" }, `Variant ${number}`)));
}

function variantFigure(given, { place: batch, job }, variant) {
  const number = batch * BATCH + variant.number;
  const src = given.pictureAt(job, variant);
  const name = `Variant ${number}`;
  return kept(`variant ${number}`, src, () => {
    const picture = node("img", { src, alt: altFor(given, name, variant), width: variant.width_px, height: variant.height_px });
    const open = node("button", {
      type: "button", class: "stage-picture", "aria-label": `${altFor(given, name, variant)}. Show it large`,
      onclick: () => showLarge(largeList(), src, largeReference()),
    }, picture, node("span", { class: "stage-mark", "aria-hidden": "true" }, variant.sketch ? "Generated sketch" : "Generated"));
    picture.addEventListener("error", () => {
      open.replaceChildren(node("span", { class: "stage-hint" }, "This picture is no longer here."));
      open.disabled = true;
    });
    const item = node("li", { class: "stage-item", "data-src": src },
      open,
      node("p", { class: "stage-label" }, name),
      node("div", { class: "stage-ways" }, ...waysFor(given, job, variant, name, src)),
      node("ul", { class: "stage-own" }));
    // A sketch stays small: enlarging would promise what is not in it.
    if (variant.sketch) picture.style.maxWidth = `${Math.min(variant.width_px, SKETCH_PX)}px`;
    return item;
  });
}

const altFor = ({ words }, name, { sketch }) => `${name}, generated${sketch ? " sketch" : ""}: ${words}`;

function waysFor(given, job, variant, name, src) {
  const find = node("a", { class: "like", href: given.findHref(job, variant), "aria-label": `Find products like ${name.toLowerCase()}` }, "Find products like this");
  find.addEventListener("click", following(() => given.onFind(job, variant)));
  return [find, node("a", { class: "like", href: src, download: `lookalike-${name.toLowerCase().replace(" ", "-")}.webp`, "aria-label": `Download ${name.toLowerCase()}` }, "Download")];
}

function largeReference() {
  const [job] = shown.batches.map((each) => each.job).filter(Boolean);
  return { src: shown.src || served(job?.reference.image_url ?? ""), title: nameOf(shown, job) };
}

const largeList = () => shown.batches.flatMap((batch) => (batch.job?.variants ?? []).map((variant) => {
  const name = `Variant ${batch.place * BATCH + variant.number}`;
  const src = shown.pictureAt(batch.job, variant);
  return { name, src, variant, alt: altFor(shown, name, variant), ways: () => waysFor(shown, batch.job, variant, name, src) };
}));

// --- below the row -----------------------------------------------------------------------------

// What is true of all the pictures is said once, what is true of one below that one.
function drawBelow(jobs) {
  const all = jobs.flatMap((job) => job.variants.map((variant) => ({ job, variant })));
  const notes = all.map(({ variant }) => variant.notes);
  const shared = (notes[0] ?? []).filter((note) => notes.every((each) => each.includes(note)));
  const unseen = [...new Set((jobs[0]?.unseen ?? []).map((each) => each.message))];
  const lines = [...shared, ...(unseen.length ? [`Not in the pictures: ${unseen.join(" ")}`] : [])];
  $("stage-notes").hidden = !lines.length;
  $("stage-notes").replaceChildren(...lines.map((line) => node("li", {}, line)));
  const helpers = all.map(({ variant }) => variant.sources);
  const same = helpers.length > 0 && helpers.every((each) => idsOf(each) === idsOf(helpers[0]));
  refill($("stage-helped"), same ? idsOf(helpers[0]) : "", () => (same && helpers[0].length ? helped(helpers[0]) : []));
  for (const { job, variant } of all) {
    const own = $("stage-row").querySelector(`[data-src="${CSS.escape(shown.pictureAt(job, variant))}"] .stage-own`);
    const rest = variant.notes.filter((note) => !shared.includes(note));
    const key = `${rest.join("|")} ${same ? "" : idsOf(variant.sources)}`;
    if (own) refill(own, key, () => [...rest.map((note) => node("li", {}, note)), ...(same || !variant.sources.length ? [] : [node("li", {}, ...helped(variant.sources))])]);
  }
}

const idsOf = (sources) => sources.map((each) => each.product_id).join(" ");

function refill(box, key, make) {
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const parts = make();
  box.hidden = !parts.length;
  box.replaceChildren(...parts);
}

const helped = (sources) => [
  node("span", { class: "stage-from" }, "Helped by"),
  ...sources.map((source) => {
    const link = node("a", { class: "stage-source", href: shown.likeHref(source.product_id), title: source.title, "aria-label": `More like ${source.title}, which helped` },
      source.image_url ? node("img", { src: `${source.image_url}?width=160`, alt: "", loading: "lazy" }) : "");
    link.addEventListener("click", following(() => shown.onLike(source.product_id)));
    return link;
  }),
];

function say(words) {
  $("stage-title").focus({ preventScroll: true });
  shown?.onWords(words);
}

// --- trouble -----------------------------------------------------------------------------------

function drawTrouble(batches) {
  const problem = batches.map((each) => each.problem).find(Boolean);
  const broken = batches.map((each) => each.job).find((job) => job?.status === "failed");
  const box = $("stage-trouble");
  const was = box.hidden ? "" : box.textContent;
  const [title, text] = problem ? [titleOf(problem.code, problem), textOf(problem)] : broken ? [titleOf(broken.error_code), sentence(broken.error)] : ["", ""];
  const again = Boolean(broken) || Boolean(problem && problem.status !== 422);
  if (!again && document.activeElement === $("stage-again")) $("stage-title").focus();
  box.hidden = !title;
  $("stage-again").hidden = !again;
  $("stage-trouble-title").textContent = title;
  $("stage-trouble-text").textContent = text;
  if (problem && title && box.textContent !== was) announce(`${title}. ${text}`, "stage-announce");
}

$("stage-picks").replaceChildren(...PICKS.map(([name, words]) => node("li", {},
  node("button", { type: "button", class: "chip chip-filter", onclick: () => say(words) }, swatch(name), name))));
$("stage-close").addEventListener("click", () => shown?.onClose());
$("stage-cancel").addEventListener("click", () => shown?.onCancel());
$("stage-again").addEventListener("click", () => { shown?.onAgain(); $("stage-title").focus(); });
$("stage-rest").addEventListener("click", () => { shown?.onAgain(); $("stage-title").focus(); });
$("stage-more").addEventListener("click", () => { shown?.onMore(); });
$("stage-ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = $("stage-words").value.trim();
  if (words) say(words);
  else $("stage-words").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !shown || $("large").open) return;
  if (event.target.matches("input, select, textarea") && !$("stage").contains(event.target)) return;
  shown.onClose();
});
