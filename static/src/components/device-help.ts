import { here } from "../browser";
import type { DeviceKind, Trouble } from "../devices";
import { texts } from "../texts";

const t = texts.checkin;

/** What is the matter with a device, then the way to mend it in this browser or system; `said`: if that stands there. */
export function deviceHelp(kind: DeviceKind, trouble: Trouble, said = false): string {
  const how = way(kind, trouble);
  return `${t.help[kind][trouble]} ${how && said ? t.sameWay : how}`.trim();
}

function way(kind: DeviceKind, trouble: Trouble): string {
  const { family, system } = here();
  if (trouble === "denied_by_system") return t.ways.system[system](t[kind]);
  if (trouble !== "denied_by_browser") return "";
  if (system === "ios") return family === "safari" ? t.ways.browser.safariPhone : t.ways.system.ios(t[kind]);
  return t.ways.browser[system === "android" ? "phone" : family];
}
