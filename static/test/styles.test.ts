import { expect, test } from "vitest";

const sheets = import.meta.glob<string>("../src/styles/*.css", { eager: true, query: "?raw", import: "default" });
const TOKENS = "../src/styles/tokens.css";
const tokens = sheets[TOKENS] ?? "";

// --- colours that can be read ------------------------------------------------------------------------------------------

type Theme = "light" | "dark" | "call";

/** What is declared for this selector: the first rule of it. */
function declared(selector: string): Map<string, string> {
  const rule = tokens.match(new RegExp(`(?:^|\\n)${selector.replace(".", "\\.")} \\{([^}]*)\\}`))?.[1] ?? "";
  return new Map([...rule.matchAll(/(--[\w-]+): ([^;]+);/g)].map(([, name, value]) => [name ?? "", value ?? ""]));
}

const everywhere = declared(":root");
const inCall = declared(".call");

function colour(name: string, theme: Theme): string {
  const value = (theme === "call" && inCall.get(name)) || everywhere.get(name) || "";
  const pair = /^light-dark\((#\w{6}), (#\w{6})\)$/.exec(value);
  return (pair ? pair[theme === "light" ? 1 : 2] : value) ?? "";
}

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

test("contrast is computed as WCAG does", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

const GROUNDS = ["--ground", "--card", "--soft"];
const TEXT = [
  ...["--ink", "--quiet", "--accent", "--attention"].flatMap((text) =>
    GROUNDS.map((ground) => [text, ground] as const),
  ),
  ["--on-accent", "--accent"],
  ["--ground", "--ink"], // the button that leaves a call
  ["--on-video", "--video"],
] as const;
/** What is no text but has to be seen: edges of fields, the ring of what has the focus. */
const SEEN = ["--field", "--accent"].flatMap((edge) => ["--ground", "--card"].map((ground) => [edge, ground] as const));

test.each(["light", "dark", "call"] as const)("every pair of colours can be read: %s", (theme) => {
  const weak = [...TEXT.map((pair) => [...pair, 4.5] as const), ...SEEN.map((pair) => [...pair, 3] as const)].flatMap(
    ([front, back, least]) => {
      const [a, b] = [colour(front, theme), colour(back, theme)];
      expect([front, a, back, b].join(" ")).toMatch(/^--[\w-]+ #\w{6} --[\w-]+ #\w{6}$/);
      const found = contrast(a, b);
      return found < least ? [`${front} on ${back}: ${found.toFixed(2)}`] : [];
    },
  );
  expect(weak).toEqual([]);
});

// --- one place for what a thing looks like ---------------------------------------------------------------------------------

/** What may stand beside the tokens, and why. */
const ALLOWED: [file: string, declaration: RegExp][] = [
  ["receipt.css", /^font-size: [\d.]+pt$/], // paper
  ["call.css", /^(left|right): /], // the own picture goes to a corner by hand, and the mark wanders: sides of the screen
  ["session.css", /^transform-origin: left$/], // base.css says the other side for right to left
  ["base.css", /^transform-origin: right$/],
];

const RAW = [
  /^[\w-]+: .*(#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch|light-dark)\()/i, // a colour
  /^font-size: (?!.*var\()(?!inherit)/,
  /^font: (?!inherit|.*var\()/,
  /^border-radius: (?!.*var\()(?!50%$|0$)/,
  /^(?:row-|column-)?gap: (?!.*var\()(?!0$)/,
  /^(?:transition|animation)(?:-duration)?: (?!none)(?!.*var\()/,
];
/** Left and right are other sides where people read from right to left. */
const PHYSICAL = [
  /^(?:margin|padding|border)-(?:left|right)\b/,
  /^border-(?:top|bottom)-(?:left|right)-radius/,
  /^(?:left|right): /,
  /^text-align: (?:left|right)$/,
  /^float: (?:left|right)$/,
  /^transform-origin: (?:left|right)$/,
];

function declarations(sheet: string): string[] {
  const plain = sheet.replace(/\/\*.*?\*\//gs, "");
  return [...plain.matchAll(/(?:^|[{;])\s*([\w-]+:[^;{}]+)(?=;|\})/g)].map(([, each]) =>
    (each ?? "").replace(/\s+/g, " "),
  );
}

test.each([
  ["looks like nothing that the tokens do not know", RAW],
  ["stands as well from right to left", PHYSICAL],
])("every style sheet %s", (_, unwanted) => {
  const files = Object.entries(sheets).filter(([file]) => file !== TOKENS);
  expect(files.length).toBeGreaterThan(4);
  const all = files.flatMap(([file, sheet]) =>
    declarations(sheet).map((each) => [file.split("/").at(-1) ?? "", each] as const),
  );
  expect(all.length).toBeGreaterThan(400);
  const left = all
    .filter(([, each]) => unwanted.some((pattern) => pattern.test(each)))
    .filter(([file, each]) => !ALLOWED.some(([where, fine]) => where === file && fine.test(each)));
  expect(left.map((each) => each.join(": "))).toEqual([]);
});

test("a token that is used is there", () => {
  const known = new Set([...tokens.matchAll(/(--[\w-]+):/g)].map(([, name]) => name));
  const used = Object.values(sheets).flatMap((sheet) =>
    [...sheet.matchAll(/var\((--[\w-]+)(?=\))/g)].map(([, name]) => name),
  );
  const own = new Set(
    Object.values(sheets).flatMap((sheet) => [...sheet.matchAll(/(--[\w-]+):/g)].map(([, name]) => name)),
  );
  expect(used.length).toBeGreaterThan(150);
  expect(used.filter((name) => !known.has(name) && !own.has(name))).toEqual([]);
});
