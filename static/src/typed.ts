/** What people typed into a form, as it is sent. */

/** What was typed, without the spaces around it and without what no keyboard types (pasted from somewhere). */
export function typed(data: FormData, name: string): string {
  const text = String(data.get(name) ?? "");
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trim();
}
