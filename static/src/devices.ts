/**
 * Camera, microphone, speaker and screen of this device, and why one of them does not work.
 *
 * An old track is always stopped before a new one is asked for: many phones and some drivers cannot hold two.
 */

export type DeviceKind = "camera" | "microphone";

/** Different troubles, with different helps. `dismissed`: the browser asked, and got no answer. */
export type Trouble = "denied_by_browser" | "dismissed" | "denied_by_system" | "missing" | "busy";
export type DeviceState = "asking" | "on" | "off" | Trouble;

export interface Choices {
  camera: MediaDeviceInfo[];
  microphone: MediaDeviceInfo[];
  speaker: MediaDeviceInfo[];
}

/** A device went away by itself, and what is used instead: the name of another one, or nothing. */
export interface Fallback {
  kind: DeviceKind | "speaker";
  gone: string;
  instead: string | null;
}

export const NO_CHOICES: Choices = { camera: [], microphone: [], speaker: [] };

const WANTED: Record<DeviceKind, MediaTrackConstraints> = {
  camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: "user" },
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};
const INPUTS: Record<DeviceKind, MediaDeviceKind> = { camera: "videoinput", microphone: "audioinput" };
const REMEMBERED = "headstrt:devices";

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
  /** The newest device that went away; whoever shows it may set it to null. */
  fallback: Fallback | null = null;
  #watching = false;

  constructor(changed: () => void) {
    this.#changed = changed;
    const { camera, microphone, speaker } = recall();
    if (camera) this.#chosen.camera = camera;
    if (microphone) this.#chosen.microphone = microphone;
    if (speaker) this.speaker = speaker;
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#onDeviceChange());
  }

  track(kind: DeviceKind): MediaStreamTrack | null {
    return this.#track[kind];
  }

  chosen(kind: DeviceKind): string {
    return this.#track[kind]?.getSettings().deviceId ?? this.#chosen[kind] ?? "";
  }

  /** The microphone is here and sends silence, by a switch on it or in the system. */
  get mutedOutside(): boolean {
    return this.#track.microphone?.muted ?? false;
  }

  /** Ask for both at once (one prompt); where that fails, for each alone, so that one trouble does not cost both. */
  async start(): Promise<void> {
    this.#set("camera", null, "asking");
    this.#set("microphone", null, "asking");
    let dismissed = false;
    if (navigator.mediaDevices) {
      try {
        const stream = await navigator.mediaDevices.getUserMedia({
          video: this.#constraints("camera"),
          audio: this.#constraints("microphone"),
        });
        this.#set("camera", stream.getVideoTracks()[0] ?? null, "on");
        this.#set("microphone", stream.getAudioTracks()[0] ?? null, "on");
        void this.#watchPermissions();
        return await this.#list();
      } catch (error) {
        const [camera, microphone] = await Promise.all([permission("camera"), permission("microphone")]);
        // Who closed the browser's question is not asked twice more at once.
        dismissed =
          (error as DOMException).name === "NotAllowedError" && camera === "prompt" && microphone === "prompt";
      }
    }
    if (dismissed) {
      this.#set("microphone", null, "dismissed");
      this.#set("camera", null, "dismissed");
      await this.#list();
    } else {
      await this.turnOn("microphone");
      await this.turnOn("camera");
    }
    void this.#watchPermissions();
  }

  async turnOn(kind: DeviceKind): Promise<void> {
    this.#set(kind, null, "asking");
    try {
      this.#set(kind, await this.#ask(kind), "on");
    } catch (error) {
      this.#set(kind, null, await explain(kind, error));
    }
    await this.#list();
  }

  turnOff(kind: DeviceKind): void {
    this.#set(kind, null, "off");
  }

  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#chosen[kind] = deviceId;
    this.fallback = null;
    this.#remember();
    await this.turnOn(kind);
  }

  chooseSpeaker(deviceId: string): void {
    this.speaker = deviceId;
    this.#remember();
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

  /** The chosen one, or any other if that is not here (today). */
  async #ask(kind: DeviceKind): Promise<MediaStreamTrack | null> {
    if (!navigator.mediaDevices) throw new DOMException("insecure", "NotAllowedError");
    const get = async () => {
      const wanted = this.#constraints(kind);
      return navigator.mediaDevices.getUserMedia(kind === "camera" ? { video: wanted } : { audio: wanted });
    };
    try {
      return (await get()).getTracks()[0] ?? null;
    } catch (error) {
      if ((error as DOMException).name !== "OverconstrainedError" || !this.#chosen[kind]) throw error;
      delete this.#chosen[kind];
      return (await get()).getTracks()[0] ?? null;
    }
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
      old.onended = old.onmute = old.onunmute = null;
      old.stop();
    }
    this.#track[kind] = track;
    this.state[kind] = track ? "on" : state;
    if (track) {
      track.onended = () => void this.#onEnded(kind, track);
      track.onmute = track.onunmute = () => this.#changed();
    }
    if (kind === "camera") this.preview = track ? new MediaStream([track]) : null;
    this.#changed();
  }

  /** Unplugged, or taken away by the system: the next one, if there is any. */
  async #onEnded(kind: DeviceKind, track: MediaStreamTrack): Promise<void> {
    delete this.#chosen[kind];
    await this.turnOn(kind);
    if (this.state[kind] === "on" || this.state[kind] === "missing") {
      this.#fellBack(kind, track.label, this.#track[kind]?.label ?? null);
    }
  }

  async #onDeviceChange(): Promise<void> {
    const before = this.choices.speaker.find((device) => device.deviceId === this.speaker);
    await this.#list();
    if (before && this.speaker === "") {
      this.#fellBack("speaker", before.label, this.choices.speaker[0]?.label ?? null);
    }
    for (const kind of ["microphone", "camera"] as const) {
      if (this.state[kind] === "missing" && this.choices[kind].length > 0) await this.turnOn(kind);
    }
  }

  #fellBack(kind: Fallback["kind"], gone: string, instead: string | null): void {
    this.fallback = { kind, gone, instead };
    this.onFallback(kind, instead);
    this.#changed();
  }

  /** Allowed meanwhile, in the browser's own settings: go on without another click. */
  async #watchPermissions(): Promise<void> {
    if (this.#watching) return;
    this.#watching = true;
    for (const kind of ["microphone", "camera"] as const) {
      const status = await query(kind);
      status?.addEventListener("change", () => {
        const denied = this.state[kind] === "denied_by_browser" || this.state[kind] === "dismissed";
        if (status.state === "granted" && denied) void this.turnOn(kind);
      });
    }
  }

  async #list(): Promise<void> {
    const named = (await devices()).filter((device) => device.deviceId !== "");
    this.choices = {
      camera: named.filter((device) => device.kind === "videoinput"),
      microphone: named.filter((device) => device.kind === "audioinput"),
      speaker: named.filter((device) => device.kind === "audiooutput"),
    };
    const { speaker } = this.choices;
    if (speaker.length > 0 && !speaker.some((device) => device.deviceId === this.speaker)) this.speaker = "";
    this.#changed();
  }

  #remember(): void {
    try {
      localStorage.setItem(REMEMBERED, JSON.stringify({ ...this.#chosen, speaker: this.speaker }));
    } catch {} // storage may be forbidden
  }
}

export function isTrouble(state: DeviceState): state is Trouble {
  return state !== "asking" && state !== "on" && state !== "off";
}

/** What `getUserMedia` means, across browsers; `allowed` is what the browser says of its own permission. */
export function troubleOf(error: unknown, allowed: PermissionState | null = null, isThere = false): Trouble {
  const { name, message } = error as { name?: string; message?: string };
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      // The browser itself would: so it is the system that does not.
      if (allowed === "granted" || /system/i.test(message ?? "")) return "denied_by_system";
      return allowed === "prompt" ? "dismissed" : "denied_by_browser";
    case "NotFoundError":
    case "OverconstrainedError":
      // Firefox says NotFoundError where macOS keeps the device from it
      return isThere || /by the (user agent or the )?platform/i.test(message ?? "") ? "denied_by_system" : "missing";
    default:
      return "busy"; // NotReadableError, AbortError: it is there, and does not start
  }
}

async function explain(kind: DeviceKind, error: unknown): Promise<Trouble> {
  const [allowed, all] = await Promise.all([permission(kind), devices()]);
  return troubleOf(
    error,
    allowed,
    all.some((device) => device.kind === INPUTS[kind] && device.deviceId !== ""),
  );
}

async function devices(): Promise<MediaDeviceInfo[]> {
  return (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
}

async function permission(kind: DeviceKind): Promise<PermissionState | null> {
  return (await query(kind))?.state ?? null;
}

/** Not every browser answers for these. */
async function query(kind: DeviceKind): Promise<PermissionStatus | null> {
  try {
    return await navigator.permissions.query({ name: kind as PermissionName });
  } catch {
    return null;
  }
}

function recall(): Partial<Record<DeviceKind | "speaker", string>> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}");
    return typeof found === "object" && found !== null ? found : {};
  } catch {
    return {};
  }
}
