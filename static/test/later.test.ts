import { expect, test, vi } from "vitest";
import { Later } from "../src/later";

test("it is fetched once", async () => {
  const load = vi.fn(async () => {});
  const part = new Later(load);
  await Promise.all([part.fetch(), part.fetch()]);
  await part.fetch();
  expect(load).toHaveBeenCalledTimes(1);
});

test("what did not come is fetched again when it is due", async () => {
  const load = vi.fn().mockRejectedValueOnce(new Error("offline")).mockResolvedValue(null);
  const part = new Later(load);
  const settled = vi.fn();
  await part.fetch(settled);
  expect(part.failed).toBe(true);
  await part.fetch(settled);
  expect(part.failed).toBe(false);
  expect(settled).toHaveBeenCalledTimes(2);
});
