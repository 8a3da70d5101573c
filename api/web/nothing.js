// Nothing was found: which wish was one too many.

import { post } from "/web/ask.js";
import { searchRequest } from "/web/state.js";
import { announce, showMessage } from "/web/view.js";

// Nothing found is a question of which wish was one too many: each is left out once, and those that
// lead somewhere are offered; where none does alone, all are left out together.
export async function nothing(wanted, answer, { signal, go, home }) {
  const title = "Nothing has all of this";
  showMessage(title, "Looking for the wish that is one too many …");
  const leads = async (way) => {
    const request = { ...searchRequest({ ...wanted, ...way.change }), limit: 1, facets: [] };
    const found = await post("/v1/search", request, signal).catch(() => ({ hits: [] }));
    return found.hits.length ? way : null;
  };
  const wishes = waysOut(wanted, answer.parse.edits);
  let ways = (await Promise.all(wishes.slice(0, 6).map(leads))).filter(Boolean);
  let text = "One wish less, and there is something:";
  if (!ways.length && wishes.length > 1) {
    const hard = answer.parse.edits.filter((edit) => edit.hard).map((edit) => edit.id);
    const change = { facets: {}, low: "", high: "", drop: [...wanted.drop, ...hard] };
    ways = [await leads({ label: "Leave out all of these", change })].filter(Boolean);
    text = `No single wish is to blame: ${wishes.map((way) => way.wish).join(", ")}.`;
  }
  if (signal.aborted) return;
  if (!ways.length) text = "Try other words, or start from a picture.";
  const actions = ways.map(({ label, change }) => ({ label, onclick: () => go(change) }));
  showMessage(title, text, actions.length ? actions : [{ label: "Start over", onclick: home }]);
  announce(`${title}. ${text}`);
}

function waysOut(wanted, edits) {
  const ways = Object.entries(wanted.facets).map(([facet, values]) => {
    const { [facet]: _, ...facets } = wanted.facets;
    const wish = values.join(" or ");
    return { wish, label: `Without ${wish}`, change: { facets } };
  });
  if (wanted.low !== "" || wanted.high !== "") {
    const wish = [wanted.low && `from ${wanted.low}`, wanted.high && `up to ${wanted.high}`].filter(Boolean).join(" ");
    ways.push({ wish, label: "Any price", change: { low: "", high: "" } });
  }
  if (wanted.shows) ways.push({ wish: wanted.shows, label: `Not only ${wanted.shows}`, change: { shows: "" } });
  for (const edit of edits.filter((each) => each.hard)) {
    const change = { drop: [...wanted.drop, edit.id] };
    ways.push({ wish: edit.label, label: `Without “${edit.label}”`, change });
  }
  return ways;
}
