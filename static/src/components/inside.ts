/** State 3 and the ways out of it; fetched while somebody looks into the camera. */

import "./call";
import "./leave-dialog";
