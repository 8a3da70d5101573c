// Questions to the API, and what went wrong in words.

export class Problem extends Error {
  constructor(title, detail, { code = "", status = 0, waitS = 0 } = {}) {
    super(detail);
    this.title = title;
    this.code = code;
    this.status = status; // 0 where nobody answered
    this.waitS = waitS; // after how many seconds to ask again, where that was said
  }
}

export async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The shop cannot be reached", "Check the connection and try again.", { code: "offline" });
  }
  let body = null;
  try {
    body = await answer.json();
  } catch (error) {
    // Who moves on while an answer arrives breaks off its body as well.
    if (error.name === "AbortError") throw error;
  }
  if (answer.ok && body) return body;
  const detail = body?.detail ?? (answer.statusText || "The answer cannot be read.");
  const waitS = Number(answer.headers.get("Retry-After")) || 0;
  throw new Problem(body?.title ?? "That did not work", detail, { code: body?.code, status: answer.status, waitS });
}

export const post = (path, body, signal) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
