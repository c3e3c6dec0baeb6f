/** What data pays on its way between workers, as the cluster's settings say it. */

export interface LinkQuality {
  readonly bandwidthBps: number;
  /** Before the first byte. */
  readonly latencyMs: number;
}

/** Holds both ways; `a` and `b` are names that workers give as their link. */
export interface NamedLink extends LinkQuality {
  readonly a: string;
  readonly b: string;
}

export interface ClusterLinks {
  /** Between workers of which nothing else is known. */
  readonly otherwise: LinkQuality;
  readonly named: readonly NamedLink[];
}

export const defaultLinks: ClusterLinks = {
  otherwise: { bandwidthBps: 1e9, latencyMs: 1 },
  named: [],
};

/** Slower ones would make a gigabyte take more ticks than a plan has. */
export const bandwidthBpsMin = 1e6;
