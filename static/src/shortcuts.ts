/** One key for each thing in the call, while nothing is being typed. Pure; they can be switched off (WCAG 2.1.4). */

export const SHORTCUTS = {
  mute: "m",
  camera: "v",
  share: "s",
  chat: "c",
  reactions: "r",
  devices: "d",
  more: "o",
  safety: "k",
  own: "h",
  pip: "p",
  fullscreen: "f",
  leave: "l",
} as const;

export type Action = keyof typeof SHORTCUTS;

const TYPING = "input, textarea, select, [contenteditable], dialog";

/** What of a keyboard event counts here. */
export interface Pressed {
  key: string;
  code: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  repeat: boolean;
  isComposing: boolean;
  target: unknown;
}

export function actionOf(pressed: Pressed): Action | null {
  const { ctrlKey, altKey, metaKey, shiftKey, repeat, isComposing, target } = pressed;
  if (ctrlKey || altKey || metaKey || shiftKey || repeat || isComposing) return null;
  if ((target as Element | null)?.closest?.(TYPING)) return null;
  const key = letterOf(pressed);
  return (Object.keys(SHORTCUTS) as Action[]).find((action) => SHORTCUTS[action] === key) ?? null;
}

/** Where the keys are not Latin letters, it is their place that counts. */
function letterOf({ key, code }: Pressed): string {
  return /^[\x20-\x7e]$/.test(key) ? key.toLowerCase() : code.replace(/^Key/, "").toLowerCase();
}

const STORED = "headstrt:shortcuts";
/** Where nothing can be stored, for as long as the page lives. */
let off = false;

export function shortcutsAreOn(): boolean {
  try {
    return !off && localStorage.getItem(STORED) !== "off";
  } catch {
    return !off;
  }
}

export function setShortcuts(on: boolean): void {
  off = !on;
  try {
    if (on) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, "off");
  } catch {}
}
