// The page's whole state, and its form in the address: what is shared is what is shown.

export const FACETS = ["type", "colour", "gender", "pattern", "sleeve", "material", "brand", "availability"];

export const emptyState = () => ({
  words: "", // what is looked for, or what should be different from the reference
  picture: "", // upload:… or the hash of a catalogue picture
  box: [], // left, top, right, bottom of what is meant in the picture, as fractions; all of it without
  shows: "", // coarse class of the box, where it was chosen among those that were found
  look: false, // one row for each thing in the picture
  like: "", // a product's id
  drop: [], // ids of understood edits that were removed
  facets: {}, // facet → chosen values
  low: "", // price bounds in major units, as typed
  high: "",
  pages: 1,
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
  const text = params.toString();
  return text ? `/?${text}` : "/";
}

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
