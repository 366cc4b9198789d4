/** What comes next after a session, and until when: as dates, and as a calendar file. Pure. */

import type { View } from "./protocol";

export type What = "rate" | "refund" | "appeal";

export interface Reminder {
  what: What;
  until: number;
}

/** What this party may still do, the first to end first. */
export function reminders(view: View, now: number): Reminder[] {
  const { may, refund, afterwards } = view;
  const appeals = afterwards?.sanctions.map(({ appeal_until }) => appeal_until) ?? [];
  const found: [What, string | null | undefined][] = [
    ["rate", may.rate ? afterwards?.rate_until : null],
    ["refund", may.request_refund ? refund?.until : null],
    ...appeals.map((until): [What, string | null] => ["appeal", until]),
  ];
  return found
    .flatMap(([what, until]) => (until ? [{ what, until: Date.parse(until) }] : []))
    .filter(({ until }) => until > now)
    .sort((a, b) => a.until - b.until);
}

const QUARTER = 15 * 60_000;

/** RFC 5545: each ends when its time is up, and is called to mind a day before. Nothing in it opens the session. */
export function calendarOf(
  session: string,
  due: readonly (Reminder & { title: string; text: string })[],
  now: number,
): string {
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Headstrt//Sessions//EN",
    ...due.flatMap(({ what, until, title, text }) => [
      "BEGIN:VEVENT",
      `UID:${session}-${what}-${until}@headstrt`,
      `DTSTAMP:${stamp(now)}`,
      `DTSTART:${stamp(until - QUARTER)}`,
      `DTEND:${stamp(until)}`,
      `SUMMARY:${escaped(title)}`,
      `DESCRIPTION:${escaped(text)}`,
      "TRANSP:TRANSPARENT",
      "BEGIN:VALARM",
      "ACTION:DISPLAY",
      "TRIGGER:-P1D",
      `DESCRIPTION:${escaped(title)}`,
      "END:VALARM",
      "END:VEVENT",
    ]),
    "END:VCALENDAR",
  ];
  return `${lines.map(folded).join("\r\n")}\r\n`;
}

function stamp(at: number): string {
  return `${new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\;,]/g, (sign) => `\\${sign}`).replaceAll(/\r?\n/g, "\\n");
}

/** At most 75 octets a line (§3.1), and no sign cut in two. */
function folded(line: string): string {
  const encoder = new TextEncoder();
  let [out, room] = ["", 75];
  for (const sign of line) {
    const octets = encoder.encode(sign).length;
    if (octets > room) {
      out += "\r\n ";
      room = 74;
    }
    out += sign;
    room -= octets;
  }
  return out;
}
