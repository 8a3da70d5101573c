// The page: state in the address, answers from the API, nothing else remembered.

import { call, post, Problem } from "/web/ask.js";
import {
  amount, emptyState, FACETS, filterCount, filterText, hasReference, isStart, isVariant,
  MOST_BATCHES, readState, sameSearch, searchRequest, servedAt, writeState,
} from "/web/state.js";
import { hideLook, nameOf, showLook } from "/web/look.js";
import { pictureOf, smaller } from "/web/picture.js";
import { nothing } from "/web/nothing.js";
import { closeLarge } from "/web/large.js";
import { isGone } from "/web/said.js";
import { canShow, changeFor, showStage } from "/web/variants.js";
import {
  announce, hideMessage, showApplied, showChips, showFacets, showHits, showMessage, showNotes,
  showReference, showRows, showSkeletons,
} from "/web/view.js";

const $ = (id) => document.getElementById(id);
let state = readState(location.search);
let cursor = "";
let shown = 0;
let running = new AbortController();
let edits = []; // what was understood of the words
const known = new Map(); // product id → title and picture, of what has been on this page
const seen = new Map(); // picture → the boxes that were found in it
const MOST_ROWS = 6;

const remember = ({ id, title, pictures }) =>
  known.set(id, { title, src: pictures.length ? `${pictures[0]}?width=640` : "" });

function go(change, { replace = false } = {}) {
  state = { ...state, pages: 1, ...change };
  if (state.show && !state.show.of && !(state.words && hasReference(state))) state.show = null;
  history[replace ? "replaceState" : "pushState"](null, "", writeState(state));
  load();
}

const likeState = (id) => ({ ...emptyState(), like: id });
const handlers = {
  likeHref: (id) => writeState(likeState(id)),
  onLike: (id) => { go(likeState(id)); scrollTo({ top: 0 }); $("words").focus({ preventScroll: true }); },
  onDrop: (id) => { go({ drop: [...new Set([...state.drop, id])] }); $("words").focus(); },
  onRestore: (id) => { go({ drop: state.drop.filter((each) => each !== id) }); $("words").focus(); },
  onToggle: (facet, value) => {
    const chosen = state.facets[facet] ?? [];
    const next = chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value];
    const { [facet]: _, ...others } = state.facets;
    go({ facets: next.length ? { ...others, [facet]: next } : others });
  },
  onRemove: (facet, value) => {
    if (facet === "low" || facet === "high") go({ [facet]: "" });
    else handlers.onToggle(facet, value);
    $("found-title").focus();
  },
  onClear: () => { go({ facets: {}, low: "", high: "" }); $("found-title").focus(); },
  onPrice: (low, high) => go({ low: amount(low), high: amount(high) }),
  showHref: (product) => writeState({ ...state, show: showOf(product) }),
  onShow: (product) => { show(showOf(product)); toStage(); },
};

// --- what is drawn above the results -----------------------------------------------------------

const showOf = (product) =>
  ({ batches: 1, of: product.id, words: hasReference(state) ? changeFor(product, edits) : "" });

// The results stay as they are: only the stage changes.
function show(wanted) {
  state = { ...state, show: wanted };
  history.pushState(null, "", writeState(state));
  stage();
}

function toStage() {
  $("stage").scrollIntoView({ block: "start" });
  const asking = state.show.of && !state.show.words;
  $(asking ? "stage-words" : "stage-title").focus({ preventScroll: true });
  if (asking) announce("Say what should be different, and see it drawn", "stage-announce");
}

function stage() {
  const wanted = state;
  const { of = "" } = wanted.show ?? {};
  $("show-me").setAttribute("aria-expanded", String(Boolean(wanted.show && !of)));
  $("share").hidden = isStart(wanted) && !wanted.show;
  const found = (job, { number, sketch }) => {
    const same = wanted.picture && !of && !sketch; // the garment is where it was
    return {
      ...emptyState(), picture: `variant:${job.id}/${number}`,
      ...(same && { box: wanted.box, shows: job.before.type === job.after.type ? wanted.shows : "" }),
    };
  };
  const own = Boolean(wanted.picture && !of);
  const id = own ? "" : of || wanted.like;
  if (wanted.show && id && !known.has(id)) {
    const path = `/v1/products/${encodeURIComponent(id)}`;
    call(path).then((product) => { remember(product); if (state === wanted) stage(); }, () => {});
  }
  showStage(wanted, {
    own: own && !isVariant(wanted.picture),
    ...(own ? { title: "The variant", src: servedAt(wanted.picture, 640) } : known.get(id)),
    canMore: (wanted.show?.batches ?? 0) < MOST_BATCHES,
    likeHref: handlers.likeHref,
    onLike: handlers.onLike,
    findHref: (job, variant) => writeState(found(job, variant)),
    onFind: (job, variant) => { closeLarge(); go(found(job, variant)); scrollTo({ top: 0 }); $("words").focus({ preventScroll: true }); },
    onMore: () => { show({ ...state.show, batches: state.show.batches + 1 }); $("stage-title").focus({ preventScroll: true }); },
    onWords: (words) => show({ batches: 1, of, words }),
    onClose: () => {
      show(null);
      const card = of && document.querySelector(`[data-product="${CSS.escape(of)}"] .show`);
      (card || ($("show-me").hidden ? $("found-title") : $("show-me"))).focus();
    },
  });
}

// --- the results -------------------------------------------------------------------------------

async function load() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const wanted = state;
  document.body.dataset.view = isStart(wanted) ? "start" : "results";
  $("words").value = wanted.words;
  stage();
  hideMessage();
  showNotes([]);
  $("more").hidden = true;
  showApplied(wanted, handlers);
  showSkeletons(shown ? Math.min(24, Math.max(4, shown)) : 12);
  heading(wanted);
  try {
    await reference(wanted, signal);
    const looking = look(wanted, signal);
    if (wanted.look && await rows(wanted, await looking, signal)) return;
    let answer = await post("/v1/search", searchRequest(wanted), signal);
    const hits = [...answer.hits];
    const first = answer;
    for (let page = 1; page < wanted.pages && answer.next_cursor; page += 1) {
      answer = await post("/v1/search", searchRequest(wanted, answer.next_cursor), signal);
      hits.push(...answer.hits);
    }
    if (signal.aborted) return;
    cursor = answer.next_cursor;
    shown = hits.length;
    edits = first.parse.edits;
    for (const { product } of hits) remember(product);
    showHits(hits, handlers);
    if (wanted.drop.length) heading(wanted, first.parse);
    showChips(first.parse, first.reference, handlers, hasReference(wanted) && edits.some(canShow));
    showNotes(first.degraded.map((each) => each.message));
    $("more").hidden = !cursor;
    announce(hits.length ? `${hits.length} products${cursor ? ", more can be shown" : ""}` : "No products");
    showFacets(first.facets, wanted, handlers, first);
    if (!hits.length) await nothing(wanted, first, { signal, go, home });
    await ownCounts(first, wanted, signal);
  } catch (error) {
    if (error.name !== "AbortError") failed(error);
  }
}

// Within one facet the choices widen the result, so its counts are taken without its own choice.
async function ownCounts(answer, wanted, signal) {
  const chosen = Object.keys(wanted.facets);
  if (!chosen.length) return;
  const counts = await Promise.all(chosen.map((facet) => {
    const params = new URLSearchParams({ names: facet, filter: filterText(wanted, facet) });
    return call(`/v1/facets?${params}`, { signal });
  }));
  if (signal.aborted) return;
  const merged = { ...answer.facets };
  chosen.forEach((facet, place) => { merged[facet] = counts[place].facets[facet]; });
  showFacets(merged, wanted, handlers, answer);
}

// The boxes of the shopper's picture. Whoever cannot have them can still draw one.
async function look(wanted, signal) {
  if (!wanted.picture) { hideLook(); return []; }
  const src = servedAt(wanted.picture, 640);
  let failed = false;
  if (!seen.has(wanted.picture)) {
    hideLook();
    try {
      const found = await post("/v1/detections", { pictures: [wanted.picture] }, signal);
      seen.set(wanted.picture, found.pictures[0].boxes);
    } catch (error) {
      if (error.name === "AbortError" || isGone(error.code)) return [];
      failed = true;
    }
  }
  const boxes = seen.get(wanted.picture) ?? [];
  if (signal.aborted) return boxes;
  showLook({
    src, boxes, failed, chosen: wanted.box, whole: wanted.look,
    onChoose: (box, shows = "") => go({ box, shows, look: false, drop: [] }),
    onAll: () => go({ box: [], shows: "", look: true, drop: [] }),
  });
  return boxes;
}

// "Shop the look": for each kind of thing in the picture what looks like it.
async function rows(wanted, boxes, signal) {
  const kinds = new Map();
  for (const each of boxes) if (!kinds.has(nameOf(each))) kinds.set(nameOf(each), each);
  const things = [...kinds].slice(0, MOST_ROWS);
  if (!things.length) return false;
  const answers = await Promise.all(things.map(([, { box, label: shows }]) =>
    post("/v1/search", { ...searchRequest({ ...wanted, box, shows }), limit: 8 }, signal)));
  if (signal.aborted) return true;
  const [first] = answers;
  showFacets(first.facets, wanted, handlers, first);
  edits = first.parse.edits;
  showChips(first.parse, [], handlers);
  showNotes([...new Set(answers.flatMap(({ degraded }) => degraded.map((each) => each.message)))]);
  for (const { hits } of answers) for (const { product } of hits) remember(product);
  const found = things.map(([name, { box, label: shows }], place) => ({ name, box, shows, hits: answers[place].hits }));
  showRows(found, { ...handlers, onAllOf: ({ box, shows }) => go({ box, shows, look: false, drop: [] }) });
  $("found-title").textContent = "Shop the look";
  document.title = "Shop the look · Lookalike";
  cursor = "";
  shown = 0;
  announce(`${found.length === 1 ? "One thing" : `${found.length} things`} in your picture, with products like it`);
  return true;
}

async function reference(wanted, signal) {
  const changing = { placeholder: "but red, no sleeves, under 40", label: "What should be different?" };
  if (wanted.picture) {
    showReference({ src: servedAt(wanted.picture, 160), alt: isVariant(wanted.picture) ? "The variant" : "Your picture", ...changing });
  } else if (wanted.like) {
    const product = await call(`/v1/products/${encodeURIComponent(wanted.like)}`, { signal });
    remember(product);
    if (signal.aborted) return;
    const src = product.pictures.length ? `${product.pictures[0]}?width=160` : "/web/icon.svg";
    showReference({ src, alt: product.title, ...changing });
    heading(wanted);
  } else {
    showReference({ src: "", placeholder: "red summer dress under 40", label: "What are you looking for?" });
  }
}

function likePicture({ picture, shows, box }) {
  const what = isVariant(picture) ? "the variant" : "your picture";
  if (shows) return `Like the ${shows} in ${what}`;
  return box.length ? `Like this part of ${what}` : `Like ${what}`;
}

// What is left of the words once wishes were taken out is known with the answer.
function heading(wanted, parse) {
  const words = parse
    ? [...parse.edits.map((each) => each.text), parse.free_text].filter(Boolean).join(parse.edits.length > 1 ? ", " : " ")
    : wanted.words;
  const like = wanted.picture ? likePicture(wanted) : wanted.like ? `Like ${known.get(wanted.like)?.title ?? "this"}` : "";
  const text = like
    ? (words ? `${like}, ${/^(but|and|in|with|without)\b/i.test(words) ? "" : "but "}${words}` : like)
    : words ? `“${words}”` : filterCount(wanted) ? "Filtered" : "From the shop";
  $("found-title").textContent = text;
  document.title = isStart(wanted) ? "Lookalike" : `${text} · Lookalike`;
}

function failed(error) {
  if (!(error instanceof Problem)) console.error(error);
  const again = { label: "Try again", onclick: load };
  const away = hasReference(state)
    ? { label: "Remove the reference", onclick: removeReference }
    : { label: "Start over", onclick: home };
  const expired = isGone(error.code);
  const title = expired ? "This picture has expired" : (error.title ?? "That did not work");
  const kept = isVariant(state.picture) ? "Drawn pictures are deleted after a day. Have it drawn again" : "Uploaded pictures are deleted after a day. Choose it again";
  const text = expired ? `${kept}, or go on without.` : error.message;
  showMessage(title, text, expired ? [away] : [again, away], { failed: true });
  $("understood").hidden = true;
  announce(`${title}. ${text}`);
}

function home() {
  go(emptyState());
  $("words").focus();
}

const removeReference = () => { go({ picture: "", box: [], shows: "", look: false, like: "", drop: [] }); $("words").focus(); };

async function take(file) {
  if (!file) return;
  document.body.dataset.view = "results";
  hideMessage();
  showSkeletons();
  announce("Picture received, looking");
  const url = URL.createObjectURL(file);
  showReference({ src: url, alt: "Your picture", placeholder: "but red, no sleeves, under 40", label: "What should be different?" });
  try {
    const form = new FormData();
    form.append("picture", await smaller(file), "picture");
    const { picture } = await call("/v1/pictures", { method: "POST", body: form });
    go({ ...emptyState(), picture });
    $("words").focus({ preventScroll: true });
  } catch (error) {
    failed(error);
  } finally {
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}

async function showMore(event) {
  const byKeyboard = event.detail === 0;
  const { signal } = running;
  $("more").disabled = true;
  try {
    const answer = await post("/v1/search", searchRequest(state, cursor), signal);
    cursor = answer.next_cursor;
    shown += answer.hits.length;
    for (const { product } of answer.hits) remember(product);
    const cards = showHits(answer.hits, { append: true, ...handlers });
    state = { ...state, pages: state.pages + 1 };
    history.replaceState(null, "", writeState(state));
    $("more").hidden = !cursor;
    announce(`${answer.hits.length} more, ${shown} products`);
    if (byKeyboard) cards[0]?.querySelector(".like").focus();
  } catch (error) {
    if (error.name !== "AbortError") announce(error.message);
  } finally {
    $("more").disabled = false;
  }
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = $("words").value.trim();
  const kept = state.show?.of ? null : state.show; // what a card was asked for is over
  go({ words, drop: words === state.words ? state.drop : [], show: kept });
});
$("file").addEventListener("change", (event) => { take(event.target.files[0]); event.target.value = ""; });
$("reference-remove").addEventListener("click", removeReference);
$("reference-picture").addEventListener("error", () => { $("reference-picture").src = "/web/icon.svg"; });
$("more").addEventListener("click", showMore);
$("share").addEventListener("click", async () => {
  const done = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  $("share").textContent = done ? "Copied" : "Copy it from the address bar";
  announce(done ? "Link copied" : "Copy the link from the address bar");
  setTimeout(() => { $("share").textContent = "Copy link"; }, 2500);
});
document.querySelector("[data-action=home]").addEventListener("click", (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  home();
});

addEventListener("popstate", () => {
  const before = state;
  state = readState(location.search);
  closeLarge();
  if (sameSearch(before, state)) stage();
  else load();
});
$("show-me").addEventListener("click", () => {
  const open = state.show && !state.show.of;
  show(open ? null : { batches: 1, of: "", words: "" });
  if (!open) toStage();
});
addEventListener("paste", (event) => {
  const file = pictureOf(event.clipboardData);
  if (file) { event.preventDefault(); take(file); }
});
let dragging = 0;
const dragsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
addEventListener("dragenter", (event) => { if (dragsFiles(event)) { dragging += 1; $("drop").hidden = false; } });
addEventListener("dragleave", () => { dragging = Math.max(0, dragging - 1); if (!dragging) $("drop").hidden = true; });
addEventListener("dragover", (event) => { if (dragsFiles(event)) event.preventDefault(); });
addEventListener("drop", (event) => {
  dragging = 0;
  $("drop").hidden = true;
  if (!dragsFiles(event)) return;
  event.preventDefault();
  take(pictureOf(event.dataTransfer));
});

// Filters are open beside the results on a wide window and folded above them on a narrow one.
const wide = matchMedia("(min-width: 60rem)");
const fold = () => { $("facets-fold").open = wide.matches; };
wide.addEventListener("change", fold);
fold();
call("/readyz").then(({ parts }) => { document.body.dataset.draws = parts.variants ?? ""; }, () => {});
load();
