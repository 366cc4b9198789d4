import { expect, test } from "vitest";
import { filtered, href, place, read } from "../../src/dashboard/address";

test("a place and its address are each other's", () => {
  for (const at of [
    place("live"),
    place("sessions", null, { status: "ended", from: "2026-11-01", q: "Inês & co" }),
    place("sessions", "bk:8~1.2-x"),
    place("people", "a/b c?d#e"),
    place("webhooks", "ep_1", { status: "failed" }, "dl_2"),
  ])
    expect(read(href(at))).toEqual(at);
});

test("what is empty is left out, and the order is always the same", () => {
  expect(href(place("sessions", null, { to: "2026-11-02", status: "", from: "2026-11-01" }))).toBe(
    "#/sessions?from=2026-11-01&to=2026-11-02",
  );
});

test("what is no place is none", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#/sessions/", "#/webhooks/ep/dl/more", "#s=a-setup-token"])
    expect(read(hash)).toBeNull();
  expect(read("#/people/%E0%A4%A")?.id).toBe("%E0%A4%A"); // broken off: shown as it is, not thrown
});

test("another filter begins at the first page; an empty one is taken out", () => {
  const at = place("sessions", null, { status: "ended", cursor: "abc" });
  expect(filtered(at, { refund: "review" }).query).toEqual({ status: "ended", refund: "review" });
  expect(filtered(at, { status: "" }).query).toEqual({});
  expect(at.query.cursor).toBe("abc");
});
