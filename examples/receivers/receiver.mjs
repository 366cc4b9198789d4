// A webhook receiver: npm install standardwebhooks; WEBHOOK_SECRET=whsec_… node receiver.mjs
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const seen = new Set(); // in earnest: a column with a unique index, written in the transaction of what you do

async function bytes(request, most = 1_000_000) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > most) throw new Error("too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

createServer(async (request, response) => {
  try {
    // over the body as it came; older than five minutes: refused
    const event = webhook.verify(await bytes(request), request.headers);
    const id = request.headers["webhook-id"];
    if (!seen.has(id)) {
      seen.add(id); // it comes again until it is taken, and sometimes after
      console.log(event.type, event.sequence, event.data.session?.id ?? "");
    }
    response.writeHead(204).end(); // soon: do what takes long elsewhere
  } catch {
    response.writeHead(401).end(); // whatever is wrong with it, it is not ours
  }
}).listen(Number(process.env.PORT ?? 8888), "127.0.0.1");
