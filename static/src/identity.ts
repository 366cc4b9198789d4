/** Which session this page is for, the token that opens it, and what this tab remembers across a reload. */

export interface Identity {
  id: string;
  token: string;
}

const key = (id: string, what: string) => `headstrt:${id}:${what}`;

/** From `/s/{id}#t=…`; the token leaves the address bar at once, so that no screenshot or share carries it. */
export function readIdentity(): Identity | null {
  const id = decodeURIComponent(/^\/s\/([^/]+?)(?:\/receipt)?\/?$/.exec(location.pathname)?.[1] ?? "");
  if (!id) return null;
  const token = new URLSearchParams(location.hash.slice(1)).get("t");
  if (token) {
    remember(id, "token", token);
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  const known = token ?? recall(id, "token");
  return known ? { id, token: known } : null;
}

export function rememberJoined(id: string, joined: boolean): void {
  remember(id, "joined", joined ? "yes" : "");
}

export function hadJoined(id: string): boolean {
  return recall(id, "joined") === "yes";
}

/** Storage may be forbidden (a strict embedder, private mode): then a reload asks for the link again. */
function remember(id: string, what: string, value: string): void {
  try {
    sessionStorage.setItem(key(id, what), value);
  } catch {}
}

function recall(id: string, what: string): string | null {
  try {
    return sessionStorage.getItem(key(id, what));
  } catch {
    return null;
  }
}
