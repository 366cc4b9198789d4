/** The languages there are. A further one is a file beside `en` with everything in it, and a line here. */

import type { AfterwardsTexts, LaterTexts, Words } from "./shape";

export interface Language {
  /** As it calls itself. */
  name: string;
  direction: "ltr" | "rtl";
  words(): Promise<Words>;
  later(): Promise<LaterTexts>;
  afterwards(): Promise<AfterwardsTexts>;
}

export type Code = "en" | "es" | "de" | "hi" | "qps";

export const languages: Record<Code, Language> = {
  en: {
    name: "English",
    direction: "ltr",
    words: async () => (await import("./en")).en,
    later: async () => (await import("./en-later")).enLater,
    afterwards: async () => (await import("./en-afterwards")).enAfterwards,
  },
  es: {
    name: "Español",
    direction: "ltr",
    words: async () => (await import("./es")).es,
    later: async () => (await import("./es-later")).esLater,
    afterwards: async () => (await import("./es-afterwards")).esAfterwards,
  },
  de: {
    name: "Deutsch",
    direction: "ltr",
    words: async () => (await import("./de")).de,
    later: async () => (await import("./de-later")).deLater,
    afterwards: async () => (await import("./de-afterwards")).deAfterwards,
  },
  hi: {
    name: "हिन्दी",
    direction: "ltr",
    words: async () => (await import("./hi")).hi,
    later: async () => (await import("./hi-later")).hiLater,
    afterwards: async () => (await import("./hi-afterwards")).hiAfterwards,
  },
  /** No language: English with long, accented words, written from right to left, to try the pages with (`?lang=qps`). */
  qps: {
    name: "Pseudo",
    direction: "rtl",
    words: async () => (await import("./pseudo")).pseudo,
    later: async () => (await import("./pseudo-later")).pseudoLater,
    afterwards: async () => (await import("./pseudo-afterwards")).pseudoAfterwards,
  },
};

/** Those that people are offered. */
export const OFFERED = (Object.keys(languages) as Code[]).filter((code) => code !== "qps");
