import { html } from "lit";
import { isTrouble } from "../../devices";
import { texts } from "../../texts";
import { deviceHelp } from "../device-help";
import { devicePicker } from "../device-picker";
import { RoomElement } from "../element";

/** Another microphone, camera or speaker in the middle of the call. */
class CallDevices extends RoomElement {
  override render() {
    const { room } = this;
    const c = texts.checkin;
    const helps = (["microphone", "camera"] as const).flatMap((kind) => {
      const state = room.devices.state[kind];
      return isTrouble(state) ? [html`<p class="help">${deviceHelp(kind, state)}</p>`] : [];
    });
    return html`
      ${devicePicker(room, "microphone", c.microphone)} ${devicePicker(room, "camera", c.camera)}
      ${devicePicker(room, "speaker", c.speaker)} ${helps}
    `;
  }
}

customElements.define("hs-devices", CallDevices);
