// How long ago something happened on this device. The clock on the wall of a tablet may be years off or be set right in
// between; the clock that only counts is right as long as the page lives, but stops while some tablets sleep. So the
// longer of the two counts, and the server bounds it by what it knows (when the work was taken, now).

const SESSION = randomKey();

/** A key that nobody can guess and nobody has used. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** When an action happens, by both clocks. */
export const stamp = () => ({ wall: Date.now(), counted: performance.now(), session: SESSION });

/** Milliseconds since a stamped action, never below nothing. */
export function ageOf({ wall, counted, session }) {
  const byWall = Date.now() - wall;
  const byCount = session === SESSION ? performance.now() - counted : 0;
  return Math.max(0, Math.round(Math.max(byWall, byCount)));
}
