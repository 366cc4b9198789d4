import { html, nothing, type TemplateResult } from "lit";
import type { DeviceKind } from "../devices";
import type { Room } from "../room";

/** A label with a choice of devices; without the choice where the browser names none. */
export function devicePicker(
  room: Room,
  kind: DeviceKind | "speaker",
  label: string,
  mark: TemplateResult | typeof nothing = nothing,
) {
  const { devices } = room;
  const choices = devices.choices[kind];
  if (choices.length === 0) return html`<span class="step">${mark} ${label}</span>`;
  const chosen = kind === "speaker" ? devices.speaker : devices.chosen(kind);
  const onChange = (event: Event) => {
    const { value } = event.target as HTMLSelectElement;
    void (kind === "speaker" ? room.chooseSpeaker(value) : room.choose(kind, value));
  };
  return html`
    <label class="picker">
      <span class="step">${mark} ${label}</span>
      <select @change=${onChange}>
        ${choices.map(
          ({ deviceId, label: name }, index) =>
            html`<option value=${deviceId} ?selected=${deviceId === chosen}>${name || `${label} ${index + 1}`}</option>`,
        )}
      </select>
    </label>
  `;
}
