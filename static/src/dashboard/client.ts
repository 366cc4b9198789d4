/**
 * The dashboard's calls: JSON in and out, with the sign-in's cookie (which the page never sees) and its CSRF token.
 * Whatever is no answer is a ``Problem``; being signed out is told to whoever asked to know. No DOM.
 */

import type { Me, Setup } from "./answers";
import { type Query, withQuery } from "./filters";

export interface FieldError {
  path: string;
  message: string;
}

/** What the server said instead of an answer (RFC 9457), or that it said nothing (`offline`). */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly errors: readonly FieldError[];
  /** Names an unexpected error in the server's log. */
  readonly id: string | null;
  readonly retryAfter: number | null;

  constructor(
    code: string,
    status: number,
    detail = "",
    errors: readonly FieldError[] = [],
    id: string | null = null,
    retryAfter: number | null = null,
  ) {
    super(detail);
    this.code = code;
    this.status = status;
    this.errors = errors;
    this.id = id;
    this.retryAfter = retryAfter;
  }

  get offline(): boolean {
    return this.code === "offline";
  }
}

/** Of an answer that is not one, whatever its body is. */
export function problemOf(status: number, body: unknown, retryAfter: string | null = null): Problem {
  const said = (body && typeof body === "object" ? body : {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const errors = Array.isArray(said.errors) ? (said.errors as FieldError[]) : [];
  const wait = retryAfter && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
  return new Problem(
    text(said.code) || `http_${status}`,
    status,
    text(said.detail),
    errors,
    text(said.id) || null,
    wait,
  );
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem("error", 0, error instanceof Error ? error.message : "");
}

const LIMIT = 20_000;

export class Client {
  /** Proves to the server that it is this page that writes. */
  csrf: string | null = null;
  readonly #signedOut: () => void;

  constructor(signedOut: () => void) {
    this.#signedOut = signedOut;
  }

  // --- the door ---

  async me(): Promise<Me> {
    return this.#in(await this.#call<Me>("GET", "/dashboard/me", undefined, { door: true }));
  }

  async signIn(given: { name: string; password: string; code: string } | { key: string }): Promise<Me> {
    return this.#in(await this.#call<Me>("POST", "/dashboard/sign-in", given, { door: true }));
  }

  async setup(setup: string): Promise<Setup> {
    return this.#call("POST", "/dashboard/setup", { setup }, { door: true });
  }

  async confirm(setup: string, password: string, code: string): Promise<Me> {
    return this.#in(
      await this.#call<Me>("POST", "/dashboard/setup/confirm", { setup, password, code }, { door: true }),
    );
  }

  async signOut(everywhere = false): Promise<void> {
    await this.#call("POST", "/dashboard/sign-out", { everywhere }, { door: true });
  }

  // --- everything else ---

  get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return this.#call("GET", withQuery(path, query), undefined, signal ? { signal } : {});
  }

  post<T>(path: string, body?: object): Promise<T> {
    return this.#call("POST", path, body);
  }

  patch<T>(path: string, body: object): Promise<T> {
    return this.#call("PATCH", path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.#call("DELETE", path);
  }

  #in(me: Me): Me {
    this.csrf = me.csrf;
    return me;
  }

  async #call<T>(
    method: string,
    path: string,
    body?: object,
    { signal, door = false }: { signal?: AbortSignal; door?: boolean } = {},
  ): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (method !== "GET" && this.csrf) headers["X-CSRF-Token"] = this.csrf;
    const limit = AbortSignal.timeout(LIMIT);
    const init: RequestInit = {
      method,
      headers,
      cache: "no-store",
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    };
    if (body) init.body = JSON.stringify(body);
    let response: Response;
    try {
      response = await fetch(path, init);
    } catch {
      throw signal?.aborted ? new Problem("aborted", 0) : new Problem("offline", 0);
    }
    if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
    const said = await response.json().catch(() => null);
    const problem = problemOf(response.status, said, response.headers.get("Retry-After"));
    if (response.status === 401 && !door) this.#signedOut();
    throw problem;
  }
}
