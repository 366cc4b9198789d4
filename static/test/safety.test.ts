import { expect, test } from "vitest";
import { fingerprintIn, fingerprintOf } from "../src/fingerprint";
import type { Role } from "../src/protocol";
import { commitment, EMOJI, newNonce, SafetyExchange, type SafetySaid, safetyCode } from "../src/safety";

import { enLater } from "../src/texts/en-later";

const ONE = Array.from({ length: 32 }, (_, n) => n.toString(16).padStart(2, "0").toUpperCase()).join(":");
const TWO = ONE.split(":").reverse().join(":");
const bytes = (first: number) => Uint8Array.from({ length: 16 }, (_, n) => first + n);
const INGREDIENTS = {
  session: "bk_812",
  fingerprints: { client: ONE, expert: TWO },
  nonces: { client: bytes(0), expert: bytes(100) },
};

/** Computed apart from this code, with Python's hashlib, as docs/security.md says. */
const VECTOR = { digits: "614052", emoji: [7, 14, 23, 24] };
const COMMITMENT = "6f7a091e0a19047601660c2239dd327c5202ca5ffa3c1a463ad7b6e64e287fa9";

test("P5.6 the code is the one that the documented sum gives", async () => {
  expect(await safetyCode(INGREDIENTS)).toEqual(VECTOR);
  expect(await commitment("client", bytes(0))).toBe(COMMITMENT);
});

test("P5.6 how a fingerprint is written makes no difference, whose it is does", async () => {
  const { fingerprints } = INGREDIENTS;
  const written = { client: ONE.toLowerCase(), expert: TWO.replaceAll(":", "") };
  expect(await safetyCode({ ...INGREDIENTS, fingerprints: written })).toEqual(VECTOR);
  const swapped = { client: fingerprints.expert, expert: fingerprints.client };
  expect(await safetyCode({ ...INGREDIENTS, fingerprints: swapped })).not.toEqual(VECTOR);
});

test.each([
  ["session", { ...INGREDIENTS, session: "bk_813" }],
  ["a fingerprint", { ...INGREDIENTS, fingerprints: { client: ONE, expert: ONE } }],
  ["the client's number", { ...INGREDIENTS, nonces: { ...INGREDIENTS.nonces, client: bytes(1) } }],
  ["the expert's number", { ...INGREDIENTS, nonces: { ...INGREDIENTS.nonces, expert: bytes(101) } }],
])("P5.6 another %s is another code", async (_, ingredients) => {
  const code = await safetyCode(ingredients);
  expect(code.digits).toMatch(/^\d{6}$/);
  expect(code.digits).not.toBe(VECTOR.digits);
});

test("every picture has a name of its own", () => {
  expect(new Set(EMOJI).size).toBe(32);
  expect(new Set(enLater.safety.names).size).toBe(EMOJI.length);
});

test("a description that leaves a choice of certificates pins none", () => {
  const line = `a=fingerprint:sha-256 ${ONE}\r\n`;
  expect(fingerprintIn(`v=0\r\n${line}m=audio\r\n${line}`)).toBe(ONE);
  expect(fingerprintIn(`v=0\r\n${line}a=fingerprint:sha-256 ${TWO}\r\n`)).toBeNull();
  expect(fingerprintIn(`v=0\r\n${line}a=fingerprint:sha-1 00:11\r\n`)).toBeNull();
  expect(fingerprintIn("v=0\r\na=fingerprint:sha-1 00:11\r\n")).toBeNull();
  expect(fingerprintIn("v=0\r\n")).toBeNull();
});

test("a certificate's fingerprint is written as descriptions write it", async () => {
  const empty = "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55";
  expect(await fingerprintOf(new ArrayBuffer(0))).toBe(empty);
});

// --- the exchange -------------------------------------------------------------------------------------------------------

interface Side {
  exchange: SafetyExchange;
  said: SafetySaid[];
}

function side(role: Role, mine: string, theirs: string): Side {
  const said: SafetySaid[] = [];
  const say = (what: SafetySaid) => said.push(what);
  const exchange = new SafetyExchange(
    "bk_812",
    role,
    say,
    async () => ({ mine, theirs }),
    () => {},
  );
  return { exchange, said };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Carry what is said to and fro until nobody says anything. */
async function carry(one: Side, other: Side): Promise<void> {
  for (let round = 0; round < 6; round++) {
    await settled();
    for (const said of one.said.splice(0)) other.exchange.hear(said);
    for (const said of other.said.splice(0)) one.exchange.hear(said);
  }
  await settled();
}

test("P5.6 two who see the same certificates see the same code, and checked only after both said so", async () => {
  const [client, expert] = [side("client", ONE, TWO), side("expert", TWO, ONE)];
  client.exchange.check(); // too early
  await carry(client, expert);
  expect(client.exchange.state).toBe("ready");
  expect(client.exchange.code).toEqual(expert.exchange.code);
  expect(client.exchange.code?.digits).toMatch(/^\d{6}$/);
  client.exchange.check();
  await carry(client, expert);
  expect([client.exchange.checked, expert.exchange.checked]).toEqual([false, false]);
  expect(expert.exchange.checkedThere).toBe(true);
  expert.exchange.check();
  await carry(client, expert);
  expect([client.exchange.checked, expert.exchange.checked]).toEqual([true, true]);
});

test("P5.6 somebody in between, with a certificate of its own, gives two different codes", async () => {
  const MIDDLE = ONE.replace("00", "FF");
  const [client, expert] = [side("client", ONE, MIDDLE), side("expert", TWO, MIDDLE)];
  await carry(client, expert); // it passes every word on, as it may
  expect(client.exchange.state).toBe("ready");
  expect(client.exchange.code?.digits).not.toBe(expert.exchange.code?.digits);
});

test("P5.6 nobody reveals before it has the other's commitment", async () => {
  const client = side("client", ONE, TWO);
  await settled();
  expect(client.said.map(({ kind }) => kind)).toEqual(["commit"]);
  client.exchange.hear({ kind: "commit", hash: await commitment("expert", newNonce()) });
  await settled();
  expect(client.said.map(({ kind }) => kind)).toEqual(["commit", "reveal"]);
  expect(client.exchange.code).toBeNull();
});

const nonce = "00".repeat(16);

test.each<[string, SafetySaid[]]>([
  [
    "shows another number than it committed to",
    [
      { kind: "commit", hash: "0".repeat(64) },
      { kind: "reveal", nonce },
    ],
  ],
  ["reveals first", [{ kind: "reveal", nonce }]],
  [
    "commits twice",
    [
      { kind: "commit", hash: "0".repeat(64) },
      { kind: "commit", hash: "1".repeat(64) },
    ],
  ],
])("P5.6 there is no code with whoever %s", async (_, words) => {
  const client = side("client", ONE, TWO);
  for (const said of words) client.exchange.hear(said);
  await settled();
  client.exchange.check();
  client.exchange.hear({ kind: "checked" });
  await settled();
  expect(client.exchange.state).toBe("impossible");
  expect(client.exchange.code).toBeNull();
  expect(client.exchange.checked).toBe(false);
});

test("P5.6 nobody's own words are taken back from them as another's", async () => {
  const client = side("client", ONE, ONE);
  await settled();
  for (const said of client.said.splice(0)) client.exchange.hear(said); // its own commitment
  await settled();
  for (const said of client.said.splice(0)) client.exchange.hear(said); // its own number
  await settled();
  expect(client.exchange.state).toBe("impossible");
});

test("P5.6 without certificates there is no code", async () => {
  const [client, expert] = [side("client", ONE, TWO), side("expert", TWO, ONE)];
  const blind = new SafetyExchange(
    "bk_812",
    "client",
    (said) => client.said.push(said),
    async () => null,
    () => {},
  );
  client.said.length = 0;
  await settled();
  await carry({ exchange: blind, said: client.said }, expert);
  expect(blind.state).toBe("impossible");
});
