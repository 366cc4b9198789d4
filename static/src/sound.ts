/** Soft tones made on the spot, and the level of a microphone. Never the other's voice: that goes through `<audio>`. */

let context: AudioContext | null = null;

function audio(): AudioContext {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume().catch(() => {}); // works from the next click on
  return context;
}

export type Tone = "arrived" | "warning" | "test";

const NOTES: Record<Tone, readonly number[]> = {
  arrived: [523, 784],
  warning: [659],
  test: [440, 554, 659, 880],
};

export async function play(tone: Tone, speaker = ""): Promise<void> {
  const ctx = audio() as AudioContext & { setSinkId?(id: string): Promise<void> };
  const out = speaker && !ctx.setSinkId ? await through(ctx, speaker) : ctx.destination;
  await ctx.setSinkId?.(speaker).catch(() => {});
  NOTES[tone].forEach((frequency, index) => {
    const at = ctx.currentTime + 0.05 + index * 0.22;
    const oscillator = new OscillatorNode(ctx, { frequency });
    const gain = new GainNode(ctx, { gain: 0 });
    gain.gain.linearRampToValueAtTime(0.12, at + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.0005, at + 0.5);
    oscillator.connect(gain).connect(out);
    oscillator.start(at);
    oscillator.stop(at + 0.55);
  });
}

/** Where only elements choose a speaker (Firefox, Safari), the tones go through one. */
async function through(ctx: AudioContext, speaker: string): Promise<AudioNode> {
  const out = new MediaStreamAudioDestinationNode(ctx);
  const element = new Audio() as HTMLAudioElement & { setSinkId?(id: string): Promise<void> };
  element.srcObject = out.stream;
  await element.setSinkId?.(speaker).catch(() => {});
  await element.play().catch(() => {});
  return out;
}

/** From 0 to 1, as long as it is asked; null while the browser does not let us listen (before the first click). */
export class Level {
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    const ctx = audio();
    this.#source = new MediaStreamAudioSourceNode(ctx, { mediaStream: new MediaStream([track]) });
    this.#analyser = new AnalyserNode(ctx, { fftSize: 1024 });
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source.connect(this.#analyser);
  }

  read(): number | null {
    if (audio().state !== "running") return null;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    const decibels = 10 * Math.log10(power + 1e-9);
    return Math.min(1, Math.max(0, (decibels + 60) / 50));
  }

  close(): void {
    this.#source.disconnect();
  }
}
