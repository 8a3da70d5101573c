// From answers to elements. Text goes in as text, never as markup.

import { amount } from "./state.js";

const $ = (id) => document.getElementById(id);

const LABELS = {
  type: "Type", colour: "Colour", gender: "For", pattern: "Pattern", sleeve: "Sleeve",
  material: "Material", brand: "Brand", availability: "Availability",
};
const SHOWN_VALUES = 10;
const SWATCHES = {
  black: "#1c1b1b", white: "#fdfdfb", grey: "#8d8d8f", gray: "#8d8d8f", silver: "#c4c6c9", charcoal: "#3c3f43",
  red: "#c0272d", maroon: "#6c1a26", burgundy: "#6d1b2f", pink: "#eb9cb2", magenta: "#c22a83", peach: "#f6bd9b",
  orange: "#ec7a25", rust: "#a5482a", yellow: "#f2d03c", mustard: "#cc9a2e", gold: "#c9a24b", cream: "#f4ead0",
  beige: "#d8c3a0", tan: "#b98d61", khaki: "#b3a272", brown: "#6a4429", "coffee brown": "#4b3326", olive: "#6a6a35",
  green: "#2f8541", "lime green": "#98cc3d", "sea green": "#2e8b66", teal: "#177a80", "turquoise blue": "#3fc0c9",
  turquoise: "#3fc0c9", blue: "#2b5cb8", "navy blue": "#1d2850", navy: "#1d2850", purple: "#6b3596",
  lavender: "#bda6e0", "off white": "#f5f1e6", nude: "#e3bfa4", bronze: "#8c6239", copper: "#b5683c", rose: "#e0708c",
};

export function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export function money(price) {
  if (!price) return "";
  if (!price.currency) return price.text;
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency: price.currency })
      .format(price.minor / 100);
  } catch {
    return `${price.text} ${price.currency}`;
  }
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const capitals = (text) => text.split(" ").map(capital).join(" ");
export const plain = (text) => text.replaceAll("_", " ");

export function announce(text, where = "announce") {
  const region = $(where);
  // The same words again would not be read out.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}

export function showSkeletons(count = 12) {
  const list = $("results");
  $("rows").hidden = true;
  list.hidden = false;
  list.replaceChildren(
    ...Array.from({ length: count }, () => $("skeleton").content.cloneNode(true)),
  );
  list.setAttribute("aria-busy", "true");
}

export function showHits(hits, { append = false, ...handlers }) {
  const list = $("results");
  const cards = hits.map((hit) => card(hit, handlers));
  if (append) list.append(...cards);
  else list.replaceChildren(...cards);
  list.removeAttribute("aria-busy");
  return cards;
}

export function showRows(found, { onAllOf, ...handlers }) {
  $("results").hidden = true;
  $("results").replaceChildren();
  $("results").removeAttribute("aria-busy");
  $("rows").hidden = false;
  $("rows").replaceChildren(...found.map(({ name, hits, ...thing }) =>
    node("section", { class: "row", "aria-label": capital(name) },
      node("div", { class: "row-head" },
        node("h3", {}, capital(name)),
        node("button", { type: "button", class: "secondary small", "aria-label": `Show all like the ${name}`, onclick: () => onAllOf(thing) }, "Show all")),
      hits.length
        ? node("ol", { class: "row-hits" }, ...hits.map((hit) => card(hit, handlers)))
        : node("p", {}, "Nothing in the shop is like this."))));
}

function card(hit, { likeHref, onLike, showHref, onShow }) {
  const { product } = hit;
  const href = likeHref(product.id);
  const made = $("card").content.firstElementChild.cloneNode(true);
  const part = (name) => made.querySelector(`[data-part="${name}"]`);
  made.dataset.product = product.id;
  const picture = part("picture");
  if (product.pictures.length) {
    picture.src = `${product.pictures[0]}?width=320`;
    picture.srcset = `${product.pictures[0]}?width=320 320w, ${product.pictures[0]}?width=640 640w`;
    picture.sizes = "(max-width: 520px) 46vw, 240px";
    picture.alt = altText(product);
  } else {
    picture.remove();
  }
  const follow = following(() => onLike(product.id));
  const open = part("open");
  open.href = href;
  open.tabIndex = -1; // "More like this" below is the same way, with words
  open.setAttribute("aria-hidden", "true");
  open.addEventListener("click", follow);
  part("brand").textContent = product.brand;
  const title = part("title");
  if (product.link) title.append(node("a", { href: product.link, rel: "noopener noreferrer" }, product.title));
  else title.textContent = product.title;
  part("price").textContent = money(product.price);
  if (product.availability !== "in_stock") {
    part("price").append(node("span", { class: "stock" }, plain(product.availability)));
  }
  if (hit.variants.length) {
    const variants = part("variants");
    variants.hidden = false;
    variants.textContent = `+${hit.variants.length} ${hit.variants.length === 1 ? "variant" : "variants"}`;
  }
  part("reasons").replaceChildren(...hit.reasons.map(reason));
  const like = node("a", { class: "like", href, "aria-label": `More like ${product.title}` }, "More like this");
  like.addEventListener("click", follow);
  part("like").replaceWith(like);
  const show = part("show");
  if (!product.pictures.length) { show.remove(); return made; }
  show.href = showHref(product);
  show.textContent = "Show me";
  show.setAttribute("aria-label", `Show me ${product.title} with a change`);
  show.addEventListener("click", following(() => onShow(product)));
  return made;
}

// A link that goes on within the page, unless another tab or window is wanted.
export const following = (go) => (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go();
};

function reason({ text, met, predicted }) {
  const kind = !met ? "unmet" : predicted ? "seen" : "met";
  const mark = { unmet: "–", seen: "◌", met: "✓" }[kind];
  return node("li", { class: kind }, node("span", { "aria-hidden": "true" }, mark), text);
}

function altText(product) {
  const value = (name) => product.attributes.find((each) => each.name === name)?.value;
  const said = product.title.toLowerCase();
  const extra = ["colour", "type"].map(value).filter((each) => each && !said.includes(each));
  return [product.title, ...extra].join(", ");
}

export function showReference({ src, alt, placeholder, label }) {
  const box = $("reference");
  box.hidden = !src;
  if (src) {
    const picture = $("reference-picture");
    picture.src = src;
    picture.alt = alt;
  }
  $("words").placeholder = placeholder;
  $("words-label").textContent = label;
}

export function showChips(parse, reference, { onDrop, onRestore }, canShow = false) {
  const chips = parse.edits.map((edit) =>
    node("li", {},
      node("button", {
        type: "button", class: `chip ${edit.operation === "not" ? "chip-not" : ""}`,
        "data-edit": edit.id, "aria-label": `Remove: ${edit.label}`,
        title: edit.hard ? "Only products that fulfil this are shown" : "Products that fulfil this come first",
        onclick: () => onDrop(edit.id),
      }, swatch(edit.attribute === "colour" && edit.operation === "set" ? edit.value : ""),
      edit.label, cross())));
  const restored = parse.dropped.map((id) =>
    node("li", {},
      node("button", {
        type: "button", class: "chip chip-dropped", "data-restore": id,
        "aria-label": `Put back: ${labelOf(id)}`, onclick: () => onRestore(id),
      }, labelOf(id), node("span", { "aria-hidden": "true", class: "undo" }, "undo"))));
  const seen = ["type", "colour", "pattern"]
    .map((name) => reference.find((each) => each.name === name)?.value).filter(Boolean);
  const parts = [...chips, ...restored];
  if (seen.length) {
    parts.unshift(node("li", { class: "seen-in" }, `Reference: ${seen.join(", ")}`));
  }
  $("chips").replaceChildren(...parts);
  $("understood").hidden = !parts.length;
  $("show-me").hidden = !canShow;
}

const labelOf = (id) => {
  const [attribute, operation, ...rest] = id.split(":");
  const value = rest.join(":");
  if (operation === "not") return `not: ${value}`;
  if (operation === "at_most" || operation === "at_least") {
    return `${attribute}: ${plain(operation)} ${(Number(value) / 100).toFixed(2)}`;
  }
  return `${plain(attribute)}: ${value || operation}`;
};

export function swatch(colour) {
  const value = SWATCHES[colour];
  if (!value) return "";
  const dot = node("span", { class: "swatch", "aria-hidden": "true" });
  dot.style.backgroundColor = value;
  return dot;
}

function cross() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M4.5 4.5l7 7M11.5 4.5l-7 7");
  svg.append(path);
  return svg;
}

export function showApplied(state, { onRemove, onClear }) {
  const list = $("applied");
  const chip = (label, facet, value) =>
    node("li", {}, node("button", {
      type: "button", class: "chip chip-filter", "aria-label": `Remove filter: ${label}`,
      onclick: () => onRemove(facet, value),
    }, swatch(facet === "colour" ? value : ""), label, cross()));
  const chips = Object.entries(state.facets).flatMap(([facet, values]) =>
    values.map((value) => chip(plain(value), facet, value)));
  if (state.low !== "") chips.push(chip(`from ${state.low}`, "low"));
  if (state.high !== "") chips.push(chip(`up to ${state.high}`, "high"));
  if (chips.length > 1) {
    chips.push(node("li", {}, node("button", { type: "button", class: "clear", onclick: onClear }, "Clear all filters")));
  }
  list.hidden = !chips.length;
  list.replaceChildren(...chips);
  const count = $("facets-count");
  const number = chips.length - (chips.length > 1);
  count.hidden = !number;
  count.textContent = String(number);
}

// Values that the words or the reference name are never folded away.
export function showFacets(counts, state, { onToggle, onPrice }, { parse, reference }) {
  const named = new Set([
    ...parse.edits.map((each) => `${each.attribute}:${each.value}`),
    ...reference.map((each) => `${each.name}:${each.value}`),
  ]);
  const focused = document.activeElement?.id;
  const unfolded = new Set(
    [...document.querySelectorAll("#facets [data-unfolded]")].map((each) => each.dataset.facet));
  const groups = Object.entries(LABELS).flatMap(([facet, label]) => {
    const chosen = state.facets[facet] ?? [];
    const values = [...(counts[facet] ?? [])];
    for (const value of chosen) {
      if (!values.some((each) => each.value === value)) values.push({ value, count: 0 });
    }
    if (values.length < 2 && !chosen.length) return [];
    return [facetGroup(facet, label, values, { chosen, named, unfolded: unfolded.has(facet), onToggle })];
  });
  if (!$("facets").firstElementChild) $("facets").append(priceGroup(onPrice));
  for (const old of [...$("facets").children].slice(1)) old.remove();
  $("facets").append(...groups);
  setBound($("price-low"), state.low);
  setBound($("price-high"), state.high);
  if (focused && $("facets").querySelector(`#${CSS.escape(focused)}`)) $(focused).focus();
}

function facetGroup(facet, label, values, { chosen, named, unfolded, onToggle }) {
  const group = node("fieldset", { "data-facet": facet, "data-unfolded": unfolded }, node("legend", {}, label));
  values.forEach(({ value, count }, place) => {
    const id = `facet-${facet}-${value.replace(/[^\w-]/g, "_")}`;
    const box = node("input", { type: "checkbox", id, value, onchange: () => onToggle(facet, value) });
    box.checked = chosen.includes(value);
    const late = place >= SHOWN_VALUES && !box.checked && !named.has(`${facet}:${value}`);
    group.append(
      node("label", { class: late ? "value late" : "value", for: id }, box,
        facet === "colour" ? swatch(value) : "",
        node("span", { class: "value-name" }, facet === "brand" ? capitals(value) : capital(plain(value))),
        node("span", { class: "value-count" }, String(count))));
  });
  const late = group.querySelectorAll(".late").length;
  if (late) {
    const unfold = node("button", { type: "button", class: "unfold", id: `unfold-${facet}` }, `${late} more`);
    unfold.addEventListener("click", () => {
      group.setAttribute("data-unfolded", "");
      group.querySelector(".late input").focus();
    });
    group.append(unfold);
  }
  return group;
}

function priceGroup(onPrice) {
  const field = (id, label) =>
    node("label", { class: "bound", for: id }, node("span", {}, label),
      node("input", { id, inputmode: "decimal", size: "6", autocomplete: "off", maxlength: "12" }));
  const form = node("form", { class: "price-bounds" },
    node("fieldset", {}, node("legend", {}, "Price"),
      node("div", { class: "bounds" },
        field("price-low", "From"), field("price-high", "Up to"),
        node("button", { type: "submit", class: "secondary small" }, "Set")),
      node("p", { id: "price-fault", class: "fault", role: "alert", hidden: "" })));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [low, high] = [$("price-low"), $("price-high")];
    const wrong = [low, high].filter((each) => each.value.trim() && amount(each.value) === "");
    const numbers = [low, high].map((each) => amount(each.value));
    const swapped = !wrong.length && numbers.every(Boolean) && Number(numbers[0]) > Number(numbers[1]);
    for (const each of [low, high]) each.setAttribute("aria-invalid", String(wrong.includes(each) || swapped));
    $("price-fault").hidden = !(wrong.length || swapped);
    $("price-fault").textContent = wrong.length
      ? `“${wrong[0].value.trim()}” is no price. Type an amount such as 40 or 39.99.`
      : swapped ? "“From” is more than “Up to”." : "";
    if (wrong.length || swapped) {
      (wrong[0] ?? low).focus();
      return;
    }
    delete low.dataset.bound;
    delete high.dataset.bound;
    onPrice(low.value, high.value);
  });
  return form;
}

// Counts may arrive while somebody types: only a new bound replaces what stands there.
function setBound(input, bound) {
  if (input.dataset.bound !== bound) input.value = bound;
  input.dataset.bound = bound;
}

export function showNotes(texts) {
  $("notes").hidden = !texts.length;
  $("notes").replaceChildren(...texts.map((text) => node("li", {}, text)));
}

export function showMessage(title, text, actions = [], { failed = false } = {}) {
  const box = $("message");
  box.hidden = false;
  box.classList.toggle("failed", failed);
  box.replaceChildren(
    node("h3", {}, title), node("p", {}, text),
    node("div", { class: "actions" }, ...actions.map(({ label, onclick }) =>
      node("button", { type: "button", class: "secondary", onclick }, label))));
  $("results").replaceChildren();
  $("results").removeAttribute("aria-busy");
}

export function hideMessage() {
  $("message").hidden = true;
  $("message").classList.remove("failed");
}
