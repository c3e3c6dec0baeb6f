/** The speed of a node's links, from what /sys/class/net says. */

/** A device of the machine; bridges, tunnels and the loopback have no `device`. */
export interface NetworkLink {
  readonly hasDevice: boolean;
  /** `up`, `down`, `unknown`. */
  readonly state: string;
  /** Mbit/s; empty, -1 or absurd where the driver does not know. */
  readonly speed: string;
}

const fastestMbps = 1_000_000;

/** Bits per second of the fastest link that is up; null: no driver says. */
export function fastestLinkBps(links: readonly NetworkLink[]): number | null {
  const speeds = links
    .filter(({ hasDevice, state }) => hasDevice && state !== "down")
    .map(({ speed }) => Number(speed))
    .filter((mbps) => Number.isInteger(mbps) && mbps > 0 && mbps <= fastestMbps);
  return speeds.length === 0 ? null : Math.max(...speeds) * 1e6;
}
