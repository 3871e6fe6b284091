/** The API, typed by whoever asks. Everything that changes something goes through here. */
import { signOut, token } from "./session.ts";
import { settings } from "./settings.ts";

const TRIES = 3;
const AGAIN = new Set([502, 503, 504]);
const UNAUTHENTICATED = "unauthenticated";

/** What went wrong, as problem+json tells it: `code` is stable, the message is for people. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 0,
    /** The fields that are wrong, by name. */
    readonly fields: Readonly<Record<string, string>> = {},
    readonly retryAfterS = 0,
    readonly requestId = "",
  ) {
    super(message);
  }
}

export interface Answer<T> {
  data: T;
  status: number;
  etag: string;
  headers: Headers;
}

export interface Asked {
  body?: unknown;
  /** Idempotency-Key: the request may be repeated, and what it makes is made once. */
  key?: string;
  /** If-Match: the ETag of the state that was seen. */
  match?: string;
  signal?: AbortSignal;
  /** No token is sent along. */
  open?: boolean;
  base?: string;
}

export const newKey = (): string => crypto.randomUUID();

/** Throws Problem. What cannot be done twice by mistake is tried again when the line fails. */
export async function ask<T>(method: string, path: string, asked: Asked = {}): Promise<Answer<T>> {
  const safe = method === "GET" || method === "PUT" || method === "DELETE" || Boolean(asked.key);
  for (let tried = 1; ; tried++) {
    try {
      return await once<T>(method, path, asked);
    } catch (fault) {
      const problem = fault instanceof Problem ? fault : null;
      const passing = problem ? AGAIN.has(problem.status) || problem.code === "offline" : false;
      if (!safe || !passing || tried === TRIES) throw fault;
      await pause(Math.min(5000, Math.max(400 * 2 ** tried, (problem?.retryAfterS ?? 0) * 1000)));
    }
  }
}

export const get = <T>(path: string, asked?: Asked): Promise<Answer<T>> => ask<T>("GET", path, asked);

export const post = <T>(path: string, body?: unknown, asked?: Asked): Promise<Answer<T>> =>
  ask<T>("POST", path, { ...asked, body });

/** A request with the token of whoever is signed in, for what is not JSON. Throws Problem. */
export async function fetched(url: string, init: RequestInit = {}): Promise<Response> {
  for (let fresh = false; ; fresh = true) {
    const given = await token(fresh);
    const headers = new Headers(init.headers);
    if (given) headers.set("Authorization", `Bearer ${given}`);
    const response = await reached(url, { ...init, headers });
    if (response.status !== 401 || fresh || !given) return response;
    // A wrong password in a form is a 401 too: it would count twice.
    if ((await problemOf(response.clone())).code !== UNAUTHENTICATED) return response;
  }
}

async function once<T>(method: string, path: string, asked: Asked): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: "application/json, application/problem+json" };
  if (asked.body !== undefined) headers["Content-Type"] = "application/json";
  if (asked.key) headers["Idempotency-Key"] = asked.key;
  if (asked.match) headers["If-Match"] = asked.match;
  const init: RequestInit = { method, headers };
  if (asked.body !== undefined) init.body = JSON.stringify(asked.body);
  if (asked.signal) init.signal = asked.signal;
  const url = (asked.base ?? settings.api) + path;
  const response = await (asked.open ? reached(url, init) : fetched(url, init));
  if (!response.ok) {
    const problem = await problemOf(response);
    // The session has ended elsewhere: the sign-in page says so.
    if (problem.code === UNAUTHENTICATED && !asked.open) await signOut();
    throw problem;
  }
  const text = await response.text();
  return {
    data: (text ? JSON.parse(text) : undefined) as T,
    status: response.status,
    etag: response.headers.get("ETag") ?? "",
    headers: response.headers,
  };
}

async function reached(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (fault) {
    if (init.signal?.aborted) throw fault;
    throw new Problem("offline", "Moodreel cannot be reached. Look at your connection, then try again.");
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  const retryAfterS = Number(response.headers.get("Retry-After") ?? 0) || 0;
  const requestId = response.headers.get("X-Request-Id") ?? "";
  try {
    const told = (await response.json()) as {
      code: string;
      detail?: string;
      title: string;
      errors?: { field: string; message: string }[];
    };
    const fields = Object.fromEntries((told.errors ?? []).map((one) => [one.field, one.message]));
    return new Problem(told.code, told.detail ?? told.title, response.status, fields, retryAfterS, requestId);
  } catch {
    const sentence = `Moodreel answered with ${response.status} and no reason. Try again in a moment.`;
    return new Problem("unexplained", sentence, response.status, {}, retryAfterS, requestId);
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
