/** A catalogue that is no language: what has not been taken from a catalogue, or has no room to grow, stands out in it. */

import { en } from "./en";
import { stretched } from "./stretch";

export const pseudo = stretched(en);
