/** What a node offers: what it has, less what was asked to be left to others. */
import type { Resources } from "../../core/resources.js";

/** null: as much as is sensible of what there is. */
export interface Offer {
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly disk: number | null;
  readonly network: number | null;
  readonly custom: Readonly<Record<string, number>>;
  readonly overcommit: boolean;
}

/** The rest is left to the system and to ourselves. */
const sensibleShare = 0.9;

/** `cut`: what was asked for and is not there, in words; it is offered only with `overcommit`. */
export function capacityOf(
  offer: Offer,
  node: Resources,
): { readonly capacity: Resources; readonly cut: readonly string[] } {
  const cut: string[] = [];
  const within = (name: string, asked: number | null, has: number, share: number): number => {
    if (asked === null) return Math.floor(has * share);
    if (asked <= has || offer.overcommit) return asked;
    cut.push(`${name}: ${asked} offered, the node has ${has}`);
    return has;
  };
  return {
    capacity: {
      cpuMillis: within("cpu (thousandths)", offer.cpu, node.cpuMillis, 1),
      memoryBytes: within("memory", offer.memory, node.memoryBytes, sensibleShare),
      diskBytes: within("disk", offer.disk, node.diskBytes, sensibleShare),
      // Nobody can say what an unknown link has, so the word of whoever offers it counts.
      networkBps:
        node.networkBps === 0
          ? (offer.network ?? 0)
          : within("network", offer.network, node.networkBps, 1),
      custom: offer.custom,
    },
    cut,
  };
}
