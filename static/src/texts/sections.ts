/** A catalogue's words into the catalogue in use, whose sections stay the objects that they are. */

type Section = Record<string, unknown>;

export function adopt(into: object, from: object): void {
  const there = into as Section;
  for (const [key, value] of Object.entries(from)) {
    if (!isSection(value)) there[key] = value;
    else {
      if (!isSection(there[key])) there[key] = {};
      adopt(there[key] as Section, value);
    }
  }
}

function isSection(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
