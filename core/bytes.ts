/** Amounts of bytes as people read them. */
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** `512 MiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1_023.95 && unit < binaryUnits.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const text = value.toFixed(unit === 0 ? 0 : 1);
  return `${text.endsWith(".0") ? text.slice(0, -2) : text} ${binaryUnits[unit]}`;
}
