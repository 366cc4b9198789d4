import { withWords } from "../begin";

void withWords(() => import("./main"));
