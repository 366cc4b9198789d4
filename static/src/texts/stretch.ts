/** Words of a catalogue made long and strange: accents on every letter, a third more of them, and marks at both ends. */

const PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ACCENTED = [..."àƀçđéƒğħîĵķļɱñöþǫřšťûṽŵẋýžÀƁÇĐÉƑĞĦÎĴĶĻṀÑÖÞǪŘŠŤÛṼŴẊÝŽ"];

export function stretched<T>(words: T): T {
  return stretch(words) as T;
}

function stretch(value: unknown): unknown {
  if (typeof value === "string") return strange(value);
  if (typeof value === "function") return (...given: unknown[]) => stretch(value(...given));
  if (Array.isArray(value)) return value.map(stretch);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, stretch(each)]));
  }
  return value;
}

function strange(text: string): string {
  if (!/\p{L}/u.test(text)) return text;
  const more = " ····".repeat(Math.ceil(text.length / 15)); // which may be broken, as words are
  return `⟦${[...text].map((letter) => ACCENTED[PLAIN.indexOf(letter)] ?? letter).join("")}${more}⟧`;
}
