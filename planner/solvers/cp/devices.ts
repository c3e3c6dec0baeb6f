/**
 * Devices of workers: which ones a task takes is a choice of its own. Each device bears shares of
 * itself and its memory, as two resources; whole devices take all of both.
 */

import { none, type Problem, taskRunning } from "../../../core/problem.js";
import { deviceThousandths } from "../../../core/resources.js";
import { addLiterals } from "./clauses.js";
import { addBoolean, addPropagator } from "./engine.js";
import { linearPropagator } from "./linear.js";
import type { CumulativeEntry, Fixed } from "./profile.js";
import { devicesNeeded, firstDevices, suitableDevices } from "./suitable-devices.js";
import type { Draft, PlacedTask } from "./variables.js";

/** The devices that a task takes at a place. */
export interface DeviceChoice {
  readonly task: number;
  /** Index of the place among those of the task. */
  readonly place: number;
  /** Of its worker: bits of devices that suit, each with a literal that it is taken (-1: always). */
  readonly bits: readonly number[];
  readonly literals: readonly number[];
}

/** What one device bears. */
export interface DeviceLoad {
  readonly capacity: number;
  readonly entries: readonly CumulativeEntry[];
  readonly held: readonly Fixed[];
}

export function addDeviceChoices(draft: Draft): DeviceChoice[] {
  const { problem } = draft;
  if (problem.devices.count === 0) return [];
  const first = firstDevices(problem);
  return draft.tasks.flatMap((placed) =>
    placed === null ? [] : placed.places.flatMap((_, k) => addChoice(draft, first, placed, k)),
  );
}

function addChoice(
  draft: Draft,
  first: Uint32Array,
  placed: PlacedTask,
  place: number,
): DeviceChoice[] {
  const { problem, engine } = draft;
  const { option, group } = placed.places[place] as PlacedTask["places"][number];
  if (problem.options.gpuRequest[option] === none) return [];
  const worker = draft.places.groups[group]?.workers[0] as number;
  const bits = suitableDevices(problem, first, option, worker);
  const needed = devicesNeeded(problem, option);
  const presence = placed.literals[place] as number;
  const { task } = placed;
  if (bits.length === needed) return [{ task, place, bits, literals: bits.map(() => presence) }];
  const literals = bits.map(() => addBoolean(engine));
  if (presence >= 0) for (const literal of literals) addLiterals(engine, [literal ^ 1, presence]);
  const most = literals.map((side) => ({ side, weight: 1 }));
  const least = literals.map((side) => ({ side: side ^ 1, weight: 1 }));
  if (presence >= 0) least.push({ side: presence, weight: needed });
  addPropagator(engine, linearPropagator(most, needed), literals);
  addPropagator(
    engine,
    linearPropagator(least, presence >= 0 ? 0 : -needed),
    least.map(({ side }) => side),
  );
  return [{ task, place, bits, literals }];
}

/** The resources of all devices: shares first, then memory. */
export function deviceLoads(draft: Draft, choices: readonly DeviceChoice[]): DeviceLoad[] {
  const { problem } = draft;
  const first = firstDevices(problem);
  return Array.from(problem.devices.worker, (worker, device) => {
    const bit = device - (first[worker] as number);
    return [deviceThousandths, problem.devices.memory[device] as number].map((capacity, kind) => ({
      capacity,
      entries: entriesOn(draft, choices, worker, bit, kind === 1, capacity),
      held: heldOn(problem, worker, bit, kind === 1, capacity),
    }));
  }).flat();
}

function entriesOn(
  draft: Draft,
  choices: readonly DeviceChoice[],
  worker: number,
  bit: number,
  isMemory: boolean,
  all: number,
): CumulativeEntry[] {
  return choices.flatMap(({ task, place, bits, literals }) => {
    const placed = draft.tasks[task];
    const own = placed?.places[place];
    const at = bits.indexOf(bit);
    if (!placed || own === undefined || at < 0) return [];
    if (draft.places.groups[own.group]?.workers[0] !== worker || own.duration === 0) return [];
    const demand = amountOf(draft.problem, own.option, isMemory, all);
    const presence = literals[at] as number;
    return demand > 0 ? [{ start: placed.start, duration: own.duration, demand, presence }] : [];
  });
}

function heldOn(
  problem: Problem,
  worker: number,
  bit: number,
  isMemory: boolean,
  all: number,
): Fixed[] {
  const { tasks } = problem;
  const held: Fixed[] = [];
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] !== taskRunning || tasks.fixedWorker[task] !== worker) continue;
    if ((((tasks.fixedDevices[task] as number) >>> bit) & 1) === 0) continue;
    const option = tasks.fixedOption[task] as number;
    if (option === none || problem.options.gpuRequest[option] === none) continue;
    held.push({
      from: tasks.fixedStart[task] as number,
      to: tasks.fixedEnd[task] as number,
      amount: amountOf(problem, option, isMemory, all),
    });
  }
  return held;
}

function amountOf(
  { options, gpuRequests }: Problem,
  option: number,
  isMemory: boolean,
  all: number,
): number {
  const request = options.gpuRequest[option] as number;
  if ((gpuRequests.whole[request] as number) > 0) return all;
  return (isMemory ? gpuRequests.memory[request] : gpuRequests.share[request]) as number;
}
