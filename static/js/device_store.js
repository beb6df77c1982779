// What every store of a device shares: IndexedDB with promises, written through to the disk.

// A tablet whose battery falls out has lost nothing that was shown as kept.
const STRICT = { durability: "strict" };

export const answered = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Gives a function that runs `act(...stores)` in one transaction; it resolves with the result only when all of it is on the disk. */
export const writing = (db, names) => async (act) => {
  const transaction = db.transaction(names, "readwrite", STRICT);
  const committed = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  const result = await act(...names.map((name) => transaction.objectStore(name)));
  await committed;
  return result;
};
