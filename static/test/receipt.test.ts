import { expect, test } from "vitest";
import { check, decode, keyOf } from "../src/receipt";

const pack = (data: Uint8Array) =>
  btoa(String.fromCharCode(...data))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const text = (value: object) => pack(new TextEncoder().encode(JSON.stringify(value)));

const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
const x = pack(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
const keys = [{ kty: "OKP", crv: "Ed25519", kid: "k1", x }];

async function signed(claims: object, header: object = { alg: "EdDSA", kid: "k1", typ: "headstrt-receipt+jwt" }) {
  const head = `${text(header)}.${text(claims)}`;
  const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, new TextEncoder().encode(head));
  return `${head}.${pack(new Uint8Array(signature))}`;
}

test("what one of the keys has signed is read and fits", async () => {
  const jws = await signed({ receipt: 1, iss: "https://é.example" });
  expect(decode(jws).iss).toBe("https://é.example");
  expect(keyOf(jws)).toBe("k1");
  expect(await check(jws, keys)).toBe(true);
});

test("what was changed, or signed by another key or in another way, does not fit", async () => {
  const jws = await signed({ receipt: 1, iss: "a" });
  const [header, , signature] = jws.split(".");
  expect(await check(`${header}.${text({ receipt: 1, iss: "b" })}.${signature}`, keys)).toBe(false);
  expect(await check(jws, [])).toBe(false);
  expect(await check(jws, [{ ...keys[0], kid: "k2" }])).toBe(false);
  expect(await check(await signed({ receipt: 1 }, { alg: "none", kid: "k1" }), keys)).toBe(false);
});

test("another shape is not guessed at", async () => {
  const jws = await signed({ receipt: 2 });
  expect(() => decode(jws)).toThrow();
  expect(() => decode("hello")).toThrow();
});
