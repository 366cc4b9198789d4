/**
 * One party's page as a thing that happens: it holds the session, the socket, the peer connection and the devices, and
 * lets them act on each other. It draws nothing; whoever does is told by `changed`.
 *
 * No rule depends on it. The server decides who may join, what ends when, and stops the media by itself.
 */

import { Between } from "./between";
import { ServerClock } from "./clock";
import { Connection } from "./connection";
import { type DeviceKind, Devices, isTrouble } from "./devices";
import { hadJoined, type Identity, rememberJoined } from "./identity";
import { Network } from "./network";
import { LINES, type Line, Peer } from "./peer";
import type { Ack, Commands, Events, HangUpCommand, ReportAndLeaveCommand } from "./protocol";
import { type Judged, judge, Meter, NO_FIGURES } from "./quality";
import { type CheckResult, type CheckSteps, Problem, Rest } from "./rest";
import {
  isOver,
  isPutOut,
  type PageState,
  pageState,
  reduce,
  type SessionState,
  seated,
  stillChecking,
  withView,
} from "./session";
import { play } from "./sound";

/** `leaving` while a way out is being asked of the server. */
export type Seat = "none" | "taking" | "taken";
/** Not what the rules say of a seat that one has, but of the server: it cannot take this just now. */
const TRY_AGAIN = new Set(["busy", "elsewhere"]);

export type Fatal = "no_link" | "bad_link" | "offline" | "wrong_protocol";

/** A device went in the middle of the call, and this one took its place; null: none did. */
export interface Toast {
  kind: DeviceKind | "speaker";
  label: string | null;
}

const TOAST_SHOWN = 8_000;
const WARNING_SHOWN = 8_000;
/** Media may pause so long before anybody is told. */
const PATIENCE = 2_000;
const RESTART_AFTER = 3_000;
const REJOIN_AFTER = 13_000;
const QUALITY_EVERY = 5_000;
const CALM_WITHIN = 200;
const SUMMARY_POLL = 10_000;

export class Room {
  readonly clock = new ServerClock();
  readonly devices = new Devices(() => this.#onDevices());
  readonly network: Network;
  readonly rest: Rest;
  readonly #identity: Identity;
  readonly #changed: () => void;
  readonly #connection: Connection;

  session: SessionState | null = null;
  fatal: Fatal | null = null;
  seat: Seat = "none";
  /** The tab was in the session before a reload, and goes straight back. */
  returning = false;
  steppedOut = false;
  replaced = false;
  /** Code of the last refusal, for the page to put in words. */
  refusal: string | null = null;
  online = false;
  /** For longer than a moment. */
  offline = false;
  interrupted = false;
  tapToHear = false;
  muted = false;
  warning: number | null = null;
  screen: MediaStream | null = null;
  remoteCamera: MediaStream | null = null;
  remoteScreen: MediaStream | null = null;
  toast: Toast | null = null;
  /** The own picture is out of one's own sight; the other sees it. */
  ownHidden = false;
  /** How the running call is for this side. */
  quality: Judged | null = null;
  /** What goes from page to page, past the server. */
  readonly between: Between;
  speakerHeard: boolean | null = null;
  /** The microphone is on, and nothing at all comes from it. */
  silent = false;
  /** What was typed and not sent, by form: a panel may close, and the time may be up, in the middle of a sentence. */
  readonly drafts = new Map<string, FormData>();

  /** The one element for the other's voice, primed by the click on Join. */
  readonly #audio = new Audio();
  #peer: Peer | null = null;
  /** Made before the click, for it to find: a certificate and a connection take their time. */
  #ahead: Peer | null = null;
  #preparing = false;
  /** The other's offer, which waits for the click. */
  #offered: Events["description"] | null = null;
  /** What the server says about media before it is known whether the join on a new socket is still the old one. */
  #pending: (() => void)[] | null = null;
  #join: string | null = null;
  #accepted: string | null = null;
  #downSince: number | null = null;
  #connectingSince: number | null = null;
  #restarted = false;
  #rejoins = 0;
  #bytes = { at: 0, count: 0 };
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #refreshing: ReturnType<typeof setTimeout> | undefined;
  #checking: ReturnType<typeof setTimeout> | undefined;
  #warned: ReturnType<typeof setTimeout> | undefined;
  #lastCheck = "";
  #wakeLock: WakeLockSentinel | null = null;
  #meter = new Meter();
  #offlineSoon: ReturnType<typeof setTimeout> | undefined;
  #toasted: ReturnType<typeof setTimeout> | undefined;

  constructor(identity: Identity, changed: () => void) {
    this.#identity = identity;
    this.#changed = changed;
    this.rest = new Rest(identity.token);
    this.between = new Between(
      {
        say: (said) => this.#peer?.say(said) ?? false,
        fingerprints: async () => (await this.#peer?.fingerprints()) ?? null,
      },
      changed,
    );
    this.devices.onFallback = (kind, label) => this.#onFallback({ kind, label });
    this.#connection = new Connection(identity.token, {
      event: (name, data) => this.#onEvent(name, data),
      connected: () => this.#onConnected(),
      disconnected: () => this.#onDisconnected(),
      refused: (code) => void this.#onRefused(code),
    });
    this.network = new Network(
      {
        open: () => this.#connection.send("test_open", {}),
        describe: (sdp) => this.#connection.send("test_describe", { sdp }),
        close: () => void this.#connection.send("test_close", {}),
        iceServers: () => this.session?.iceServers ?? [],
      },
      () => {
        this.#checkSoon();
        this.#changed();
      },
    );
    this.#audio.autoplay = true;
    addEventListener("online", () => this.#restart());
    addEventListener("pagehide", () => this.#join && this.seat === "taken" && this.rest.leaving(this.#join));
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    document.addEventListener("visibilitychange", () => void this.#onVisible());
    setInterval(() => void this.#watchMedia(), 1_000);
    setInterval(() => void this.#sendQuality(), QUALITY_EVERY);
    setInterval(
      () => this.#isWaitingForMoney() && document.visibilityState === "visible" && this.refresh(),
      SUMMARY_POLL,
    );
  }

  get state(): PageState {
    if (this.replaced) return "replaced";
    if (!this.session) return "error";
    const joined = this.seat === "taken" || (this.seat === "taking" && this.returning);
    return pageState(this.session, joined, this.clock.now());
  }

  /** Until no description is being made, or not much longer: drawing would hold up the media, which takes longest. */
  async calm(): Promise<void> {
    await Promise.race([this.#peer?.settled, new Promise((resolve) => setTimeout(resolve, CALM_WITHIN))]);
  }

  async start(): Promise<void> {
    await this.refresh();
    if (!this.session) return;
    if (isOver(this.session.view)) return;
    this.#connection.connect();
    void this.devices.start();
    if (hadJoined(this.#identity)) {
      this.returning = true;
      await this.join();
    }
  }

  /** Ask for the whole view; the socket's events say only what changed. */
  async refresh(): Promise<void> {
    try {
      const { view, roundTrip } = await this.rest.me();
      this.clock.sample(view.server_time, roundTrip);
      this.session = withView(this.session, stillChecking(this.session, view));
      this.fatal = null;
      this.#follow();
    } catch (error) {
      if (!this.session) this.fatal = error instanceof Problem && error.code !== "offline" ? "bad_link" : "offline";
    }
    this.#changed();
  }

  // --- coming ---------------------------------------------------------------------------------------------------------

  accept(version: string | null): void {
    this.#accepted = version;
  }

  async decline(version: string): Promise<void> {
    await this.rest.guidelines(false, version).catch(() => {});
    await this.refresh();
  }

  /** Take the seat: from a click, or by itself after a reload. */
  async join(): Promise<void> {
    if (this.seat === "taking" || !this.session) return;
    this.seat = "taking";
    this.network.stop();
    this.replaced = false;
    this.steppedOut = false;
    this.refusal = null;
    this.#primeAudio();
    await this.#newPeer();
    const taken = this.#connection.connected ? this.#takeSeat(null) : this.#connection.connect();
    this.#changed(); // drawn after it was asked for
    await taken;
  }

  /** Take the session back from another device. */
  async takeOver(): Promise<void> {
    this.returning = true;
    await this.devices.start();
    await this.join();
  }

  async #newPeer(): Promise<void> {
    this.#peer?.close();
    this.#join = null;
    this.#downSince = this.#connectingSince = null;
    this.#restarted = false;
    const ahead = this.#ahead;
    this.#ahead = this.#offered = null;
    this.#peer = ahead ?? (await this.#makePeer(false));
    if (ahead && this.session?.view.other.status === "here") ahead.answerAhead();
    else this.#giveTracks();
  }

  async #prepare(): Promise<void> {
    if (this.#ahead || this.#preparing) return;
    this.#preparing = true;
    const peer = await this.#makePeer(true);
    this.#preparing = false;
    if (this.seat !== "none" || this.state === "ended") return peer.close();
    this.#ahead = peer;
    this.#giveTracks();
    if (this.#offered) peer.foresee(this.#offered);
  }

  #makePeer(ahead: boolean): Promise<Peer> {
    return Peer.create(
      () => this.session?.iceServers ?? [],
      {
        describe: (description) => void this.#connection.send("describe", description),
        remote: (tracks) => this.#onRemote(tracks),
        state: (state) => this.#onPeerState(state),
        hear: (data) => this.between.hear(data),
        channel: (open) => this.#onChannel(open),
      },
      ahead,
    );
  }

  async #takeSeat(resume: string | null): Promise<void> {
    const guidelines = this.#accepted;
    const ack = await this.#connection.send("join", {
      ...(guidelines ? { guidelines } : {}),
      ...(resume ? { resume } : {}),
    });
    if (this.seat === "none") return; // left, or replaced, meanwhile
    if (ack.ok) {
      if (resume && ack.join !== resume) await this.#newPeer(); // the server was restarted, or had given us up
      this.#join = ack.join ?? null;
      const pending = this.#pending ?? [];
      this.#pending = null;
      for (const act of pending) act();
      this.seat = "taken";
      rememberJoined(this.#identity, true);
      if (this.session) this.session = seated(this.session, this.#join);
      void this.#keepAwake();
      this.#sendMedia();
    } else if (ack.code === "offline" || (resume && TRY_AGAIN.has(ack.code))) {
      if (this.#connection.connected) setTimeout(() => void this.#takeSeat(resume), 1_000);
      return;
    } else if (resume) {
      await this.#newPeer();
      return this.#takeSeat(null);
    } else {
      this.refusal = ack.code;
      this.#giveUpSeat();
      this.#refreshSoon();
    }
    this.returning = false;
    this.#changed();
  }

  // --- leaving --------------------------------------------------------------------------------------------------------

  async stepOut(): Promise<void> {
    const ack = await this.#connection.send("step_out", {});
    if (!ack.ok && ack.code === "offline" && this.#join) this.rest.leaving(this.#join);
    this.steppedOut = true;
    this.#giveUpSeat();
    this.#refreshSoon();
    this.#changed();
  }

  /** End the session, leave early, or leave freely: the rules say which it is. True if the server took it. */
  async hangUp(cause: HangUpCommand["cause"] = null): Promise<boolean> {
    const ack = await this.#connection.send("hang_up", { cause: cause ?? null, join: this.#join });
    this.refusal = ack.ok ? null : ack.code;
    if (ack.ok && ack.ended === false) {
      // the other one is gone, but not yet for long enough: the server took it as a stepping out
      this.steppedOut = true;
      this.#giveUpSeat();
    }
    this.#refreshSoon();
    this.#changed();
    return ack.ok;
  }

  /** End it at once for one's own safety, and say why (P3.13). Throws a ``Problem``. */
  async reportAndLeave(category: ReportAndLeaveCommand["category"], text: string): Promise<void> {
    const said = { category, join: this.#join, ...(text ? { text } : {}) };
    accepted(await this.#connection.send("report_and_leave", said));
    this.#refreshSoon();
  }

  /** Ask for written consent to record, or answer (P5.3). Throws a ``Problem``; what follows comes as an event. */
  async consent(said: Omit<Commands["consent"], "command_id">): Promise<void> {
    accepted(await this.#connection.send("consent", said));
  }

  async runningLate(minutes: number): Promise<boolean> {
    const ack = await this.#connection.send("running_late", { minutes });
    return ack.ok;
  }

  #giveUpSeat(): void {
    this.seat = "none";
    this.returning = false;
    this.#join = null;
    this.#pending = null;
    rememberJoined(this.#identity, false);
    this.#peer?.close();
    this.#peer = null;
    this.#stopScreen();
    this.interrupted = false;
    this.quality = null;
    this.#meter = new Meter();
    this.#wakeLock?.release().catch(() => {});
    this.#wakeLock = null;
  }

  // --- own media ------------------------------------------------------------------------------------------------------

  get microphoneOn(): boolean {
    return this.devices.state.microphone === "on" && !this.muted;
  }

  get cameraOn(): boolean {
    return this.devices.state.camera === "on";
  }

  async setMicrophone(on: boolean): Promise<void> {
    this.muted = !on;
    if (on && !this.devices.track("microphone")) await this.devices.turnOn("microphone");
    this.#onDevices();
  }

  /** Off means off: the track is stopped, and with it the light on the camera. */
  async setCamera(on: boolean): Promise<void> {
    if (on) await this.devices.turnOn("camera");
    else this.devices.turnOff("camera");
  }

  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#peer?.setTrack(kind, null); // the old track stops first
    await this.devices.choose(kind, deviceId);
  }

  async chooseSpeaker(deviceId: string): Promise<void> {
    this.devices.chooseSpeaker(deviceId);
    await this.#useSpeaker();
    this.#changed();
  }

  async #useSpeaker(): Promise<void> {
    const audio = this.#audio as { setSinkId?(id: string): Promise<void> };
    await audio.setSinkId?.(this.devices.speaker).catch(() => {});
  }

  async shareScreen(on: boolean): Promise<void> {
    this.#stopScreen();
    if (on) {
      const stream = await this.devices.shareScreen();
      const track = stream?.getVideoTracks()[0];
      if (stream && track) {
        this.screen = stream;
        track.contentHint = "detail";
        track.onended = () => void this.shareScreen(false); // the browser's own "stop sharing"
      }
    }
    this.#giveTracks();
    this.#sendMedia();
    this.#changed();
  }

  #stopScreen(): void {
    for (const track of this.screen?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.screen = null;
  }

  #onDevices(): void {
    const microphone = this.devices.track("microphone");
    if (microphone) microphone.enabled = !this.muted;
    this.#giveTracks();
    this.#sendMedia();
    this.#checkSoon();
    this.#changed();
  }

  #giveTracks(): void {
    const own: Record<Line, MediaStreamTrack | null> = {
      microphone: this.devices.track("microphone"),
      camera: this.devices.track("camera"),
      screen: this.screen?.getVideoTracks()[0] ?? null,
      screenAudio: this.screen?.getAudioTracks()[0] ?? null,
    };
    for (const line of LINES) (this.#peer ?? this.#ahead)?.setTrack(line, own[line]);
  }

  #sendMedia(): void {
    if (this.seat !== "taken") return;
    void this.#connection.send("media", {
      microphone: !this.muted && this.devices.track("microphone") !== null,
      camera: this.devices.track("camera") !== null,
      screen: this.screen !== null,
    });
  }

  // --- the device check is evidence of having been there ------------------------------------------------------------------

  setSpeakerHeard(heard: boolean): void {
    this.speakerHeard = heard;
    this.#checkSoon();
    this.#changed();
  }

  setSilent(silent: boolean): void {
    if (silent === this.silent) return;
    this.silent = silent;
    this.#checkSoon();
    this.#changed();
  }

  #checkSoon(): void {
    clearTimeout(this.#checking);
    this.#checking = setTimeout(() => void this.#sendCheck(), 1_500);
  }

  get checks(): CheckSteps {
    return {
      camera: this.#result("camera"),
      microphone: this.#result("microphone"),
      speaker: this.speakerHeard === null ? "skipped" : this.speakerHeard ? "ok" : "failed",
      network: this.network.result,
    };
  }

  get checkStatus(): "asking" | "ok" | "trouble" {
    const { camera, microphone } = this.devices.state;
    if (camera === "asking" || microphone === "asking") return "asking";
    const heard = this.speakerHeard !== false && !this.silent;
    return isTrouble(camera) || isTrouble(microphone) || !heard || this.network.result === "failed" ? "trouble" : "ok";
  }

  async #sendCheck(): Promise<void> {
    if ((this.state !== "checkin" && this.state !== "waiting") || this.checkStatus === "asking") return;
    const { camera, microphone } = this.devices.state;
    const steps = this.checks;
    const detail = `camera ${camera}, microphone ${microphone}, network ${this.network.detail}`;
    const whole = JSON.stringify([steps, detail]);
    if (whole === this.#lastCheck) return;
    this.#lastCheck = whole;
    await this.rest.check(steps, detail).catch(() => {
      this.#lastCheck = "";
    });
  }

  #result(kind: DeviceKind): CheckResult {
    const state = this.devices.state[kind];
    if (state === "on") return kind === "microphone" && (this.silent || this.devices.mutedOutside) ? "silent" : "ok";
    if (!isTrouble(state)) return "skipped";
    return state === "missing" || state === "busy" ? state : "denied";
  }

  // --- the other's media ------------------------------------------------------------------------------------------------

  #primeAudio(): void {
    this.#audio.srcObject ??= new MediaStream();
    this.#audio.play().catch(() => {}); // nothing to hear yet; it is the click that counts
    void this.#useSpeaker();
  }

  hear(): void {
    this.tapToHear = false;
    this.#audio.play().catch(() => {
      this.tapToHear = true;
      this.#changed();
    });
    this.#changed();
  }

  #onRemote(tracks: Record<Line, MediaStreamTrack> | null): void {
    this.remoteCamera = tracks && new MediaStream([tracks.camera]);
    this.remoteScreen = tracks && new MediaStream([tracks.screen]);
    this.#audio.srcObject = tracks && new MediaStream([tracks.microphone, tracks.screenAudio]);
    if (tracks) this.hear();
    this.#changed();
  }

  #onPeerState(state: RTCPeerConnectionState): void {
    const now = performance.now();
    if (state === "connected") {
      this.#downSince = this.#connectingSince = null;
      this.#restarted = false;
      this.#rejoins = 0;
      this.#bytes.at = now;
    } else if (state === "disconnected" || state === "failed") {
      this.#downSince ??= now;
    } else {
      this.#connectingSince ??= now;
    }
    this.#changed();
  }

  async #watchMedia(): Promise<void> {
    const peer = this.#peer;
    if (!peer?.started || this.seat !== "taken") return;
    const now = performance.now();
    const count = await peer.bytesReceived();
    if (count !== this.#bytes.count) this.#bytes = { at: now, count };

    const sending = this.session?.sending;
    const live = this.session?.view.status === "live";
    const silent =
      (sending?.microphone || sending?.camera) && peer.state === "connected" && now - this.#bytes.at > PATIENCE;
    const down = this.#downSince !== null ? now - this.#downSince : 0;
    const connecting = this.#connectingSince !== null ? now - this.#connectingSince : 0;
    const interrupted = down > PATIENCE || Boolean(live && silent);
    if (interrupted !== this.interrupted) {
      this.interrupted = interrupted;
      if (interrupted) this.#onQuality(judge(NO_FIGURES, true));
      this.#changed();
    }
    if (!this.#connection.connected) return;
    if (Math.max(down, connecting) > REJOIN_AFTER * (1 + Math.min(3, this.#rejoins))) {
      this.#rejoins += 1;
      await this.#newPeer();
      await this.#takeSeat(null);
    } else if (down > RESTART_AFTER && !this.#restarted) {
      this.#restart();
    }
  }

  /** New ICE credentials for this side: the expert offers anew, the client asks the server to. */
  #restart(): void {
    if (!this.#peer?.started || this.seat !== "taken" || !this.#connection.connected) return;
    this.#restarted = true;
    if (this.session?.view.me.role === "expert") this.#peer.restartIce();
    else void this.#connection.send("restart", {});
  }

  async #sendQuality(): Promise<void> {
    if (this.seat !== "taken" || this.#peer?.state !== "connected") return;
    const figures = await this.#peer.figures();
    if (figures.bitrate_kbps === null) return; // the first look has nothing to compare with
    this.#onQuality(judge(figures, this.interrupted));
    const { round_trip_ms, loss_percent, bitrate_kbps } = figures;
    const level = this.quality?.level ?? null;
    await this.#connection.send("quality", { level, round_trip_ms, loss_percent, bitrate_kbps });
  }

  #onQuality(judged: Judged): void {
    this.quality = this.#meter.look(judged);
    this.between.tell(this.quality);
    this.#changed();
  }

  // --- from page to page ------------------------------------------------------------------------------------------------

  #onChannel(open: boolean): void {
    const view = this.session?.view;
    if (open && view) this.between.opened(view.id, view.me.role);
    else this.between.closed();
  }

  hideOwn(hidden: boolean): void {
    this.ownHidden = hidden;
    this.#changed();
  }

  /** Something outside the room has changed that a part of the page shows. */
  redraw(): void {
    this.#changed();
  }

  #onFallback(toast: Toast): void {
    if (toast.kind === "speaker") void this.chooseSpeaker("");
    if (this.seat !== "taken") return;
    this.toast = toast;
    clearTimeout(this.#toasted);
    this.#toasted = setTimeout(() => {
      this.toast = null;
      this.#changed();
    }, TOAST_SHOWN);
    this.#changed();
  }

  // --- what the server says ---------------------------------------------------------------------------------------------

  #onDisconnected(): void {
    this.online = false;
    this.network.stop();
    clearTimeout(this.#offlineSoon);
    this.#offlineSoon = setTimeout(() => {
      this.offline = !this.online;
      this.#changed();
    }, PATIENCE);
    this.#changed();
  }

  #onConnected(): void {
    this.online = true;
    this.offline = false;
    if (this.seat === "taken") {
      this.#pending = [];
      void this.#takeSeat(this.#join);
    } else if (this.seat === "taking") void this.#takeSeat(null);
    this.#changed();
  }

  async #onRefused(code: string): Promise<void> {
    if (code === "wrong_protocol") {
      this.fatal = "wrong_protocol";
      this.#changed();
      return;
    }
    await this.refresh(); // perhaps it is over, or the link no longer holds
  }

  #onEvent<Name extends keyof Events>(name: Name, data: Events[Name]): void {
    const event = { name, data } as { [N in keyof Events]: { name: N; data: Events[N] } }[keyof Events];
    switch (event.name) {
      case "negotiate":
        this.#aboutMedia(() => this.#peer?.negotiate(event.data.generation));
        return;
      case "description":
        if (this.seat === "none") {
          this.#offered = event.data;
          this.#ahead?.foresee(event.data);
        } else this.#aboutMedia(() => this.#peer?.describe(event.data));
        return;
      case "warning":
        this.#showWarning(event.data.remaining_seconds);
        return;
      case "replaced":
        this.replaced = true;
        this.#giveUpSeat();
        this.#connection.close(); // quiet, until it is taken back
        this.devices.stop();
        this.#changed();
        return;
      case "draining":
        return; // the connection sees to it
    }
    if (event.name === "snapshot") this.clock.sample(event.data.view.server_time);
    if (event.name === "ended") this.clock.sample(event.data.view.server_time);
    const before = this.session?.view.other.status;
    this.session = reduce(this.session, event);
    if (event.name === "snapshot" && this.seat === "none") void this.#prepare();
    if (this.seat === "taken" && before && before !== "here" && this.session?.view.other.status === "here") {
      void play("arrived", this.devices.speaker);
    }
    this.#follow();
    this.#changed();
  }

  #aboutMedia(act: () => void): void {
    if (this.#pending) this.#pending.push(act);
    else act();
  }

  #showWarning(seconds: number): void {
    this.warning = seconds;
    void play("warning", this.devices.speaker);
    clearTimeout(this.#warned);
    this.#warned = setTimeout(() => {
      this.warning = null;
      this.#changed();
    }, WARNING_SHOWN);
    this.#changed();
  }

  #refreshSoon(): void {
    clearTimeout(this.#refreshing);
    this.#refreshing = setTimeout(() => void this.refresh(), 250);
  }

  /** After every new view: stop if it is over, and wake at the next time that means something. */
  #follow(): void {
    clearTimeout(this.#alarm);
    if (!this.session) return;
    const { view } = this.session;
    if (isOver(view)) {
      this.#stop();
      this.#connection.close();
      if (!view.end) this.#alarm = setTimeout(() => void this.refresh(), 1_500); // the settlement follows
      return;
    }
    const now = this.clock.now();
    if (this.seat === "taken" && isPutOut(view, now)) this.#giveUpSeat();
    const times = [view.opens_at, view.starts_at, view.ends_at, view.held_until, view.may.leave_at];
    const due = times.flatMap((time) => (time ? [Date.parse(time)] : [])).filter((time) => time > now);
    if (due.length === 0) {
      this.#stop();
      this.#alarm = setTimeout(() => void this.refresh(), 1_000); // the server's word is on its way
      return;
    }
    const wait = Math.min(...due) - now;
    this.#alarm = setTimeout(() => this.#onAlarm(), Math.min(wait + 5, 3_600_000));
  }

  #onAlarm(): void {
    this.#follow(); // the hard stop first, if it is that
    this.#refreshSoon();
    this.#changed();
  }

  #stop(): void {
    this.#giveUpSeat();
    this.#ahead?.close();
    this.#ahead = null;
    this.devices.stop();
  }

  #isWaitingForMoney(): boolean {
    const view = this.session?.view;
    if (!view || !isOver(view)) return false;
    return !view.refund || ["requested", "review", "approved", "disputed"].includes(view.refund.status);
  }

  async #keepAwake(): Promise<void> {
    this.#wakeLock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
  }

  async #onVisible(): Promise<void> {
    if (document.visibilityState !== "visible") return;
    if (this.seat === "taken" && (!this.#wakeLock || this.#wakeLock.released)) await this.#keepAwake();
    for (const kind of ["microphone", "camera"] as const) {
      // after an interruption on iOS a track claims to be live, and is not
      if (this.seat === "taken" && this.devices.track(kind)?.muted) await this.devices.turnOn(kind);
    }
    if (this.session) this.#refreshSoon();
  }
}

function accepted(ack: Ack): void {
  if (!ack.ok) throw new Problem(ack.code, 0, ack.detail);
}
