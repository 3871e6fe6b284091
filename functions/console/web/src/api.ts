/** HTTP client of the API; the caller gives the response type. Every write goes through it. */
import { expireSession, getIdToken, sessionExpired } from "./session.ts";
import { settings } from "./settings.ts";

const MAX_ATTEMPTS = 3;
const RETRYABLE_STATUSES = new Set([502, 503, 504]);
const UNAUTHENTICATED = "unauthenticated";
const EMAIL_NOT_VERIFIED = "email-not-verified";

/** An RFC 9457 problem: `code` is stable, `message` is for the user. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 0,
    /** Error messages by field name. */
    readonly fieldErrors: Readonly<Record<string, string>> = {},
    readonly retryAfterS = 0,
    readonly requestId = "",
  ) {
    super(message);
  }
}

export interface ApiResponse<T> {
  data: T;
  status: number;
  etag: string;
  headers: Headers;
}

export interface RequestOptions {
  body?: unknown;
  /** Idempotency-Key: makes a POST safe to retry. */
  idempotencyKey?: string;
  /** If-Match: the ETag that the client has read. */
  ifMatch?: string;
  signal?: AbortSignal;
  /** Sends no ID token. */
  anonymous?: boolean;
  baseUrl?: string;
}

export const newIdempotencyKey = (): string => crypto.randomUUID();

/** Sends a request and retries transient failures of idempotent ones. Throws Problem. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<ApiResponse<T>> {
  const retryable = method === "GET" || method === "PUT" || method === "DELETE" || Boolean(options.idempotencyKey);
  for (let attempt = 1; ; attempt++) {
    try {
      return await requestOnce<T>(method, path, options);
    } catch (error) {
      const problem = error instanceof Problem ? error : null;
      const transient = problem ? RETRYABLE_STATUSES.has(problem.status) || problem.code === "offline" : false;
      if (!retryable || !transient || attempt === MAX_ATTEMPTS) throw error;
      await sleep(Math.min(5000, Math.max(400 * 2 ** attempt, (problem?.retryAfterS ?? 0) * 1000)));
    }
  }
}

export const get = <T>(path: string, options?: RequestOptions): Promise<ApiResponse<T>> =>
  request<T>("GET", path, options);

export const post = <T>(path: string, body?: unknown, options?: RequestOptions): Promise<ApiResponse<T>> =>
  request<T>("POST", path, { ...options, body });

/** fetch() with the ID token of the signed-in user, for bodies that are not JSON. Throws Problem. */
export async function authorizedFetch(url: string, init: RequestInit = {}): Promise<Response> {
  if (sessionExpired.get()) throw new Problem(UNAUTHENTICATED, "Your session has expired. Sign in again.", 401);
  for (let refresh = false; ; refresh = true) {
    const idToken = await getIdToken(refresh);
    const headers = new Headers(init.headers);
    if (idToken) headers.set("Authorization", `Bearer ${idToken}`);
    const response = await safeFetch(url, { ...init, headers });
    if (response.status !== 401 || refresh || !idToken) return response;
    // A wrong password is a 401 as well: a retry would count as a second attempt.
    if ((await readProblem(response.clone())).code !== UNAUTHENTICATED) return response;
  }
}

async function requestOnce<T>(method: string, path: string, options: RequestOptions): Promise<ApiResponse<T>> {
  const headers: Record<string, string> = { Accept: "application/json, application/problem+json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  if (options.ifMatch) headers["If-Match"] = options.ifMatch;
  const init: RequestInit = { method, headers };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  if (options.signal) init.signal = options.signal;
  const url = (options.baseUrl ?? settings.api) + path;
  const response = await (options.anonymous ? safeFetch(url, init) : authorizedFetch(url, init));
  if (!response.ok) {
    const problem = await readProblem(response);
    // The session was revoked, or the address has changed.
    const refused = problem.code === UNAUTHENTICATED || problem.code === EMAIL_NOT_VERIFIED;
    if (refused && !options.anonymous) await expireSession();
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

async function safeFetch(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem("offline", "Moodreel cannot be reached. Look at your connection, then try again.");
  }
}

export async function readProblem(response: Response): Promise<Problem> {
  const retryAfterS = Number(response.headers.get("Retry-After") ?? 0) || 0;
  const requestId = response.headers.get("X-Request-Id") ?? "";
  try {
    const problem = (await response.json()) as {
      code: string;
      detail?: string;
      title: string;
      errors?: { field: string; message: string }[];
    };
    const fieldErrors = Object.fromEntries(
      (problem.errors ?? []).map((fieldError) => [fieldError.field, fieldError.message]),
    );
    return new Problem(
      problem.code,
      problem.detail ?? problem.title,
      response.status,
      fieldErrors,
      retryAfterS,
      requestId,
    );
  } catch {
    const sentence = `Moodreel answered with ${response.status} and no reason. Try again in a moment.`;
    return new Problem("unexplained", sentence, response.status, {}, retryAfterS, requestId);
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
