/**
 * What all parts of the session page are: Lit elements in the light DOM (one style sheet, and labels that reach across),
 * drawn anew by the page whenever the room changes and once a second.
 */

import { LitElement } from "lit";
import type { View } from "../protocol";
import type { Room } from "../room";

export abstract class RoomElement extends LitElement {
  static override properties = { room: { attribute: false }, now: { attribute: false } };

  declare room: Room;
  /** The server's clock at this drawing; it also makes every drawing of the page one of this element. */
  declare now: number;

  protected get view(): View {
    if (!this.room.session) throw new Error("drawn before there is a session");
    return this.room.session.view;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  /** The room is one object that changes inside: every drawing of the page is one of this element. */
  protected override shouldUpdate(): boolean {
    return this.room?.session != null;
  }
}
