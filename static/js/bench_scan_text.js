// What was scanned, without what came along; the same as kernel/scans.py, and held to the same cases.

const KIND_OF_CODE = /^\][A-Z][0-9A-Z]/;
const OWN = /GF-(?:DEMO-[0-9]{2}|[0-9A-HJKMNP-TV-Z]{20})|[GP][0-9]{6}-?[0-9A-HJKMNP-TV-Z]{8}(?:[0-9]{2})?/g;
const LONGEST = 200;

/** The codes in what was scanned, in order: our own if there are any, else whatever is left. */
export function codesIn(raw) {
  const folded = raw.slice(0, LONGEST).normalize("NFKC").toUpperCase().replace(/[\p{C}\p{Z}]/gu, "");
  const rest = folded.replace(KIND_OF_CODE, "");
  return folded.match(OWN) ?? (rest ? [rest] : []);
}

/** Whether one of our own codes is in it, whole. */
export const hasOwnCode = (raw) => codesIn(raw).some((code) => code.search(OWN) === 0);

/** Whether a code is somebody's badge and not a parcel. */
export const isBadge = (code) => code.startsWith("GF-");
