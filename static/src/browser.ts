/** Which browser and system this is, for telling where permissions are given there. No behaviour depends on it. */

export type Family = "chromium" | "firefox" | "safari" | "other";
export type System = "windows" | "mac" | "linux" | "android" | "ios" | "other";

export interface Place {
  family: Family;
  system: System;
}

export function placeOf(userAgent: string, touchPoints = 0): Place {
  const system = systemOf(userAgent, touchPoints);
  return { family: familyOf(userAgent), system };
}

export const here = (): Place => placeOf(navigator.userAgent, navigator.maxTouchPoints);

function familyOf(userAgent: string): Family {
  if (/Firefox\/|FxiOS\//.test(userAgent)) return "firefox";
  if (/Chrome\/|Chromium\/|CriOS\/|EdgiOS\//.test(userAgent)) return "chromium";
  return /Safari\//.test(userAgent) ? "safari" : "other";
}

function systemOf(userAgent: string, touchPoints: number): System {
  if (/Android/.test(userAgent)) return "android";
  if (/iPhone|iPad|iPod/.test(userAgent)) return "ios";
  if (/Macintosh/.test(userAgent)) return touchPoints > 1 ? "ios" : "mac"; // an iPad says that it is a Mac
  if (/Windows/.test(userAgent)) return "windows";
  return /Linux|CrOS/.test(userAgent) ? "linux" : "other";
}
