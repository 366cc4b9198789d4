/**
 * The words in use, in whichever language they are by now.
 *
 * `texts` and its sections are the same objects in every language: choosing another one changes what is in them, and the
 * next drawing shows it. So a part of the page may keep a section (`const t = texts.checkin`), and never one sentence.
 * A language's words are a file of their own, fetched before the page draws. Which language it is to be is `choice`'s.
 */

import { type Code, languages } from "./languages";
import { adopt } from "./sections";
import type { AfterwardsTexts, Texts } from "./shape";

export type { Texts } from "./shape";

export const texts = {} as Texts;
/** For numbers, dates and lists (`Intl`): the reader's own variant of the language in use. */
export let locale = "en";
export let code: Code = "en";

let wanted = 0;
let late: Promise<void> | null = null;
/** The words for afterwards; only there once they were asked for. */
export const afterwardsTexts = {} as AfterwardsTexts;

/** Bring this language's words in; of two that are asked for at once the later one counts. */
export async function speak(next: Code, variant: string = next): Promise<void> {
  const mine = ++wanted;
  const language = languages[next];
  const [words, afterwards] = await Promise.all([language.words(), late ? language.afterwards() : null]);
  if (mine !== wanted) return;
  adopt(texts, words);
  if (afterwards) adopt(afterwardsTexts, afterwards);
  code = next;
  locale = variant;
  if (typeof document === "undefined") return;
  document.documentElement.lang = next;
  document.documentElement.dir = language.direction;
}

/** Bring the words for afterwards in, now and with every language from now on. */
export function speakOfAfterwards(): Promise<void> {
  late ??= languages[code]
    .afterwards()
    .then((words) => adopt(afterwardsTexts, words))
    .catch((error) => {
      late = null;
      throw error;
    });
  return late;
}
