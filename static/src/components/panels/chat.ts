import { html } from "lit";
import { texts } from "../../texts";
import { RoomElement } from "../element";

const t = texts.call;

/** What was written; it went from page to page, and is gone with them. */
class Chat extends RoomElement {
  override render() {
    const { between } = this.room;
    const { name } = this.view.other;
    return html`
      <p class="quiet">${t.chatEmpty}</p>
      <ol class="lines" role="log" aria-live="polite" aria-label=${t.chat}>
        ${between.chat.map(
          ({ mine, text }) =>
            html`<li class=${mine ? "mine" : ""}><span class="hidden">${mine ? t.me : name}: </span>${text}</li>`,
        )}
      </ol>
      <form class="row" @submit=${this.#send}>
        <input name="text" autocomplete="off" maxlength="2000" aria-label=${t.chatLabel} placeholder=${between.open ? t.chatLabel : t.chatClosed} data-testid="chat-input" />
        <button class="primary" ?disabled=${!between.open} data-testid="chat-send">${t.chatSend}</button>
      </form>
    `;
  }

  #send = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const text = String(new FormData(form).get("text") ?? "").trim();
    if (text && this.room.between.write(text)) form.reset();
  };

  protected override updated(): void {
    const lines = this.querySelector(".lines");
    if (lines) lines.scrollTop = lines.scrollHeight;
  }
}

customElements.define("hs-chat", Chat);
