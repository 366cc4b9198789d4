/** The catalogue in use. Another language is another file of the same shape, chosen here. */

import { en } from "./en";

export type Texts = typeof en;

export const texts: Texts = en;
/** For numbers and dates: the reader's own variant of the catalogue's language. */
export const locale = navigator.languages.find((language) => language.startsWith("en")) ?? "en";
