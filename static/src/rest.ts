/** A party's own calls (`/v1/me…`), with the join token of its link. */

import type { View } from "./protocol";

/** An RFC 9457 problem document, or the lack of an answer (`code` is then `offline`). */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, detail: string) {
    super(detail);
    this.code = code;
    this.status = status;
  }
}

/** `silent`: a microphone that is on and hears nothing; `weak`: a network that will hardly carry a picture. */
export type CheckResult = "ok" | "denied" | "missing" | "busy" | "silent" | "weak" | "failed" | "skipped";

export interface CheckSteps {
  camera: CheckResult;
  microphone: CheckResult;
  speaker: CheckResult;
  network: CheckResult;
}

/** What may be said after a session, and where: a word each, the server's answer is a new view. */
export interface Words {
  rating: { stars: number; tags: string[]; text?: string };
  "rating/answer": { text: string };
  complaints: { category: string; text?: string };
  cause: { cause: string; text?: string };
  dispute: { text?: string };
  appeal: { sanction: string; text: string };
  contest: { text: string };
}

export class Rest {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** The view, and how long the question took (for the clock). */
  async me(): Promise<{ view: View; roundTrip: number }> {
    const asked = performance.now();
    const response = await this.#call("GET", "/v1/me");
    return { view: (await response.json()) as View, roundTrip: performance.now() - asked };
  }

  async check(steps: CheckSteps, detail: string): Promise<void> {
    await this.#say("/v1/me/check", { steps, detail });
  }

  async guidelines(accepted: boolean, version: string): Promise<void> {
    await this.#say("/v1/me/guidelines", { accepted, version });
  }

  async refund(amount?: { amount: number; currency: string }): Promise<void> {
    await this.#say("/v1/me/refund", amount ? { amount } : {});
  }

  /** Rate, report, claim, object… The answer is whatever that door gives. */
  async tell<Door extends keyof Words>(door: Door, words: Words[Door]): Promise<unknown> {
    return (await this.#call("POST", `/v1/me/${door}`, words)).json();
  }

  /** One's own signed record, once the session is settled. */
  async receipt(): Promise<string> {
    return ((await (await this.#call("GET", "/v1/me/receipt")).json()) as { jws: string }).jws;
  }

  /** The page that shows it. */
  receiptPage(session: string): string {
    return `/s/${encodeURIComponent(session)}/receipt#t=${this.#token}`;
  }

  /** The public keys that records are signed with. */
  async keys(): Promise<Record<string, string>[]> {
    return ((await (await this.#call("GET", "/.well-known/jwks.json")).json()) as { keys: Record<string, string>[] })
      .keys;
  }

  async calendar(): Promise<Blob> {
    return (await this.#call("GET", "/v1/me/calendar.ics")).blob();
  }

  /** The `pagehide` beacon; `fetch` because `sendBeacon` cannot carry the token. Nobody is left to hear the answer. */
  leaving(join: string): void {
    this.#call("POST", "/v1/me/leaving", { join }, true).catch(() => {});
  }

  /** The answer is a view that may be older than what the socket says by now; whoever wants one asks `me`. */
  async #say(path: string, body: object): Promise<void> {
    await (await this.#call("POST", path, body)).arrayBuffer(); // unread, the browser would count it as broken off
  }

  async #call(method: string, path: string, body?: object, keepalive = false): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#token}` };
    if (body) headers["Content-Type"] = "application/json";
    let response: Response;
    try {
      const init: RequestInit = { method, headers, keepalive, cache: "no-store" };
      if (!keepalive) init.signal = AbortSignal.timeout(15_000);
      response = await fetch(path, body ? { ...init, body: JSON.stringify(body) } : init);
    } catch {
      throw new Problem("offline", 0, "");
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
    throw new Problem(problem.code ?? "error", response.status, problem.detail ?? "");
  }
}
