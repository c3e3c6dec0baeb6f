/**
 * Who is asking. With transport security the guard has put there what the certificate says; without,
 * on loopback, it is what the client says of itself.
 */
import type { Metadata } from "@grpc/grpc-js";
import { identityOfPrincipal } from "../../core/identity.js";
import type { AlmanacError } from "../../core/result.js";
import { principalHeader } from "../../proto/security/guard.js";
import { only } from "../pure/authorize.js";

const lengthMax = 128 + "planner ".length;

export function principalOf(metadata: Pick<Metadata, "get">): string {
  const [value] = metadata.get(principalHeader);
  return typeof value === "string" && value !== "" ? value.slice(0, lengthMax) : "anonymous";
}

/** Whether who opened this stream may speak for a worker; null: it may. */
export function mayBeWorker(metadata: Pick<Metadata, "get">, worker: string): AlmanacError | null {
  const { role, name } = identityOfPrincipal(principalOf(metadata));
  return role === "worker" ? only(name, worker) : null;
}
