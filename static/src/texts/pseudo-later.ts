/** The same for what is read when the call is over. */

import { enLater } from "./en-later";
import { stretched } from "./stretch";

export const pseudoLater = stretched(enLater);
