import { speakAlso } from "../../texts";
import { withWords } from "../begin";

void withWords(
  () => import("./main"),
  () => speakAlso("later"),
);
