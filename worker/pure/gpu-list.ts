/** What nvidia-smi says of the GPUs of a node, as devices. */
import { type Device, devicesPerWorkerMax } from "../../core/resources.js";

/** Fields asked for, in the order that `parseGpuList` expects. */
export const gpuQuery = [
  "--query-gpu=index,uuid,name,memory.total",
  "--format=csv,noheader,nounits",
] as const;

export interface Gpu {
  /** As nvidia-smi counts; changes when a card is taken out, so it is no name for a device. */
  readonly index: string;
  readonly device: Device;
}

/** Lines that are no GPU (warnings, a card that is lost) are left out. */
export function parseGpuList(text: string): readonly Gpu[] {
  const gpus: Gpu[] = [];
  for (const line of text.split("\n")) {
    const [index = "", id = "", name = "", memory = ""] = line.split(",").map((one) => one.trim());
    if (!/^\d+$/.test(index) || !/^[A-Za-z0-9-]{1,80}$/.test(id)) continue;
    if (gpus.length >= devicesPerWorkerMax || gpus.some((gpu) => gpu.device.id === id)) continue;
    // Cards that share the host's memory say `[N/A]`: they have none of their own to promise.
    const mebibytes = /^\d+$/.test(memory) ? Number(memory) : 0;
    gpus.push({ index, device: { id, type: gpuType(name), memoryBytes: mebibytes * 2 ** 20 } });
  }
  return gpus;
}

const brands = new Set([
  "nvidia",
  "tesla",
  "geforce",
  "quadro",
  "graphics",
  "device",
  "generation",
]);

/** The word people use: `NVIDIA A100-SXM4-80GB` is an `a100`, `GeForce RTX 4090` an `rtx-4090`. */
export function gpuType(name: string): string {
  const words = name
    .toLowerCase()
    .split(/[^a-z0-9.]+/)
    .filter((word) => word !== "" && !brands.has(word));
  const end = words.findIndex((word) => /^(sxm\d*|pcie?|nvl|hbm\d\w*|\d+gb)$/.test(word));
  return (end < 1 ? words : words.slice(0, end)).join("-") || "gpu";
}

/** null: all of them. A number: the first so many. A list: those of these indexes or ids. */
export type GpuOffer = number | readonly string[] | null;

export interface OfferedGpus {
  readonly devices: readonly Device[];
  /** What was offered and is not there. */
  readonly missing: readonly string[];
}

export function offeredGpus(gpus: readonly Gpu[], offer: GpuOffer): OfferedGpus {
  if (offer === null) return { devices: gpus.map(({ device }) => device), missing: [] };
  if (typeof offer === "number") {
    const lacking = offer - gpus.length;
    return {
      devices: gpus.slice(0, offer).map(({ device }) => device),
      missing: lacking > 0 ? [`${lacking} of ${offer} GPUs`] : [],
    };
  }
  const named = (text: string): Gpu | undefined =>
    gpus.find(({ index, device }) => index === text || device.id === text);
  return {
    devices: gpus
      .filter(({ index, device }) => offer.includes(index) || offer.includes(device.id))
      .map(({ device }) => device),
    missing: offer.filter((text) => named(text) === undefined).map((text) => `GPU ${text}`),
  };
}
