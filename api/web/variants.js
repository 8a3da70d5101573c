// "Show me": asks for variants of a garment and follows how they are drawn.

import { call, post, Problem } from "/web/ask.js";
import { sayFor } from "/web/said.js";
import { drawStage, hideStage } from "/web/stage.js";
import { BATCH, servedAt, variantsRequest } from "/web/state.js";
import { announce } from "/web/view.js";

const FINISHED = new Set(["done", "failed", "cancelled"]);
const DRAWN = new Set(["type", "colour", "pattern", "gender", "sleeve", "neck", "material"]);
const DRAWN_MORE = new Set(["darkness", "sleeve"]);
const SILENCE_MS = 6000; // something between here and the server may hold events back
const ASK_EVERY_MS = 1000;
const MOST_FAILURES = 5;

let current = null; // what is on the stage: the request's key, batches, and what the page told of it

// Whether a picture can show it (`change_of` in engine/rendering.py, which has the last word).
export function canShow({ attribute, operation }) {
  if (operation === "set") return DRAWN.has(attribute);
  if (operation === "not") return attribute === "pattern";
  return DRAWN_MORE.has(attribute) || (operation === "less" && attribute === "busyness");
}

// Words for what of the edits a product does not have yet; none where it has them all.
export function changeFor(product, edits) {
  const has = ({ attribute, value }) =>
    product.attributes.some((each) => each.name === attribute && each.value === value);
  const open = edits.filter((edit) => canShow(edit) && !has(edit));
  return open.length ? `but ${open.map((edit) => edit.text.replace(/^but\s+/i, "")).join(", ")}` : "";
}

// `told`: title, alt and src of the reference, and what to do when something is chosen.
export function showStage(state, told) {
  if (!state.show) return close();
  const first = variantsRequest(state, 0);
  const key = JSON.stringify([state.show.of, first]);
  if (current?.key !== key) {
    close();
    current = { key, state, told, batches: [] };
  }
  Object.assign(current, { state, told });
  const wanted = first ? state.show.batches : 0;
  for (const batch of current.batches.splice(wanted)) leave(batch);
  for (let place = current.batches.length; place < wanted; place += 1) {
    current.batches.push({ place, request: variantsRequest(state, place) });
    ask(current.batches[place]);
  }
  draw();
}

function close() {
  current?.batches.forEach(leave);
  current = null;
  hideStage();
}

// What nobody looks at any more need not be drawn.
function leave(batch) {
  batch.left = true;
  batch.stop?.();
  if (batch.job && !FINISHED.has(batch.job.status)) cancel(batch.job.id).catch(() => {});
}

const cancel = (id) => call(`/v1/variants/${id}`, { method: "DELETE" });

async function ask(batch) {
  Object.assign(batch, { job: null, problem: null });
  draw();
  let job;
  try {
    job = await post("/v1/variants", batch.request);
  } catch (problem) {
    return failed(batch, problem);
  }
  if (batch.left) {
    if (!FINISHED.has(job.status)) cancel(job.id).catch(() => {});
    return;
  }
  take(batch, job);
  if (!FINISHED.has(job.status)) follow(batch);
}

function take(batch, job) {
  if (batch.left) return;
  const before = batch.job;
  batch.job = job;
  if (FINISHED.has(job.status)) batch.stop?.();
  draw();
  const said = sayFor(job, before, batch.place * BATCH);
  if (said) announce(said, "stage-announce"); // results that arrive meanwhile have a voice of their own
}

function failed(batch, problem) {
  batch.stop?.();
  if (batch.left) return;
  if (!(problem instanceof Problem)) console.error(problem);
  batch.problem = problem;
  draw();
}

function follow(batch) {
  let failures = 0;
  let silence = 0;
  const events = new EventSource(`/v1/variants/${batch.job.id}/events`);
  const ask = () => { batch.stop(); poll(batch); };
  const wait = () => { clearTimeout(silence); silence = setTimeout(ask, SILENCE_MS); };
  batch.stop = () => { clearTimeout(silence); events.close(); };
  wait();
  events.addEventListener("job", (event) => {
    failures = 0;
    clearTimeout(silence); // the first one comes at once; how long the next takes nobody knows
    take(batch, JSON.parse(event.data));
  });
  events.addEventListener("error", () => {
    failures += 1;
    if (events.readyState === EventSource.CLOSED || failures >= MOST_FAILURES) ask();
  });
}

function poll(batch) {
  let failures = 0;
  let next = setTimeout(look, 0);
  let stopped = false;
  batch.stop = () => { stopped = true; clearTimeout(next); };
  async function look() {
    try {
      const job = await call(`/v1/variants/${batch.job.id}`);
      if (stopped) return;
      failures = 0;
      take(batch, job);
    } catch (problem) {
      if (stopped) return;
      failures += 1;
      if (problem.status === 404 || failures >= MOST_FAILURES) { failed(batch, problem); return; }
    }
    if (!stopped) next = setTimeout(look, ASK_EVERY_MS * (1 + failures));
  }
}

function draw() {
  if (!current) return;
  const { told, state, batches } = current;
  drawStage({
    ...told,
    of: state.show.of,
    words: state.show.of ? state.show.words : state.words,
    batches,
    onAgain: () => batches.filter((each) => each.problem || ["failed", "cancelled"].includes(each.job?.status)).forEach(ask),
    onCancel: () => batches.filter((each) => each.job && !FINISHED.has(each.job.status)).forEach((batch) => {
      cancel(batch.job.id).then((job) => take(batch, job), (problem) => failed(batch, problem));
    }),
    pictureAt: ({ id }, { number }) => servedAt(`variant:${id}/${number}`),
  });
}
