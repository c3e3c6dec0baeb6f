/**
 * What goes wrong, and when, from a seed. Faults end before the quiet phase begins, but for links that
 * fail in a way of their own and come back within a minute of it.
 */
import { workerId } from "../core/ids.js";
import { randomInteger } from "../core/random.js";
import { usualCalls } from "./cluster/user.js";
import type { WorkerNode } from "./cluster/worker.js";
import { worldBeganAtMs } from "./world/machine.js";
import { usualNetwork } from "./world/network.js";
import { usualSyncMaxMs, type World } from "./world.js";

export interface Fault {
  readonly atMs: number;
  readonly name: FaultName;
  /** How long what is taken away stays away. */
  readonly forMs: number;
  /** Draws whom it hits. */
  readonly choice: number;
}

/** As long as silence lasts until a worker is lost. */
const longHoldMs = 10_000;

/** Begins the fault and returns what ends it; null: it is over at once. */
type Strike = (world: World, fault: Fault) => (() => void) | null;

const nodeOf = ({ nodes }: World, { choice }: Fault): WorkerNode => {
  const node = nodes[choice % nodes.length];
  if (node === undefined) throw new Error("a cluster has workers");
  return node;
};

/** One on which a program runs, if any does: there is more to lose. */
const busyNodeOf = (world: World, fault: Fault): WorkerNode => {
  const running = world.witness.runs.filter(({ endedAtMs }) => endedAtMs === null);
  const worker = running[fault.choice % Math.max(1, running.length)]?.worker;
  return world.nodes.find(({ shape }) => shape.name === worker) ?? nodeOf(world, fault);
};

function cutBetween(world: World, a: string, b: string): () => void {
  world.network.cut(a, b);
  return () => world.network.mend(a, b);
}

const strikes = {
  "master killed": (world, { forMs }) => {
    world.master.stop("killed");
    world.time.at(world.time.nowMs + Math.min(forMs, 15_000), () => world.master.start());
    return null;
  },
  "master without power": (world, { forMs }) => {
    world.master.stop("power");
    world.time.at(world.time.nowMs + Math.min(forMs, 15_000), () => world.master.start());
    return null;
  },
  "power lost within a sync": (world, { choice, forMs }) => {
    world.master.doomSync({ syncs: choice % 20, awayMs: Math.min(forMs, 15_000) });
    return () => world.master.doomSync(null);
  },
  "appends asked twice": (world) => {
    world.master.asksTwice = true;
    return () => {
      world.master.asksTwice = false;
    };
  },
  "master held": (world, { forMs }) => {
    const process = world.master.process;
    process?.hold();
    return () => {
      if (process?.isAlive === true && forMs > longHoldMs) {
        world.witness.wokenAtMs.push(world.time.nowMs);
      }
      process?.goOn();
    };
  },
  "agent killed": (world, fault) => {
    nodeOf(world, fault).killAgent();
    return null;
  },
  "supervisor killed": (world, fault) => {
    nodeOf(world, fault).killSupervisor();
    return null;
  },
  "worker without power": (world, fault) => {
    const node = nodeOf(world, fault);
    if (!node.machine.isOn) return null;
    node.cutPower();
    return () => node.powerOn();
  },
  "worker held": (world, fault) => nodeOf(world, fault).hold(),
  "agent held": (world, fault) => {
    const { agent } = nodeOf(world, fault);
    agent?.hold();
    return () => agent?.goOn();
  },
  partition: (world, fault) => {
    const { name } = nodeOf(world, fault).machine;
    const both = [cutBetween(world, name, "master"), cutBetween(world, "master", name)];
    return () => {
      for (const mend of both) mend();
    };
  },
  "one-way partition": (world, fault) => {
    const { name } = nodeOf(world, fault).machine;
    return fault.choice % 2 === 0
      ? cutBetween(world, name, "master")
      : cutBetween(world, "master", name);
  },
  /** Heard of again at about the moment at which it is given up, on a connection that is still there. */
  "silent for as long as may be": (world, fault) => {
    const { name } = nodeOf(world, fault).machine;
    const mend = cutBetween(world, name, "master");
    world.time.at(world.time.nowMs + 9_500 + (fault.choice % 3_000), mend);
    return null;
  },
  /**
   * First the answers stop, then the worker's own words; the answers come through late, while the
   * worker is not heard any more.
   */
  "link fails in turns": (world, fault) => {
    const { name } = busyNodeOf(world, fault).machine;
    const { time } = world;
    const mendAnswers = cutBetween(world, "master", name);
    time.at(time.nowMs + 2_500, () => {
      const mendWords = cutBetween(world, name, "master");
      time.at(time.nowMs + 20_000 + (fault.choice % 20_000), mendWords);
    });
    time.at(time.nowMs + 8_500, mendAnswers);
    return null;
  },
  "slow network": (world) => {
    const { network } = world;
    const { latencyMinMs, latencyMaxMs } = usualNetwork;
    network.habits = { ...network.habits, latencyMinMs: 50, latencyMaxMs: 1_500 };
    // Only what is its own: other faults begin and end meanwhile.
    return () => {
      network.habits = { ...network.habits, latencyMinMs, latencyMaxMs };
    };
  },
  "breaking connections": (world, { choice }) => {
    const { network } = world;
    const { breakChance } = usualNetwork;
    network.habits = { ...network.habits, breakChance: 0.02 * (1 + (choice % 10)) };
    return () => {
      network.habits = { ...network.habits, breakChance };
    };
  },
  "lossy calls": (world, { choice }) => {
    world.user.habits = { lossChance: 0.3 * ((choice % 7) / 6), repeatChance: 0.5 };
    return () => {
      world.user.habits = usualCalls;
    };
  },
  "slow disk": (world) => {
    world.syncMaxMs = 800;
    return () => {
      world.syncMaxMs = usualSyncMaxMs;
    };
  },
  "sync fails": (world) => {
    world.master.disk.failAt("datasync", 1, "EIO");
    return null;
  },
  "disk full": (world) => {
    world.master.disk.failAt("write", 1, "ENOSPC");
    return null;
  },
  "clock stepped": (world, fault) => {
    const node = nodeOf(world, fault);
    const stepMs = (fault.choice % 2 === 0 ? 1 : -1) * (1 + (fault.choice % 60)) * 60_000;
    node.machine.wallOffsetMs += stepMs;
    return null;
  },
  "planner hangs": (world, { choice, forMs }) => {
    const { process } = world.planner;
    process.hold();
    // Some for so long that what it has foreseen is withdrawn.
    const moreMs = choice % 2 === 0 ? 10_000 : 0;
    world.time.at(world.time.nowMs + forMs + moreMs, () => process.goOn());
    return null;
  },
  "planner killed": (world) => {
    world.planner.restart();
    return null;
  },
  "planner mad": (world) => {
    world.planner.isMad = true;
    return () => {
      world.planner.isMad = false;
    };
  },
  "worker stopped": (world, fault) => {
    const node = nodeOf(world, fault);
    node.stopService();
    return () => node.startService();
  },
  "launch refused": (world, fault) => {
    // On about half of them, so that a gang finds room here and none there.
    const nodes = world.nodes.filter((_, index) => (fault.choice >> index) % 2 === 1);
    for (const node of nodes) node.refusesNext = true;
    return () => {
      for (const node of nodes) node.refusesNext = false;
    };
  },
  "maintenance announced": (world, fault) => {
    const nowMs = Math.round(worldBeganAtMs + world.time.nowMs);
    const worker = workerId(nodeOf(world, fault).shape.name);
    const fromMs = nowMs + Math.round(fault.forMs / 4);
    const toMs = nowMs + Math.round(fault.forMs) + 1;
    world.user.order({
      type: "ScheduleMaintenance",
      worker,
      window: { fromMs, toMs, everyMs: null },
    });
    return null;
  },
  "worker drained": (world, fault) => {
    const worker = workerId(nodeOf(world, fault).shape.name);
    const deadlineMs = fault.choice % 3 === 0 ? null : 5_000;
    world.user.order({
      type: "Drain",
      worker,
      deadlineMs,
      force: fault.choice % 5 === 0,
      thenStop: false,
    });
    return () => world.user.order({ type: "Undrain", worker });
  },
  "worker cordoned": (world, fault) => {
    const worker = workerId(nodeOf(world, fault).shape.name);
    world.user.order({ type: "Cordon", worker });
    return () => world.user.order({ type: "Uncordon", worker });
  },
  "job cancelled": (world, { choice }) => {
    const { acknowledged } = world.witness;
    const one = acknowledged[choice % Math.max(1, acknowledged.length)];
    if (one !== undefined) world.cancel(one.jobId);
    return null;
  },
} satisfies Record<string, Strike>;

export type FaultName = keyof typeof strikes;
export const faultNames = Object.keys(strikes) as FaultName[];

/** Kinds that a seed has switched on, and instants drawn among them. */
export function drawFaults(
  random: () => number,
  count: number,
  withinMs: number,
): readonly Fault[] {
  const on = faultNames.filter(() => random() < 0.5);
  const names = on.length === 0 ? faultNames : on;
  return Array.from({ length: count }, (): Fault => {
    const atMs = random() * withinMs;
    // One to five leases, most of them short.
    const forMs = Math.min(withinMs - atMs, 500 * 2 ** (random() * 7));
    const name = names[randomInteger(random, names.length)] ?? "master killed";
    return { atMs, name, forMs, choice: randomInteger(random, 1_000_000) };
  }).sort((a, b) => a.atMs - b.atMs);
}

export function arm(world: World, faults: readonly Fault[]): void {
  for (const fault of faults) {
    world.time.at(fault.atMs, () => {
      world.witness.note(`fault ${fault.name} for ${fault.forMs.toFixed(0)} ms`);
      const end = strikes[fault.name](world, fault);
      if (end !== null) world.time.at(world.time.nowMs + fault.forMs, end);
    });
  }
}
