/**
 * `<headstrt-session src="https://HOST/s/bk_812">`: one party's session page inside another site's page.
 *
 * A thin element around an iframe. It hands the page its token, passes methods in and events out, and answers nobody but
 * the window it made, at the origin it was sent to. What it says is for the eye: money follows signed webhooks only.
 */

export type Role = "client" | "expert";
/** `none`: nothing comes in. */
export type Level = "good" | "fair" | "poor" | "none";
export type CheckResult = "ok" | "denied" | "missing" | "busy" | "silent" | "weak" | "failed" | "skipped";

/** What each event carries in its `detail`. */
export interface HeadstrtSessionDetails {
  /** The page is up and knows its session. Once for each time the page loads. */
  ready: { session: string; role: Role; status: string; startsAt: string; endsAt: string };
  /** The device check, whenever something about it changes. */
  precheck: {
    status: "asking" | "ok" | "trouble";
    steps: { camera: CheckResult; microphone: CheckResult; speaker: CheckResult; network: CheckResult };
  };
  /** This side is in, and waits for the other. */
  waiting: null;
  /** This side is in. */
  join: null;
  /** This side is out again, and the session goes on: it may come back. */
  leave: { reason: "stepped_out" | "replaced" | "put_out" };
  "peer-join": null;
  "peer-leave": null;
  /** So long until the hard stop: 10, 5 and 1 minute, 30 and 10 seconds. */
  warning: { seconds: number };
  /** How the call is for this side, with the reason where it is not good, and for the other; whenever that changes. */
  quality: { level: Level; reason: "loss" | "delay" | "bandwidth" | "no_media" | null; other: Level | null };
  /** The connection is interrupted, or back again. */
  reconnecting: { active: boolean };
  /** The session is over; also when the page is opened after its end. */
  ended: { reason: string; by: string | null; at: string };
  /** This side has rated the other. */
  rated: null;
  /** `no_answer`: the page did not load, or this site is not one that may embed it. The others are in the documentation. */
  error: { code: string };
}

export type HeadstrtSessionEvents = {
  [Name in keyof HeadstrtSessionDetails]: CustomEvent<HeadstrtSessionDetails[Name]>;
};

export type HeadstrtSessionAct = "join" | "leave" | "microphone" | "camera";

/** From the element to the page. */
export type ToPage =
  | { headstrt: 1; type: "hello"; token: string }
  | { headstrt: 1; type: "do"; id: number; act: HeadstrtSessionAct };

/** From the page to the element. */
export type ToElement =
  | { headstrt: 1; type: "here" }
  | { headstrt: 1; type: "did"; id: number; value: boolean }
  | {
      [Name in keyof HeadstrtSessionDetails]: {
        headstrt: 1;
        type: "event";
        name: Name;
        detail: HeadstrtSessionDetails[Name];
      };
    }[keyof HeadstrtSessionDetails];

const ALLOW =
  "camera; microphone; display-capture; autoplay; fullscreen; screen-wake-lock; picture-in-picture; speaker-selection";
const STYLE =
  ":host{display:block;height:min(48rem,100dvh)}:host([hidden]){display:none}iframe{display:block;width:100%;height:100%;border:0}";
const PATIENCE = 15_000;
const AGAIN = 500;

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface only types what an HTMLElement has already
export class HeadstrtSession extends HTMLElement {
  static readonly observedAttributes = ["src", "title"];

  #frame: HTMLIFrameElement | null = null;
  /** The page's origin; nothing is sent to another, and nothing taken from one. */
  #origin = "";
  #token = "";
  #loaded = false;
  #asked = 0;
  #answers = new Map<number, (value: boolean) => void>();
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    const sheet = new CSSStyleSheet(); // works under a policy that allows no inline style
    sheet.replaceSync(STYLE);
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  /** The session's page; a whole link, token and all, is understood too. */
  get src(): string {
    return this.getAttribute("src") ?? "";
  }

  set src(value: string) {
    this.setAttribute("src", value);
  }

  /** The part of the party's link after `#t=`. It can be set, and not be read again. */
  set token(value: string) {
    this.#token = value;
    this.#hello();
  }

  /** Take the seat, if the person has accepted the guidelines. True once it is taken. */
  join(): Promise<boolean> {
    return this.#do("join");
  }

  /** Step out: the session goes on, and this side may come back. True if this side is out. No script ends a session. */
  leave(): Promise<boolean> {
    return this.#do("leave");
  }

  /** True if the microphone is on afterwards. */
  toggleMicrophone(): Promise<boolean> {
    return this.#do("microphone");
  }

  /** True if the camera is on afterwards. */
  toggleCamera(): Promise<boolean> {
    return this.#do("camera");
  }

  connectedCallback(): void {
    for (const name of ["token", "src"] as const) {
      const early = Object.getOwnPropertyDescriptor(this, name); // set before the element was defined
      if (!early) continue;
      delete (this as Partial<this>)[name];
      this[name] = early.value;
    }
    addEventListener("message", this.#onMessage);
    this.#open();
  }

  disconnectedCallback(): void {
    removeEventListener("message", this.#onMessage);
    this.#close();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.isConnected) return;
    if (name === "src") this.#open();
    else if (this.#frame) this.#frame.title = this.#title;
  }

  get #title(): string {
    return this.getAttribute("title") || "Video session";
  }

  #open(): void {
    this.#close();
    if (!this.src) return;
    let url: URL;
    try {
      url = new URL(this.src, document.baseURI);
      if (!/^https?:$/.test(url.protocol)) throw new TypeError(url.protocol);
    } catch {
      this.#tell("error", { code: "bad_src" });
      return;
    }
    this.#token = new URLSearchParams(url.hash.slice(1)).get("t") || this.#token;
    url.hash = "";
    if (this.lang) url.searchParams.set("lang", this.lang);
    this.#origin = url.origin;
    const frame = document.createElement("iframe");
    frame.allow = ALLOW;
    frame.referrerPolicy = "no-referrer";
    frame.title = this.#title;
    frame.src = url.href;
    frame.onload = () => {
      this.#loaded = true;
      this.#forget();
      this.#hello();
    };
    this.#frame = frame;
    this.shadowRoot?.append(frame);
  }

  #close(): void {
    clearTimeout(this.#silence);
    this.#frame?.remove();
    this.#frame = null;
    this.#loaded = false;
    this.#forget();
  }

  /** Whoever still waits for a page that is gone waits in vain. */
  #forget(): void {
    for (const answer of this.#answers.values()) answer(false);
    this.#answers.clear();
  }

  /** At every load, for the page keeps the token nowhere; until it answers, for its script may listen later than that. */
  #hello(times = PATIENCE / AGAIN): void {
    if (!this.#loaded || !this.#token) return;
    clearTimeout(this.#silence);
    if (times === 0) {
      this.#tell("error", { code: "no_answer" });
      return;
    }
    this.#send({ headstrt: 1, type: "hello", token: this.#token });
    this.#silence = setTimeout(() => this.#hello(times - 1), AGAIN);
  }

  #do(act: HeadstrtSessionAct): Promise<boolean> {
    if (!this.#loaded) return Promise.resolve(false);
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#send({ headstrt: 1, type: "do", id, act });
    });
  }

  #send(message: ToPage): void {
    this.#frame?.contentWindow?.postMessage(message, this.#origin);
  }

  #onMessage = (event: MessageEvent<ToElement>): void => {
    const { source, origin, data } = event;
    if (!this.#frame || source !== this.#frame.contentWindow || origin !== this.#origin || data?.headstrt !== 1) return;
    clearTimeout(this.#silence);
    if (data.type === "event") this.#tell(data.name, data.detail);
    else if (data.type === "did") {
      this.#answers.get(data.id)?.(data.value);
      this.#answers.delete(data.id);
    }
  };

  #tell<Name extends keyof HeadstrtSessionDetails>(name: Name, detail: HeadstrtSessionDetails[Name]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export interface HeadstrtSession {
  addEventListener<Name extends keyof HeadstrtSessionEvents>(
    type: Name,
    listener: (this: HeadstrtSession, event: HeadstrtSessionEvents[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof HeadstrtSessionEvents>(
    type: Name,
    listener: (this: HeadstrtSession, event: HeadstrtSessionEvents[Name]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "headstrt-session": HeadstrtSession;
  }
}

if (!customElements.get("headstrt-session")) customElements.define("headstrt-session", HeadstrtSession);
