// Weigh-ins that this device has not had answered yet, by the key of each, and what their people may send with.

import { answered, writing } from "./device_store.js";

/** The store; fails where the browser keeps none (a private window), and then forms are sent as ever. */
export async function openStore() {
  const opening = indexedDB.open("gongfang-weigh", 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("slips", { keyPath: "key" });
    opening.result.createObjectStore("passes");
  };
  const db = await answered(opening);
  db.onversionchange = () => db.close();
  const write = writing(db, ["slips", "passes"]);
  const slips = () => db.transaction("slips").objectStore("slips");
  return {
    /** Keep a slip. One that waits already stays as it is: the second tap of two is not another delivery. */
    keep: (slip) =>
      write(async (kept) => {
        const before = await answered(kept.get(slip.key));
        if (before?.state !== "waiting") kept.put(slip);
      }),
    change: (slip) => write((kept) => kept.put(slip)),
    drop: (key) => write((kept) => kept.delete(key)),
    get: (key) => answered(slips().get(key)),
    /** All slips, oldest first. */
    all: async () => (await answered(slips().getAll())).sort((one, other) => one.wall - other.wall),
    notePass: (person, pass) => write((_, passes) => passes.put(pass, person)),
    pass: (person) => answered(db.transaction("passes").objectStore("passes").get(person)),
  };
}
