/** Fingerprints of certificates, SHA-256 (RFC 8122): what a description pins a connection to, and what one is. */

/**
 * The fingerprint that a description asks for, where it asks for one alone: the browser connects to nothing else.
 * Null where there are several to choose from, or none of the kind that counts here.
 */
export function fingerprintIn(sdp: string): string | null {
  const found = new Set(
    [...sdp.matchAll(/^a=fingerprint:(\S+) (\S+)\s*$/gim)].map(([, kind, value]) => `${kind} ${value}`),
  );
  const [only, ...others] = found;
  const [kind, value] = only?.split(" ") ?? [];
  return others.length === 0 && kind?.toLowerCase() === "sha-256" && value ? value : null;
}

/** Of a certificate in DER, in the form that descriptions have. */
export async function fingerprintOf(certificate: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", certificate));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
}
