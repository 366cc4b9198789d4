/** States 4 and 5; fetched while the call goes on, so that it is there when it ends. */

import "./refund";
import "./summary";
