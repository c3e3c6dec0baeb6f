/** A master in this process, with its journal in a directory of its own, and clients to it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import pino from "pino";
import { type Client, createClient } from "../../cli/client.js";
import type { ClusterSettings } from "../../master/pure/events.js";
import { defaultSettings } from "../../master/pure/genesis.js";
import { startMaster } from "../../master/shell/master.js";
import type { MasterOptions } from "../../master/shell/master-options.js";
import { JobServiceClient } from "../../proto/codec/services.js";

export interface TestMaster extends AsyncDisposable {
  readonly address: string;
  readonly client: Client;
  readonly wire: JobServiceClient;
  readonly dataDirectory: string;
}

export async function testMaster(
  settings: Partial<ClusterSettings> = {},
  options: Partial<MasterOptions> = {},
): Promise<TestMaster> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), "almanac-test-")));
  const master = await startMaster({
    listen: "127.0.0.1:0",
    dataDirectory,
    settings: { ...defaultSettings, ...settings },
    heartbeatIntervalMs: 1_000,
    plannerAddress: null,
    planBudgetMs: 1_000,
    segmentBytes: 1 << 20,
    version: "test",
    log: pino({ level: "silent" }),
    onFatal: (error) => {
      throw error;
    },
    ...options,
  });
  const client = createClient(master.address);
  const wire = new JobServiceClient(master.address, credentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
  });
  return {
    address: master.address,
    client,
    wire,
    dataDirectory,
    [Symbol.asyncDispose]: async () => {
      client.close();
      wire.close();
      await master.stop();
      // A directory that was given may be wanted for another life.
      if (options.dataDirectory === undefined) {
        await rm(dataDirectory, { recursive: true, force: true });
      }
    },
  };
}
