// What is in the shopper's picture: boxes to choose from, and a box of one's own.

import { announce, capital, node, plain } from "/web/view.js";

const $ = (id) => document.getElementById(id);
const STEP = 0.02;
const LEAST = 0.05;
const SAME = 1e-3;
let crop = [0.25, 0.2, 0.75, 0.8];
let drawing = null; // where a pointer went down, as fractions of the picture
let drawn = null; // the box that is being dragged
let handlers = {};

const same = (a, b) => a.length === b.length && a.every((each, place) => Math.abs(each - b[place]) < SAME);
const clamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));
const percent = (each) => `${Math.round(each * 100)}%`;
const rounded = (box) => box.map((each) => Math.round(each * 1e4) / 1e4);

export function nameOf(box) {
  const fine = box.names[0];
  // Likelier than not, the box being what its label says (`SeenBox.name` in engine/look.py).
  return plain(fine && fine.probability >= 0.5 * box.score ? fine.name : box.label);
}

export function hideLook() {
  $("look").hidden = true;
}

// `boxes` as POST /v1/detections gives them; `chosen` four fractions, or none for the whole picture.
export function showLook({ src, boxes, failed, chosen, whole, ...told }) {
  handlers = told;
  $("look").hidden = false;
  if ($("look-picture").getAttribute("src") !== src) $("look-picture").src = src;
  const focused = document.activeElement?.dataset.box;
  $("look-boxes").replaceChildren(...boxes.map(boxButton(boxes, chosen)));
  if (focused !== undefined) $("look-boxes").querySelector(`[data-box="${focused}"]`)?.focus();
  $("look-whole").setAttribute("aria-pressed", String(!chosen.length && !whole));
  $("look-all").hidden = boxes.length < 2;
  $("look-all").setAttribute("aria-pressed", String(whole));
  const own = chosen.length && !boxes.some((each) => same(each.box, chosen));
  if (own) crop = [...chosen];
  if (own || document.activeElement !== $("look-crop")) setDrawing(Boolean(own));
  if (failed) $("look-hint").textContent = "The things in it could not be found just now. Draw a box around what you mean.";
  else $("look-hint").textContent = boxes.length
    ? `${boxes.length === 1 ? "One thing was" : `${boxes.length} things were`} found. Choose what you mean.`
    : "Nothing was recognised. Draw a box around what you mean.";
}

const boxButton = (boxes, chosen) => (box, place) => {
  const name = nameOf(box);
  const alike = boxes.filter((each) => nameOf(each) === name);
  const number = alike.indexOf(box);
  const label = alike.length > 1 ? `${name} ${number + 1}` : name;
  const made = node("button", {
    type: "button", class: "look-box", "data-box": String(place), "aria-label": capital(label),
    "aria-pressed": String(same(box.box, chosen)), onclick: () => handlers.onChoose(box.box, box.label),
  }, number ? "" : node("span", { "aria-hidden": "true" }, name)); // names of a pair would hide each other
  setPlace(made, box.box);
  return made;
};

function setPlace(element, [left, top, right, bottom]) {
  Object.assign(element.style, {
    left: `${left * 100}%`, top: `${top * 100}%`,
    width: `${(right - left) * 100}%`, height: `${(bottom - top) * 100}%`,
    // Small boxes lie over large ones, so that each can be reached with a pointer.
    zIndex: String(Math.round(1000 * (1 - (right - left) * (bottom - top)))),
  });
}

function setDrawing(on) {
  $("look-draw").setAttribute("aria-pressed", String(on));
  $("look-crop").hidden = !on;
  $("look-stage").classList.toggle("drawing", on);
  if (on) setPlace($("look-crop"), crop);
}

function fractions(event) {
  const frame = $("look-picture").getBoundingClientRect();
  return [clamp((event.clientX - frame.left) / frame.width), clamp((event.clientY - frame.top) / frame.height)];
}

function endDrag() {
  drawing = null;
  drawn = null;
  setPlace($("look-crop"), crop);
}

const chooseCrop = () => handlers.onChoose(rounded(crop));

$("look-whole").addEventListener("click", () => handlers.onChoose([]));
$("look-all").addEventListener("click", () => handlers.onAll());
$("look-draw").addEventListener("click", () => {
  const on = $("look-crop").hidden;
  setDrawing(on);
  if (!on) return;
  $("look-crop").focus();
  announce("Drag over the picture, or move the box with the arrow keys, with Shift change its size, and press Enter");
});
$("look-stage").addEventListener("pointerdown", (event) => {
  if ($("look-crop").hidden || event.button) return;
  event.preventDefault();
  drawing = fractions(event);
  $("look-stage").setPointerCapture(event.pointerId);
});
$("look-stage").addEventListener("pointermove", (event) => {
  if (!drawing) return;
  const [x, y] = fractions(event);
  drawn = [Math.min(x, drawing[0]), Math.min(y, drawing[1]), Math.max(x, drawing[0]), Math.max(y, drawing[1])];
  setPlace($("look-crop"), drawn);
});
$("look-stage").addEventListener("pointerup", () => {
  const large = drawn && drawn[2] - drawn[0] >= LEAST / 2 && drawn[3] - drawn[1] >= LEAST / 2;
  if (large) crop = drawn;
  endDrag();
  if (large) chooseCrop();
});
$("look-stage").addEventListener("pointercancel", endDrag);
$("look-crop").addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [0, 0];
  if (dx || dy) {
    const [left, top, right, bottom] = crop;
    crop = event.shiftKey
      ? [left, top, clamp(right + dx, left + LEAST), clamp(bottom + dy, top + LEAST)]
      : [left, top, right, bottom].map((each, place) => each + (place % 2
        ? clamp(dy, -top, 1 - bottom) : clamp(dx, -left, 1 - right)));
    setPlace($("look-crop"), crop);
    announce(`From ${crop.slice(0, 2).map(percent).join(", ")} to ${crop.slice(2).map(percent).join(", ")}`);
  } else if (event.key === "Enter" || event.key === " ") {
    chooseCrop();
  } else if (event.key === "Escape") {
    setDrawing(false);
    $("look-draw").focus();
  } else {
    return;
  }
  event.preventDefault();
});
