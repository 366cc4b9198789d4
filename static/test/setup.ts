import { speak, speakAlso } from "../src/texts";

await speak("en");
await speakAlso("later", "afterwards");
