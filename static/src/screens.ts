/** Picture in picture and full screen, as far as the browser has them. */

export function canPip(): boolean {
  return document.pictureInPictureEnabled === true;
}

/** The other's picture in a window of its own, before all others; or back again. False where the browser would not. */
export async function togglePip(video: HTMLVideoElement | null): Promise<boolean> {
  try {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else if (canPip() && video) await video.requestPictureInPicture();
    else return false;
    return true;
  } catch {
    return false; // no picture yet, or the browser wants a click for it
  }
}

export function canFullScreen(): boolean {
  return document.fullscreenEnabled === true;
}

export async function toggleFullScreen(): Promise<boolean> {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (canFullScreen()) await document.documentElement.requestFullscreen();
    else return false;
    return true;
  } catch {
    return false;
  }
}
