// @ts-check
/**
 * Names for what was learned here: another network of the same run and seed is numbered.  All are
 * kept, as one takes less than 100 kB.
 */

/**
 * A learned network under a name that no other one has; the same one keeps its own.
 * @param {any[]} networks those there are
 * @param {{network: any, hash: string, name: string, title: string}} learned
 */
export function numbered(networks, { network, hash, name, title }) {
  for (let number = 1;; number += 1) {
    const as = number === 1 ? name : `${name}-${number}`;
    const taken = networks.find((one) => one.name === as);
    if (taken !== undefined && taken.hash !== hash) continue;
    return { ...network, hash, name: as, title: number === 1 ? title : `${title} (${number})` };
  }
}
