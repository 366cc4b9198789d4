import { expect, test } from "vitest";
import { pick, variant } from "../src/texts/choice";
import { type Code, languages, OFFERED } from "../src/texts/languages";

/** Words that a party's page never uses; nor how many of how many have said something. */
const NEVER: Record<Exclude<Code, "qps">, RegExp> = {
  en: /no.?show|\blost\b|fault|blame|accus|penalt|\bban(ned)?\b|\bbps\b|\bP\d\.\d|anonymous|\bproof\b|dismissed|\b\d+ of \d+\b/i,
  es: /no se present|inasisten|perdid|culpa|acus|penaliz|sanci[oó]n|multa|expuls|vetad|bloquead|\bpb\b|\bP\d\.\d|anónim|\bpruebas?\b|desestim|\b\d+ de \d+\b/i,
  de: /nicht erschienen|no.?show|verloren|schuld|vorwurf|vorgeworfen|beschuldig|strafe|gesperrt|sperre|\bbps\b|\bP\d\.\d|anonym|beweis|zurückgewiesen|abgewiesen|\b\d+ von \d+\b/i,
  hi: /नो.?शो|अनुपस्थित|ग़ायब|गायब|खो गय|खो दिय|दोष|आरोप|इल्ज़ाम|दंड|सज़ा|जुर्माना|प्रतिबंध|\bP\d\.\d|गुमनाम|अनाम|सबूत|ख़ारिज|खारिज|\d+ में से \d+/,
};

type Section = Record<string, unknown>;
type Say = (...args: unknown[]) => unknown;
type Given = (function_: Say) => unknown[];

/** What functions are given: names and times, or numbers. */
const NAMES: Given = () => ["⟨1⟩", "⟨2⟩", "⟨3⟩", "⟨4⟩", "⟨5⟩"];
const NUMBERS: Given = () => [41, 43, 47, 53];
const ONE: Given = () => [1, 1, 1, 1];

/** The codes that a function of a catalogue chooses by: they stand in it. */
function codesOf(function_: Say): string[] {
  return [...String(function_).matchAll(/["']?([\w.]+)["']?\s*:/g)].flatMap(([, code]) => code ?? []);
}

/** Every sentence by its place in the catalogue, those that are chosen by a code of the server's included. */
function sentences(value: unknown, given: Given, codes: Section, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") {
    const say = value as Say;
    const rest = given(say);
    const chosen = codesOf((codesAt(codes, path) ?? say) as Say);
    return [rest, ...chosen.map((code) => [code, ...rest.slice(1)])].flatMap((args) =>
      sentences(say(...args), given, codes, `${path}(${chosen.includes(String(args[0])) ? args[0] : ""})`),
    );
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, each]) => sentences(each, given, codes, path ? `${path}/${key}` : key));
  }
  return [];
}

/** The function at this place in English: which codes there are is read from it, for every language. */
function codesAt(english: Section, path: string): unknown {
  return path.split("/").reduce<unknown>((at, key) => (at as Section | undefined)?.[key], english);
}

async function catalogue(code: Code): Promise<Section> {
  const { words, later, afterwards } = languages[code];
  return { page: await words(), later: await later(), afterwards: await afterwards() };
}

const english = await catalogue("en");

test.each(OFFERED)("%s accuses nobody of anything, and leaves nothing empty", async (code) => {
  const words = await catalogue(code);
  const numbered = [NUMBERS, ONE].flatMap((given) => sentences(words, given, english));
  const all = [
    ...sentences(words, NAMES, english),
    ...numbered.map(([path, text]) => [path, text.replace(/\d+/g, "…")] as const),
  ];
  expect(all.length).toBeGreaterThan(1000);
  const never = NEVER[code as keyof typeof NEVER];
  expect(all.filter(([, sentence]) => never.test(sentence))).toEqual([]);
  // a function may have nothing to say to a code that it does not know
  expect(
    all.filter(([path, sentence]) => !sentence.trim() && !path.endsWith(")") && path !== "page/ended/plain/detail"),
  ).toEqual([]);
});

test("sentences that are chosen by a code are among those that are looked at", () => {
  const all = sentences(english, NAMES, english).map(([, sentence]) => sentence);
  expect(all).toContain("You have rated this session already.");
});

/** Which of the things it was given a sentence mentions. */
function mentioned(sentence: string): string {
  if (!sentence.trim()) return "nothing";
  return [...new Set(sentence.match(/⟨\d⟩|41|43|47|53/g) ?? [])].sort().join(" ");
}

test.each([...OFFERED, "qps"] as Code[])("%s says in every place what English says there", async (code) => {
  const words = await catalogue(code);
  for (const given of [NAMES, NUMBERS]) {
    const said = (section: Section) =>
      Object.fromEntries(sentences(section, given, english).map(([path, text]) => [path, mentioned(text)]));
    expect(said(words)).toEqual(said(english));
  }
});

test.each(OFFERED.filter((code) => code !== "en"))("%s has no English left in it", async (code) => {
  const same = new Map(sentences(english, NAMES, english));
  const left = sentences(await catalogue(code), NAMES, english).filter(
    ([path, text]) =>
      same.get(path) === text &&
      !path.endsWith(`(${text})`) &&
      /\p{L}{4,}/u.test(text) &&
      !SAME_EVERYWHERE.includes(text),
  );
  expect(left).toEqual([]);
});

/** Names, and words that another language has too. */
const SAME_EVERYWHERE = ["Headstrt Sessions", "Chat", "Chat (⟨1⟩)"];

test("the first language that is asked for and spoken is chosen, with the reader's own variant", () => {
  expect(pick([null, "xx", "en-GB"])).toBe("en");
  expect(pick(["tlh", "zxx"])).toBe("en");
  expect(pick([])).toBe("en");
  expect(pick(["de-AT", "en"])).toBe("de");
  expect(pick([null, null, "es_MX"])).toBe("es");
  expect(variant("de", ["en-US", "de-AT", "de"])).toBe("de-AT");
  expect(variant("hi", ["en-US", null])).toBe("hi");
  expect(pick(["constructor", "__proto__", ""])).toBe("en");
  expect(variant("en", ["fr", "en-GB", "en-US"])).toBe("en-GB");
  expect(variant("en", ["fr"])).toBe("en");
  expect(variant("en", ["en-thisisnotone"])).toBe("en");
  expect(variant("qps", [])).toBe("en");
});
