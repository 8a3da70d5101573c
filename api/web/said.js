// What the stage says: how the drawing goes, and what went wrong, in words for a shopper.

import { BATCH } from "/web/state.js";
import { capital } from "/web/view.js";

export const nameOf = ({ own, title }, job) => (own ? "Yours" : title || job?.reference.title || "As it is");

export function titleFor(given, job) {
  const { words } = given;
  const name = nameOf(given, job);
  if (!words) return name;
  return `${name}, ${/^(but|and|in|with|without)\b/i.test(words) ? "" : "but "}${words}`;
}

export function statusText(batches) {
  if (!batches.length) return "";
  const jobs = batches.map(({ job }) => job);
  const there = jobs.reduce((sum, job) => sum + (job?.done ?? 0), 0);
  const waiting = jobs.find((job) => job?.status === "queued");
  if (jobs.some((job) => job?.status === "running")) return `Drawing: ${there} of ${batches.length * BATCH} there`;
  if (waiting) return queueText(waiting);
  if (jobs.some((job) => job?.status === "cancelled")) return stoppedText(there, batches.length * BATCH);
  if (batches.some(({ job, problem }) => !job && !problem)) return "Asking …";
  return there ? `${there} ${there === 1 ? "variant" : "variants"}, drawn by the computer` : "";
}

// What is told to who cannot see it: each picture as it comes, and the end.
export function sayFor(job, before, offset) {
  if (job.status === "failed") return `${titleOf(job.error_code)}. ${sentence(job.error)}`;
  if (job.status === "cancelled") return before?.status === "cancelled" ? "" : stoppedText(job.done, job.count);
  if (job.status === "done") {
    const text = `${job.done === 1 ? "One variant is" : `All ${job.done} variants are`} there`;
    return job.variants.some((each) => each.sketch) ? `${text}, as sketches` : text;
  }
  if (job.done > (before?.done ?? 0)) return `Variant ${offset + job.done} is there`;
  if (job.status === "queued" && job.position !== before?.position) return queueText(job);
  return job.status === "running" && before?.status !== "running" ? "Drawing" : "";
}

const stoppedText = (done, count) => `Stopped: ${done} of ${count} drawn`;
const queueText = ({ position }) =>
  position <= 1 ? "Waiting: yours is next" : `Waiting: ${position - 1} before yours`;

const GONE = new Set(["picture.expired", "variant.not_found", "variant.picture_not_found"]);

export const isGone = (code) => GONE.has(code);

export function titleOf(code, { status = 0, title } = {}) {
  if (isGone(code)) return "The picture has expired";
  if (code === "offline") return title;
  if (status === 422) return "That cannot be shown";
  if (status === 429) return "Many are waiting";
  if (status === 503) return "Nothing can be drawn just now";
  return "It could not be drawn";
}

export function textOf({ message, status, waitS }) {
  if (status === 429) return waitS ? `Try again in ${waitS < 90 ? `${waitS} seconds` : `${Math.ceil(waitS / 60)} minutes`}.` : "Try again in a while.";
  return sentence(message);
}

// "modification: the change …" names a field of the API, and commands are for who runs the shop.
export const sentence = (text) =>
  capital((text ?? "").replace(/^[a-z_.]+: /, "").replace(/[;,]?[^.;,]*`[^`]*`[^.;,]*/g, "").trim());
