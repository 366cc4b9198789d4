/** The languages there are. A further one is a file beside `en` with everything in it, and a line here. */

import type { AfterwardsTexts, Texts } from "./shape";

export interface Language {
  /** As it calls itself. */
  name: string;
  direction: "ltr" | "rtl";
  words(): Promise<Texts>;
  afterwards(): Promise<AfterwardsTexts>;
}

export type Code = "en" | "qps";

export const languages: Record<Code, Language> = {
  en: {
    name: "English",
    direction: "ltr",
    words: async () => (await import("./en")).en,
    afterwards: async () => (await import("./en-afterwards")).enAfterwards,
  },
  /** No language: English with long, accented words, written from right to left, to try the pages with (`?lang=qps`). */
  qps: {
    name: "Pseudo",
    direction: "rtl",
    words: async () => (await import("./pseudo")).pseudo,
    afterwards: async () => (await import("./pseudo-afterwards")).pseudoAfterwards,
  },
};

/** Those that people are offered. */
export const OFFERED = (Object.keys(languages) as Code[]).filter((code) => code !== "qps");
