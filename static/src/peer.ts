/**
 * One join's peer connections: at most one at a time, a new one for each generation.
 *
 * The expert always offers. The media lines are fixed in the first offer and filled by `replaceTrack`, so nothing is ever
 * negotiated again; only ICE restarts exchange descriptions anew, within a generation. Candidates are never sent: the
 * server's are in its descriptions, and it learns ours from the checks. All connections of a join share one certificate,
 * so that a fingerprint changes only when someone really joins anew.
 */

import type { Said } from "./between";
import { fingerprintIn, fingerprintOf } from "./fingerprint";
import type { Description, IceServer } from "./protocol";
import type { Figures } from "./quality";

/** The media lines in the order of the offer. */
export const LINES = ["microphone", "camera", "screen", "screenAudio"] as const;
export type Line = (typeof LINES)[number];

const KIND: Record<Line, "audio" | "video"> = {
  microphone: "audio",
  camera: "video",
  screen: "video",
  screenAudio: "audio",
};
/** Together they stay under the server's ceiling for one side. */
const MAX_BITRATE: Partial<Record<Line, number>> = { camera: 1_500_000, screen: 2_000_000 };
/**
 * The camera's picture begins small: a browser that knows nothing of the network yet drops large frames until it has
 * found a size that fits, and the first one is on its way for long. Full size once the connection has stood for a while.
 */
const AT_FIRST = 4;
const GROWS_AFTER = 1_000;

export interface PeerHandlers {
  describe(description: { type: "offer" | "answer"; sdp: string; generation: number }): void;
  remote(tracks: Record<Line, MediaStreamTrack> | null): void;
  state(state: RTCPeerConnectionState): void;
  /** What came through the data channel, whatever it is. */
  hear(data: unknown): void;
  channel(open: boolean): void;
}

export class Peer {
  readonly #handlers: PeerHandlers;
  readonly #iceServers: () => readonly IceServer[];
  readonly #certificate: RTCCertificate;
  readonly #own: Record<Line, MediaStreamTrack | null> = {
    microphone: null,
    camera: null,
    screen: null,
    screenAudio: null,
  };
  #pc: RTCPeerConnection | null = null;
  /** Made ahead, for the next generation. */
  #spare: RTCPeerConnection | null = null;
  /** Made ahead, with the other side's offer in it already. */
  #foreseen: { pc: RTCPeerConnection; generation: number; sdp: string; answered: boolean } | null = null;
  #channel: RTCDataChannel | null = null;
  /** Compared for equality only: a server that was restarted begins at 1 again. */
  #generation: number | null = null;
  #closed = false;
  #offering = false;
  #queue: Promise<void> = Promise.resolve();
  #last = { at: 0, bytes: 0, packets: 0, lost: 0 };

  /** With `ahead` its first connection is made at once. Whoever reads `iceServers` before they are known gets none. */
  static async create(iceServers: () => readonly IceServer[], handlers: PeerHandlers, ahead = false): Promise<Peer> {
    const certificate = await RTCPeerConnection.generateCertificate({
      name: "ECDSA",
      namedCurve: "P-256",
    } as EcKeyGenParams);
    const peer = new Peer(iceServers, certificate, handlers);
    if (ahead) peer.#spare = peer.#make();
    return peer;
  }

  private constructor(iceServers: () => readonly IceServer[], certificate: RTCCertificate, handlers: PeerHandlers) {
    this.#iceServers = iceServers;
    this.#certificate = certificate;
    this.#handlers = handlers;
  }

  get state(): RTCPeerConnectionState {
    return this.#pc?.connectionState ?? "new";
  }

  get started(): boolean {
    return this.#pc !== null;
  }

  /** Once all that was asked for so far is done. */
  get settled(): Promise<void> {
    return this.#queue;
  }

  /** To the expert: a new connection, and an offer. */
  negotiate(generation: number): void {
    this.#enqueue(async () => {
      if (this.#closed) return;
      const pending = this.#pc?.pendingLocalDescription;
      if (generation === this.#generation) {
        // told again, because our offer did not arrive
        if (pending) this.#handlers.describe({ type: "offer", sdp: pending.sdp, generation });
        return;
      }
      const pc = this.#open(generation);
      this.#offering = true;
      for (const line of LINES) pc.addTransceiver(KIND[line], { direction: "sendrecv" });
      this.#adopt(pc.createDataChannel("chat"));
      void limit(pc, AT_FIRST);
      await this.#describe(pc);
      this.#announce(pc);
      await this.#attach(pc);
    });
  }

  /** The offer that will come with the join: all that can be done with it before, but nothing goes out. */
  foresee({ type, sdp, generation }: Description): void {
    this.#enqueue(async () => {
      if (this.#closed || this.#pc || type !== "offer") return;
      this.#foreseen?.pc.close();
      const pc = this.#spare ?? this.#make();
      this.#spare = null;
      this.#foreseen = { pc, generation, sdp, answered: false };
      await this.#take(pc, { type, sdp });
      await this.#attach(pc);
    });
  }

  /**
   * The join is on its way, so the answer may be too, and the first packets: the server takes it in after the join, and
   * the relay holds a check back until it knows of the join.
   */
  answerAhead(): void {
    this.#enqueue(async () => {
      const foreseen = this.#foreseen;
      if (!foreseen) return;
      await foreseen.pc.setLocalDescription();
      this.#tell(foreseen.pc, foreseen.generation);
      foreseen.answered = true;
    });
  }

  describe(description: Description): void {
    this.#enqueue(async () => {
      const { type, sdp, generation } = description;
      if (this.#closed) return;
      if (type === "answer") {
        if (generation === this.#generation && this.#pc?.signalingState === "have-local-offer") {
          await this.#pc.setRemoteDescription({ type, sdp });
        }
        return;
      }
      const isNew = generation !== this.#generation;
      const asForeseen = isNew && this.#foreseen?.generation === generation && this.#foreseen.sdp === sdp;
      const answered = asForeseen && this.#foreseen?.answered;
      const pc = isNew ? this.#open(generation, asForeseen) : this.#pc;
      if (!pc) return;
      if (isNew && !asForeseen) await this.#take(pc, { type, sdp });
      else if (!isNew) await pc.setRemoteDescription({ type, sdp });
      if (!answered) await this.#describe(pc);
      if (isNew) {
        this.#announce(pc);
        await this.#attach(pc);
      }
    });
  }

  /** The expert's side of an ICE restart; a client asks the server for one (`restart`). */
  restartIce(): void {
    this.#enqueue(async () => {
      const pc = this.#pc;
      if (!pc || !this.#offering) return;
      if (pc.signalingState === "have-local-offer") await pc.setLocalDescription({ type: "rollback" });
      pc.restartIce();
      await this.#describe(pc);
    });
  }

  setTrack(line: Line, track: MediaStreamTrack | null): void {
    this.#own[line] = track;
    this.#enqueue(async () => {
      const pc = this.#pc ?? this.#foreseen?.pc;
      await pc?.getTransceivers()[LINES.indexOf(line)]?.sender.replaceTrack(this.#own[line]);
    });
  }

  say(said: Said): boolean {
    if (this.#channel?.readyState !== "open") return false;
    this.#channel.send(JSON.stringify(said));
    return true;
  }

  /**
   * The fingerprints of the two certificates of this connection: of those that the browser itself has and was shown, or,
   * where it does not show them (Firefox), of those that the two descriptions in force pin it to. Not from the statistics:
   * Chromium keeps what it knew of certificates when it was first asked for any, which may be before there was one.
   */
  async fingerprints(): Promise<{ mine: string; theirs: string } | null> {
    const pc = this.#pc;
    if (!pc) return null;
    const own = this.#certificate.getFingerprints?.().find(({ algorithm }) => algorithm === "sha-256")?.value;
    const mine = own ?? fingerprintIn(pc.currentLocalDescription?.sdp ?? "");
    const [shown] = pc.getTransceivers()[0]?.sender.transport?.getRemoteCertificates?.() ?? [];
    const theirs = shown ? await fingerprintOf(shown) : fingerprintIn(pc.currentRemoteDescription?.sdp ?? "");
    return mine && theirs ? { mine, theirs } : null;
  }

  close(): void {
    this.#closed = true; // nothing that is still queued opens another
    this.#release();
    this.#spare?.close();
    this.#foreseen?.pc.close();
    this.#spare = this.#foreseen = null;
  }

  /** Since the last call: what came in, how much of it was missing, and how far the other end of the path is. */
  async figures(): Promise<Figures> {
    let bytes = 0;
    let packets = 0;
    let lost = 0;
    let rtt: number | null = null;
    let outgoing: number | null = null;
    let limited = false;
    for (const report of (await this.#pc?.getStats())?.values() ?? []) {
      if (report.type === "inbound-rtp") {
        bytes += report.bytesReceived ?? 0;
        packets += report.packetsReceived ?? 0;
        lost += Math.max(0, report.packetsLost ?? 0);
      }
      // What RTCP says is the way to the other person; the candidate pair is only the way to the server.
      if (report.type === "remote-inbound-rtp" && report.roundTripTime !== undefined) {
        rtt = Math.max(rtt ?? 0, report.roundTripTime);
      }
      if (report.type === "candidate-pair" && report.nominated && report.availableOutgoingBitrate !== undefined) {
        outgoing = Math.round(report.availableOutgoingBitrate / 1000);
      }
      if (report.type === "outbound-rtp" && report.qualityLimitationReason === "bandwidth") limited = true;
    }
    const at = performance.now();
    const seconds = (at - this.#last.at) / 1000;
    const received = packets - this.#last.packets;
    const missing = Math.max(0, lost - this.#last.lost);
    const fresh = this.#last.at > 0 && received >= 0 && bytes >= this.#last.bytes;
    const kbps = ((bytes - this.#last.bytes) * 8) / 1000 / seconds;
    this.#last = { at, bytes, packets, lost };
    return {
      round_trip_ms: rtt === null ? null : Math.min(60_000, Math.round(rtt * 1000)),
      loss_percent: fresh && received + missing > 0 ? Math.round((100 * missing) / (received + missing)) : null,
      bitrate_kbps: fresh ? Math.min(1_000_000, Math.round(kbps)) : null,
      outgoing_kbps: outgoing,
      limited,
    };
  }

  /** How much media has come in on this connection: rises while the way is open and the other sends. */
  async bytesReceived(): Promise<number> {
    let bytes = 0;
    for (const report of (await this.#pc?.getStats())?.values() ?? []) {
      if (report.type === "inbound-rtp") bytes += report.bytesReceived ?? 0;
    }
    return bytes;
  }

  #open(generation: number, foreseen = false): RTCPeerConnection {
    this.#release();
    this.#generation = generation;
    this.#last = { at: 0, bytes: 0, packets: 0, lost: 0 };
    if (!foreseen) this.#foreseen?.pc.close();
    const pc = (foreseen && this.#foreseen?.pc) || this.#spare || this.#make();
    this.#spare = this.#foreseen = null;
    pc.onconnectionstatechange = () => {
      if (this.#pc !== pc) return;
      if (pc.connectionState === "connected") setTimeout(() => void limit(pc, 1), GROWS_AFTER);
      this.#handlers.state(pc.connectionState);
    };
    pc.ondatachannel = ({ channel }) => this.#adopt(channel);
    this.#pc = pc;
    if (pc.connectionState !== "new") this.#handlers.state(pc.connectionState);
    return pc;
  }

  #make(): RTCPeerConnection {
    return new RTCPeerConnection({
      iceServers: this.#iceServers().map(({ urls, username, credential }) => ({
        urls: [...urls],
        ...(username ? { username } : {}),
        ...(credential ? { credential } : {}),
      })),
      certificates: [this.#certificate],
      bundlePolicy: "max-bundle",
      rtcpMuxPolicy: "require",
    });
  }

  #release(): void {
    const pc = this.#pc;
    this.#pc = null;
    this.#channel = null;
    this.#offering = false;
    if (!pc) return;
    pc.close();
    this.#handlers.remote(null);
    this.#handlers.channel(false);
  }

  async #attach(pc: RTCPeerConnection): Promise<void> {
    const transceivers = pc.getTransceivers();
    await Promise.all(LINES.map((line, index) => transceivers[index]?.sender.replaceTrack(this.#own[line])));
  }

  /** The first offer of a generation. */
  async #take(pc: RTCPeerConnection, offer: RTCSessionDescriptionInit): Promise<void> {
    await pc.setRemoteDescription(offer);
    for (const transceiver of pc.getTransceivers()) transceiver.direction = "sendrecv";
    void limit(pc, AT_FIRST);
  }

  async #describe(pc: RTCPeerConnection): Promise<void> {
    await pc.setLocalDescription();
    if (this.#pc === pc && this.#generation !== null) this.#tell(pc, this.#generation);
  }

  #tell(pc: RTCPeerConnection, generation: number): void {
    const { type, sdp } = pc.localDescription ?? {};
    if (type === "offer" || type === "answer") this.#handlers.describe({ type, sdp: sdp ?? "", generation });
  }

  #announce(pc: RTCPeerConnection): void {
    const tracks = pc.getTransceivers().map((transceiver) => transceiver.receiver.track);
    const [microphone, camera, screen, screenAudio] = tracks;
    if (microphone && camera && screen && screenAudio) {
      this.#handlers.remote({ microphone, camera, screen, screenAudio });
    }
  }

  #adopt(channel: RTCDataChannel): void {
    this.#channel = channel;
    const isNewest = () => this.#channel === channel;
    let told = false;
    const opened = () => {
      if (told || !isNewest()) return; // one that comes in may be open already, and say so once more
      told = true;
      this.#handlers.channel(true);
    };
    channel.onopen = opened;
    if (channel.readyState === "open") queueMicrotask(opened);
    channel.onclose = () => isNewest() && this.#handlers.channel(false);
    channel.onmessage = ({ data }) => isNewest() && this.#handlers.hear(data);
  }

  /** One step at a time: descriptions and track changes must not overtake each other. */
  #enqueue(step: () => Promise<void>): void {
    this.#queue = this.#queue.then(step).catch((error) => console.warn("peer:", error));
  }
}

/** What each line may send, and how much smaller than it is the camera's picture goes out. A wish, not a need. */
async function limit(pc: RTCPeerConnection, smaller: number): Promise<void> {
  if (pc.signalingState === "closed") return;
  const transceivers = pc.getTransceivers();
  for (const [index, line] of LINES.entries()) {
    const maxBitrate = MAX_BITRATE[line];
    const sender = transceivers[index]?.sender;
    if (!sender || !maxBitrate) continue;
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) {
      encoding.maxBitrate = maxBitrate;
      if (line === "camera") encoding.scaleResolutionDownBy = smaller;
    }
    await sender.setParameters(parameters).catch(() => {});
  }
}
