import { html } from "lit";
import { REACTIONS, type Reaction } from "../../between";
import { texts } from "../../texts";
import { RoomElement } from "../element";

const t = texts.call;

/** A small sign for the other, that fades. */
class Reactions extends RoomElement {
  override render() {
    const { between } = this.room;
    return html`${(Object.keys(REACTIONS) as Reaction[]).map(
      (name) => html`
        <button class="plain" data-testid="react-${name}" aria-label=${t.reactionNames[name]} title=${t.reactionNames[name]}
          ?disabled=${!between.open} @click=${() => between.react(name)}>${REACTIONS[name]}</button>
      `,
    )}`;
  }
}

customElements.define("hs-reactions", Reactions);
