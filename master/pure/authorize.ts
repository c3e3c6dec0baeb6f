/**
 * Whether a principal may give a command. A worker may speak of itself alone, and a planner may do
 * nothing but renew its certificate; people may do everything until tenancy comes. The transport's
 * guard has asked the same of methods; this holds where a method lets more through.
 */
import { identityOfPrincipal } from "../../core/identity.js";
import type { AlmanacError } from "../../core/result.js";
import type { Command } from "./commands.js";
import type { State } from "./state.js";

export function authorize(
  principal: string,
  command: Command,
  { access }: State,
): AlmanacError | null {
  if (principal === "master") return null;
  const { role, name } = identityOfPrincipal(principal);
  switch (command.type) {
    case "WorkerHello":
      if (role !== "worker") return denied(principal);
      return only(name, command.hello.incarnation.worker) ?? only(name, command.hello.facts.name);
    case "WorkerReport":
      return role === "worker" ? only(name, command.incarnation.worker) : denied(principal);
    case "RenewCertificate": {
      const holder = access.certificates.get(command.previous);
      const own = holder === undefined || (holder.role === role && holder.name === name);
      return own ? null : denied(principal);
    }
    default:
      return role === "user" ? null : denied(principal);
  }
}

/** Also asked where a stream is opened: before anything is done for who is not who it says. */
export function only(name: string, worker: string): AlmanacError | null {
  if (name === worker) return null;
  const message = `the certificate is of worker ${name}, which cannot speak for worker ${worker}`;
  return { code: "permission_denied", message, violations: [] };
}

const denied = (principal: string): AlmanacError => ({
  code: "permission_denied",
  message: `${principal} may not do this`,
  violations: [],
});
