// What was done on this device, kept until the server has answered it (and she has seen the answer). IndexedDB, and only
// a few lines of it: "actions" in the order in which they happened, "facts" by name (passes, how things stand, when somebody was seen here last).

import { answered, writing } from "./device_store.js";

const NAME = "gongfang-bench";

/** The store; fails where the browser keeps none (a private window), and then forms are sent as ever. */
export async function openStore() {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("actions", { keyPath: "seq", autoIncrement: true });
    opening.result.createObjectStore("facts");
  };
  const db = await answered(opening);
  db.onversionchange = () => db.close();
  const write = writing(db, ["actions", "facts"]);
  return {
    /** Keep an action; resolves once it is on the disk, with its place in the order. */
    add: (action) => write(async (actions) => ({ ...action, seq: await answered(actions.add(action)) })),
    /** All actions, oldest first. */
    all: () => answered(db.transaction("actions").objectStore("actions").getAll()),
    /** All actions and one fact, of one moment. */
    look: (name) => {
      const moment = db.transaction(["actions", "facts"]);
      return Promise.all([answered(moment.objectStore("actions").getAll()), answered(moment.objectStore("facts").get(name))]);
    },
    /** Write changed actions, drop others, and note facts: all of it or nothing. */
    change: ({ put = [], drop = [], facts = {} }) =>
      write((actions, noted) => {
        for (const action of put) actions.put(action);
        for (const seq of drop) actions.delete(seq);
        for (const [name, value] of Object.entries(facts)) noted.put(value, name);
      }),
    /** Forget people who were not seen here for so long (milliseconds); what waits keeps what its person needs to send it. */
    forget: (afterMs) => write(async (actions, facts) => forget(await answered(actions.getAll()), facts, afterMs)),
    fact: (name) => answered(db.transaction("facts").objectStore("facts").get(name)),
  };
}

/** Facts are named "pass 7", "truth 7", "seen 7" after their person. One who was seen in the future (a clock that was wrong
    then), or whom nobody noted, is seen now. */
async function forget(actions, facts, afterMs) {
  const waiting = new Set(actions.filter((action) => action.state === "waiting").map((action) => String(action.person)));
  const names = await answered(facts.getAllKeys());
  for (const person of new Set(names.map((name) => name.split(" ")[1]))) {
    const seen = await answered(facts.get(`seen ${person}`));
    if (!(seen <= Date.now())) facts.put(Date.now(), `seen ${person}`);
    else if (Date.now() - seen > afterMs && !waiting.has(person)) for (const kind of ["pass", "truth", "seen"]) facts.delete(`${kind} ${person}`);
  }
}
