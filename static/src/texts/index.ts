/**
 * The words in use, in whichever language they are by now.
 *
 * `texts` and its sections are the same objects in every language: choosing another one changes what is in them, and the
 * next drawing shows it. So a part of the page may keep a section (`const t = texts.checkin`), and never one sentence.
 * A language's words are files of their own: what a page needs up to the call is fetched before it draws, the rest when
 * it is asked for. Which language it is to be is `choice`'s.
 */

import { type Code, languages } from "./languages";
import { adopt } from "./sections";
import type { AfterwardsTexts, Texts } from "./shape";

export type { Texts } from "./shape";

export const texts = {} as Texts;
export const afterwardsTexts = {} as AfterwardsTexts;
/** For numbers, dates and lists (`Intl`): the reader's own variant of the language in use. */
export let locale = "en";
export let code: Code = "en";

let wanted = 0;

/** The parts of a catalogue that are not there from the beginning, and whether they were asked for. */
const PARTS = { later: texts as object, afterwards: afterwardsTexts as object };
type Part = keyof typeof PARTS;
const asked = new Map<Part, Promise<void>>();

/** Bring this language's words in; of two that are asked for at once the later one counts. */
export async function speak(next: Code, variant: string = next): Promise<void> {
  const mine = ++wanted;
  const language = languages[next];
  const parts = [...asked.keys()];
  const [words, ...others] = await Promise.all([language.words(), ...parts.map((part) => language[part]())]);
  if (mine !== wanted) return;
  adopt(texts, words);
  for (const [index, part] of parts.entries()) adopt(PARTS[part], others[index] ?? {});
  code = next;
  locale = variant;
  if (typeof document === "undefined") return;
  document.documentElement.lang = next;
  document.documentElement.dir = language.direction;
}

/** Bring the rest of a language's words in, now and with every language from now on. */
export function speakAlso(...parts: Part[]): Promise<unknown> {
  return Promise.all(parts.map((part) => asked.get(part) ?? also(part)));
}

function also(part: Part): Promise<void> {
  const task = languages[code]
    [part]()
    .then((words) => adopt(PARTS[part], words))
    .catch((error) => {
      asked.delete(part);
      throw error;
    });
  asked.set(part, task);
  return task;
}
