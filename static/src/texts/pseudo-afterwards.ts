/** The same for afterwards. */

import { enAfterwards } from "./en-afterwards";
import { stretched } from "./stretch";

export const pseudoAfterwards = stretched(enAfterwards);
