/**
 * Programs on one machine, and the driver that runs them: as long as their command says, with the
 * exit code that it says. They outlive agent and supervisor, and die with the power, or when their
 * driver reaps them.
 */

import type { Timer } from "../../core/clock.js";
import type { AttemptId } from "../../core/ids.js";
import { numberOfAttempt, taskOfAttempt } from "../../core/ids.js";
import { ok } from "../../core/result.js";
import type { Driver, DriverEnd, DriverStart, RunningAttempt } from "../../worker/driver.js";
import type { ProgramRun, Witness } from "../witness.js";
import type { Machine, SimulatedProcess } from "../world/machine.js";

/** What a simulated command says of itself: `["simulate", seconds, exit code, ignores SIGTERM]`. */
export function behaviourOf(argv: readonly string[]): {
  readonly durationMs: number;
  readonly exitCode: number;
  readonly ignoresTerm: boolean;
} {
  const [, ms = "0", code = "0", ignores = ""] = argv;
  return { durationMs: Number(ms), exitCode: Number(code), ignoresTerm: ignores === "stubborn" };
}

/**
 * A task of many that are alike says of itself in its environment how long it runs, and how many
 * times it fails, each time halfway through.
 */
function ownBehaviour(
  { SIMULATED_MS: ms, SIMULATED_FAILURES: failures = "0" }: Readonly<Record<string, string>>,
  attempt: AttemptId,
) {
  if (ms === undefined) return null;
  const fails = numberOfAttempt(attempt) <= Number(failures);
  const durationMs = fails ? Number(ms) / 2 : Number(ms);
  return { durationMs, exitCode: fails ? 1 : 0, ignoresTerm: false };
}

const brokenBehaviour = { durationMs: 50, exitCode: 9 };

interface Program {
  readonly run: ProgramRun;
  /** When it ends by itself; null: it is paused. */
  ending: Timer | null;
  readonly ignoresTerm: boolean;
  /** What is left of it takes so many times as long. */
  readonly stretch: (by: number) => void;
  readonly settle: (end: Pick<DriverEnd, "outcome">) => void;
}

export class Programs {
  readonly #machine: Machine;
  readonly #witness: Witness;
  #speed: number;
  readonly #alive = new Map<AttemptId, Program[]>();
  /** Whatever is started here fails at once: a broken mount, say. */
  isBroken = false;
  #pid = 1;

  constructor(machine: Machine, witness: Witness, speed: number) {
    this.#machine = machine;
    this.#witness = witness;
    this.#speed = speed;
  }

  /** As fast as said from now on, whatever the worker has said of itself; what runs feels it too. */
  becomes(speed: number): void {
    const by = this.#speed / speed;
    this.#speed = speed;
    this.#witness.note(`programs run at ${speed}`);
    for (const programs of this.#alive.values()) {
      for (const program of programs) program.stretch(by);
    }
  }

  /** The power is gone. */
  die(): void {
    for (const attempt of [...this.#alive.keys()]) this.kill(attempt);
  }

  kill(attempt: AttemptId): void {
    for (const program of this.#alive.get(attempt) ?? []) {
      this.#end(attempt, program, null, { kind: "signalled", signal: "SIGKILL" });
    }
  }

  #end(
    attempt: AttemptId,
    program: Program,
    exitCode: number | null,
    outcome: DriverEnd["outcome"],
  ): void {
    if (program.run.endedAtMs !== null) return;
    program.ending?.clear();
    program.run.endedAtMs = this.#machine.time.nowMs;
    program.run.exitCode = exitCode;
    const left = (this.#alive.get(attempt) ?? []).filter((one) => one !== program);
    if (left.length > 0) this.#alive.set(attempt, left);
    else this.#alive.delete(attempt);
    this.#witness.note(`end ${attempt} ${exitCode ?? "killed"}`);
    program.settle({ outcome });
  }

  #start(owner: SimulatedProcess, start: DriverStart): RunningAttempt {
    const { attempt, command, resources, worker } = start;
    const { time } = this.#machine;
    const argv = command.program.kind === "argv" ? command.program.argv : [];
    const told = ownBehaviour(command.env, attempt) ?? behaviourOf(argv);
    const { ignoresTerm } = told;
    const { durationMs, exitCode } = this.isBroken ? brokenBehaviour : told;
    const run: ProgramRun = {
      attempt,
      task: taskOfAttempt(attempt),
      worker,
      resources,
      startedAtMs: time.nowMs,
      endedAtMs: null,
      exitCode: null,
    };
    this.#witness.runs.push(run);
    this.#witness.note(`start ${attempt} on ${worker}`);
    let settle: Program["settle"] = () => undefined;
    const ended = new Promise<Pick<DriverEnd, "outcome">>((resolve) => {
      settle = (end) => owner.deliver(() => resolve(end));
    });
    const exit = (): void => this.#end(attempt, program, exitCode, { kind: "exited", exitCode });
    const endAfter = (leftMs: number): Timer =>
      time.at(time.nowMs + leftMs, () => this.#machine.deliver(exit));
    let endsAtMs = time.nowMs + durationMs / this.#speed;
    const program: Program = {
      run,
      ending: endAfter(durationMs / this.#speed),
      ignoresTerm,
      stretch: (by) => {
        if (program.ending === null) {
          endsAtMs *= by;
          return;
        }
        program.ending.clear();
        const leftMs = (endsAtMs - time.nowMs) * by;
        endsAtMs = time.nowMs + leftMs;
        program.ending = endAfter(leftMs);
      },
      settle: (end) => settle(end),
    };
    this.#alive.set(attempt, [...(this.#alive.get(attempt) ?? []), program]);
    this.#pid += 1;
    return {
      pid: this.#pid,
      startedAtMs: owner.clock.nowMs(),
      ended: ended.then(({ outcome }) => ({
        outcome,
        usage: { peakMemoryBytes: null, cpuMs: null },
        endedAtMs: owner.clock.nowMs(),
        stdoutBytes: 0,
        stderrBytes: 0,
      })),
      stop: (graceMs) => {
        const stopped = (signal: string): void =>
          this.#end(attempt, program, null, { kind: "signalled", signal });
        if (!program.ignoresTerm) return stopped("SIGTERM");
        owner.clock.after(graceMs, () => stopped("SIGKILL"));
      },
      pause: async () => {
        if (program.ending !== null && run.endedAtMs === null) {
          program.ending.clear();
          program.ending = null;
          // Until it is resumed: how much of it is left.
          endsAtMs -= time.nowMs;
          this.#witness.note(`pause ${attempt}`);
        }
        return ok(null);
      },
      resume: async () => {
        if (program.ending === null && run.endedAtMs === null) {
          program.ending = endAfter(endsAtMs);
          endsAtMs += time.nowMs;
          this.#witness.note(`resume ${attempt}`);
        }
        return ok(null);
      },
      isPaused: () => program.ending === null && run.endedAtMs === null,
    };
  }

  /** As the supervisor that runs in `owner` sees them. */
  driver(owner: SimulatedProcess): Driver {
    return {
      name: "process",
      standing: () => ({
        kind: "available",
        facts: { name: "process", cpuLimit: "cgroup_v2", memoryLimit: "cgroup_v2" },
      }),
      start: async (start) => {
        await start.durable;
        const running = this.#start(owner, start);
        start.identify({ pid: running.pid });
        return { ok: true, value: running };
      },
      reap: async (attempt) => this.kill(attempt),
      close: async () => undefined,
    };
  }
}
