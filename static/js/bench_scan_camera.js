// The camera as a scanner; loaded only when somebody starts it. Pictures go to a worker one at a time and never leave
// the device.

const WIDTH = 1280;
const AGAIN_MS = 2500; // The same code under the lens is one scan until it was away for so long.
const SEEN = "gongfang-camera-seen";

/** What lies under the lens, also across pages: a page that follows a scan must not scan it again. */
function sight() {
  const seen = new Map();
  try {
    for (const [text, at] of JSON.parse(sessionStorage.getItem(SEEN) ?? "[]")) seen.set(text, at);
  } catch {
    // Storage is closed: remembered for this page.
  }
  return {
    isNew: (text) => Date.now() - (seen.get(text) ?? 0) > AGAIN_MS,
    note(text) {
      seen.set(text, Date.now());
      try {
        sessionStorage.setItem(SEEN, JSON.stringify([...seen].slice(-8)));
      } catch {
        // As above.
      }
    },
  };
}

/** Why there is no picture, as a word for the page to explain: refused, missing, busy, insecure. */
export function whyNot(error) {
  if (!navigator.mediaDevices?.getUserMedia) return "insecure";
  if (error?.name === "NotAllowedError" || error?.name === "SecurityError") return "refused";
  if (error?.name === "NotFoundError" || error?.name === "OverconstrainedError") return "missing";
  return "busy";
}

/** Starts the camera in `video`; `found(text, position)` gets each code once. Returns what stops it and the torch. */
export async function start(video, workerUrl, { found, failed }) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: { ideal: "environment" }, width: { ideal: WIDTH } },
  });
  const worker = new Worker(workerUrl);
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const seen = sight();
  let isRunning = true;

  worker.addEventListener("message", ({ data }) => {
    if (data.failed) failed(data.failed);
    for (const { text, position } of data.found ?? []) {
      const isNew = seen.isNew(text);
      seen.note(text);
      if (isNew) found(text, position, canvas);
    }
    next();
  });
  worker.addEventListener("error", (event) => failed(event.message));

  function look() {
    if (!isRunning) return;
    if (!video.videoWidth) {
      next();
      return;
    }
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    pen.drawImage(video, 0, 0);
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    worker.postMessage(picture, [picture.data.buffer]);
  }

  const next = () => isRunning && requestAnimationFrame(look);

  function stop() {
    isRunning = false;
    worker.terminate();
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }

  video.srcObject = stream;
  await video.play();
  next();
  return { stop, torch: torchOf(stream.getVideoTracks()[0]) };
}

/** Switches the lamp, where there is one: a function, else null. */
function torchOf(track) {
  if (!track.getCapabilities?.().torch) return null;
  return (isOn) => track.applyConstraints({ advanced: [{ torch: isOn }] });
}
