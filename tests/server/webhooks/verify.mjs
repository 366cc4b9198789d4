// Reads [{secret, headers, body}] and prints, for each, whether the public library takes it: as of when it was sent.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../static/package.json", import.meta.url));
const { Webhook } = require("standardwebhooks");

const taken = JSON.parse(readFileSync(0, "utf8")).map(({ secret, headers, body }) => {
  Date.now = () => Number(headers["webhook-timestamp"]) * 1000;
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
});
console.log(JSON.stringify(taken));
