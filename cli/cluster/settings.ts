/** What the master journals of its settings, made from the configuration. */
import type { LinkQuality } from "../../core/links.js";
import type { Pool } from "../../core/resources.js";
import type { WorkerFacts } from "../../core/worker.js";
import type { ClusterSettings } from "../../master/pure/events.js";
import packageFile from "../../package.json" with { type: "json" };
import type { Config, ExpectedWorker } from "../../spec/config.js";

/** How far the clocks of two machines may disagree on the length of a deadline. */
const clockMarginMs = 1_000;

export function clusterSettings({ cluster, master }: Config): ClusterSettings {
  return {
    name: cluster.name,
    pools: poolsOf(cluster.pools),
    complete: cluster.complete,
    expectedWorkers: cluster.expectedWorkers.flatMap(factsOf),
    silenceLimitMs: master.silenceLimitMs,
    clockMarginMs,
    planningWindow: master.planningWindow,
    objective: master.objective,
    links: {
      otherwise: qualityOf(cluster.otherLinks),
      named: cluster.links.map(({ between: [a, b], ...link }) => ({ a, b, ...qualityOf(link) })),
    },
  };
}

function poolsOf(pools: Config["cluster"]["pools"]): Pool[] {
  const list = Array.isArray(pools)
    ? pools
    : Object.entries(pools).map(([name, given]) =>
        typeof given === "number"
          ? { name, capacity: given, kind: "renewable" as const }
          : { name, ...given },
      );
  return list.map(({ name, capacity, kind }) =>
    kind === "consumable" ? { name, capacity, consumable: true } : { name, capacity },
  );
}

const qualityOf = (link: {
  readonly bandwidth: number;
  readonly latency: number;
}): LinkQuality => ({ bandwidthBps: link.bandwidth, latencyMs: link.latency });

/** A shape with a count stands for that many workers. */
function factsOf(shape: ExpectedWorker, index: number): WorkerFacts[] {
  return Array.from({ length: shape.count }, (_, copy): WorkerFacts => {
    const base = shape.name ?? `expected-${index + 1}`;
    const name = shape.count === 1 ? base : `${base}-${copy + 1}`;
    return {
      name,
      hostname: name,
      capacity: {
        cpuMillis: shape.cpu,
        memoryBytes: shape.memory,
        diskBytes: shape.disk,
        networkBps: 0,
        custom: shape.custom,
      },
      devices: [],
      labels: shape.labels,
      drivers: [{ name: "process", cpuLimit: "not_enforced", memoryLimit: "not_enforced" }],
      unavailableDrivers: [],
      speed: shape.speed,
      softwareVersion: packageFile.version,
    };
  });
}
