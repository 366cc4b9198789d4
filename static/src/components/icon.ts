/** Icons, inlined at build time; always beside words or an accessible name, so hidden from screen readers. */

import { html } from "lit";
import { unsafeSVG } from "lit/directives/unsafe-svg.js";
import calendar from "lucide-static/icons/calendar-plus.svg?raw";
import attention from "lucide-static/icons/circle-alert.svg?raw";
import ok from "lucide-static/icons/circle-check.svg?raw";
import clock from "lucide-static/icons/clock.svg?raw";
import punctual from "lucide-static/icons/clock-check.svg?raw";
import more from "lucide-static/icons/ellipsis.svg?raw";
import pen from "lucide-static/icons/file-pen-line.svg?raw";
import language from "lucide-static/icons/globe.svg?raw";
import lock from "lucide-static/icons/lock.svg?raw";
import leave from "lucide-static/icons/log-out.svg?raw";
import maximize from "lucide-static/icons/maximize.svg?raw";
import chat from "lucide-static/icons/message-square.svg?raw";
import microphone from "lucide-static/icons/mic.svg?raw";
import microphoneOff from "lucide-static/icons/mic-off.svg?raw";
import move from "lucide-static/icons/move.svg?raw";
import pip from "lucide-static/icons/picture-in-picture-2.svg?raw";
import screen from "lucide-static/icons/screen-share.svg?raw";
import devices from "lucide-static/icons/settings-2.svg?raw";
import checked from "lucide-static/icons/shield-check.svg?raw";
import smile from "lucide-static/icons/smile.svg?raw";
import user from "lucide-static/icons/user.svg?raw";
import camera from "lucide-static/icons/video.svg?raw";
import cameraOff from "lucide-static/icons/video-off.svg?raw";
import hear from "lucide-static/icons/volume-2.svg?raw";
import close from "lucide-static/icons/x.svg?raw";

const files = {
  attention,
  calendar,
  camera,
  cameraOff,
  chat,
  checked,
  clock,
  close,
  devices,
  hear,
  language,
  leave,
  lock,
  maximize,
  microphone,
  microphoneOff,
  more,
  move,
  ok,
  pen,
  pip,
  punctual,
  screen,
  smile,
  user,
};

export type IconName = keyof typeof files;

export function icon(name: IconName) {
  return html`<span class="icon" aria-hidden="true">${unsafeSVG(files[name])}</span>`;
}
