/** Which session this page is for, the token that opens it, and what this tab remembers across a reload. */

export interface Identity {
  id: string;
  token: string;
}

const key = (id: string, what: string) => `headstrt:${id}:${what}`;

/** From `/s/{id}#t=…`; the token leaves the address bar at once, so that no screenshot or share carries it. */
export function readIdentity(): Identity | null {
  const id = sessionOf(location.pathname);
  if (!id) return null;
  const token = linked();
  if (token) {
    remember(id, "token", token);
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  const known = token ?? recall(id, "token");
  return known ? { id, token: known } : null;
}

/** The token in the address bar, as long as it is there. */
export function linked(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get("t");
}

/** The same for a page inside another one, which hands the token over; it is kept nowhere. */
export function identityWith(token: string): Identity | null {
  const id = sessionOf(location.pathname);
  return id ? { id, token } : null;
}

export function rememberJoined({ id, token }: Identity, joined: boolean): void {
  remember(id, joinedAs(token), joined ? "yes" : "");
}

export function hadJoined({ id, token }: Identity): boolean {
  return recall(id, joinedAs(token)) === "yes";
}

/** One tab may hold both sides, each in a frame of its own; the end of a signature tells them apart and opens nothing. */
function joinedAs(token: string): string {
  return `joined:${token.slice(-8)}`;
}

function sessionOf(path: string): string {
  return decodeURIComponent(/^\/s\/([^/]+?)(?:\/receipt)?\/?$/.exec(path)?.[1] ?? "");
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
