/**
 * Whether a gang could run at once were the cluster empty: first fit, largest first (Johnson 1973).
 * It may say no where a cleverer packing would do; a gang of which it says yes is worth a search.
 */
import { chargedResources } from "../../core/charge.js";
import type { TaskTemplate } from "../../core/job.js";
import {
  deviceThousandths,
  fits,
  type Resources,
  subtractResources,
} from "../../core/resources.js";
import { unfitReasons } from "./eligibility.js";
import { openness } from "./openness.js";
import type { Task, WorkerRecord } from "./state.js";

interface Room {
  readonly worker: WorkerRecord;
  free: Resources;
  gpu: number;
}

export function gangFits(members: readonly Task[], workers: readonly WorkerRecord[]): boolean {
  if (members.length < 2) return true;
  const rooms = workers
    .filter((worker) => openness(worker) !== "closed")
    .map((worker): Room => {
      const { capacity, devices } = worker.facts;
      return { worker, free: capacity, gpu: devices.length * deviceThousandths };
    });
  const largestFirst = [...members].sort((a, b) => cpuOf(b) - cpuOf(a));
  return largestFirst.every(({ ways }) =>
    ways.some(({ template }) => rooms.some((room) => take(room, template))),
  );
}

const cpuOf = ({ ways }: Task): number => ways[0]?.template.resources.cpuMillis ?? 0;

function take(room: Room, template: TaskTemplate): boolean {
  const resources = chargedResources(template);
  const { gpu } = template;
  const share = gpu?.kind === "share" ? gpu.thousandths : (gpu?.count ?? 0) * deviceThousandths;
  if (!fits(resources, room.free) || share > room.gpu) return false;
  if (unfitReasons(room.worker.facts, template).length > 0) return false;
  room.free = subtractResources(room.free, resources);
  room.gpu -= share;
  return true;
}
