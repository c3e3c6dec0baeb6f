/**
 * Which certificate a command speaks with: the one that `almanac login` got for this master, else,
 * on the master's own machine, the one that the master keeps for whoever may read its data.
 */
import { join } from "node:path";
import { ok } from "../core/result.js";
import {
  type Credentials,
  readCredentials,
  renewalDueAtMs,
} from "../proto/security/credentials.js";
import { isLoopback, parseAddress } from "../spec/address.js";
import type { Config } from "../spec/config.js";
import { failure, messageOf } from "./failure.js";

type Settings = Pick<Config, "cli" | "master">;

export const loginDirectory = ({ cli }: Settings, address: string): string =>
  join(cli.credentials, address.replaceAll(/[^A-Za-z0-9.-]/g, "_"));

/** null: plain text, which is for loopback only. Renews what is due. */
export async function credentialsFor(config: Settings): Promise<Credentials | null> {
  const address = config.cli.master;
  const directory = loginDirectory(config, address);
  const held = read(directory);
  if (held !== null) return renewed(address, directory, held);
  const local = read(join(config.master.dataDirectory, "local"));
  if (local !== null) return local;
  const host = parseAddress(address)?.host ?? "";
  if (isLoopback(host)) return null;
  throw failure(
    "permission_denied",
    `no certificate for the master at ${address}: on its own machine run \`almanac token create --user NAME\`, here \`almanac login TOKEN --master ${address}\``,
  );
}

/** One that cannot be renewed now is good until its end. */
async function renewed(
  address: string,
  directory: string,
  held: Credentials,
): Promise<Credentials> {
  if (Date.now() < renewalDueAtMs(held)) return held;
  const { renew } = await import("../proto/security/join.js");
  const result = await renew(address, directory, held).catch(() => ok(held));
  return result.ok ? result.value : held;
}

/** What the user may not read is as good as none: a master's directory belongs to its own user. */
function read(directory: string): Credentials | null {
  try {
    return readCredentials(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error) return null;
    throw failure("failed_precondition", messageOf(error));
  }
}
