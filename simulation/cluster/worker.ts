/**
 * A node with its supervisor and its agent, as two processes: the real ones, but for the programs,
 * the ledger's disk and the socket between them.
 */

import { noResources, type Resources } from "../../core/resources.js";
import { createBackoff } from "../../worker/agent/backoff.js";
import { connectMaster } from "../../worker/agent/connection.js";
import type { SupervisorLink } from "../../worker/agent/supervisor-link.js";
import { sleepOn } from "../../worker/clock.js";
import { type AgentToSupervisor, protocolVersion } from "../../worker/ipc/messages.js";
import { type AgentDesk, createAgentDesk } from "../../worker/supervisor/agent-desk.js";
import { beginWith } from "../../worker/supervisor/ledger.js";
import { recoverAttempts } from "../../worker/supervisor/recovery.js";
import { Supervisor } from "../../worker/supervisor/supervisor.js";
import { createTransfers } from "../../worker/supervisor/transfers.js";
import type { Surroundings } from "../surroundings.js";
import { Machine, SimulatedProcess } from "../world/machine.js";
import { emptyLedgerFile, type LedgerFile, loseUnsynced, openSimulatedLedger } from "./ledger.js";
import { Programs } from "./programs.js";
import { attach, type Pass } from "./socket.js";

export interface WorkerShape {
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly speed: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** How long the kernel and the node's own services take to bring a supervisor or an agent back. */
const restartMs = 500;
type Fields = Readonly<Record<string, unknown>>;

export class WorkerNode {
  readonly shape: WorkerShape;
  readonly machine: Machine;
  readonly programs: Programs;
  supervisor: SimulatedProcess | null = null;
  agent: SimulatedProcess | null = null;
  readonly #world: Surroundings;
  readonly #log = {
    info: () => undefined,
    warn: (fields: Fields, message: string) => this.#note(fields, message),
    error: (fields: Fields, message: string) => this.#note(fields, message),
  };
  readonly #ledger: LedgerFile = emptyLedgerFile();
  #renewedAtMs: number | null = null;
  #desk: AgentDesk | null = null;
  #serving: Supervisor | null = null;
  /** The next launch finds no room, whatever the master believes. */
  refusesNext = false;
  #sessions = 0;
  #restarts = true;

  constructor(world: Surroundings, shape: WorkerShape) {
    this.#world = world;
    this.shape = shape;
    this.machine = new Machine(shape.name, world.time);
    this.programs = new Programs(this.machine, world.witness, shape.speed);
  }

  get capacity(): Resources {
    const { cpus, memoryBytes } = this.shape;
    return { ...noResources, cpuMillis: cpus * 1_000, memoryBytes, diskBytes: 2 ** 40 };
  }

  powerOn(): void {
    this.machine.powerOn();
    this.#restarts = true;
    this.#startSupervisor();
    this.#startAgent();
  }

  /** What was not synced may be lost, and so is everything that ran. */
  cutPower(): void {
    this.#disaster();
    this.machine.cutPower();
    this.programs.die();
    loseUnsynced(this.#ledger, this.#world.random);
    this.#renewedAtMs = null;
  }

  killAgent(): void {
    this.agent?.end("killed");
    this.#later(() => this.#startAgent());
  }

  /** Its programs run on until the next one reaps them. */
  killSupervisor(): void {
    this.#disaster();
    this.supervisor?.end("killed");
    this.#later(() => this.#startSupervisor());
  }

  /** As an operator stops the service: programs are ended with their grace, and the master hears it. */
  stopService(): void {
    this.#disaster();
    this.#restarts = false;
    const [agent, supervisor, serving] = [this.agent, this.supervisor, this.#serving];
    const end = (): void => {
      agent?.end("killed");
      supervisor?.end("killed");
      // Told to start again before it had stopped: one after the other.
      this.#later(() => this.startService());
    };
    if (serving === null || supervisor === null) return end();
    supervisor.deliver(() => {
      void serving.shutdown().then(() => this.#world.time.at(this.#world.time.nowMs + 10, end));
    });
  }

  startService(): void {
    this.#restarts = true;
    if (!this.machine.isOn) return;
    this.#startSupervisor();
    this.#startAgent();
  }

  /** The programs stand still as well, and find out late what has become of them. */
  hold(): () => void {
    const hold = {
      worker: this.shape.name,
      fromMs: this.#world.time.nowMs,
      toMs: Number.POSITIVE_INFINITY,
    };
    this.#world.witness.holds.push(hold);
    this.machine.hold();
    return () => {
      hold.toMs = this.#world.time.nowMs;
      this.machine.goOn();
    };
  }

  #disaster(): void {
    const { witness, time } = this.#world;
    witness.disasters.push({ worker: this.shape.name, atMs: time.nowMs });
  }

  #note(fields: Fields, message: string): void {
    this.#world.witness.note(`${this.shape.name}: ${message} ${JSON.stringify(fields)}`);
  }

  #later(action: () => void): void {
    const { boots } = this.machine;
    const { time } = this.#world;
    time.at(time.nowMs + restartMs, () => {
      if (this.#restarts && this.machine.isOn && this.machine.boots === boots) action();
    });
  }

  #startSupervisor(): void {
    if (this.supervisor?.isAlive === true) return;
    const process = new SimulatedProcess(this.machine);
    this.supervisor = process;
    this.#desk = null;
    this.#serving = null;
    const world = this.#world;
    const { syncMs } = world;
    const { clock } = process;
    const boot = `${this.shape.name}-boot-${this.machine.boots}`;
    const ledger = openSimulatedLedger(this.#ledger, {
      clock,
      syncMs,
      onForgotten: world.forgotten,
    });
    this.#sessions += 1;
    const session = `${this.shape.name}-${this.#sessions}`;
    beginWith(ledger, session, boot);
    const drivers = [this.programs.driver(process)];
    const writtenBytes = async (): Promise<number> => 0;
    const recovery = {
      dataDirectory: "/",
      ledger,
      drivers,
      boot,
      nowMs: clock.nowMs,
      writtenBytes,
      log: this.#log,
    };
    void recoverAttempts(recovery).then((takenUp) => {
      const desk = createAgentDesk();
      const supervisor = new Supervisor({
        clock,
        dataDirectory: "/",
        boot,
        session,
        ledger,
        drivers,
        log: this.#log,
        emit: desk.emit,
        transfers: createTransfers(desk.emit),
        data: { stage: async () => null, collect: async (_one, _outputs, end) => end },
        secrets: {
          make: async () => ({ ok: false, error: "there are no secrets here" }),
          remove: async () => undefined,
          keepOnly: async () => undefined,
          close: async () => undefined,
        },
        renewals: {
          read: () => this.#renewedAtMs,
          keep: (renewedAtMs) => {
            this.#renewedAtMs = renewedAtMs;
          },
        },
        retention: {
          retain: (attempts) => ledger.append({ kind: "removed", attempts }),
          idle: async () => undefined,
        },
      });
      supervisor.takeUp(takenUp);
      this.#serving = supervisor;
      desk.serve(supervisor, () => undefined);
      this.#desk = desk;
    });
  }

  #startAgent(): void {
    if (this.agent?.isAlive === true) return;
    const process = new SimulatedProcess(this.machine);
    this.agent = process;
    void this.#serve(process);
  }

  /** The agent's life: a link to a supervisor, and over it one session after another. */
  async #serve(process: SimulatedProcess): Promise<void> {
    const { clock } = process;
    const backoff = createBackoff(100, 2_000, this.#world.random);
    let token = 0;
    for (;;) {
      const link = await this.#attach(process);
      let gone = false;
      void link.closed.then(() => {
        gone = true;
      });
      while (!gone) {
        const connection = connectMaster({
          agent: this.#offer(),
          clock,
          heartbeat: () => ({ freeMemoryBytes: 0, loadAverage: 0 }),
          dial: () => ({
            session: () => this.#world.dialMaster(process),
            serveLogs: () => ({ close: () => undefined }),
            close: () => undefined,
          }),
          link,
          carrier: { take: () => undefined, cancel: () => undefined, close: () => undefined },
          nextToken: () => ++token,
          onWelcome: backoff.reset,
          onLeave: () => undefined,
        });
        await connection.closed;
        await sleepOn(clock, backoff.nextMs());
      }
    }
  }

  #offer() {
    const { name, speed, labels } = this.shape;
    return {
      name,
      speed,
      labels,
      capacity: this.capacity,
      devices: [],
      throttle: null,
      log: this.#log,
    };
  }

  async #attach(agent: SimulatedProcess): Promise<SupervisorLink> {
    for (;;) {
      const [supervisor, desk] = [this.supervisor, this.#desk];
      if (supervisor?.isAlive === true && desk !== null) {
        const hello: AgentToSupervisor = {
          kind: "attach",
          version: protocolVersion,
          worker: this.shape.name,
          capacity: this.capacity,
          throttle: null,
        };
        const link = await attach({ agent, supervisor, desk, hello, pass: this.#passOn });
        if (link !== null) return link;
      }
      await sleepOn(agent.clock, 100);
    }
  }

  /** Commands find no room where the next launch is to be refused. */
  readonly #passOn: Pass = (message, handle) => {
    const serving = this.#serving;
    const isHit = message.kind === "commands" && message.launches.length > 0;
    if (!this.refusesNext || !isHit || serving === null) return handle(message);
    this.refusesNext = false;
    const identity = { worker: this.shape.name, throttle: null };
    serving.identify({ ...identity, capacity: noResources });
    handle(message);
    serving.identify({ ...identity, capacity: this.capacity });
  };
}
