/** Two soft notes: frequency in Hz, start in seconds. */
const NOTES = [
  { hertz: 784, at: 0 },
  { hertz: 1047, at: 0.11 },
] as const;
const NOTE_SECONDS = 0.22;
const LOUDNESS = 0.08;
/** Between two sounds, so that a flood of messages rings once. */
const QUIET_MS = 2_000;

let context: AudioContext | undefined;
let lastMs = Number.NEGATIVE_INFINITY;

/** Made by code, no file; silent until the person has touched the page once, as browsers want it. */
export function chime(): void {
  if (!navigator.userActivation?.hasBeenActive) return;
  const nowMs = performance.now();
  if (nowMs - lastMs < QUIET_MS) return;
  lastMs = nowMs;
  context ??= new AudioContext();
  void context.resume();
  for (const { hertz, at } of NOTES) playNote(context, hertz, context.currentTime + at);
}

function playNote(audio: AudioContext, hertz: number, start: number): void {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + NOTE_SECONDS);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + NOTE_SECONDS);
}
