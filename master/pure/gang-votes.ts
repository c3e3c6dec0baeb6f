/**
 * A gang starts on all its workers or on none. In a pass of dispatch each worker says by itself that
 * a member may start there now, and holds its place; where all have said so the gang is launched,
 * by one event. What is held for a gang that cannot go is given back, and the pass repeated there.
 */
import { chargedResources } from "../../core/charge.js";
import type { WorkerId } from "../../core/ids.js";
import { addResources, noResources, type Resources } from "../../core/resources.js";
import { bondsAllow, isReleased, waitingGang } from "./bonds.js";
import type { DeviceHold } from "./device-choice.js";
import type { Event, Launching } from "./events.js";
import { takenOf } from "./pool-room.js";
import type { State, Task, Way, WorkerRecord } from "./state.js";
import { isPaused } from "./state.js";
import { wayNamed } from "./ways.js";

interface Vote {
  readonly worker: WorkerRecord;
  readonly launching: Launching;
}

export class GangVotes {
  readonly #votes = new Map<Task, Vote>();
  readonly #held = new Map<WorkerId, Task[]>();
  /** Members of gangs that cannot go in this pass. */
  readonly #refused = new Set<Task>();

  /** Whether the gang may be voted for: all that wait are ready, and nobody has found it stuck. */
  isOpen(gang: readonly Task[]): boolean {
    return gang.every(
      (task) =>
        task.status.kind === "ready" &&
        !isPaused(task) &&
        !isReleased(task) &&
        !this.#refused.has(task),
    );
  }

  add(task: Task, worker: WorkerRecord, launching: Launching): void {
    this.#votes.set(task, { worker, launching });
    const held = this.#held.get(worker.id);
    if (held === undefined) this.#held.set(worker.id, [task]);
    else held.push(task);
  }

  /** What is held on a worker. */
  resourcesOn(worker: WorkerId): Resources {
    const held = this.#held.get(worker) ?? [];
    return held.reduce(
      (sum, task) => addResources(sum, chargedResources(this.#wayOf(task).template)),
      noResources,
    );
  }

  #wayOf(task: Task): Way {
    return wayNamed(task, this.#votes.get(task)?.launching.mode);
  }

  devicesOn(worker: WorkerId): readonly DeviceHold[] {
    return (this.#held.get(worker) ?? []).map((task) => ({
      request: this.#wayOf(task).template.gpu,
      devices: this.#votes.get(task)?.launching.devices ?? [],
    }));
  }

  /** Launches what may go; gives what was held for the others back, and names where that was. */
  *launch(state: State): Generator<Event, readonly WorkerId[], void> {
    const stuck = new Set<WorkerId>();
    for (const task of [...this.#votes.keys()]) {
      if (!this.#votes.has(task)) continue;
      const gang = waitingGang(task) ?? [task];
      const votes = gang.flatMap((member) => this.#votes.get(member) ?? []);
      const goes = votes.length === gang.length && this.#mayGo(state, gang);
      for (const member of gang) {
        const vote = this.#votes.get(member);
        if (vote !== undefined && !goes) stuck.add(vote.worker.id);
        if (!goes) this.#refused.add(member);
        this.#votes.delete(member);
      }
      if (goes) {
        yield { type: "GangLaunched", attempts: votes.map(({ launching }) => launching) };
      }
    }
    this.#held.clear();
    return [...stuck];
  }

  /** Pools have room for all members together, and none stands where another's groups forbid it. */
  #mayGo(state: State, gang: readonly Task[]): boolean {
    const taken = new Map<string, number>();
    for (const task of gang) {
      for (const [pool, amount] of Object.entries(this.#wayOf(task).template.pools)) {
        taken.set(pool, (taken.get(pool) ?? takenOf(state, pool)) + amount);
      }
    }
    const within = state.settings.pools.every(
      ({ name, capacity }) => (taken.get(name) ?? 0) <= capacity,
    );
    const at = (task: Task): WorkerRecord | undefined => this.#votes.get(task)?.worker;
    return within && gang.every((task) => bondsAllow(state, task, at(task), at));
  }
}
