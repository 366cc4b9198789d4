/** The words for afterwards; they come with the forms, once there is time for them. */

export { afterwardsTexts } from ".";
