/** What each page's first script does: the words first, then the page. */

import { begin } from "../texts/choice";

export async function withWords(page: () => Promise<unknown>): Promise<void> {
  try {
    await begin();
    await page();
  } catch (error) {
    document.getElementById("unloaded")?.removeAttribute("hidden");
    throw error;
  }
}
