/** `--offer cpu=4,memory=8G,gpus=1,fpga=2`: the settings `worker.offer.*` in one option. */
import { failure } from "./failure.js";

/** Known settings by their short names; any other name is a custom amount. */
const known = new Set(["cpu", "memory", "disk", "network", "gpus"]);

/** As the options of the single settings would have given it; `gpus=0+2` names two of them. */
export function offerOptions(text: string | undefined): Readonly<Record<string, string>> {
  const options: Record<string, string> = {};
  const custom: string[] = [];
  for (const part of (text ?? "").split(",").filter((one) => one.trim() !== "")) {
    const [name = "", value = "", more] = part.trim().split("=");
    if (name === "" || value === "" || more !== undefined || options[name] !== undefined) {
      const message = `must be like cpu=4,memory=8G,gpus=1,fpga=2, each name once: ${part.trim()}`;
      throw failure("invalid_argument", `--offer ${message}`, [{ field: "--offer", message }]);
    }
    if (!known.has(name)) custom.push(`${name}=${value}`);
    else options[name] = name === "gpus" ? gpusText(value) : value;
  }
  return custom.length === 0 ? options : { ...options, custom: custom.join(",") };
}

/** A number counts; ids, and indexes joined by `+`, name. */
const gpusText = (value: string): string =>
  /^\d+$/.test(value) ? value : JSON.stringify(value.split("+").filter((one) => one !== ""));
