/** The words for afterwards, in the catalogue's language; they come with the forms, once there is time for them. */

import { enAfterwards } from "./en-afterwards";

export const afterwardsTexts: typeof enAfterwards = enAfterwards;
