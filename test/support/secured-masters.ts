/** Masters with certificates in this process, each in a folder of its own under the test's. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import pino from "pino";
import type { Client } from "../../cli/client.js";
import type { JoinRole } from "../../core/identity.js";
import { defaultSettings } from "../../master/pure/genesis.js";
import { openAuthority, signOwnKeys } from "../../master/shell/authority.js";
import { startMaster } from "../../master/shell/master.js";
import type { RunningMaster } from "../../master/shell/master-options.js";
import type { Keys } from "../../proto/security/channel.js";
import { type Credentials, readCredentials } from "../../proto/security/credentials.js";

export const log = pino({ level: "silent" });
export const folder = mkdtempSync(joinPath(tmpdir(), "almanac-security-"));

export const start = (name: string, lifeMs = 3_600_000): Promise<RunningMaster> =>
  startMaster({
    listen: "127.0.0.1:0",
    dataDirectory: joinPath(folder, name),
    settings: defaultSettings,
    heartbeatIntervalMs: 1_000,
    plannerAddress: null,
    planBudgetMs: 1_000,
    segmentBytes: 1 << 20,
    version: "test",
    security: { names: [], certificateLifeMs: lifeMs },
    log,
    onFatal: (error) => {
      throw error;
    },
  });

export const localOf = (name: string): Credentials => {
  const held = readCredentials(joinPath(folder, name, "local"));
  if (held === null) throw new Error("the master left no local certificate");
  return held;
};

/** As the master signs them for itself. */
export async function masterKeys(name: string): Promise<Keys> {
  const nowMs = Date.now();
  const authority = await openAuthority(joinPath(folder, name, "authority"), nowMs);
  return signOwnKeys(authority, { names: [], nowMs, lifeMs: 60_000 });
}

let directories = 0;
export const freshDirectory = (): string => joinPath(folder, `node-${++directories}`);

export async function tokenFor(
  admin: Client,
  role: JoinRole,
  name: string,
  ttlMs = 60_000,
): Promise<string> {
  const made = await admin.createToken(role, name, ttlMs);
  if (!made.ok) throw new Error(made.error.message);
  return made.value.token;
}
