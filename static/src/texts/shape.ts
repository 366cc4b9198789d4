/** What every language has: the English catalogue is the pattern, and what another one lacks does not compile. */

import type { en } from "./en";
import type { enAfterwards } from "./en-afterwards";
import type { enLater } from "./en-later";

/** What a page needs up to the call; fetched before it draws. */
export type Words = typeof en;
/** What is read when the call is over, and on the home and the record's page. */
export type LaterTexts = typeof enLater;
/** What is said after a session. */
export type AfterwardsTexts = typeof enAfterwards;
export type Texts = Words & LaterTexts;
