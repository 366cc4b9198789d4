import { html, nothing, svg } from "lit";
import * as format from "../format";
import type { Role } from "../protocol";
import { texts } from "../texts";
import { presence, type Stretch, together } from "../timeline";
import { RoomElement } from "./element";

const t = texts.ended;
const WIDTH = 1_000;
const LANE = 28;
const BAR = 12;

/** What was booked, when each of the two was there, and how long they heard and saw each other: one drawing, and its words. */
class Timeline extends RoomElement {
  override render() {
    const { view } = this;
    const { end } = view;
    if (!end) return nothing;
    const [starts, ends] = [Date.parse(view.starts_at), Date.parse(view.ends_at)];
    const both = together(view);
    const lanes: {
      label: string;
      words: string;
      stretches: (Stretch | { from: number; to: number; kind: string })[];
    }[] = [
      {
        label: t.booked,
        words: format.span((ends - starts) / 1000),
        stretches: [{ from: starts, to: ends, kind: "booked" }],
      },
      ...(["client", "expert"] as const).map((role) => this.#party(role)),
      ...(end.mutual_seconds === null
        ? []
        : [
            {
              label: t.mutual,
              words: format.span(end.mutual_seconds),
              stretches: both === null ? [] : [{ from: both, to: both + end.mutual_seconds * 1000, kind: "mutual" }],
            },
          ]),
    ];
    const x = (at: number) => (WIDTH * Math.min(1, Math.max(0, (at - starts) / (ends - starts)))).toFixed(1);
    const ended = Math.min(Date.parse(end.at), ends);
    return html`
      <div class="timeline" data-testid="timeline">
        <dl>
          ${lanes.map(({ label, words }) => html`<div><dt>${label}</dt><dd>${words}</dd></div>`)}
        </dl>
        <svg viewBox="0 0 ${WIDTH} ${LANE * lanes.length}" preserveAspectRatio="none" role="img" aria-label=${this.#aloud()}>
          ${lanes.map(({ stretches }, n) => {
            const y = n * LANE + (LANE - BAR) / 2;
            return svg`
              <rect class="track" x="0" y=${y} width=${WIDTH} height=${BAR} />
              ${stretches.map(({ from, to, kind }) => svg`<rect class=${kind} x=${x(from)} y=${y} width=${Math.max(2, Number(x(to)) - Number(x(from)))} height=${BAR} />`)}
            `;
          })}
          ${ended < ends ? svg`<line class="end" x1=${x(ended)} x2=${x(ended)} y1="0" y2=${LANE * lanes.length} vector-effect="non-scaling-stroke" />` : nothing}
        </svg>
        <p class="axis quiet" aria-hidden="true"><span>${format.time(starts)}</span><span>${format.time(ends)}</span></p>
      </div>
    `;
  }

  #party(role: Role) {
    const { view } = this;
    const stretches = view.end ? presence(view, view.end[role]) : [];
    const { arrived_at = null, present_seconds = 0 } = view.end?.[role] ?? {};
    const words = arrived_at
      ? `${format.span(present_seconds)}, ${t.arrived(format.time(Math.max(Date.parse(view.starts_at), Date.parse(arrived_at))))}`
      : present_seconds > 0
        ? format.span(present_seconds)
        : t.absent;
    return { label: t[role], words, stretches };
  }

  /** The drawing in words: from when to when each was there. */
  #aloud(): string {
    const { view } = this;
    const spans = (role: Role) => {
      const there = view.end ? presence(view, view.end[role]) : [];
      return there.length > 0
        ? there
            .filter(({ kind }) => kind === "there")
            .map(({ from, to }) => t.fromTo(format.time(from), format.time(to)))
            .join(", ")
        : t.absent;
    };
    return t.timeline(spans("client"), spans("expert"));
  }
}

customElements.define("hs-timeline", Timeline);
