/** To whom values of secrets may go: to a worker known by its certificate, or to this machine. */
import { isLoopback } from "../../proto/serving.js";
import { withoutSecrets } from "../secrets/launch-secrets.js";
import type { Secrets } from "./secrets.js";
import type { SessionsOptions } from "./sessions.js";

/** `tls`: a guard stands before every stream, and lets in workers with good certificates alone. */
export const revealTo =
  (secrets: Pick<Secrets, "reveal">, tls: boolean): SessionsOptions["reveal"] =>
  (needs, stream) => {
    if (tls || isOfThisMachine(stream.getPeer())) return secrets.reveal(needs);
    return withoutSecrets("secrets travel over mutual TLS and loopback only");
  };

/** `127.0.0.1:40312`, `[::1]:40312`, and as an IPv6 socket says IPv4. */
function isOfThisMachine(peer: string): boolean {
  const host = peer.slice(0, peer.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  return isLoopback(host.replace(/^::ffff:/, ""));
}
