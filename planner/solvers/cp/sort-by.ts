/** Orders that are kept from one propagation to the next. */

/** Insertion: from call to call hardly anything moves. */
export function sortBy(order: Int32Array, key: Int32Array): void {
  for (let k = 1; k < order.length; k += 1) {
    const item = order[k] as number;
    const own = key[item] as number;
    let at = k;
    while (at > 0 && (key[order[at - 1] as number] as number) > own) {
      order[at] = order[at - 1] as number;
      at -= 1;
    }
    order[at] = item;
  }
}
