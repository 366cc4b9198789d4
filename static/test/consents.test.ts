import { expect, test } from "vitest";
import { mayAsk, news, standing, toAnswer, waiting } from "../src/consents";
import type { Consent } from "../src/protocol";
import { fromView, reduce } from "../src/session";
import { at, view } from "./view";

function consent(changes: Partial<Consent> = {}): Consent {
  return {
    id: "cn_1",
    by: "expert",
    status: "asked",
    scope: "the sound",
    purpose: "an exercise",
    name: null,
    asked_at: at(2),
    given_at: null,
    closed_at: null,
    ...changes,
  };
}

const given = { status: "given", name: "Ada", given_at: at(3) } as const;
const withdrawn = { ...given, status: "withdrawn", closed_at: at(4) } as const;

test("P5.3 only the other one answers", () => {
  const asked = view({ consents: [consent()] });
  expect(toAnswer(asked)?.id).toBe("cn_1");
  expect(waiting(asked)).toBeNull();
  const asker = view({ ...asked, me: { ...asked.me, role: "expert" } });
  expect(toAnswer(asker)).toBeNull();
  expect(waiting(asker)?.id).toBe("cn_1");
});

test("P5.3 both see it while it stands, and no longer", () => {
  expect(standing(view({ consents: [consent()] }))).toEqual([]);
  expect(standing(view({ consents: [consent(given)] }))).toHaveLength(1);
  expect(standing(view({ consents: [consent(withdrawn)] }))).toEqual([]);
});

test.each([
  ["nothing was asked", [], true],
  ["the other asked", [consent()], true],
  ["an answer is waited for", [consent({ by: "client" })], false],
  ["it stands already", [consent({ by: "client", ...given })], false],
  ["it was refused", [consent({ by: "client", status: "refused", closed_at: at(3) })], true],
  [
    "it was refused again and again",
    [1, 2, 3, 4, 5].map((n) => consent({ id: `cn_${n}`, by: "client", status: "refused", closed_at: at(3) })),
    false,
  ],
])("P5.3 one may ask when %s: %#", (_, consents, may) => {
  expect(mayAsk(view({ consents }))).toBe(may);
  expect(mayAsk(view({ consents, status: "held" }))).toBe(false); // nobody there to answer
});

test("whoever may not record any more is told, for a while", () => {
  const over = view({ consents: [consent(withdrawn)] });
  expect(news(over, Date.parse(at(4)) + 1_000)?.id).toBe("cn_1");
  expect(news(over, Date.parse(at(5)))).toBeNull();
});

test("a refusal is news for the one who asked, and a request taken back for nobody", () => {
  const refused = [consent({ status: "refused", closed_at: at(4) })];
  const now = Date.parse(at(4)) + 1_000;
  expect(news(view({ consents: refused }), now)).toBeNull(); // it was this side that refused
  expect(news(view({ consents: [{ ...refused[0], by: "client" } as Consent] }), now)).not.toBeNull();
  expect(news(view({ consents: [consent({ status: "withdrawn", closed_at: at(4) })] }), now)).toBeNull();
});

test("the socket's word on consent is the newest", () => {
  const state = reduce(fromView(view()), { name: "consent", data: { version: 6, consents: [consent()] } });
  expect(state?.view.consents).toHaveLength(1);
  expect(state?.version).toBe(6);
  expect(reduce(state, { name: "consent", data: { version: 5, consents: [] } })).toBe(state);
});
