/** Calls work for each item, at most width at a time; rejects with the first failure. */
export async function pool(items, width, work) {
  const rest = items.entries();
  await Promise.all(Array.from({ length: width }, async () => {
    for (const [i, item] of rest) await work(item, i);
  }));
}

/**
 * The key of a file, in every contestant. No two runs have the same: browsers
 * remember preflights by URL.
 */
export function keyOf(store, file) {
  return `${store.prefix}/${file.name}`;
}
