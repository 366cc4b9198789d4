/** An entry of a ledger: the fact in it, as it was hashed, to be read and not to be judged. No DOM. */

import type { Role } from "../protocol";
import type { LedgerEntry } from "./answers";

export interface Entry {
  seq: number;
  at: number;
  kind: string;
  role: Role | null;
  hash: string;
  fact: Readonly<Record<string, unknown>>;
}

/** The fact is in `data`, to the byte. */
export function entry(given: LedgerEntry): Entry {
  const fact = JSON.parse(given.data) as Record<string, unknown>;
  return { seq: given.seq, at: Number(fact.at), kind: given.kind, role: given.role, hash: given.hash, fact };
}
