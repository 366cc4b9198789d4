/** From one drawing to the next by way of a still: the last picture of a call stands, and gives way to its summary. */

const LONGEST = 150;

/** Draw, at the latest after `LONGEST` ms: the still is for the eye, and nothing waits for it. */
export function frozen(draw: () => void): Promise<void> {
  if (!document.startViewTransition || matchMedia("(prefers-reduced-motion: reduce)").matches) {
    draw();
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    let drawn = false;
    const once = () => {
      if (drawn) return;
      drawn = true;
      draw();
      resolve();
    };
    const transition = document.startViewTransition(once);
    for (const step of [transition.ready, transition.updateCallbackDone, transition.finished]) step.catch(() => {});
    setTimeout(() => {
      if (drawn) return;
      transition.skipTransition();
      once();
    }, LONGEST);
  });
}
