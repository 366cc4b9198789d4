/** What every language has: the English catalogue is the pattern, and what another one lacks does not compile. */

import type { en } from "./en";
import type { enAfterwards } from "./en-afterwards";

export type Texts = typeof en;
export type AfterwardsTexts = typeof enAfterwards;
