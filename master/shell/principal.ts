/** Who is asking. Until transport security comes this is what the client says of itself. */
import type { Metadata } from "@grpc/grpc-js";

const header = "almanac-principal";
const lengthMax = 128;

export function principalOf(metadata: Metadata): string {
  const [value] = metadata.get(header);
  return typeof value === "string" && value !== "" ? value.slice(0, lengthMax) : "anonymous";
}
