/** What is said after a session, with its words: fetched when there is time, or when it is needed. */

import { speakOfAfterwards } from "../texts";

export async function loadAfterwards(): Promise<void> {
  await speakOfAfterwards();
  await import("./afterwards");
}
