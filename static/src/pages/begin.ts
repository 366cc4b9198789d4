/** What each page's first script does: the words first, then the page. */

import { begin } from "../texts/choice";

export async function withWords(page: () => Promise<unknown>, also: () => Promise<unknown> = async () => {}) {
  try {
    await begin();
    await also();
    await page();
  } catch (error) {
    document.getElementById("unloaded")?.removeAttribute("hidden");
    throw error;
  }
}
