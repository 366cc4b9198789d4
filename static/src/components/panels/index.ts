/** What is behind the buttons of the call; it comes when the first picture has had its time. */

import "../report";
import "./chat";
import "./consent";
import "./devices";
import "./more";
import "./reactions";
import "./safety";
