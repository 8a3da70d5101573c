// The page's whole state, and its form in the address: what is shared is what is shown.

export const FACETS = ["type", "colour", "gender", "pattern", "sleeve", "material", "brand", "availability"];

export const BATCH = 4; // variants at a time
export const MOST_BATCHES = 4;

export const emptyState = () => ({
  words: "", // what is looked for, or what should be different from the reference
  picture: "", // upload:…, the hash of a catalogue picture, or variant:<job>/<number>
  box: [], // left, top, right, bottom of what is meant in the picture, as fractions; all of it without
  shows: "", // coarse class of the box, where it was chosen among those that were found
  look: false, // one row for each thing in the picture
  like: "", // a product's id
  drop: [], // ids of understood edits that were removed
  facets: {}, // facet → chosen values
  low: "", // price bounds in major units, as typed
  high: "",
  pages: 1,
  show: null, // what is drawn above the results, see `readShow`
});

export function readState(search) {
  const params = new URLSearchParams(search);
  const state = emptyState();
  state.words = (params.get("q") ?? "").slice(0, 512);
  state.picture = params.get("picture") ?? "";
  state.like = state.picture ? "" : (params.get("like") ?? "");
  if (state.picture) state.box = boxOf(params.get("box") ?? "");
  if (state.box.length) state.shows = params.get("shows") ?? "";
  state.look = Boolean(state.picture && !state.box.length && params.get("look"));
  state.drop = params.getAll("drop");
  for (const facet of FACETS) {
    const values = params.getAll(facet);
    if (values.length) state.facets[facet] = values;
  }
  state.low = amount(params.get("min"));
  state.high = amount(params.get("max"));
  state.show = readShow(params);
  state.pages = Math.min(20, Math.max(1, Number.parseInt(params.get("pages") ?? "1", 10) || 1));
  return state;
}

export function writeState(state) {
  const params = new URLSearchParams();
  if (state.words) params.set("q", state.words);
  if (state.picture) params.set("picture", state.picture);
  if (state.box.length) params.set("box", state.box.join(","));
  if (state.shows) params.set("shows", state.shows);
  if (state.look) params.set("look", "1");
  if (state.like) params.set("like", state.like);
  for (const each of state.drop) params.append("drop", each);
  for (const facet of FACETS) for (const value of state.facets[facet] ?? []) params.append(facet, value);
  if (state.low !== "") params.set("min", state.low);
  if (state.high !== "") params.set("max", state.high);
  if (state.pages > 1) params.set("pages", String(state.pages));
  if (state.show) params.set("show", String(state.show.batches));
  if (state.show?.of) params.set("show-of", state.show.of);
  if (state.show?.words) params.set("show-but", state.show.words);
  const text = params.toString();
  return text ? `/?${text}` : "/";
}

// `of`: a product with `words` of its own, still empty where the shopper is to say them; without it
// the page's reference with the page's words. `batches`: how often variants were asked for.
function readShow(params) {
  const batches = Math.min(MOST_BATCHES, Number.parseInt(params.get("show") ?? "0", 10) || 0);
  if (batches < 1) return null;
  const of = params.get("show-of") ?? "";
  return { batches, of, words: of ? (params.get("show-but") ?? "").slice(0, 512) : "" };
}

export const sameSearch = (one, other) =>
  writeState({ ...one, show: null }) === writeState({ ...other, show: null });

export const hasReference = (state) => Boolean(state.picture || state.like);

export const isStart = (state) => !state.words && !hasReference(state) && !filterCount(state);

export const filterCount = (state) =>
  Object.values(state.facets).reduce((sum, values) => sum + values.length, 0) +
  (state.low !== "") + (state.high !== "");

// The filter in the API's language. `without` leaves a facet out, for the counts of its own values:
// who has chosen "red" still wants to know how many are blue.
export function filterText(state, without = "") {
  const parts = [];
  for (const [facet, values] of Object.entries(state.facets)) {
    if (facet !== without && values.length) parts.push(`${facet} in [${values.map(quoted).join(", ")}]`);
  }
  if (state.low !== "") parts.push(`price >= ${state.low}`);
  if (state.high !== "") parts.push(`price <= ${state.high}`);
  return parts.join(" and ");
}

export function searchRequest(state, cursor) {
  const request = { facets: FACETS, limit: 24, filter: filterText(state) };
  if (state.picture) request.picture = state.picture;
  if (state.box.length) request.box = state.box;
  if (state.shows) request.shows = state.shows;
  if (state.like) request.like = state.like;
  if (state.words) request[hasReference(state) ? "modify" : "q"] = state.words;
  if (state.drop.length) request.drop = state.drop;
  if (cursor) request.cursor = cursor;
  return request;
}

// What is drawn in one batch, counted from 0; `null` where something is still to be said.
export function variantsRequest(state, batch) {
  const { of, words } = state.show;
  const request = { modification: of ? words : state.words, count: BATCH, seed: batch * BATCH };
  if (!request.modification || !(of || hasReference(state))) return null;
  if (of) return { ...request, product_id: of };
  if (state.drop.length) request.drop = state.drop;
  if (state.like) return { ...request, product_id: state.like };
  return { ...request, picture: state.picture, box: state.box };
}

export const isVariant = (picture) => picture.startsWith("variant:");

// Where a picture is served; a variant in the size in which it was drawn.
export function servedAt(picture, width) {
  const [, job, number] = picture.match(/^variant:([^/]+)\/(\d+)$/) ?? [];
  return job ? `/v1/variants/${job}/pictures/${number}` : `/v1/pictures/${picture}?width=${width}`;
}

export function amount(text) {
  const number = Number.parseFloat(String(text ?? "").trim().replace(",", "."));
  if (!Number.isFinite(number) || number < 0 || number > 1e9) return "";
  return String(Math.round(number * 100) / 100);
}

const quoted = (value) => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

function boxOf(text) {
  const box = text.split(",").map(Number);
  const fits = box.length === 4 && box.every((each) => each >= 0 && each <= 1) && box[0] < box[2] && box[1] < box[3];
  return fits ? box : [];
}
