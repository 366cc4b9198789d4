/**
 * The swim lanes of a session: both sides over the booked window, the call as it was shared, what happened as marks, and
 * below it the quality that each side had. Hover or focus a mark and its entry of the ledger lights up, and back.
 */

import { html, LitElement, nothing, type PropertyValues, svg, type TemplateResult } from "lit";
import { unsafeSVG } from "lit/directives/unsafe-svg.js";
import warned from "lucide-static/icons/bell.svg?raw";
import moved from "lucide-static/icons/calendar-sync.svg?raw";
import accepted from "lucide-static/icons/check.svg?raw";
import ended from "lucide-static/icons/circle-stop.svg?raw";
import late from "lucide-static/icons/clock-alert.svg?raw";
import opened from "lucide-static/icons/eye.svg?raw";
import consent from "lucide-static/icons/file-pen-line.svg?raw";
import running from "lucide-static/icons/footprints.svg?raw";
import met from "lucide-static/icons/handshake.svg?raw";
import joined from "lucide-static/icons/log-in.svg?raw";
import replaced from "lucide-static/icons/monitor-smartphone.svg?raw";
import hungUp from "lucide-static/icons/phone-off.svg?raw";
import back from "lucide-static/icons/server.svg?raw";
import lost from "lucide-static/icons/server-off.svg?raw";
import checked from "lucide-static/icons/settings-2.svg?raw";
import left from "lucide-static/icons/unplug.svg?raw";
import media from "lucide-static/icons/video.svg?raw";
import declined from "lucide-static/icons/x.svg?raw";
import type { Role } from "../protocol";
import { texts } from "../texts/dashboard-en";
import type { QualitySample, Story, StorySpan } from "./answers";
import type { Entry } from "./facts";
import * as format from "./format";
import { along, apart, began, length, linked, type Mark, ms, type Shown, shown, ticks } from "./timeline";

const inner = (file: string) => file.replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, "");
const GLYPHS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    accepted,
    checked,
    consent_asked: consent,
    consent_given: accepted,
    consent_refused: declined,
    consent_withdrawn: declined,
    declined,
    ended,
    hung_up: hungUp,
    joined,
    late,
    left,
    media_flowed: media,
    met,
    moved,
    opened,
    replaced,
    running_late: running,
    service_back: back,
    service_lost: lost,
    warned,
  }).map(([kind, file]) => [kind, inner(file)]),
);

const TRACK = 22;
const STRIP = 5;
const RADIUS = 11;
/** How wide a letter is, as far as it has to be known before it is drawn. */
const LETTER = 7;
const t = texts.story;

export interface Names {
  client: string;
  expert: string;
}

export class SwimLanes extends LitElement {
  static override properties = {
    story: { attribute: false },
    entries: { attribute: false },
    names: { attribute: false },
    quality: { attribute: false },
    lit: { attribute: false },
    _width: { state: true },
    _said: { state: true },
    _pointer: { state: true },
  };

  declare story: Story;
  declare entries: readonly Entry[];
  declare names: Names;
  declare quality: Record<Role, QualitySample[]> | null;
  /** The entry that is looked at, here or on the ledger. */
  declare lit: number | null;
  declare private _width: number;
  declare private _said: string;
  declare private _pointer: number | null;
  #marks: Mark[] = [];
  #stop = 0;
  #resized = new ResizeObserver(([entry]) => {
    if (entry) this._width = Math.round(entry.contentRect.width);
  });

  constructor() {
    super();
    this.quality = null;
    this.lit = null;
    this._width = 0;
    this._said = "";
    this._pointer = null;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("story") || changed.has("entries")) this.#marks = linked(this.story.marks, this.entries);
  }

  override render(): TemplateResult {
    const width = this._width;
    return html`
      ${width > 0 ? this.#picture(width) : nothing}
      <p class="readout" data-testid="readout">${this._said || html`<span class="quiet">${t.hint}</span>`}</p>
      ${this.#legend()}
    `;
  }

  #picture(width: number) {
    const gutter = width > 600 ? 126 : 0;
    const view = shown(this.story);
    const room = width - gutter - RADIUS;
    const x = (at: number) => gutter + along(view, at, room);
    const visible = this.#marks.filter(({ at, kind }) => at >= view.from && at <= view.to && GLYPHS[kind]);
    const parts: unknown[] = [];
    const head = 46;
    const label = gutter === 0 ? 20 : 0;
    let y = head;
    const laneHeight = (role: Role) =>
      label + TRACK + (this.#media(role).length > 0 ? STRIP * 3 + 4 : 4) + RADIUS * 2 + 14;
    for (const role of ["client", "expert"] as const) {
      parts.push(this.#lane(role, y, x, gutter, label, visible, room));
      y += laneHeight(role);
    }
    parts.push(this.#session(y, x, gutter, label, visible, room));
    y += label + RADIUS * 2 + 10;
    const bands = y;
    if (this.quality)
      for (const role of ["client", "expert"] as const) {
        parts.push(this.#quality(role, y, x, gutter, view, width));
        y += 58;
      }
    const height = y + 2;
    return html`
      <svg class="lanes" width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="group" aria-label=${this.#summary()} data-testid="lanes"
        @pointermove=${(event: PointerEvent) => this.#point(event, view, gutter, room)} @pointerleave=${() => this.#unpoint()} @keydown=${this.#key}>
        <defs>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.4" height="6" class="hatch" /></pattern>
          <pattern id="hatch-bad" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3.4" height="6" class="hatch-bad" /></pattern>
        </defs>
        ${this.#frame(view, x, room, height, bands)} ${parts}
        ${
          this._pointer === null
            ? nothing
            : svg`<g class="cursor" aria-hidden="true"><line x1=${x(this._pointer)} x2=${x(this._pointer)} y1="18" y2=${height} /><text x=${Math.min(width - 30, Math.max(gutter + 30, x(this._pointer)))} y="12" text-anchor="middle">${format.precise(this._pointer)}</text></g>`
        }
      </svg>
    `;
  }

  /** The booked window as a band through all lanes, its bracket, the clock, and the time that this service was away. */
  #frame(view: Shown, x: (at: number) => number, room: number, height: number, bands: number) {
    const { starts_at, ends_at } = this.story.window;
    const [from, to] = [x(ms(starts_at)), x(ms(ends_at))];
    const words = t.booked(format.time(starts_at), format.time(ends_at));
    return svg`
      <rect class="band" x=${from} y="36" width=${to - from} height=${height - 36} />
      ${this._pointer === null ? ticks(view, room).map((at) => svg`<g class="tick"><line x1=${x(at)} x2=${x(at)} y1="18" y2=${height} /><text x=${x(at)} y="12" text-anchor="middle">${format.time(at)}</text></g>`) : nothing}
      <g class="booked"><path d="M${from} 36V29H${to}V36" /><text x=${(from + to) / 2} y="27" text-anchor="middle">${to - from > words.length * 7 ? words : ""}</text></g>
      <line class="edge" x1=${from} x2=${from} y1="36" y2=${height} /><line class="edge" x1=${to} x2=${to} y1="36" y2=${height} />
      ${this.story.service_away.map(
        (
          span,
        ) => svg`<rect class="outage" x=${x(ms(span.from))} y="36" width=${Math.max(2, x(ms(span.to)) - x(ms(span.from)))} height=${bands - 36}
          @pointerenter=${() => this.#say(t.away(format.precise(span.from), format.precise(span.to)))} />`,
      )}
    `;
  }

  #lane(role: Role, y: number, x: (at: number) => number, gutter: number, label: number, marks: Mark[], room: number) {
    const top = y + label;
    const lane = this.story.lanes.find((each) => each.role === role);
    const strips = this.#media(role);
    const below = top + TRACK + (strips.length > 0 ? STRIP * 3 + 4 : 4);
    const start = x(ms(this.story.window.starts_at));
    const end = x(ms(this.story.window.ends_at));
    return svg`
      <g class="lane ${role}">
        ${
          gutter > 0
            ? svg`<text class="who" x="0" y=${top + 10}>${short(this.names[role], 16)}</text><text class="role" x="0" y=${top + 25}>${texts.role[role]}</text>`
            : svg`<text class="who" x="2" y=${y + 13}>${short(this.names[role], 30)} <tspan class="role">${texts.role[role]}</tspan></text>`
        }
        <rect class="empty" x=${start} y=${top + TRACK / 2 - 1} width=${end - start} height="2" />
        ${(lane?.spans ?? []).map((span) => this.#span(span, role, top, x))}
        ${strips.map(({ track, from, to, on }) => {
          const row = ["microphone", "camera", "screen"].indexOf(track);
          const [a, b] = [x(ms(from)), x(to ? ms(to) : ms(this.story.as_of))];
          const words = t.track(texts.story.tracks[track], on, format.precise(from), to ? format.precise(to) : "");
          return svg`<rect class="strip ${track} ${on ? "on" : "off"}" x=${a} y=${top + TRACK + 3 + row * STRIP} width=${Math.max(2, b - a)} height=${STRIP - 1} rx="2" @pointerenter=${() => this.#say(`${this.names[role]}: ${words}`)} />`;
        })}
        ${this.#marksOf(
          marks.filter((mark) => mark.role === role),
          x,
          top + TRACK,
          below + RADIUS + 5,
          gutter,
          room,
        )}
      </g>
    `;
  }

  #span(span: StorySpan, role: Role, top: number, x: (at: number) => number) {
    const [from, to] = [x(ms(span.from)), x(ms(span.to))];
    const seq = began(span, role, this.entries);
    const kind =
      span.kind !== "gap" ? span.kind : span.how === "service" ? "gap service" : span.bridged ? "gap" : "gap past";
    const lit = seq !== null && seq === this.lit;
    const words = this.#spanWords(span, role);
    const time = format.span(length(span) / 1000);
    const inside = [`${t.spans[span.kind]} ${time}`, time].find((each) => each.length * LETTER < to - from - 8);
    const shape = svg`<rect x=${from} y=${top} width=${Math.max(1.5, to - from)} height=${TRACK} rx="4" class="shape" />`;
    return svg`
      <g class="span ${kind} ${lit ? "lit" : ""} ${span.open ? "open" : ""}" @pointerenter=${() => this.#look(seq, words)} @click=${() => this.#jump(seq)}>
        ${shape}
        ${span.kind === "gap" ? svg`<rect x=${from} y=${top} width=${Math.max(1.5, to - from)} height=${TRACK} rx="4" fill=${span.bridged ? "url(#hatch)" : "url(#hatch-bad)"} />` : nothing}
        ${inside ? svg`<text class="inside" x=${(from + to) / 2} y=${top + 15} text-anchor="middle">${inside}</text>` : nothing}
      </g>
    `;
  }

  #spanWords(span: StorySpan, role: Role): string {
    const times = `${format.precise(span.from)} – ${span.open ? t.now : format.precise(span.to)}`;
    const how = span.how ? ` ${t.how[span.how] ?? span.how}` : "";
    const grace =
      span.kind !== "gap" || span.how === "service"
        ? ""
        : ` ${span.bridged ? t.bridged : span.returned ? t.pastGrace : t.notBack}`;
    return `${this.names[role]}: ${t.spans[span.kind]}, ${times} (${format.span(length(span) / 1000)})${how}${grace}`;
  }

  #session(y: number, x: (at: number) => number, gutter: number, label: number, marks: Mark[], room: number) {
    const top = y + label;
    return svg`
      <g class="lane session">
        ${gutter > 0 ? svg`<text class="who" x="0" y=${top + 14}>${t.both}</text>` : svg`<text class="who" x="2" y=${y + 13}>${t.both}</text>`}
        ${this.story.both.map(
          (span) =>
            svg`<rect class="shared" x=${x(ms(span.from))} y=${top - 3} width=${Math.max(1.5, x(ms(span.to)) - x(ms(span.from)))} height="3" rx="1.5"
              @pointerenter=${() => this.#say(t.shared(format.precise(span.from), format.precise(span.to), format.span(length(span) / 1000)))} />`,
        )}
        ${this.#marksOf(
          marks.filter((mark) => mark.role === null),
          x,
          top,
          top + RADIUS + 2,
          gutter,
          room,
        )}
      </g>
    `;
  }

  #marksOf(marks: Mark[], x: (at: number) => number, from: number, y: number, gutter: number, room: number) {
    const places = apart(
      marks.map(({ at }) => x(at) - gutter),
      RADIUS * 2 + 3,
      room,
    );
    return marks.map((mark, index) => {
      const at = gutter + (places[index] as number);
      const lit = mark.seq !== null && mark.seq === this.lit;
      const words = this.#markWords(mark);
      const number = this.#marks.indexOf(mark);
      return svg`
        <line class="leader" x1=${x(mark.at)} x2=${at} y1=${from + 2} y2=${y - RADIUS} />
        <g class="mark ${mark.kind} ${lit ? "lit" : ""}" role="button" tabindex=${number === this.#tabbable() ? 0 : -1} data-mark=${number} data-seq=${mark.seq ?? nothing}
          aria-label=${words} @focus=${() => this.#focused(number, mark.seq, words)} @blur=${() => this.#look(null, "")}
          @pointerenter=${() => this.#look(mark.seq, words)} @click=${() => this.#jump(mark.seq)}>
          <circle cx=${at} cy=${y} r=${RADIUS} />
          <g transform="translate(${at - 7} ${y - 7}) scale(0.5833)" class="glyph">${unsafeSVG(GLYPHS[mark.kind] ?? "")}</g>
        </g>
      `;
    });
  }

  /** Round trip as a line over its own scale, loss as bars from the floor. */
  #quality(role: Role, y: number, x: (at: number) => number, gutter: number, view: Shown, width: number) {
    const samples = (this.quality?.[role] ?? []).filter(({ at }) => ms(at) >= view.from && ms(at) <= view.to);
    const [top, floor] = [y + 14, y + 50];
    const most = Math.max(300, ...samples.map((each) => each.round_trip_ms ?? 0));
    const points = samples
      .filter((each) => each.round_trip_ms !== null)
      .map(
        (each) =>
          `${x(ms(each.at)).toFixed(1)},${(floor - ((each.round_trip_ms as number) / most) * (floor - top)).toFixed(1)}`,
      );
    const middle = median(samples.map((each) => each.round_trip_ms).filter((each): each is number => each !== null));
    return svg`
      <g class="quality ${role}">
        ${
          gutter > 0
            ? svg`<text class="role" x="0" y=${y + 26}>${t.quality}</text><text class="role" x="0" y=${y + 41}>${short(this.names[role], 16)}</text>`
            : svg`<text class="role" x="2" y=${y + 9}>${t.quality}, ${short(this.names[role], 24)}</text>`
        }
        <line class="floor" x1=${gutter} x2=${width - RADIUS} y1=${floor} y2=${floor} />
        ${samples.map((each) => {
          const loss = Math.min(1, (each.loss_percent ?? 0) / 20) * (floor - top);
          return loss > 0.5
            ? svg`<rect class="loss" x=${x(ms(each.at)) - 1.5} y=${floor - loss} width="3" height=${loss} />`
            : nothing;
        })}
        ${points.length > 1 ? svg`<polyline class="trip" points=${points.join(" ")} />` : nothing}
        ${middle === null ? svg`<text class="none" x=${gutter + 4} y=${floor - 8}>${t.notMeasured}</text>` : svg`<text class="figure" x=${width - RADIUS} y=${top - 3} text-anchor="end">${t.median(Math.round(middle))}</text>`}
      </g>
    `;
  }

  #media(role: Role) {
    return this.story.media.filter((each) => each.role === role && (each.track === "screen") === each.on);
  }

  #markWords(mark: Mark): string {
    const who = mark.role ? this.names[mark.role] : "";
    return `${format.precise(mark.at)} ${texts.mark(mark.kind, who, mark.detail)}`;
  }

  #legend() {
    const kinds = new Set(
      this.story.lanes.flatMap((lane) =>
        lane.spans.map((span) => (span.kind === "gap" ? (span.bridged ? "gap" : "past") : span.kind)),
      ),
    );
    const row = (kind: string, words: string) =>
      html`<li><svg width="22" height="12" aria-hidden="true" class="lanes"><g class="span ${kind === "past" ? "gap past" : kind} key"><rect class="shape" width="22" height="12" rx="3" />${kind === "gap" || kind === "past" ? svg`<rect width="22" height="12" rx="3" fill=${kind === "past" ? "url(#hatch-bad)" : "url(#hatch)"} />` : nothing}</g></svg> ${words}</li>`;
    return html`
      <ul class="legend">
        ${row("waiting", t.spans.waiting)} ${row("connected", t.spans.connected)}
        ${kinds.has("gap") ? row("gap", t.legendGap) : nothing} ${kinds.has("past") ? row("past", t.legendPast) : nothing}
        ${this.story.media.length > 0 ? html`<li><span class="swatch off" aria-hidden="true"></span> ${t.legendMedia}</li>` : nothing}
      </ul>
    `;
  }

  #summary(): string {
    const { starts_at, ends_at } = this.story.window;
    const spoken = this.story.lanes.map(({ role, spans }) => {
      const sum = (kind: string) =>
        spans.filter((each) => each.kind === kind).reduce((all, each) => all + length(each), 0);
      return t.summary(
        this.names[role],
        format.span(sum("connected") / 1000),
        spans.filter((each) => each.kind === "gap").length,
      );
    });
    return `${t.booked(format.time(starts_at), format.time(ends_at))}. ${spoken.join(" ")} ${t.keys}`;
  }

  // --- looking ---

  #tabbable(): number {
    return this.#marks.some((mark, index) => index === this.#stop && GLYPHS[mark.kind])
      ? this.#stop
      : this.#firstShown();
  }

  #firstShown(): number {
    const view = shown(this.story);
    return this.#marks.findIndex(({ at, kind }) => GLYPHS[kind] && at >= view.from && at <= view.to);
  }

  #point(event: PointerEvent, view: Shown, gutter: number, room: number): void {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const share = (event.clientX - box.left - gutter) / room;
    this._pointer = share < 0 || share > 1 ? null : view.from + share * (view.to - view.from);
    if (!(event.target as Element).closest(".mark, .span, .outage, .strip, .shared")) this.#look(null, "");
  }

  #unpoint(): void {
    this._pointer = null;
    this.#look(null, "");
  }

  #look(seq: number | null, words: string): void {
    this._said = words;
    if (seq !== this.lit) this.dispatchEvent(new CustomEvent("hs-lit", { detail: seq }));
  }

  #say(words: string): void {
    this._said = words;
  }

  #focused(number: number, seq: number | null, words: string): void {
    this.#stop = number;
    this.#look(seq, words);
    this.requestUpdate();
  }

  #jump(seq: number | null): void {
    if (seq !== null) this.dispatchEvent(new CustomEvent("hs-jump", { detail: seq }));
  }

  /** Left and right through the marks in order of time; Enter goes to the entry. */
  #key = (event: KeyboardEvent) => {
    const here = (event.target as Element).closest<SVGElement>(".mark");
    if (!here) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#jump(here.dataset.seq ? Number(here.dataset.seq) : null);
      return;
    }
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const all = [...this.querySelectorAll<SVGElement>(".mark")].sort(
      (a, b) => Number(a.dataset.mark) - Number(b.dataset.mark),
    );
    all[Math.min(all.length - 1, Math.max(0, all.indexOf(here) + by))]?.focus();
  };
}

function short(name: string, most: number): string {
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}

function median(values: number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

customElements.define("hs-swim-lanes", SwimLanes);
