/** The channel to a real master, over gRPC. */
import { setTimeout as sleep } from "node:timers/promises";
import { WorkerServiceClient } from "../../proto/codec/services.js";
import { channelToMaster, tlsClientOptions } from "../../proto/security/channel.js";
import type { Membership } from "../../proto/security/membership.js";
import type { LogService, MasterChannel } from "./connection.js";
import { type LogStream, type LogStreamOptions, openLogStream } from "./log-stream.js";

export interface MasterAddress {
  readonly dataDirectory: string;
  /** `host:port`. */
  readonly masterAddress: string;
  readonly membership: Membership | null;
}

const logStreamRetryMs = 1_000;

export function dialMaster(to: MasterAddress): MasterChannel {
  const client = createClient(to);
  const { dataDirectory } = to;
  return {
    session: () => client.session(),
    serveLogs: (incarnation, isRunning) =>
      serveLogs({ client, dataDirectory, incarnation, isRunning }),
    close: () => client.close(),
  };
}

/** Keeps a log stream open until it is closed. */
function serveLogs(options: LogStreamOptions): LogService {
  let stream: LogStream | null = null;
  let done = false;
  void (async () => {
    while (!done) {
      stream = openLogStream(options);
      await stream.closed;
      if (!done) await sleep(logStreamRetryMs, undefined, { ref: false });
    }
  })();
  return {
    close() {
      done = true;
      stream?.close();
    },
  };
}

/** A channel of its own for each try: the backoff is ours, not one shared inside the library. */
const createClient = ({ masterAddress, membership }: MasterAddress): WorkerServiceClient =>
  new WorkerServiceClient(
    masterAddress,
    channelToMaster(masterAddress, membership?.current() ?? null),
    {
      ...tlsClientOptions,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 10_000,
      "grpc.max_send_message_length": -1,
      "grpc.max_receive_message_length": -1,
    },
  );
