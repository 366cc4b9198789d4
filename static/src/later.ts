/** A part of the page that is fetched when there is time for it, and again when it is due and did not come. */

export class Later {
  /** It did not come when it was last asked for. */
  failed = false;
  readonly #load: () => Promise<unknown>;
  #task: Promise<void> | null = null;

  constructor(load: () => Promise<unknown>) {
    this.#load = load;
  }

  /** Resolves when it is there, or will not be for now; whoever asks first has `settled` told either way. */
  fetch(settled: () => void = () => {}): Promise<void> {
    this.#task ??= this.#load().then(
      () => {
        this.failed = false;
        settled();
      },
      () => {
        this.failed = true;
        this.#task = null;
        settled();
      },
    );
    return this.#task;
  }
}
