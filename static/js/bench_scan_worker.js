// Reads codes from camera pictures, away from the page so that the page never waits. This file alone is allowed to
// run WebAssembly: its own answer carries the policy (app/web/security.py).

importScripts("../vendor/zxing-wasm-3.1.4/reader.js");

ZXingWASM.prepareZXingModule({
  overrides: { locateFile: (name) => new URL(`../vendor/zxing-wasm-3.1.4/${name}`, self.location).href },
});

const OPTIONS = { formats: ["Code128", "QRCode"], tryHarder: true, tryRotate: true, tryDownscale: true, maxNumberOfSymbols: 4 };

self.addEventListener("message", async ({ data: picture }) => {
  try {
    const found = await ZXingWASM.readBarcodes(picture, OPTIONS);
    self.postMessage({ found: found.filter((code) => code.isValid).map(({ text, position }) => ({ text, position })) });
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
});
