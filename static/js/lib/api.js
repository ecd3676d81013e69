/** The one door to the site's API: JSON both ways, CSRF, and errors that say what happened. */

const PASSING = [408, 425, 429];

/** The server answered, and the answer is no. `detail` and `remedy` are words for the person. */
export class ApiError extends Error {
  /** `retryAfterS`: in how many seconds the server would like to be asked again; null where it does not say. */
  constructor(status, body, { retryAfterS = null } = {}) {
    const detail = wordsOf(body) || `HTTP ${status}`;
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.detail = detail;
    this.remedy = body?.remedy ?? "";
    this.retryAfterS = retryAfterS;
  }

  /** Whether the same request may succeed later: the server is busy or broken, not unwilling. */
  get isPassing() {
    return this.status >= 500 || PASSING.includes(this.status);
  }

  /** Whether one asked too often. */
  get isTooMany() {
    return this.status === 429;
  }

  /** Whether the server itself says why, instead of something before it that broke. */
  get isTold() {
    return this.detail !== `HTTP ${this.status}`;
  }

  /** Whether somebody has to log in first. */
  get isLoggedOut() {
    return this.status === 401;
  }

  /** Whether the person has to do something first: log in, or reload a page whose token is out of date. */
  get isBarred() {
    return this.isLoggedOut || this.status === 403;
  }
}

/** The request did not reach the server, or its answer did not come back. */
export class Offline extends Error {
  constructor(cause) {
    super("offline", { cause });
    this.name = "Offline";
  }
}

function wordsOf(body) {
  if (body === null || typeof body !== "object") return "";
  if (typeof body.detail === "string") return body.detail;
  return Object.values(body).flat().filter((word) => typeof word === "string").join(" ");
}

/** The value of a cookie in a `document.cookie` string, or "". */
export function cookie(name, cookies = document.cookie) {
  const pair = cookies.split("; ").find((item) => item.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

/** `path` with `params` as its query; those that are empty, null or undefined are left out. */
export function withQuery(path, params = {}) {
  const given = Object.entries(params).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}

/** Send one request and return the parsed answer (null when it is empty). Raises ApiError or Offline. */
export async function send(method, path, { body, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = cookie("csrftoken");
  const isForm = typeof FormData !== "undefined" && body instanceof FormData; // whose type the browser says
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  const options = { method, headers, signal, credentials: "same-origin" };
  if (body !== undefined) options.body = isForm ? body : JSON.stringify(body);

  const { response, text } = await fetchText(path, options);
  const answer = parsed(text);
  if (!response.ok) throw new ApiError(response.status, answer, { retryAfterS: retryAfterS(response.headers) });
  return answer;
}

async function fetchText(path, options) {
  try {
    const response = await fetch(path, options);
    return { response, text: await response.text() };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Offline(error);
  }
}

/** What the header Retry-After says, in seconds or as a date; else null. */
export function retryAfterS(headers, now = Date.now()) {
  const value = headers.get("Retry-After");
  if (!value) return null;
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}

function parsed(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // an error page in HTML: the status says enough
  }
}

export const get = (path, params, options) => send("GET", withQuery(path, params), options);
export const post = (path, body, options) => send("POST", path, { ...options, body });
export const patch = (path, body, options) => send("PATCH", path, { ...options, body });
export const remove = (path, options) => send("DELETE", path, options);

/** All rows of a paginated list, page after page. */
export async function getAll(path, params = {}, options) {
  const rows = [];
  let page = await get(path, { page_size: 1000, ...params }, options);
  for (;;) {
    rows.push(...page.results);
    if (!page.next) return rows;
    const next = new URL(page.next, location.origin);
    page = await get(next.pathname + next.search, {}, options); // the path alone: behind a proxy the host may differ
  }
}
