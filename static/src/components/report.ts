import { html, nothing, type TemplateResult } from "lit";
import type { May, ReportAndLeaveCommand } from "../protocol";
import type { Problem } from "../rest";
import { texts } from "../texts";
import { typed } from "../typed";
import { Form, problemWords } from "./form";

const t = texts.report;
export const REPORT = "report";

export type Kind = May["report"][number];

/** What a report is about, as a group of radio buttons, each with what it means. */
export function kinds(
  offered: readonly Kind[],
  chosen: Kind | null,
  error: { id: string; line: TemplateResult } | null,
): TemplateResult {
  return html`
    <fieldset class="choices" aria-describedby=${error?.id ?? nothing}>
      <legend>${t.what}</legend>
      ${offered.map(
        (kind) => html`
          <label>
            <input type="radio" name="category" value=${kind} data-testid="kind-${kind}" ?checked=${kind === chosen} />
            <span>${t.kinds[kind].name} <span class="quiet">${t.kinds[kind].help}</span></span>
          </label>
        `,
      )}
      ${error?.line ?? nothing}
    </fieldset>
  `;
}

/** One step for one's own safety (P3.13): whatever is left open here, the button ends the session. */
class ReportAndLeave extends Form {
  protected override fields() {
    const { name } = this.view.other;
    return html`
      <p>${t.next(name)}</p>
      ${kinds(["conduct", "deception", "privacy", "other"], "other", null)}
      ${this.field("text", t.text, { rows: 3, max: 4000 })}
      <p class="quiet">${t.told(name)}</p>
    `;
  }

  /** If the session ends meanwhile, the report can still be sent: the same words are in the form for afterwards. */
  protected override draft(): string {
    return REPORT;
  }

  protected override buttons() {
    return html`
      <button class="quiet-danger" data-testid="report-and-leave">${t.send}</button>
      <button type="button" class="plain" @click=${() => this.dispatchEvent(new CustomEvent("hs-back", { bubbles: true }))}>${texts.leave.stay}</button>
    `;
  }

  protected override async send(data: FormData): Promise<null> {
    await this.room.reportAndLeave(typed(data, "category") as ReportAndLeaveCommand["category"], typed(data, "text"));
    return null;
  }

  protected override words(problem: Problem): string {
    return problem.code === "offline" ? t.offline : problemWords(problem);
  }
}

customElements.define("hs-report-and-leave", ReportAndLeave);
