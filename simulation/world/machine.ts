/**
 * Machines and the processes on them. A machine has clocks of its own, which drift and are stepped;
 * a process can be killed, and held as by SIGSTOP: then whatever comes to it waits.
 */
import type { Clock, Timer } from "../../core/clock.js";
import type { VirtualTime } from "./virtual-time.js";

/** What wall clocks say when virtual time is 0. */
export const worldBeganAtMs = Date.UTC(2026, 0, 1);

export class Machine {
  readonly name: string;
  readonly time: VirtualTime;
  /** Milliseconds that its wall clock is ahead of the world's. */
  wallOffsetMs = 0;
  bootedAtMs = 0;
  boots = 0;
  isOn = true;
  readonly processes = new Set<SimulatedProcess>();
  #held: (() => void)[] | null = null;

  constructor(name: string, time: VirtualTime) {
    this.name = name;
    this.time = time;
  }

  /** All of it stands still, as a virtual machine does that is moved. */
  hold(): void {
    this.#held ??= [];
    for (const one of this.processes) one.hold();
  }

  goOn(): void {
    const waiting = this.#held ?? [];
    this.#held = null;
    for (const one of this.processes) one.goOn();
    for (const action of waiting) this.time.at(this.time.nowMs, action);
  }

  /** Now, or when the machine goes on. */
  deliver(action: () => void): void {
    if (this.#held === null) action();
    else this.#held.push(action);
  }

  /** Everything on it is gone at once, and nobody who spoke with it is told. */
  cutPower(): void {
    this.isOn = false;
    this.#held = null;
    for (const one of [...this.processes]) one.end("power");
  }

  powerOn(): void {
    this.isOn = true;
    this.bootedAtMs = this.time.nowMs;
    this.boots += 1;
  }
}

/** How a process ended, as others see it: the kernel closes its connections, or nobody does. */
export type EndOfProcess = "killed" | "power";

export class SimulatedProcess {
  readonly machine: Machine;
  readonly clock: Clock;
  isAlive = true;
  #held = false;
  #waiting: (() => void)[] = [];
  readonly #onEnd: ((how: EndOfProcess) => void)[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
    this.clock = clockOf(this);
    machine.processes.add(this);
  }

  onEnd(action: (how: EndOfProcess) => void): void {
    this.#onEnd.push(action);
  }

  /** Runs it now, or when the process goes on; never once it has ended. */
  deliver(action: () => void): void {
    if (!this.isAlive) return;
    if (this.#held) this.#waiting.push(action);
    else action();
  }

  hold(): void {
    this.#held = true;
  }

  goOn(): void {
    this.#held = false;
    for (const action of this.#waiting.splice(0))
      this.machine.time.at(0, () => this.deliver(action));
  }

  end(how: EndOfProcess): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#waiting = [];
    this.machine.processes.delete(this);
    for (const action of this.#onEnd) action(how);
  }
}

function clockOf(process: SimulatedProcess): Clock {
  const { machine } = process;
  const { time } = machine;
  const at = (atMs: number, action: () => void): Timer =>
    time.at(atMs, () => process.deliver(action));
  return {
    nowMs: () => Math.round(worldBeganAtMs + time.nowMs + machine.wallOffsetMs),
    monotonicMs: () => time.nowMs - machine.bootedAtMs,
    after: (delayMs, action) => at(time.nowMs + delayMs, action),
    every(intervalMs, action) {
      let timer: Timer;
      const arm = (): void => {
        timer = time.at(time.nowMs + intervalMs, () => {
          if (!process.isAlive) return;
          // Like Node, which does not make up for the beats that a held process missed.
          process.deliver(() => {
            arm();
            action();
          });
        });
      };
      arm();
      return { clear: () => timer.clear() };
    },
    soon: (action) => {
      at(time.nowMs, action);
    },
  };
}
