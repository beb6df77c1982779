// What was done on this device, kept until the server has answered it (and she has seen the answer). IndexedDB, and only
// a few lines of it: "actions" in the order in which they happened, "facts" by name (passes, how things stand).

const NAME = "gongfang-bench";
// Written through to the disk: a tablet whose battery falls out has lost nothing that was shown as kept.
const STRICT = { durability: "strict" };

const answered = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The store; fails where the browser keeps none (a private window), and then forms are sent as ever. */
export async function openStore() {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("actions", { keyPath: "seq", autoIncrement: true });
    opening.result.createObjectStore("facts");
  };
  const db = await answered(opening);
  db.onversionchange = () => db.close();
  return {
    /** Keep an action; resolves once it is on the disk, with its place in the order. */
    add: (action) => write(db, async (actions) => ({ ...action, seq: await answered(actions.add(action)) })),
    /** All actions, oldest first. */
    all: () => answered(db.transaction("actions").objectStore("actions").getAll()),
    /** All actions and one fact, of one moment. */
    look: (name) => {
      const moment = db.transaction(["actions", "facts"]);
      return Promise.all([answered(moment.objectStore("actions").getAll()), answered(moment.objectStore("facts").get(name))]);
    },
    /** Write changed actions, drop others, and note facts: all of it or nothing. */
    change: ({ put = [], drop = [], facts = {} }) =>
      write(db, (actions, noted) => {
        for (const action of put) actions.put(action);
        for (const seq of drop) actions.delete(seq);
        for (const [name, value] of Object.entries(facts)) noted.put(value, name);
      }),
    fact: (name) => answered(db.transaction("facts").objectStore("facts").get(name)),
  };
}

/** Run `act` in one transaction; resolves with its result only when all of it is on the disk. */
async function write(db, act) {
  const transaction = db.transaction(["actions", "facts"], "readwrite", STRICT);
  const committed = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  const result = await act(transaction.objectStore("actions"), transaction.objectStore("facts"));
  await committed;
  return result;
}
