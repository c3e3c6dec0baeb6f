/**
 * Deals the blows: kill -9 and SIGSTOP, each at its time, one after another on each process. What was
 * killed is started again, what was held goes on, and everything is up when all is over.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { supervisorsOf } from "../cli/cluster/processes.js";
import type { Cluster, Member, WorkerMember } from "../cli/dev-cluster.js";
import type { Strike } from "./strikes.js";
import { type Gap, uptimeS } from "./witness.js";

export interface Blow extends Strike {
  readonly target: string;
  /** null: it was dealt. */
  readonly failure: string | null;
}

/** How long a process may take to be there again after its last blow. */
const backLimitMs = 60_000;
const lookEveryMs = 20;

export class Blows {
  readonly dealt: Blow[] = [];
  readonly gaps: Gap[] = [];
  readonly #cluster: Cluster;
  readonly #turns = new Map<string, Promise<void>>();
  readonly #held = new Set<number>();
  #isOver = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Resolves when each has been dealt and whoever it hit is back. */
  async deal(strikes: readonly Strike[]): Promise<void> {
    const beganMs = performance.now();
    await Promise.all(
      strikes.map(async (strike) => {
        await sleep(Math.max(0, strike.atMs - (performance.now() - beganMs)));
        await this.#inTurn(strike);
      }),
    );
  }

  /** Whatever is held goes on, and nothing is begun any more. */
  release(): void {
    this.#isOver = true;
    for (const pid of this.#held) signal(pid, "SIGCONT");
    this.#held.clear();
  }

  #inTurn(strike: Strike): Promise<void> {
    const target = targetOf(this.#cluster, strike);
    const before = this.#turns.get(target) ?? Promise.resolve();
    const own = before.then(async () => {
      const failure = this.#isOver ? "all was over before" : await this.#strike(strike);
      this.dealt.push({ ...strike, target, failure });
    });
    this.#turns.set(target, own);
    return own;
  }

  /** null, or what kept it from being dealt. */
  async #strike(strike: Strike): Promise<string | null> {
    try {
      if (strike.role === "supervisor") await this.#hitSupervisor(strike);
      else await this.#hitMember(memberOf(this.#cluster, strike), strike);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #hitMember(member: Member, { act, forMs }: Strike): Promise<void> {
    await until(`${member.name} to run`, () => (member.running() ? true : null));
    if (act === "hold") return this.#hold(member.pid(), forMs);
    await member.kill("SIGKILL");
    await sleep(forMs);
    if (!this.#isOver) await startAgain(member);
  }

  /** Its agent is the one that starts the next. */
  async #hitSupervisor(strike: Strike): Promise<void> {
    const worker = workerOf(this.#cluster, strike);
    const { dataDirectory } = worker;
    const find = (): number | null => supervisorsOf(dataDirectory)[0] ?? null;
    const pid = await until(`a supervisor of ${worker.name}`, find);
    const fromS = uptimeS();
    if (strike.act === "hold") {
      await this.#hold(pid, strike.forMs);
    } else {
      signal(pid, "SIGKILL");
      await until(`another supervisor of ${worker.name}`, () => {
        const other = find();
        return other === null || other === pid ? null : other;
      });
    }
    this.gaps.push({
      worker: worker.name.replace("worker-", ""),
      fromS,
      toS: uptimeS(),
      killed: strike.act === "kill",
    });
  }

  async #hold(pid: number, forMs: number): Promise<void> {
    signal(pid, "SIGSTOP");
    this.#held.add(pid);
    await sleep(forMs);
    this.#held.delete(pid);
    signal(pid, "SIGCONT");
  }
}

const workerOf = ({ workers }: Cluster, strike: Strike): WorkerMember => {
  const found = workers[strike.worker % workers.length];
  if (found === undefined) throw new Error("a cluster has workers");
  return found;
};

function memberOf(cluster: Cluster, strike: Strike): Member {
  if (strike.role === "master") return cluster.master;
  if (strike.role === "planner" && cluster.planner !== null) return cluster.planner;
  return workerOf(cluster, strike);
}

function targetOf(cluster: Cluster, strike: Strike): string {
  const { name } = memberOf(cluster, strike);
  return strike.role === "supervisor" ? `supervisor of ${name}` : name;
}

/** A beginning may fail while others are down or held: it is tried again, as a service would be. */
async function startAgain(member: Member): Promise<void> {
  const untilMs = performance.now() + backLimitMs;
  for (;;) {
    try {
      return await member.restart();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await sleep(500);
    }
  }
}

async function until<T>(what: string, look: () => T | null): Promise<T> {
  const untilMs = performance.now() + backLimitMs;
  for (;;) {
    const found = look();
    if (found !== null) return found;
    if (performance.now() > untilMs) throw new Error(`waited ${backLimitMs / 1_000} s for ${what}`);
    await sleep(lookEveryMs);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile, which is what most of this is about.
  }
}
