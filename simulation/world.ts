/** Everything of one simulated life: time, chance, network, machines, and who watches. */
import { createHash } from "node:crypto";
import { jobId, workerId } from "../core/ids.js";
import { seededRandom } from "../core/random.js";
import type { ClusterSettings, Recorded } from "../master/pure/events.js";
import { stateHash } from "../master/pure/hash.js";
import type { State } from "../master/pure/state.js";
import type { PlannerPort } from "../master/shell/planner-port.js";
import type { Solver } from "../planner/solver.js";
import type { MasterMessageWire, WorkerMessageWire } from "../proto/codec/services.js";
import { MasterNode } from "./cluster/master.js";
import { PlannerNode } from "./cluster/planner.js";
import { User } from "./cluster/user.js";
import { WorkerNode, type WorkerShape } from "./cluster/worker.js";
import type { Leader, Surroundings } from "./surroundings.js";
import { createWitness, type Witness } from "./witness.js";
import { Connection } from "./world/connection.js";
import type { SimulatedProcess } from "./world/machine.js";
import { Network } from "./world/network.js";
import type { StreamEnd } from "./world/stream-end.js";
import { VirtualTime } from "./world/virtual-time.js";

export interface WorldOptions {
  readonly seed: number;
  readonly settings: ClusterSettings;
  readonly workers: readonly WorkerShape[];
  readonly solvers: readonly Solver[];
  /** Times that a plan is played to foresee when jobs end. Absent: few, for nobody looks. */
  readonly rollOutsMax?: number;
  /** Told of what has become durable, with the state that has it. */
  readonly onRecorded?: (events: readonly Recorded[], state: State) => void;
  /** Absent: the trace is only hashed. */
  readonly onTrace?: (line: string) => void;
}

export const usualSyncMaxMs = 3;
const rollOutsUsual = 5;

export class World implements Surroundings {
  readonly time = new VirtualTime();
  readonly random: () => number;
  readonly network: Network;
  readonly witness: Witness;
  readonly planner: PlannerNode;
  readonly master: MasterNode;
  readonly nodes: readonly WorkerNode[];
  readonly user: User;
  /** Every event that was durable, in the order in which masters said so. */
  readonly durable: Recorded[] = [];
  readonly jobsOpen = new Set<string>();
  readonly jobsPaused = new Set<string>();
  readonly #onRecorded: NonNullable<WorldOptions["onRecorded"]>;
  /** Hash of the live state after durable events, where it was taken. */
  readonly #hashes = new Map<number, string>();
  readonly #ended = new Set<string>();
  readonly #trace = createHash("sha256");
  /** Of the journal's disk and the ledgers', in milliseconds. */
  syncMaxMs = usualSyncMaxMs;

  constructor(options: WorldOptions) {
    const { seed, settings, workers, solvers, onTrace } = options;
    const { rollOutsMax = rollOutsUsual } = options;
    this.#onRecorded = options.onRecorded ?? (() => undefined);
    this.random = seededRandom(seed);
    this.network = new Network(this.time, seededRandom(seed + 0x5eed));
    this.witness = createWitness((line) => {
      const stamped = `${this.time.nowMs.toFixed(3)} ${line}`;
      this.#trace.update(`${stamped}\n`);
      onTrace?.(stamped);
    });
    this.planner = new PlannerNode(this, solvers);
    this.master = new MasterNode(this, settings, rollOutsMax);
    this.nodes = workers.map((shape) => new WorkerNode(this, shape));
    this.user = new User(this);
  }

  readonly syncMs = (): number => this.random() * this.syncMaxMs;

  leader(): Leader | null {
    return this.master.life;
  }

  dialPlanner(master: SimulatedProcess): PlannerPort {
    return this.planner.connect(master);
  }

  traceHash(): string {
    return this.#trace.copy().digest("hex").slice(0, 16);
  }

  dialMaster(agent: SimulatedProcess): StreamEnd<MasterMessageWire, WorkerMessageWire> {
    const server = this.master.life?.process;
    const connection = new Connection<WorkerMessageWire, MasterMessageWire>(
      this.network,
      agent,
      server ?? agent,
    );
    if (server === undefined) {
      // Nobody listens there.
      this.time.at(this.time.nowMs + this.network.latencyMs(), () =>
        agent.deliver(() => connection.client.take({ kind: "broken", message: "refused" })),
      );
    } else {
      this.master.accept(connection.server);
    }
    return connection.client;
  }

  cancel(job: string): void {
    this.user.order({ type: "Cancel", job: jobId(job), task: null, reason: "no longer wanted" });
  }

  /** Nothing goes wrong from here on: whatever is off comes on. */
  calm(): void {
    this.witness.note("calm");
    for (const node of this.nodes) {
      if (node.machine.isOn) node.startService();
      else node.powerOn();
      this.user.order({ type: "Uncordon", worker: workerId(node.shape.name) });
      this.user.order({ type: "Undrain", worker: workerId(node.shape.name) });
    }
    this.master.doomSync(null);
    this.master.start();
  }

  /** A master says that these are durable, and this is the state that has them. */
  recorded(events: readonly Recorded[], state: State): void {
    for (const recorded of events) this.#add(recorded);
    this.#onRecorded(events, state);
    // Later events may be in the state already; then there is no hash for this point.
    const last = events.at(-1);
    if (last !== undefined && state.seq === last.seq) {
      this.#hashes.set(last.seq, stateHash(state.hash));
    }
  }

  /** What a new master has read from the journal: all that was durable, and perhaps more. */
  recovered(events: readonly Recorded[], state: State): void {
    const { errors } = this.witness;
    const known = this.#hashes.get(state.seq);
    if (known !== undefined && known !== stateHash(state.hash)) {
      errors.push(`replay to ${state.seq} gives another state than was live`);
    }
    for (const [index, recorded] of this.durable.entries()) {
      if (JSON.stringify(events[index]) === JSON.stringify(recorded)) continue;
      errors.push(`event ${recorded.seq} was durable and is not there again`);
      break;
    }
    this.witness.note(`recovered ${state.seq}`);
    // Nobody was told of these, and they count from now on.
    for (const recorded of events.slice(this.durable.length)) this.#add(recorded);
  }

  /** Once a worker forgets a report, nobody else could tell it again. */
  readonly forgotten = (attempts: readonly string[]): void => {
    for (const attempt of attempts) {
      if (this.#ended.has(attempt)) continue;
      this.witness.errors.push(`the report of ${attempt} was acknowledged, and is not durable`);
    }
  };

  #add(recorded: Recorded): void {
    const { event } = recorded;
    this.durable.push(recorded);
    if (event.type === "JobSubmitted") this.jobsOpen.add(event.job);
    if (event.type === "AttemptEnded") this.#ended.add(event.attempt);
    if (event.type === "JobPaused") this.jobsPaused.add(event.job);
    if (event.type === "JobResumed" || event.type === "JobEnded") this.jobsPaused.delete(event.job);
    if (event.type === "JobEnded") this.jobsOpen.delete(event.job);
    this.witness.note(`${recorded.seq} ${event.type} ${aboutOf(recorded)}`);
  }
}

function aboutOf({ event }: Recorded): string {
  if ("attempt" in event) return event.attempt;
  if ("task" in event) return event.task;
  if ("job" in event) return event.job;
  if ("worker" in event) return event.worker;
  if (event.type === "GangLaunched") return event.attempts.map(({ attempt }) => attempt).join();
  return event.type === "WorkerRegistered" ? event.incarnation.session : "";
}
