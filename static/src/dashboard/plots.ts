/**
 * Plots: series in time by uPlot (fetched when the first is drawn), and bars as plain SVG. Each says in words what it
 * shows; the figures stand in a table below it for whoever does not see it. Colours are the style sheet's own.
 */

import { html, LitElement, nothing, type PropertyValues, svg, type TemplateResult } from "lit";
import type uPlot from "uplot";
import { texts } from "../texts/dashboard-en";
import * as format from "./format";

export interface Series {
  label: string;
  /** Name of a custom property. */
  colour: string;
  values: readonly (number | null)[];
  dots?: boolean;
  fill?: boolean;
  dash?: number[];
}

const HEIGHT = 190;
const DAYS = [1, 2, 3, 4, 7, 14, 28, 56, 91, 182].map((days) => days * 86_400);

/** Series over time. `at`: epoch seconds, or whole numbers with `ordinal`. */
export class Plot extends LitElement {
  static override properties = {
    at: { attribute: false },
    series: { attribute: false },
    unit: { attribute: false },
    summary: { attribute: false },
    ordinal: { attribute: false },
    bounds: { attribute: false },
    clock: { attribute: false },
  };

  declare at: readonly number[];
  declare series: readonly Series[];
  declare unit: (value: number) => string;
  declare summary: string;
  declare ordinal: ((at: number) => string) | null;
  declare bounds: [number, number] | null;
  /** The axis is of one day: it shows times, not days. */
  declare clock: boolean;
  #plot: uPlot | null = null;
  #scheme = matchMedia("(prefers-color-scheme: dark)");
  #resized = new ResizeObserver(() => this.#size());

  constructor() {
    super();
    this.at = [];
    this.series = [];
    this.unit = String;
    this.summary = "";
    this.ordinal = null;
    this.bounds = null;
    this.clock = false;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
    this.#scheme.addEventListener("change", this.#redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#plot?.destroy();
    this.#plot = null;
  }

  override render() {
    return html`<div class="plot" role="img" aria-label=${this.summary}></div>`;
  }

  protected override updated(changed: PropertyValues): void {
    const same = this.#plot && !changed.has("unit") && this.series.length + 1 === this.#plot.series.length;
    if (same && (changed.has("at") || changed.has("series"))) this.#plot?.setData(this.#data());
    else if (!this.#plot) void this.#draw();
  }

  #data(): uPlot.AlignedData {
    return [[...this.at], ...this.series.map((each) => [...each.values])] as uPlot.AlignedData;
  }

  #redraw = () => {
    this.#plot?.destroy();
    this.#plot = null;
    void this.#draw();
  };

  #size(): void {
    const width = Math.round(this.getBoundingClientRect().width);
    if (this.#plot && width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }

  async #draw(): Promise<void> {
    const [{ default: UPlot }] = await Promise.all([import("uplot"), import("uplot/dist/uPlot.min.css")]);
    const place = this.querySelector<HTMLElement>(".plot");
    if (!place || this.#plot || !this.isConnected) return;
    const style = getComputedStyle(this);
    const colour = (name: string) => resolved(this, name);
    const [ink, line] = [colour("--quiet"), colour("--line")];
    const font = `12px ${style.fontFamily}`;
    const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
    const { ordinal, unit, bounds } = this;
    const moment = this.clock ? (at: number) => format.time(at * 1000) : (at: number) => format.day(at * 1000);
    this.#plot = new UPlot(
      {
        width: Math.max(200, Math.round(this.getBoundingClientRect().width)),
        height: HEIGHT,
        legend: { live: true },
        cursor: { points: { size: 7 }, drag: { x: false, y: false } },
        scales: {
          x: { time: ordinal === null },
          y: bounds
            ? { range: bounds }
            : { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 0) <= 0 ? 1 : high * 1.08] },
        },
        axes: [
          {
            ...axis,
            space: 64,
            values: (_: uPlot, at: number[]) =>
              at.map((each) => (ordinal ? (Number.isInteger(each) ? ordinal(each) : "") : moment(each))),
            ...(ordinal || this.clock ? {} : { incrs: DAYS }),
          },
          { ...axis, size: 62, values: (_: uPlot, at: number[]) => at.map((each) => unit(each)) },
        ],
        series: [
          {
            label: texts.plots.at,
            value: (_: uPlot, at: number | null) => (at === null ? "–" : (ordinal ?? moment)(at)),
          },
          ...this.series.map((each) => ({
            label: each.label,
            stroke: colour(each.colour),
            width: 2,
            ...(each.dash ? { dash: each.dash } : {}),
            ...(each.fill ? { fill: `color-mix(in srgb, ${colour(each.colour)} 14%, transparent)` } : {}),
            points: { show: each.dots ?? false, size: 6 },
            spanGaps: true,
            value: (_: uPlot, value: number | null) => (value === null ? "–" : unit(value)),
          })),
        ],
      },
      this.#data(),
      place,
    );
  }
}

/** What a custom property comes to on this element; `light-dark()` is resolved by asking for a colour. */
function resolved(of: Element, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  of.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

customElements.define("hs-plot", Plot);

export interface Bar {
  label: string;
  /** Parts of it, one upon the other. */
  values: readonly { value: number; tone: string; name: string }[];
  note?: string;
}

/** Bars that stand: as many as there are, to one scale; the words below them are the list. */
export function columns(
  bars: readonly Bar[],
  summary: string,
  unit: (value: number) => string = String,
): TemplateResult {
  const sum = (bar: Bar) => bar.values.reduce((all, { value }) => all + value, 0);
  const most = Math.max(1, ...bars.map(sum));
  const every = Math.max(1, Math.ceil(bars.length / 12));
  const tones = [
    ...new Map(bars.flatMap((bar) => bar.values.map(({ tone, name }) => [tone, name] as const))).entries(),
  ];
  const [width, height, floor] = [Math.max(1, bars.length) * 20, 150, 128];
  return html`
    <figure class="columns-plot">
      <svg viewBox="0 0 ${width} ${height}" role="img" aria-label=${summary} preserveAspectRatio="none">
        ${[0.5, 1].map((share) => svg`<line class="grid" x1="0" x2=${width} y1=${floor - 116 * share} y2=${floor - 116 * share} />`)}
        ${bars.map((bar, index) => {
          let y = floor;
          return svg`<g>${bar.values.map(({ value, tone, name }) => {
            const size = (116 * value) / most;
            y -= size;
            return value > 0
              ? svg`<rect class="fill ${tone}" x=${index * 20 + 3} y=${y} width="14" height=${size}><title>${bar.label}: ${name} ${unit(value)}</title></rect>`
              : nothing;
          })}</g>`;
        })}
        <line class="floor" x1="0" x2=${width} y1=${floor} y2=${floor} />
      </svg>
      <div class="ticks" aria-hidden="true">${bars.map((bar, index) => html`<span>${index % every === 0 ? bar.label : nothing}</span>`)}</div>
      ${tones.length > 1 ? html`<ul class="legend" aria-hidden="true">${tones.map(([tone, name]) => html`<li><span class="swatch ${tone}"></span> ${name}</li>`)}</ul>` : nothing}
      ${figures(bars, unit)}
    </figure>
  `;
}

/** Bars that lie, each with its words. */
export function lines(bars: readonly Bar[], unit: (value: number) => string): TemplateResult {
  const sum = (bar: Bar) => bar.values.reduce((all, { value }) => all + value, 0);
  const most = Math.max(1, ...bars.map(sum));
  return html`
    <dl class="bars-plot">
      ${bars.map((bar) => {
        let x = 0;
        return html`
          <div>
            <dt>${bar.label}</dt>
            <dd class=${bar.note ? "noted" : ""}>
              <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                <rect class="track" width="100" height="8" />
                ${bar.values.map(({ value, tone }) => {
                  const width = (100 * value) / most;
                  const at = x;
                  x += width;
                  return svg`<rect class="fill ${tone}" x=${at} width=${width} height="8" />`;
                })}
              </svg>
              <span>${bar.note ?? unit(sum(bar))}</span>
            </dd>
          </div>
        `;
      })}
    </dl>
  `;
}

function figures(bars: readonly Bar[], unit: (value: number) => string): TemplateResult {
  const names = [...new Set(bars.flatMap((bar) => bar.values.map(({ name }) => name)))];
  return html`
    <details class="numbers">
      <summary>${texts.plots.figures}</summary>
      <div class="table"><table>
        <thead><tr><th scope="col"></th>${names.map((name) => html`<th scope="col" class="figure">${name}</th>`)}</tr></thead>
        <tbody>${bars.map(
          (bar) =>
            html`<tr><th scope="row">${bar.label}</th>${names.map((name) => html`<td class="figure" data-label=${name}>${unit(bar.values.find((each) => each.name === name)?.value ?? 0)}</td>`)}</tr>`,
        )}</tbody>
      </table></div>
    </details>
  `;
}
