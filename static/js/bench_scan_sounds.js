// A short beep and a tremble, so that nobody has to look up. A tablet that can do neither stays silent.

let sound = null;

function beep(pitches) {
  try {
    sound ??= new AudioContext();
    pitches.forEach((pitch, place) => {
      const tone = sound.createOscillator();
      const loudness = sound.createGain();
      const at = sound.currentTime + place * 0.16;
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0.2, at);
      loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.14);
      tone.connect(loudness).connect(sound.destination);
      tone.start(at);
      tone.stop(at + 0.15);
    });
  } catch {
    // No sound card, or sound is shut off: the screen says it too.
  }
}

/** A code was read. */
export function good() {
  beep([1760]);
  navigator.vibrate?.(60);
}

/** It does not count: twice, and lower. */
export function bad() {
  beep([330, 262]);
  navigator.vibrate?.([120, 80, 120]);
}
