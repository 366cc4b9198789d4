/** The languages there are. A further one is a file beside `en` with everything in it, and a line here. */

import type { AfterwardsTexts, Texts } from "./shape";

export interface Language {
  /** As it calls itself. */
  name: string;
  direction: "ltr" | "rtl";
  words(): Promise<Texts>;
  afterwards(): Promise<AfterwardsTexts>;
}

export type Code = "en" | "es" | "de" | "hi" | "qps";

export const languages: Record<Code, Language> = {
  en: {
    name: "English",
    direction: "ltr",
    words: async () => (await import("./en")).en,
    afterwards: async () => (await import("./en-afterwards")).enAfterwards,
  },
  es: {
    name: "Español",
    direction: "ltr",
    words: async () => (await import("./es")).es,
    afterwards: async () => (await import("./es-afterwards")).esAfterwards,
  },
  de: {
    name: "Deutsch",
    direction: "ltr",
    words: async () => (await import("./de")).de,
    afterwards: async () => (await import("./de-afterwards")).deAfterwards,
  },
  hi: {
    name: "हिन्दी",
    direction: "ltr",
    words: async () => (await import("./hi")).hi,
    afterwards: async () => (await import("./hi-afterwards")).hiAfterwards,
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
