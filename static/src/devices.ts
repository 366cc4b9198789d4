/**
 * Camera, microphone, speaker and screen of this device, and why one of them does not work.
 *
 * An old track is always stopped before a new one is asked for: many phones and some drivers cannot hold two.
 */

export type DeviceKind = "camera" | "microphone";

/** Four different troubles, with four different helps. */
export type Trouble = "denied_by_browser" | "denied_by_system" | "missing" | "busy";
export type DeviceState = "asking" | "on" | "off" | Trouble;

export interface Choices {
  camera: MediaDeviceInfo[];
  microphone: MediaDeviceInfo[];
  speaker: MediaDeviceInfo[];
}

export const NO_CHOICES: Choices = { camera: [], microphone: [], speaker: [] };

const WANTED: Record<DeviceKind, MediaTrackConstraints> = {
  camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: "user" },
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

export class Devices {
  readonly #changed: () => void;
  readonly #track: Record<DeviceKind, MediaStreamTrack | null> = { camera: null, microphone: null };
  readonly #chosen: Partial<Record<DeviceKind, string>> = {};
  readonly state: Record<DeviceKind, DeviceState> = { camera: "asking", microphone: "asking" };
  choices: Choices = NO_CHOICES;
  speaker = "";
  /** Told when a device went and another took its place, or none did. */
  onFallback: (kind: DeviceKind | "speaker", label: string | null) => void = () => {};
  /** The own picture; a new stream for a new camera, so that a `<video>` notices. */
  preview: MediaStream | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#onDeviceChange());
  }

  track(kind: DeviceKind): MediaStreamTrack | null {
    return this.#track[kind];
  }

  chosen(kind: DeviceKind): string {
    return this.#track[kind]?.getSettings().deviceId ?? this.#chosen[kind] ?? "";
  }

  /** Ask for both at once (one prompt); where that fails, for each alone, so that one trouble does not cost both. */
  async start(): Promise<void> {
    this.#set("camera", null, "asking");
    this.#set("microphone", null, "asking");
    if (navigator.mediaDevices) {
      try {
        const stream = await navigator.mediaDevices.getUserMedia({
          video: this.#constraints("camera"),
          audio: this.#constraints("microphone"),
        });
        this.#set("camera", stream.getVideoTracks()[0] ?? null, "on");
        this.#set("microphone", stream.getAudioTracks()[0] ?? null, "on");
        return await this.#list();
      } catch {
        // each alone, below
      }
    }
    await this.turnOn("microphone");
    await this.turnOn("camera");
  }

  async turnOn(kind: DeviceKind): Promise<void> {
    this.#set(kind, null, "asking");
    try {
      if (!navigator.mediaDevices) throw new DOMException("insecure", "NotAllowedError");
      const constraints = this.#constraints(kind);
      const stream = await navigator.mediaDevices.getUserMedia(
        kind === "camera" ? { video: constraints } : { audio: constraints },
      );
      this.#set(kind, stream.getTracks()[0] ?? null, "on");
    } catch (error) {
      this.#set(kind, null, troubleOf(error));
    }
    await this.#list();
  }

  turnOff(kind: DeviceKind): void {
    this.#set(kind, null, "off");
  }

  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#chosen[kind] = deviceId;
    await this.turnOn(kind);
  }

  async shareScreen(): Promise<MediaStream | null> {
    try {
      return await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { ideal: 15, max: 30 } },
        audio: true,
        selfBrowserSurface: "exclude", // sharing the call with itself would echo
      } as DisplayMediaStreamOptions);
    } catch {
      return null; // thought better of it
    }
  }

  stop(): void {
    this.#set("camera", null, "off");
    this.#set("microphone", null, "off");
  }

  #constraints(kind: DeviceKind): MediaTrackConstraints {
    const deviceId = this.#chosen[kind];
    if (!deviceId) return WANTED[kind];
    const { facingMode: _, ...rest } = WANTED[kind];
    return { ...rest, deviceId: { exact: deviceId } };
  }

  #set(kind: DeviceKind, track: MediaStreamTrack | null, state: DeviceState): void {
    const old = this.#track[kind];
    if (old && old !== track) {
      old.onended = null;
      old.stop();
    }
    this.#track[kind] = track;
    this.state[kind] = track ? "on" : state;
    if (track) track.onended = () => void this.#onEnded(kind);
    if (kind === "camera") this.preview = track ? new MediaStream([track]) : null;
    this.#changed();
  }

  /** Unplugged, or taken away by the system: the next one, if there is any. */
  async #onEnded(kind: DeviceKind): Promise<void> {
    delete this.#chosen[kind];
    await this.turnOn(kind);
    this.onFallback(kind, this.#track[kind]?.label ?? null);
  }

  async #onDeviceChange(): Promise<void> {
    await this.#list();
    for (const kind of ["microphone", "camera"] as const) {
      if (this.state[kind] === "missing" && this.choices[kind].length > 0) await this.turnOn(kind);
    }
    if (this.speaker && this.choices.speaker.every(({ deviceId }) => deviceId !== this.speaker)) {
      this.speaker = "";
      this.onFallback("speaker", null);
    }
  }

  async #list(): Promise<void> {
    const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const named = all.filter((device) => device.deviceId !== "");
    this.choices = {
      camera: named.filter((device) => device.kind === "videoinput"),
      microphone: named.filter((device) => device.kind === "audioinput"),
      speaker: named.filter((device) => device.kind === "audiooutput"),
    };
    this.#changed();
  }
}

export function isTrouble(state: DeviceState): state is Trouble {
  return state !== "asking" && state !== "on" && state !== "off";
}

/** What `getUserMedia` means, across browsers. */
export function troubleOf(error: unknown): Trouble {
  const { name, message } = error as { name?: string; message?: string };
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return /system/i.test(message ?? "") ? "denied_by_system" : "denied_by_browser";
    case "NotFoundError":
    case "OverconstrainedError":
      // Firefox says NotFoundError, with these words, where macOS keeps the device from it
      return /by the (user agent or the )?platform/i.test(message ?? "") ? "denied_by_system" : "missing";
    default:
      return "busy"; // NotReadableError, AbortError: it is there, and does not start
  }
}
