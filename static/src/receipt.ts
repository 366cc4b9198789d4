/** A signed receipt: reading what it says, and checking its signature where the browser can. No DOM. */

import type { EndReason, Money, Role, Whom } from "./protocol";

export interface ReceiptParty {
  name: string;
  attendance: string | null;
  arrived_at: string | null;
  lateness_ms: number | null;
  present_ms: number;
  gaps: { from: string; to: string }[];
  guidelines: { said: "accepted" | "declined"; version: string; at: string } | null;
}

/** The claims of shape 1 that the page shows (docs/verdicts.md has all of them). */
export interface Receipt {
  iss: string;
  role: Role;
  session: { id: string; title: string | null; starts_at: string; ends_at: string };
  client: ReceiptParty;
  expert: ReceiptParty;
  mutual_ms: number | null;
  end: { reason: EndReason; by: Whom | null; as_of: string; decided_at: string };
  not_delivered: { ms: number; rule: string }[];
  fee: Money | null;
  refund?: { status: string; max: Money | null; requested: Money | null; approved: Money | null; until: string | null };
  fee_factor_bps?: number | null;
  expert_fee?: Money | null;
  consents: { asked_by: Role; asked_at: string; status: string; given_at: string | null; closed_at: string | null }[];
  rules: string[];
  terms: string;
  revised_at: string | null;
  ledger: { seq: number; hash: string };
}

interface Jwk {
  kid?: string;
  kty?: string;
  crv?: string;
  x?: string;
}

/** What it says. Throws for what is no receipt. */
export function decode(jws: string): Receipt {
  const claims = part(jws, 1) as Receipt & { receipt: number };
  if (claims.receipt !== 1) throw new Error("another shape of receipt");
  return claims;
}

export function keyOf(jws: string): string {
  return String((part(jws, 0) as { kid?: unknown }).kid);
}

/** Whether one of these keys signed it; null where this browser cannot find out. */
export async function check(jws: string, keys: Jwk[]): Promise<boolean | null> {
  const { alg, kid } = part(jws, 0) as { alg?: unknown; kid?: unknown };
  const key = keys.find((each) => each.kid === kid && each.kty === "OKP" && each.crv === "Ed25519");
  if (alg !== "EdDSA" || !key?.x) return false;
  const [header, claims, signature] = jws.split(".");
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey("raw", bytes(key.x), "Ed25519", false, ["verify"]);
  } catch {
    return null; // an older browser, or a page without TLS
  }
  const signed = new TextEncoder().encode(`${header}.${claims}`);
  return crypto.subtle.verify("Ed25519", imported, bytes(signature ?? ""), signed);
}

function part(jws: string, number: 0 | 1): unknown {
  return JSON.parse(new TextDecoder().decode(bytes(jws.split(".")[number] ?? "")));
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
}
