/** What can be said of the one who is rated, by its role: the server's list (``server/policy/ratings.py``), held to it by a test. */

export const TAGS = {
  expert: ["helpful", "clear", "prepared", "kind", "unclear", "unprepared", "unkind", "technical_trouble"],
  client: ["prepared", "clear", "kind", "unprepared", "unclear", "unkind", "technical_trouble"],
} as const;

export type Tag = (typeof TAGS)["expert" | "client"][number];
