/** Icons, inlined at build time; always beside words or an accessible name, so hidden from screen readers. */

import { html } from "lit";
import { unsafeSVG } from "lit/directives/unsafe-svg.js";
import health from "lucide-static/icons/activity.svg?raw";
import badge from "lucide-static/icons/badge-check.svg?raw";
import today from "lucide-static/icons/calendar-days.svg?raw";
import overview from "lucide-static/icons/chart-no-axes-combined.svg?raw";
import check from "lucide-static/icons/check.svg?raw";
import next from "lucide-static/icons/chevron-right.svg?raw";
import help from "lucide-static/icons/circle-help.svg?raw";
import download from "lucide-static/icons/download.svg?raw";
import complaints from "lucide-static/icons/flag.svg?raw";
import sanctions from "lucide-static/icons/gavel.svg?raw";
import cases from "lucide-static/icons/inbox.svg?raw";
import keys from "lucide-static/icons/key-round.svg?raw";
import sessions from "lucide-static/icons/list.svg?raw";
import signOut from "lucide-static/icons/log-out.svg?raw";
import menu from "lucide-static/icons/menu.svg?raw";
import live from "lucide-static/icons/radio.svg?raw";
import refresh from "lucide-static/icons/refresh-cw.svg?raw";
import audit from "lucide-static/icons/scroll-text.svg?raw";
import search from "lucide-static/icons/search.svg?raw";
import warning from "lucide-static/icons/triangle-alert.svg?raw";
import operators from "lucide-static/icons/user-cog.svg?raw";
import people from "lucide-static/icons/users.svg?raw";
import webhooks from "lucide-static/icons/webhook.svg?raw";
import offline from "lucide-static/icons/wifi-off.svg?raw";
import close from "lucide-static/icons/x.svg?raw";

const files = {
  audit,
  badge,
  cases,
  check,
  close,
  complaints,
  download,
  health,
  help,
  keys,
  live,
  menu,
  next,
  offline,
  operators,
  overview,
  people,
  refresh,
  sanctions,
  search,
  sessions,
  signOut,
  today,
  warning,
  webhooks,
};

export type IconName = keyof typeof files;

export function icon(name: IconName) {
  return html`<span class="icon" aria-hidden="true">${unsafeSVG(files[name])}</span>`;
}
