/** What every view is given: who looks, the calls, the way to elsewhere, and how to ask before something is done. */

import type { Place } from "./address";
import type { Bulk, Me, Overview, Right } from "./answers";
import type { Client } from "./client";

export interface Field {
  name: string;
  label: string;
  kind: "line" | "lines" | "choice" | "checks" | "moment" | "amount" | "secret";
  value?: string;
  help?: string;
  required?: boolean;
  max?: number;
  options?: readonly { value: string; label: string }[];
  /** Of an amount. */
  currency?: string;
  /** Shown only while another field has this value. */
  when?: { name: string; value: string };
}

export type Values = Readonly<Record<string, string>>;

/** Something that is done once it was asked for: what will happen in words, perhaps a reason, perhaps a preview. */
export interface Ask<T = unknown> {
  title: string;
  what: unknown;
  fields?: readonly Field[];
  confirm: string;
  danger?: boolean;
  /** Many at once: what would happen, before it does. */
  preview?(values: Values): Promise<Bulk>;
  act(values: Values): Promise<T>;
  /** What is said of it afterwards; a template stays in the dialog until it is closed (a secret, shown once). */
  done: string | ((result: T) => unknown);
}

export interface App {
  readonly client: Client;
  readonly me: Me;
  readonly place: Place;
  /** Counts for the navigation, as they were heard last. */
  readonly overview: Overview | null;
  /** An operator by name; an id that is none of theirs (a key's) as it is, and none as the rules by themselves. */
  who(id: string | null): string;
  /** The server's clock. */
  now(): number;
  can(right: Right): boolean;
  go(place: Place, replace?: boolean): void;
  /** One line that goes by itself, and is read out. */
  say(words: string): void;
  /** True when it was done. */
  ask<T>(ask: Ask<T>): Promise<boolean>;
}
