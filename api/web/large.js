// One variant in a window of its own: step through them, and compare with the garment as it is.

import { announce } from "/web/view.js";

const $ = (id) => document.getElementById(id);
let list = [];
let place = 0;
let reference = null;
let comparing = false;

export function showLarge(variants, src, from) {
  list = variants;
  reference = from;
  place = Math.max(0, list.findIndex((each) => each.src === src));
  comparing = false;
  draw();
  if (!$("large").open) $("large").showModal();
}

export const closeLarge = () => $("large").close();

function draw() {
  const { name, src, alt, variant, ways } = list[place];
  const label = comparing ? reference.title : `${name} of ${list.length}`;
  $("large-title").textContent = label;
  const picture = $("large-picture");
  picture.src = comparing ? reference.src : src;
  picture.alt = comparing ? label : alt;
  // A sketch is shown at most as large as it came; the reference takes its place when compared.
  picture.style.maxWidth = variant.sketch ? `${variant.width_px}px` : "";
  $("large-mark").hidden = comparing;
  $("large-mark").textContent = variant.sketch ? "Generated sketch" : "Generated";
  $("large-compare").setAttribute("aria-pressed", String(comparing));
  $("large-compare").disabled = !reference.src;
  for (const id of ["large-before", "large-after"]) $(id).hidden = list.length < 2;
  $("large-notes").textContent = variant.notes.join(" ");
  $("large-ways").replaceChildren(...ways());
}

function step(by) {
  if (list.length < 2) return;
  place = (place + by + list.length) % list.length;
  comparing = false;
  draw();
  announceInside(list[place].alt);
}

function compare() {
  if (!reference.src) return;
  comparing = !comparing;
  draw();
  announceInside($("large-title").textContent);
}

// What lies outside a modal window is not read out.
const announceInside = (text) => announce(text, "large-announce");

$("large-before").addEventListener("click", () => step(-1));
$("large-after").addEventListener("click", () => step(1));
$("large-compare").addEventListener("click", compare);
$("large-close").addEventListener("click", closeLarge);
$("large").addEventListener("click", (event) => { if (event.target === $("large")) closeLarge(); });
$("large").addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowLeft") step(-1);
  else if (event.key === "ArrowRight") step(1);
  else return;
  event.preventDefault();
});
