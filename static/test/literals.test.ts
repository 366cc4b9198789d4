import { expect, test } from "vitest";

const sources = import.meta.glob<string>(["../src/components/*.ts", "../src/pages/**/*.ts"], {
  eager: true,
  query: "?raw",
  import: "default",
});

/** What stands in this template itself: from after its backtick to its end, with a mark for whatever is filled in. */
function template(source: string, from: number, found: string[]): number {
  let own = "";
  let at = from;
  while (at < source.length && source[at] !== "`") {
    if (source.startsWith("${", at)) {
      own += "\0";
      at = expression(source, at + 2, found);
    } else {
      if (source[at] === "\\") at++;
      own += source[at++];
    }
  }
  found.push(own);
  return at + 1;
}

/** To after the brace that closes what is filled in; the templates inside are found too. */
function expression(source: string, from: number, found: string[]): number {
  let depth = 1;
  let at = from;
  while (at < source.length) {
    const sign = source[at];
    if (sign === "`") at = template(source, at + 1, /html$/.test(source.slice(0, at)) ? found : []);
    else if (sign === '"' || sign === "'") at = source.indexOf(sign, at + 1) + 1 || source.length;
    else {
      at++;
      if (sign === "{") depth++;
      if (sign === "}" && --depth === 0) return at;
    }
  }
  return at;
}

function templates(source: string): string[] {
  const found: string[] = [];
  for (let at = source.indexOf("html`"); at >= 0; at = source.indexOf("html`", at))
    at = template(source, at + 5, found);
  return found;
}

const SPOKEN = /\s(?:aria-label|aria-description|aria-valuetext|title|placeholder|alt|label)="([^"\0]*\p{L}[^"\0]*)"/gu;

/** The words that a template brings along by itself: between its tags, and in the attributes that are read out. */
function words(html: string): string[] {
  const attributes = [...html.matchAll(SPOKEN)].flatMap(([, text]) => text ?? []);
  const text = html.replace(/<!--.*?-->/gs, "").replace(/<[^>]*>/g, "\0");
  return [...attributes, ...text.split("\0").filter((each) => /\p{L}{2,}/u.test(each))];
}

test("no word stands in a template: all of them are in the catalogues", () => {
  const left = Object.entries(sources).flatMap(([file, source]) =>
    templates(source).flatMap((html) => words(html).map((each) => `${file}: ${each.trim()}`)),
  );
  expect(Object.keys(sources).length).toBeGreaterThan(15);
  expect(left).toEqual([]);
});

test("a word in a template would be found", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a source
  const source = 'html`<p title="Hi">${x ? html`<b>Bold ${y}</b>` : `Not ${z}`}, and more</p>`';
  expect(templates(source).flatMap(words)).toEqual(["Bold ", "Hi", ", and more"]);
});
