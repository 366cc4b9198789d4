/** Parts of the page that are fetched when there is time, or when they are needed; their words come first. */

import { speakAlso } from "../texts";

/** What is behind the buttons of a call. */
export async function loadPanels(): Promise<unknown> {
  await speakAlso("later");
  return import("./panels");
}

/** The summary: states 4 and 5. */
export async function loadOver(): Promise<void> {
  await speakAlso("later");
  await import("./over");
}

/** What is said after a session. */
export async function loadAfterwards(): Promise<void> {
  await speakAlso("later", "afterwards");
  await import("./afterwards");
}
