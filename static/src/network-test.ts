/**
 * The network test: for some ten seconds this page calls itself through the relay that its call will take.
 *
 * Two connections of its own, one data channel, no camera and no microphone. First little goes out, as sound would, and
 * comes back: how long that takes is what a call with somebody just as far away would take. Then as much goes one way as a
 * good picture needs. What arrives of it at the other end of this page has gone up and down this page's own line.
 *
 * Loaded when it is needed. What its figures mean is said in `network.ts`.
 */

import type { Figures } from "./network";
import type { Ack, IceServer } from "./protocol";

export interface Way {
  open(): Promise<Ack>;
  describe(sdp: string): Promise<Ack>;
  close(): void;
  iceServers(): readonly IceServer[];
}

const CONNECT_WITHIN = 5_000;
const QUIET_FOR = 2_500;
const FULL_FOR = 5_500;
const DRAIN_FOR = 500;
/** What one test takes, for showing how far it is. */
export const LASTS = QUIET_FOR + FULL_FOR + DRAIN_FOR;

const QUIET_EVERY = 20;
const QUIET_BYTES = 120;
const FULL_EVERY = 20;
const FULL_BYTES = 1_100;
/** What goes out at most: the relay gives a test 2 Mbit/s, with what wraps it. */
const FULL_BITS = 1_500_000;
/** A page that was held up sends so much at once afterwards, not more. */
const CATCH_UP = 40_000;
/** More than this waiting to be sent: it is the network that does not take more. */
const BACKLOG = 48_000;
/** A channel's own caution holds it back when packets go missing at random, or answers take long: then its pace is not the
 * line's, of which no more is known than that it carries so much. */
const AT_RANDOM = 1;
const FAR = 400;
const UNHARMED = 2;

/** Something in the way that says nothing about the network; the code is the server's, or `offline`. */
export class NotTested extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** The figures; with `protocol` null there was no way through. Throws `NotTested`; `signal` makes it stop at once. */
export async function testNetwork(way: Way, signal: AbortSignal): Promise<Figures> {
  const certificate = await RTCPeerConnection.generateCertificate({
    name: "ECDSA",
    namedCurve: "P-256",
  } as EcKeyGenParams);
  taken(await way.open());
  const [one, other] = [connection(way, certificate), connection(way, certificate)];
  try {
    const there = one.createDataChannel("test", { ordered: false, maxRetransmits: 0 });
    const port = await introduce(one, other, way);
    const back = await within(CONNECT_WITHIN, signal, bothOpen(there, other));
    if (!back) return { ...NOTHING, port };
    const quiet = await sendLittle(there, back, signal);
    const full = await sendMuch(there, back, signal);
    const ways = await Promise.all([protocolOf(one), protocolOf(other)]);
    const protocol = ways.every((each) => each === "udp") ? "udp" : "tcp";
    const far = quiet.round_trip_ms === null || quiet.round_trip_ms > FAR;
    const capped = full.waited && quiet.loss_percent < AT_RANDOM && !(far && full.loss_percent < UNHARMED);
    // who has to wait gives up what a call would not even have sent
    const loss_percent = full.waited ? quiet.loss_percent : Math.max(quiet.loss_percent, full.loss_percent);
    const { round_trip_ms } = quiet;
    return { protocol, port, round_trip_ms, loss_percent, bitrate_kbps: full.bitrate_kbps, capped };
  } finally {
    one.close();
    other.close();
    way.close();
  }
}

const NOTHING: Figures = {
  protocol: null,
  port: null,
  round_trip_ms: null,
  loss_percent: null,
  bitrate_kbps: null,
  capped: false,
};

function connection(way: Way, certificate: RTCCertificate): RTCPeerConnection {
  return new RTCPeerConnection({
    iceServers: way.iceServers().map(({ urls, username, credential }) => ({
      urls: [...urls],
      ...(username ? { username } : {}),
      ...(credential ? { credential } : {}),
    })),
    certificates: [certificate],
    bundlePolicy: "max-bundle",
  });
}

function taken(ack: Ack): string {
  if (!ack.ok) throw new NotTested(ack.code);
  return ack.sdp ?? "";
}

/** Each is told of the other, by the server and in its words. The port that they are to dial. */
async function introduce(one: RTCPeerConnection, other: RTCPeerConnection, way: Way): Promise<number | null> {
  await one.setLocalDescription();
  const offer = taken(await way.describe(one.localDescription?.sdp ?? ""));
  await other.setRemoteDescription({ type: "offer", sdp: offer });
  await other.setLocalDescription();
  const answer = taken(await way.describe(other.localDescription?.sdp ?? ""));
  await one.setRemoteDescription({ type: "answer", sdp: answer });
  return Number(/^a=candidate:\S+ 1 \S+ \d+ \S+ (\d+) /m.exec(answer)?.[1]) || null;
}

/** The channel's other end, once both are open. */
function bothOpen(there: RTCDataChannel, other: RTCPeerConnection): Promise<RTCDataChannel> {
  const opened = (channel: RTCDataChannel) =>
    new Promise<void>((resolve) => {
      if (channel.readyState === "open") resolve();
      else channel.onopen = () => resolve();
    });
  const arrived = new Promise<RTCDataChannel>((resolve) => {
    other.ondatachannel = ({ channel }) => resolve(channel);
  });
  return Promise.all([arrived, opened(there), arrived.then(opened)]).then(([back]) => back);
}

/** As sound goes: a small packet fifty times a second, and each of them back again. */
async function sendLittle(there: RTCDataChannel, back: RTCDataChannel, signal: AbortSignal) {
  const times: number[] = [];
  const returned = new Arrivals();
  back.binaryType = there.binaryType = "arraybuffer";
  back.onmessage = ({ data }) => back.readyState === "open" && back.send(data);
  there.onmessage = ({ data }) => {
    returned.take(data);
    times.push(performance.now() - (new Float64Array(data.slice(0, 16))[1] ?? 0));
  };
  let number = 0;
  await every(QUIET_EVERY, QUIET_FOR, signal, () => send(there, number++, QUIET_BYTES));
  times.sort((a, b) => a - b);
  const middle = times[Math.floor(times.length / 2)];
  const loss_percent = Math.round(100 * (1 - Math.sqrt(1 - returned.missing))); // of one way: each went two
  return { round_trip_ms: middle === undefined ? null : Math.round(middle), loss_percent };
}

/** As a good picture goes: the best second of it, and whether any of it had to wait. */
async function sendMuch(there: RTCDataChannel, back: RTCDataChannel, signal: AbortSignal) {
  const seen = new Arrivals();
  const began = performance.now();
  const seconds: number[] = [];
  let sent = 0;
  let waited = false;
  let number = 0;
  back.onmessage = ({ data }) => {
    if (data.byteLength !== FULL_BYTES) return; // a late one of the quiet part
    seen.take(data);
    const second = Math.floor((performance.now() - began) / 1000);
    seconds[second] = (seconds[second] ?? 0) + data.byteLength;
  };
  await every(FULL_EVERY, FULL_FOR, signal, () => {
    const due = ((performance.now() - began) / 1000) * (FULL_BITS / 8);
    sent = Math.max(sent, due - CATCH_UP);
    while (sent < due) {
      if (there.bufferedAmount > BACKLOG) {
        waited = true;
        sent = due;
        return;
      }
      if (!send(there, number++, FULL_BYTES)) return;
      sent += FULL_BYTES;
    }
  });
  await every(DRAIN_FOR, DRAIN_FOR, signal, () => {});
  back.onmessage = null;
  const best = seconds.reduce((most, one) => Math.max(most, one ?? 0), 0);
  return { bitrate_kbps: Math.round((best * 8) / 1000), waited, loss_percent: Math.round(100 * seen.missing) };
}

/** What has come, by its number: what is missing before the newest did not arrive. */
class Arrivals {
  #count = 0;
  #newest = -1;

  take(data: ArrayBuffer): void {
    this.#count += 1;
    this.#newest = Math.max(this.#newest, new Float64Array(data.slice(0, 8))[0] ?? -1);
  }

  /** From 0 to 1. */
  get missing(): number {
    return this.#newest < 0 ? 1 : 1 - this.#count / (this.#newest + 1);
  }
}

function send(channel: RTCDataChannel, number: number, bytes: number): boolean {
  if (channel.readyState !== "open") return false;
  const data = new ArrayBuffer(bytes);
  new Float64Array(data, 0, 2).set([number, performance.now()]);
  channel.send(data);
  return true;
}

function every(ms: number, lasts: number, signal: AbortSignal, act: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearInterval(timer);
      reject(new NotTested("stopped"));
    };
    const ends = performance.now() + lasts;
    const timer = setInterval(() => {
      act();
      if (performance.now() < ends) return;
      clearInterval(timer);
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
  });
}

function within<T>(ms: number, signal: AbortSignal, work: Promise<T>): Promise<T | null> {
  return Promise.race([work, every(ms, ms, signal, () => {}).then(() => null)]);
}

/** Firefox names the pair that it took otherwise than Chromium does. */
async function protocolOf(pc: RTCPeerConnection): Promise<string | null> {
  const stats = await pc.getStats();
  const rows = [...stats.values()];
  const chosen = rows.find((row) => row.type === "transport" && row.selectedCandidatePairId)?.selectedCandidatePairId;
  const pair = chosen
    ? stats.get(chosen)
    : rows.find(
        (row) => row.type === "candidate-pair" && (row.selected || (row.nominated && row.state === "succeeded")),
      );
  const local = pair && stats.get(pair.localCandidateId);
  const remote = pair && stats.get(pair.remoteCandidateId);
  return (local?.candidateType === "relay" ? local.relayProtocol : remote?.protocol) ?? null;
}
